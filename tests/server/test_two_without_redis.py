"""Two processes on one PostgreSQL and nothing else: what counts once counts once in both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from signal import SIGKILL

import pytest

from tests.server.test_two_processes import proof, used
from tests.support.issuer import IssuerProcess
from tests.support.pair import (
    Pair,
    is_ready,
    of_many_at_once,
    of_many_exchanges_at_once_one_wins,
    pair_that_ends_well,
    spent_on_one_is_refused_by_the_other,
    until,
)
from tests.support.postgres import Postgres

SOON = 5.0


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, module_postgres: Postgres) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with (
        IssuerProcess() as issuer,
        pair_that_ends_well(folder, module_postgres, None, issuer) as found,
    ):
        yield found


def test_an_oidc_token_spent_on_one_is_refused_by_the_other(here: Pair) -> None:
    spent_on_one_is_refused_by_the_other(here)


def test_of_many_exchanges_at_once_on_both_one_wins(here: Pair) -> None:
    of_many_exchanges_at_once_one_wins(here)


def test_of_many_uses_of_one_pop_on_both_one_wins(here: Pair) -> None:
    made = here.made(here.one)
    for _ in range(3):
        token = proof(made)
        found = of_many_at_once(here, partial(used, token=token))
        assert found == [(200, "")] + [(403, "replayed")] * 11


def test_what_was_used_stays_used_when_everything_is_killed(
    here: Pair, module_postgres: Postgres
) -> None:
    made = here.made(here.one)
    token, spent = here.oidc_token(), proof(made)
    assert here.exchanged(here.one, token).status_code == 200
    assert used(here.two, spent) == (200, "")
    module_postgres.stop(SIGKILL)
    waiting = proof(made)
    for by in here.both:
        assert used(by, waiting)[0] == 503
        assert here.exchanged(by, here.oidc_token()).status_code == 503
    module_postgres.start()
    for by in here.both:
        until(partial(is_ready, by), SOON, "not ready again")
        assert here.exchanged(by, token).status_code == 403
        assert used(by, spent) == (403, "replayed")
    # what was refused for want of an answer was not used up
    assert used(here.one, waiting) == (200, "")
    assert used(here.two, waiting) == (403, "replayed")
