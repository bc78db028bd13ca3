"""The clock, a second before and a second after each border; no link is given any grace at its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import BUILDER, CI, DAY, EXPIRES, HELPER, ISSUED, NOW, ONE, TWO, begin, case
from vectors.themes.valid import BOUNDLESS


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _end()
    yield from _beginning()
    yield from _not_before()


def _end() -> Iterator[dict[str, Any]]:
    yield case(
        "last second of a seal",
        "allow",
        "A9 A28",
        "a second before the end",
        TWO.seal(),
        now=EXPIRES - 1,
    )
    for seconds in (0, 1, 3600):
        yield case(
            f"seal, {seconds} s after",
            "expired",
            "A8 A9 A28",
            f"{seconds} s after the end of seal and chain",
            TWO.seal(),
            now=EXPIRES + seconds,
        )
    yield case(
        "a shorter seal ends",
        "proof_expired",
        "A9 A28",
        "its chain lives on",
        TWO.seal(NOW),
        now=NOW,
    )
    yield case("a seal of 1970", "proof_expired", "A13", "a seal that ended at zero", TWO.seal(0))
    for seconds, code in ((-1, "allow"), (0, "expired"), (1, "expired")):
        at = EXPIRES + seconds
        yield case(
            f"pop, chain {seconds:+} s",
            code,
            "A8 A9 A28",
            f"a fresh request {seconds:+} s from the end of its chain",
            TWO.pop(at=at),
            now=at,
            seen=[],
        )
        yield case(
            f"grant {seconds:+} s",
            code,
            "A8 A28",
            f"a grant read {seconds:+} s from its end",
            TWO.grant,
            now=at,
            check="parent",
        )
    short = begin(CI, ["deploy"], exp=NOW + 5).to(BUILDER, ["deploy"], exp=NOW + 5)
    yield case(
        "the parent ends",
        "expired",
        "A8",
        "parent and child end together",
        short.pop(at=NOW + 5),
        now=NOW + 5,
        seen=[],
    )
    soon = BOUNDLESS.to(BUILDER, ["deploy"], exp=NOW + 5).to(HELPER, ["deploy"], exp=NOW + 4)
    yield case(
        "the child ends first",
        "expired",
        "A8",
        "the earliest of three, here the last",
        soon.pop(at=NOW + 4),
        now=NOW + 4,
        seen=[],
    )
    sealed = BOUNDLESS.seal(NOW + 90 * DAY)
    yield case(
        "boundless chain, seal's last second",
        "allow",
        "A8",
        "89 days and some later",
        sealed,
        now=NOW + 90 * DAY - 1,
    )
    yield case(
        "boundless chain, seal ended",
        "proof_expired",
        "A8",
        "90 days later to the second",
        sealed,
        now=NOW + 90 * DAY,
    )
    yield case(
        "boundless chain a second earlier",
        "bad_bounds",
        "A8 A28",
        "a clock set back sees more than 90 days",
        sealed,
        now=NOW - 1,
    )
    yield case(
        "prove after the end",
        "expired",
        "A9",
        "proving whose token it is does not outlive it",
        TWO.seal(),
        now=EXPIRES,
        check="prove",
    )


def _beginning() -> Iterator[dict[str, Any]]:
    for seconds, code in ((29, "allow"), (30, "allow"), (31, "not_yet_valid")):
        chain = begin(CI, ["deploy"], iat=NOW + seconds)
        yield case(
            f"issued in {seconds} s",
            code,
            "A28",
            f"a root's clock that is {seconds} s ahead",
            chain.seal(),
        )
    for seconds, code in ((30, "allow"), (31, "not_yet_valid")):
        chain = ONE.to(BUILDER, ["test"], iat=NOW + seconds)
        yield case(
            f"child issued in {seconds} s",
            code,
            "A28",
            f"a child from {seconds} s ahead",
            chain.seal(),
            action="test",
        )
        parent = begin(CI, ["test"], iat=NOW + seconds).to(BUILDER, ["test"])
        yield case(
            f"parent issued in {seconds} s",
            code,
            "A28",
            f"a parent from {seconds} s ahead, its child from the past",
            parent.seal(),
            action="test",
        )
        yield case(
            f"grant issued in {seconds} s",
            code,
            "A28",
            f"a grant from {seconds} s ahead",
            chain.grant,
            check="parent",
        )
    yield case(
        "clock set back",
        "not_yet_valid",
        "A9 A28",
        "a clock half an hour before everything was issued",
        TWO.seal(),
        now=ISSUED - 1800,
    )
    yield case(
        "clock set back a little",
        "allow",
        "A28",
        "within the allowance",
        TWO.seal(),
        now=ISSUED - 30,
    )
    yield case(
        "clock at zero",
        "not_yet_valid",
        "A28",
        "a machine that has just started",
        TWO.seal(),
        now=0,
    )


def _not_before() -> Iterator[dict[str, Any]]:
    for seconds, code in ((-1, "allow"), (0, "allow"), (1, "not_yet_valid"), (30, "not_yet_valid")):
        chain = begin(CI, ["deploy"], cav=[["not_before", NOW + seconds]])
        yield case(
            f"not_before {seconds:+} s",
            code,
            "A9 A28",
            f"a caveat {seconds:+} s from now, without allowance",
            chain.seal(),
        )
    early = begin(CI, ["deploy"], cav=[["not_before", NOW + 9]]).to(BUILDER, ["deploy"])
    yield case(
        "the parent's not_before",
        "not_yet_valid",
        "A28",
        "a caveat of the first link binds the last",
        early.seal(),
    )
    yield case(
        "prove before not_before",
        "allow",
        "",
        "caveats are about an access",
        early.seal(),
        check="prove",
    )
