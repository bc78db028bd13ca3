"""Two processes on one PostgreSQL and one Redis: what one has seen the other knows; what is away lets nobody in."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP

import pytest

from kanoniv_auth.core.delegation import parse_bundle
from kanoniv_auth.core.proof import pop
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from tests.support.issuer import IssuerProcess
from tests.support.pair import (
    SCOPE,
    Pair,
    is_ready,
    list_of,
    of_many_exchanges_at_once_one_wins,
    pair,
    pair_that_ends_well,
    ready,
    says,
    spent_on_one_is_refused_by_the_other,
    token_of,
    until,
    verdict,
)
from tests.support.postgres import Postgres
from tests.support.redis import Redis
from tests.support.service import Process
from tests.support.warm_service import Warm
from tests.support.writers import Writers

ARGS = hashlib.sha256(b"all of it").digest()
# of the state without which a process answers nothing, and what a busy machine adds to it
STALE, SOON = 5.0, 5.0
KILLS = 20


@pytest.fixture(scope="module")
def issuer() -> Iterator[IssuerProcess]:
    with IssuerProcess() as running:
        yield running


@pytest.fixture(scope="module")
def module_pair(
    tmp_path_factory: pytest.TempPathFactory,
    module_postgres: Postgres,
    module_redis: Redis,
    issuer: IssuerProcess,
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with pair_that_ends_well(folder, module_postgres, module_redis, issuer) as found:
        yield found


@pytest.fixture
def here(module_pair: Pair) -> Pair:
    """Two processes that are well: each test gives back what it has taken away."""
    for by in module_pair.both:
        until(partial(is_ready, by), SOON, "not ready at the beginning")
    return module_pair


def proof(made: dict[str, str]) -> str:
    """One use of a bundle, for `ARGS`."""
    key, grant = parse_bundle(made["bundle"])
    roots, now = TrustedRoots(dids=(made["root_did"],)), int(time.time())
    chain = read_parent(grant, roots=roots, now=now, revoked=None)
    nonce = os.urandom(16)
    return pop(chain, key, action=SCOPE, args_sha256=ARGS, audience="", now=now, nonce=nonce)


def used(by: Process, token: str) -> tuple[int, str]:
    return verdict(by, token, args_sha256=ARGS.hex())


# ----------------------------------------------------------------------------- what one has seen the other knows


def test_both_have_one_root_and_one_admin_key(here: Pair) -> None:
    assert here.two.out() == ""
    roots = {here.made(by)["root_did"] for by in here.both}
    assert len(roots) == 1
    assert [ready(by) for by in here.both] == [200, 200]


def test_an_oidc_token_spent_on_one_is_refused_by_the_other(here: Pair) -> None:
    spent_on_one_is_refused_by_the_other(here)


def test_of_many_exchanges_at_once_on_both_one_wins(here: Pair) -> None:
    of_many_exchanges_at_once_one_wins(here)


def test_a_pop_spent_on_one_is_refused_by_the_other(here: Pair) -> None:
    made = here.made(here.one)
    for first, second in (here.both, here.both[::-1]):
        token = proof(made)
        assert used(first, token) == (200, "")
        assert used(second, token) == used(first, token) == (403, "replayed")


def test_what_one_issues_the_other_lists_at_once_and_verifies(here: Pair) -> None:
    for first, second in (here.both, here.both[::-1]):
        made = here.made(first)
        assert made["id"] in here.rows(second)
        assert verdict(second, token_of(made)) == (200, "")


def test_what_one_revokes_the_other_refuses_within_a_second(here: Pair) -> None:
    for first, second in (here.both, here.both[::-1]) * 3:
        made = here.made(first)
        token = token_of(made)
        assert verdict(first, token) == verdict(second, token) == (200, "")
        here.revoked(first, made["id"])
        assert verdict(first, token) == (403, "revoked")
        until(partial(says, 403, second, token), 1, "allowed after 1 s")
        assert list_of(first).text == list_of(second).text


def test_a_key_revoked_on_one_works_on_neither_within_a_second(here: Pair) -> None:
    made = here.made(here.two)
    key, _ = parse_bundle(made["bundle"])
    assert verdict(here.one, token_of(made)) == (200, "")
    answer = here.two.post("/v1/revocations", {"keys": [key.did_key]}, here.key)
    assert answer.status_code == 200, answer.text
    until(partial(says, 403, here.one, token_of(made)), 1, "allowed after 1 s")


# ------------------------------------------------------------------------------------------- what is away


def test_without_redis_nothing_is_used_twice_and_revocations_still_arrive(
    here: Pair, module_redis: Redis
) -> None:
    made, token = here.made(here.one), here.oidc_token()
    waiting = proof(made)
    module_redis.stop()
    for by in here.both:
        assert used(by, waiting) == (503, "storage")
        assert here.exchanged(by, token).status_code == 503
        assert verdict(by, token_of(made)) == (200, "")
        assert ready(by) == 503
    # nobody is told by Redis now; whoever asks the database learns it as soon
    here.revoked(here.one, here.made(here.two)["id"], made["id"])
    until(partial(says, 403, here.two, token_of(made)), 1, "allowed after 1 s")
    module_redis.start()
    for by in here.both:
        until(partial(is_ready, by), SOON, "not ready again")
    again = proof(here.made(here.one))
    assert used(here.two, again) == (200, "")
    assert used(here.one, again) == (403, "replayed")
    # what was refused for want of an answer was not used up
    assert here.exchanged(here.two, token).status_code == 200
    assert here.exchanged(here.one, token).status_code == 403


def test_a_redis_that_hangs_holds_nobody_up_for_long(here: Pair, module_redis: Redis) -> None:
    made = here.made(here.one)
    module_redis.send(SIGSTOP)
    began = time.monotonic()
    assert used(here.one, proof(made)) == (503, "storage")
    assert time.monotonic() - began < SOON
    assert verdict(here.one, token_of(made)) == (200, "")
    module_redis.send(SIGCONT)
    until(lambda: used(here.one, proof(made))[0] == 200, SOON, "not in use again")


def test_without_postgres_nothing_is_acknowledged_and_soon_nothing_allowed(
    here: Pair, module_postgres: Postgres
) -> None:
    made, gone = here.made(here.one), here.made(here.one)
    here.revoked(here.one, gone["id"])
    module_postgres.stop()
    stopped = time.monotonic()
    for by in here.both:
        assert by.post("/v1/delegations", {"scopes": [SCOPE]}, here.key).status_code == 503
        assert by.post("/v1/revocations", {"ids": [made["id"]]}, here.key).status_code == 503
        assert here.exchanged(by, here.oidc_token()).status_code == 503
    for by in here.both:
        until(partial(says, 503, by, token_of(made)), STALE + SOON, "still allowed")
        assert time.monotonic() - stopped < STALE + SOON
        assert verdict(by, token_of(gone))[0] == 503
        assert used(by, proof(made))[0] == 503
        assert ready(by) == 503
    module_postgres.start()
    for by in here.both:
        until(partial(is_ready, by), SOON, "not ready again")
        assert verdict(by, token_of(made)) == (200, "")
        assert verdict(by, token_of(gone)) == (403, "revoked")
        assert here.made(by)["id"] in here.rows(by)
    events = [line["event"] for line in here.one.events()]
    assert events.index("store away") < events.index("store back")


def test_both_away_and_both_back_needs_no_restart(
    here: Pair, module_postgres: Postgres, module_redis: Redis
) -> None:
    made = here.made(here.one)
    module_redis.stop()
    module_postgres.stop(SIGKILL)
    for by in here.both:
        until(partial(says, 503, by, token_of(made)), STALE + SOON, "still allowed")
        assert by.post("/v1/delegations", {"scopes": [SCOPE]}, here.key).status_code == 503
    module_postgres.start()
    module_redis.start()
    for by in here.both:
        until(partial(is_ready, by), 2 * SOON, "not ready again")
        assert verdict(by, token_of(made)) == (200, "")
    assert here.exchanged(here.one, here.oidc_token()).status_code == 200
    assert here.audit_is_whole(here.two)


# -------------------------------------------------------------------------------------- killed, one after the other


@pytest.fixture
def own(
    tmp_path: Path, module_postgres: Postgres, module_redis: Redis, issuer: IssuerProcess
) -> Iterator[Pair]:
    """Two processes to be killed."""
    with Warm() as warm, pair(tmp_path, module_postgres, module_redis, issuer, warm.process) as own:
        yield own


def test_killed_in_turn_under_load_nothing_acknowledged_is_lost(own: Pair) -> None:
    with Writers(own.both, own.key) as writers:
        for number in range(KILLS):
            victim = own.both[number % 2]
            writers.wait(2 + number % 5)
            assert victim.child is not None
            victim.child.send_signal(SIGKILL)
            victim.child.wait(10)
            victim.start()
    assert writers.unexpected == []
    assert len(writers.issued) > KILLS
    assert len(writers.revoked) > KILLS
    for by in own.both:
        rows, listed = own.rows(by), list_of(by)
        assert set(writers.issued) <= set(rows)
        assert set(writers.revoked) <= {one.hex() for one in listed.ids}
        assert all(rows[one]["revoked_at"] is not None for one in writers.revoked)
        assert own.audit_is_whole(by)
    # seqs that were acknowledged are of one history: no two lists had the same
    assert len(set(writers.seqs)) == len(writers.seqs)
    assert max(writers.seqs) <= list_of(own.one).seq
    for by in own.both:
        for one in writers.revoked[-5:]:
            assert verdict(by, writers.issued[one]) == (403, "revoked")
