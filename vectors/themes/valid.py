"""What must be allowed: every feature once, and every limit reached but not passed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from vectors.forge import (
    AGENTS,
    BUILDER,
    CI,
    DAY,
    EXPIRES,
    HELPER,
    ISSUED,
    NOW,
    ONE,
    OTHER_ROOT,
    ROOT,
    THREE,
    TWO,
    Chain,
    begin,
    case,
)

BOUNDLESS = begin(CI, ["deploy"], exp=None)


def deep(links: int, **last: Any) -> Chain:
    """A chain of that many links, each agent handing all it has to the next."""
    chain = begin(AGENTS[0], ["deploy.staging"])
    for number in range(1, links):
        more = last if number == links - 1 else {}
        chain = chain.to(AGENTS[number], more.pop("scopes", ["deploy.staging"]), **more)
    return chain


LARGE = begin(CI, [f"{number:02}" + "x" * 180 for number in range(64)])


def filler(size: int) -> str:
    """The audience that makes a seal of LARGE a token of exactly so many characters."""
    return next("a" * n for n in range(256) if len(LARGE.seal(audience="a" * n)) == size)


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _chains()
    yield from _limits()
    yield from _other_checks()


def _chains() -> Iterator[dict[str, Any]]:
    yield case("one link", "allow", "", "the root's own delegate presents its token", ONE.seal())
    yield case("two links", "allow", "", "a delegate of the delegate", TWO.seal())
    yield case("three links", "allow", "", "and one more", THREE.seal())
    yield case(
        "a parent scope covers its child",
        "allow",
        "A22",
        "deploy covers deploy.staging by segments",
        begin(CI, ["deploy"]).seal(),
    )
    narrowing = (
        begin(CI, ["deploy", "test"])
        .to(BUILDER, ["deploy.staging"])
        .to(HELPER, ["deploy.staging.eu"])
    )
    yield case(
        "narrowed twice",
        "allow",
        "A7",
        "each link covers the next",
        narrowing.seal(),
        action="deploy.staging.eu.west",
    )
    yield case(
        "second of two scopes",
        "allow",
        "",
        "every scope of a link counts",
        ONE.seal(),
        action="test",
    )
    yield case(
        "a child that ends earlier",
        "allow",
        "A8",
        "the earliest expiry bounds the seal",
        ONE.to(BUILDER, ["test"], exp=NOW + 10).seal(NOW + 10),
        action="test",
    )
    yield case(
        "unbounded parent, bounded child",
        "allow",
        "A8",
        "a child may end where its parent does not",
        BOUNDLESS.to(BUILDER, ["deploy"]).seal(),
    )
    yield case(
        "no expiry anywhere",
        "allow",
        "A8",
        "then the seal alone ends, here an hour from now",
        BOUNDLESS.seal(NOW + 3600),
    )
    yield case(
        "a seal that ends before its chain",
        "allow",
        "",
        "a holder may promise less than it has",
        TWO.seal(NOW + 1),
    )
    yield case(
        "labelled links",
        "allow",
        "",
        "nam is a label that no decision reads",
        begin(CI, ["deploy"], nam="CI.agent_1-x").to(BUILDER, ["deploy"], nam="b").seal(),
    )
    yield case(
        "root delegates to itself",
        "allow",
        "",
        "a key may hold what it issued",
        begin(ROOT, ["deploy"]).seal(),
    )
    yield case(
        "one key twice in a chain",
        "allow",
        "",
        "ids differ, because payloads are chained",
        ONE.to(CI, ["deploy.staging"]).seal(),
    )
    yield case(
        "later link issued earlier",
        "allow",
        "A28",
        "clocks of issuers differ; only the future is refused",
        ONE.to(BUILDER, ["deploy.staging"], iat=ISSUED - 1).seal(),
    )


def _limits() -> Iterator[dict[str, Any]]:
    yield case("sixteen links", "allow", "A29", "the deepest chain there is", deep(16).seal())
    many = sorted(f"s{number:02}" for number in range(64))
    yield case(
        "sixty-four scopes",
        "allow",
        "A24",
        "as many scopes as a link may have",
        begin(CI, many).seal(),
        action="s63.x",
    )
    wide = ".".join("a" * 200 for _ in range(16))
    yield case(
        "longest scope",
        "allow",
        "A29",
        "16 segments of 200 characters",
        begin(CI, [wide]).seal(),
        action=wide,
    )
    dots = "%2e" * 66 + "ab"
    yield case(
        "a segment of 66 escapes",
        "allow",
        "A23 A29",
        "200 characters of a segment, each escape counted as three",
        begin(CI, [dots]).seal(),
        action=dots,
    )
    yield case(
        "largest token",
        "allow",
        "A29",
        "exactly 16,384 characters",
        LARGE.seal(audience=filler(16384)),
        action="63" + "x" * 180,
        audience=filler(16384),
    )
    full = [["context", f"k{number:02}", "v"] for number in range(64)]
    yield case(
        "sixty-four caveats",
        "allow",
        "A25",
        "as many caveats as a link may have, all of them true",
        begin(CI, ["deploy"], cav=full).seal(),
        context={row[1]: "v" for row in full},
    )
    yield case(
        "greatest integer",
        "allow",
        "A13",
        "2^53 is the last exact integer of JSON",
        begin(CI, ["deploy"], exp=2**53).seal(2**53),
    )
    yield case(
        "smallest integer",
        "allow",
        "A13",
        "zero is an integer without a sign",
        begin(CI, ["deploy"], iat=0).seal(),
    )
    yield case(
        "every character of a segment",
        "allow",
        "A23",
        "letters, digits, _ and - stand for themselves",
        begin(CI, ["AZaz09_-"]).seal(),
        action="AZaz09_-.b",
    )
    yield case(
        "an escaped dot",
        "allow",
        "A23",
        "%2e is a dot inside a segment, never a border",
        begin(CI, ["git.push.main%2eevil"]).seal(),
        action="git.push.main%2eevil",
    )
    yield case(
        "longest audience",
        "allow",
        "A26",
        "255 bytes, from ! to ~",
        TWO.seal(audience="!" + "~" * 254),
        audience="!" + "~" * 254,
    )
    yield case(
        "ninety days",
        "allow",
        "A8",
        "the longest seal of a chain without expiry, just made",
        BOUNDLESS.seal(NOW + 90 * DAY),
    )
    label = "n" * 64
    yield case(
        "longest label",
        "allow",
        "A29",
        "64 characters of nam",
        begin(CI, ["deploy"], nam=label).seal(),
    )


def _other_checks() -> Iterator[dict[str, Any]]:
    yield case(
        "prove",
        "allow",
        "",
        "whose token it is, without asking for an action",
        TWO.seal(),
        check="prove",
        action="nothing.of.the.kind",
    )
    yield case(
        "a grant as parent",
        "allow",
        "",
        "its holder proves the key by using it",
        TWO.grant,
        check="parent",
    )
    yield case(
        "a token as parent", "allow", "", "its proof is left aside", TWO.seal(), check="parent"
    )
    broken = TWO.grant + "~s" + "!" * 8
    yield case(
        "a parent with a broken proof",
        "allow",
        "",
        "delegating further reads the links alone",
        broken,
        check="parent",
    )
    yield case(
        "a sealed parent for elsewhere",
        "allow",
        "A26",
        "nor does the proof's audience matter then",
        TWO.seal(audience="elsewhere"),
        check="parent",
        audience="here",
    )
    yield case(
        "several pins",
        "allow",
        "A3",
        "one of the pinned roots is enough",
        ONE.seal(),
        keys=[OTHER_ROOT, ROOT],
    )
    for before, after in pairwise((3, 8, 15)):
        yield case(
            f"{after} links",
            "allow",
            "",
            f"deeper than {before}, within the limit",
            deep(after).seal(),
        )
    yield case(
        "expiry equal to the parent's",
        "allow",
        "A8",
        "as long as the parent, not longer",
        ONE.to(BUILDER, ["test"], exp=EXPIRES).seal(),
        action="test",
    )
