"""Chains that were cut, mixed, reordered, widened or stretched; most with only true signatures in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

from vectors.forge import (
    AGENTS,
    BUILDER,
    CI,
    DAY,
    EVE,
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
    jti,
)
from vectors.themes.valid import BOUNDLESS, deep

# the same three agents, three times: other scopes, another root
WIDE = begin(CI, ["deploy", "test"]).to(BUILDER, ["deploy", "test"]).to(HELPER, ["deploy", "test"])
AGAIN = (
    begin(CI, ["deploy.staging", "test"], jti=jti("again"))
    .to(BUILDER, ["deploy.staging"])
    .to(HELPER, ["deploy.staging"])
)
FOREIGN = (
    begin(CI, ["deploy", "test"], root=OTHER_ROOT).to(BUILDER, ["deploy"]).to(HELPER, ["deploy"])
)
FAMILIES = {
    "the wide chain": WIDE,
    "the same chain issued again": AGAIN,
    "another root's chain": FOREIGN,
}


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _cut()
    yield from _reordered()
    yield from _mixed()
    yield from _roots()
    yield from _widened()
    yield from _stretched()
    yield from _depth()


def of(links: tuple[str, ...]) -> str:
    """Any links, with the seal that the holder of THREE made for its own chain."""
    return replace(THREE, links=links).seal()


def _cut() -> Iterator[dict[str, Any]]:
    for length, left in ((2, "one link"), (1, "two links")):
        yield case(
            f"{left} cut off, seal kept",
            "bad_signature",
            "A4",
            f"the child's seal under its parent's chain, {left} less",
            of(THREE.links[:length]),
        )
        cut = replace(THREE, links=THREE.links[:length], id=THREE.ids[length - 1])
        yield case(
            f"{left} cut off, sealed again",
            "bad_signature",
            "A4",
            f"the child's own new seal over the chain {left} shorter",
            cut.seal(),
        )
        yield case(
            f"{left} cut off, pop",
            "bad_signature",
            "A4 A27",
            f"the child's pop over the chain {left} shorter",
            cut.pop(),
            seen=[],
        )
    yield case(
        "the first link cut off",
        "parse",
        "A5",
        "a chain that begins in the middle",
        of(THREE.links[1:]),
    )
    yield case(
        "the middle link cut out",
        "bad_signature",
        "A5",
        "the last link under the first",
        of(THREE.links[::2]),
    )


def _reordered() -> Iterator[dict[str, Any]]:
    for order in permutations(range(3)):
        if order == (0, 1, 2):
            continue
        code = "bad_signature" if order[0] == 0 else "parse"
        yield case(
            f"links in the order {order}",
            code,
            "A5",
            f"all of them true, in the order {order}",
            of(tuple(THREE.links[i] for i in order)),
        )
    for order in ((0, 0, 1, 2), (0, 1, 1, 2), (0, 1, 2, 2)):
        yield case(
            f"links {order}",
            "bad_signature",
            "A5",
            f"a link said twice: {order}",
            of(tuple(THREE.links[i] for i in order)),
        )


def _mixed() -> Iterator[dict[str, Any]]:
    for name, other in FAMILIES.items():
        for index in range(3):
            if other is FOREIGN and index == 0:
                continue
            links = THREE.with_link(index, other.links[index]).links
            yield case(
                f"link {index} of {name}",
                "bad_signature",
                "A5 A6",
                f"link {index} taken from {name}",
                of(links),
            )
        tail = (other.links[0], *THREE.links[1:])
        mixed = replace(THREE, links=tail, id=other.id)
        keys = [OTHER_ROOT] if other is FOREIGN else [ROOT]
        yield case(
            f"grafted onto {name}",
            "bad_signature",
            "A6",
            f"our two last links put under the first of {name}",
            mixed.seal(),
            keys=keys,
            action="deploy.prod",
        )
    broad = replace(TWO, links=(WIDE.links[0], TWO.links[1]))
    yield case(
        "child on the sibling grant",
        "bad_signature",
        "A6",
        "the same agent holds a narrow and a broad grant; the child was made under the narrow one",
        broad.seal(),
    )
    yield case(
        "sealed on the sibling grant",
        "bad_signature",
        "A6",
        "and its seal over the id it would have",
        broad.seal(over=WIDE.ids[1]),
    )


def _roots() -> Iterator[dict[str, Any]]:
    mine = begin(CI, ["deploy"], root=EVE)
    yield case(
        "a root of one's own",
        "untrusted_root",
        "A2 A3",
        "everything is right but the root",
        mine.seal(),
    )
    yield case(
        "another root's chain",
        "untrusted_root",
        "A3",
        "a root that other verifiers trust",
        FOREIGN.seal(),
    )
    yield case(
        "nothing pinned",
        "no_trusted_root",
        "A3",
        "without a pin there is no root to believe",
        TWO.seal(),
        keys=[],
    )
    yield case(
        "nothing pinned, own root",
        "no_trusted_root",
        "A3",
        "nor does the first comer become one",
        mine.seal(),
        keys=[],
    )
    yield case(
        "the leaf pinned",
        "untrusted_root",
        "A2",
        "a pin is a root, not any key of the chain",
        TWO.seal(),
        keys=[BUILDER],
    )


def _widened() -> Iterator[dict[str, Any]]:
    staging = begin(CI, ["deploy.staging"])
    wider = {
        "the parent of the scope": ("A7", ["deploy"]),
        "a sibling": ("A7", ["deploy.prod"]),
        "something else": ("A7", ["test"]),
        "one more beside it": ("A7", ["deploy.prod", "deploy.staging"]),
        "a longer word": ("A22", ["deploy.staging2"]),
        "a shorter word": ("A22", ["deploy.stag"]),
        "a capital": ("A23", ["deploy.Staging"]),
        "an escaped dot": ("A23", ["deploy%2estaging"]),
        "an escaped tail": ("A23", ["deploy.staging%2eeu"]),
    }
    for name, (rows, scopes) in wider.items():
        yield case(
            f"widened: {name}",
            "widened",
            rows,
            f"a child, well signed, that takes {name}",
            staging.to(BUILDER, scopes).seal(),
            action=scopes[0],
        )
    word = begin(CI, ["deploy"]).to(BUILDER, ["deployment"])
    yield case(
        "widened: deploy to deployment",
        "widened",
        "A22",
        "a prefix of characters is not a parent",
        word.seal(),
        action="deployment",
    )
    back = begin(CI, ["deploy"]).to(BUILDER, ["deploy.staging"]).to(HELPER, ["deploy"])
    yield case(
        "widened: back to the grandparent's",
        "widened",
        "A7",
        "each link is held to the one before, not to the first",
        back.seal(),
    )
    long = deep(16, scopes=["deploy"])
    yield case("widened: in the sixteenth link", "widened", "A7", "however deep", long.seal())
    yield case(
        "widened parent",
        "widened",
        "A7",
        "also when a grant is read to delegate further",
        staging.to(BUILDER, ["deploy"]).grant,
        check="parent",
    )


def _stretched() -> Iterator[dict[str, Any]]:
    yield case(
        "a second longer",
        "outlives_parent",
        "A8",
        "one second later than the parent",
        ONE.to(BUILDER, ["test"], exp=EXPIRES + 1).seal(),
        action="test",
    )
    yield case(
        "expiry left out",
        "outlives_parent",
        "A8",
        "no expiry under a parent that has one",
        ONE.to(BUILDER, ["test"], exp=None).seal(),
        action="test",
    )
    middle = BOUNDLESS.to(BUILDER, ["deploy"]).to(HELPER, ["deploy"], exp=None)
    yield case(
        "expiry left out under a later bound",
        "outlives_parent",
        "A8",
        "the bound came with the second link",
        middle.seal(),
    )
    short = begin(CI, ["deploy"], exp=NOW + 5).to(BUILDER, ["deploy"], exp=NOW + 6)
    yield case(
        "outlives a short parent",
        "outlives_parent",
        "A8",
        "the earliest expiry counts",
        short.seal(NOW + 5),
    )
    for name, exp in (("at once", ISSUED), ("before it began", ISSUED - 1), ("in 1970", 0)):
        yield case(
            f"ends {name}",
            "bad_bounds",
            "A8 A13",
            f"a first link that ends {name}",
            begin(CI, ["deploy"], exp=exp).seal(),
        )
    yield case(
        "a child that ends at once",
        "bad_bounds",
        "A8",
        "bounds of every link, not of the first",
        ONE.to(BUILDER, ["test"], iat=NOW, exp=NOW).seal(NOW),
        action="test",
    )
    yield case(
        "seal beyond its chain",
        "bad_bounds",
        "A8",
        "one second longer than the chain",
        TWO.seal(EXPIRES + 1),
    )
    yield case(
        "seal for ever",
        "bad_bounds",
        "A8 A13",
        "the greatest number that eight bytes hold",
        TWO.seal(2**64 - 1),
    )
    yield case(
        "seal beyond ninety days",
        "bad_bounds",
        "A8",
        "a chain without expiry, sealed for a second too long",
        BOUNDLESS.seal(NOW + 90 * DAY + 1),
    )
    yield case(
        "seal for ever on a boundless chain",
        "bad_bounds",
        "A8",
        "nothing lasts for ever",
        BOUNDLESS.seal(2**64 - 1),
    )


def _depth() -> Iterator[dict[str, Any]]:
    def limited(depth: int, *later: int) -> Chain:
        chain = begin(AGENTS[0], ["deploy"], cav=[["max_depth", depth]])
        for number, more in enumerate(later):
            cav = [["max_depth", more]] if more >= 0 else None
            chain = chain.to(AGENTS[number + 1], ["deploy"], cav=cav)
        return chain

    yield case(
        "terminal link", "allow", "A32", "max_depth 0 and no further link", limited(0).seal()
    )
    yield case(
        "child of a terminal link",
        "too_deep",
        "A32",
        "max_depth 0 and one link more",
        limited(0, -1).seal(),
    )
    yield case(
        "as deep as allowed",
        "allow",
        "A32",
        "max_depth 2 and two links more",
        limited(2, -1, -1).seal(),
    )
    yield case(
        "deeper than allowed",
        "too_deep",
        "A32",
        "max_depth 2 and three links more",
        limited(2, -1, -1, -1).seal(),
    )
    yield case(
        "a later caveat loosens nothing",
        "too_deep",
        "A32",
        "max_depth 1, and the child claims nine",
        limited(1, 9, -1).seal(),
    )
    yield case(
        "a later caveat tightens",
        "too_deep",
        "A32",
        "max_depth 9, and the child says none",
        limited(9, 0, -1).seal(),
    )
    yield case(
        "sixteen links, far limit",
        "allow",
        "A32",
        "a great number allows no more than the format, and no less",
        begin(CI, ["deploy"], cav=[["max_depth", 2**53]]).seal(),
    )
    yield case(
        "terminal grant as parent",
        "allow",
        "A32",
        "it may be accepted",
        limited(0).grant,
        check="parent",
    )
    yield case(
        "terminal grant with a child",
        "too_deep",
        "A32",
        "and not be passed on",
        limited(0, -1).grant,
        check="parent",
    )
