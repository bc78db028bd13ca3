"""A cache's room: as many as it has, the oldest goes first, however long it goes on, at the same cost each time."""

from __future__ import annotations

import itertools
import time

from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.proof import seal
from tests.core.authority import AGENT, NOW, ask, granted


def tokens() -> itertools.chain[str]:
    """Tokens that never end, each of a chain of its own."""
    made = (granted("deploy.staging", entropy=n.to_bytes(16, "big")) for n in itertools.count())
    return itertools.chain(seal(chain, AGENT, now=NOW) for chain in made)


def test_the_last_ones_are_there_and_no_others() -> None:
    for limit in (1, 3):
        cache, seen = Cache(limit), list[str]()
        for token in itertools.islice(tokens(), 4 * limit + 2):
            ask(token, cache=cache)
            seen.append(token)
            known = [one for one in seen if cache.get(one) is not None]
            assert known == seen[-limit:]
            assert [one for one in seen if cache.chain_of(one) is not None] == known


def test_what_two_have_verified_at_once_has_one_place() -> None:
    cache = Cache(3)
    first, second, *more = itertools.islice(tokens(), 12)
    for one in (first, second):
        verified = ask(one)
        cache.add(one, verified)
        # another thread, which had not found it either
        cache.add(one, ask(one))
        assert cache.get(one) is verified
    ask(more[0], cache=cache)
    assert None not in {cache.get(one) for one in (first, second, more[0])}
    for one in more:
        ask(one, cache=cache)
    assert [one for one in more if cache.get(one) is not None] == more[-3:]


def test_room_costs_the_same_however_much_there_is_of_it() -> None:
    """Taken from the front of a dict it would cost more, the more had been taken from there before."""
    (token,) = itertools.islice(tokens(), 1)
    verified = ask(token)

    def seconds(limit: int) -> float:
        cache, names = Cache(limit), [f"{n}" for n in range(3 * limit)]
        began = time.process_time()
        for name in names:
            cache._keep(cache._tokens, b"", name, verified)
        return (time.process_time() - began) / len(names)

    small, large = (min(seconds(limit) for _ in range(3)) for limit in (64, 16384))
    assert large < 6 * small
