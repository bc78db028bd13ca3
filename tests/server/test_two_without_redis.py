"""Two processes on one PostgreSQL and nothing else: what counts once counts once in both."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from signal import SIGKILL
from threading import Thread

import pytest

from tests.server.test_two_processes import proof, used
from tests.support.issuer import IssuerProcess
from tests.support.pair import Pair, is_ready, pair, until
from tests.support.postgres import Postgres
from tests.support.service import Process

SOON = 5.0


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, module_postgres: Postgres) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with IssuerProcess() as issuer, pair(folder, module_postgres, None, issuer) as found:
        yield found
        for by in found.both:
            assert by.end() == 0, by.err()
            assert "defect" not in {line["event"] for line in by.events()}
            assert "Traceback" not in by.err()
            assert "Warning" not in by.err()
            # not the file of one machine
            assert not (by.folder / "data" / "once.db").exists()


def test_an_oidc_token_spent_on_one_is_refused_by_the_other(here: Pair) -> None:
    for first, second in (here.both, here.both[::-1]):
        token = here.oidc_token()
        assert here.exchanged(first, token).status_code == 200
        for by in (second, first):
            answer = here.exchanged(by, token)
            assert (answer.status_code, answer.json()["type"]) == (
                403,
                "urn:kanoniv:error:replayed",
            )


def test_of_many_exchanges_at_once_on_both_one_wins(here: Pair) -> None:
    for _ in range(3):
        token, statuses = here.oidc_token(), list[int]()

        def ask(by: Process, token: str = token, statuses: list[int] = statuses) -> None:
            statuses.append(here.exchanged(by, token).status_code)

        threads = [Thread(target=ask, args=(here.both[n % 2],)) for n in range(12)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
        assert sorted(statuses) == [200] + [403] * 11


def test_of_many_uses_of_one_pop_on_both_one_wins(here: Pair) -> None:
    made = here.made(here.one)
    for _ in range(3):
        token, found = proof(made), list[tuple[int, str]]()

        def ask(by: Process, token: str = token, found: list[tuple[int, str]] = found) -> None:
            found.append(used(by, token))

        threads = [Thread(target=ask, args=(here.both[n % 2],)) for n in range(12)]
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
        assert sorted(found) == [(200, "")] + [(403, "replayed")] * 11


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
