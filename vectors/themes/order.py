"""Two flaws in one token: the earlier step names the reason, and the access is asked about last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import (
    BUILDER,
    CI,
    EVE,
    EXPIRES,
    HELPER,
    NOW,
    ONE,
    ROOT,
    THREE,
    TWO,
    begin,
    canonical,
    case,
    fields,
    flipped,
    start,
)

FORGED = TWO.with_link(1, flipped(TWO.links[1], 5))


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _links()
    yield from _afterwards()


def _links() -> Iterator[dict[str, Any]]:
    both = {"action": "prod", "context": {}}
    yield case(
        "forged and out of scope",
        "bad_signature",
        "A40",
        "a forged token never learns about scopes",
        FORGED.seal(),
        **both,
    )
    yield case(
        "sealed by a thief, out of scope",
        "bad_signature",
        "A40",
        "nor does a stolen grant",
        TWO.seal(by=EVE),
        **both,
    )
    yield case(
        "unreadable proof, forged link",
        "parse",
        "A40",
        "the proof is decoded before any signature",
        FORGED.grant + "~s!",
    )
    yield case(
        "untrusted root, forged child",
        "untrusted_root",
        "A40 A9",
        "the root is looked at before the links below it",
        FORGED.seal(),
        keys=[EVE],
    )
    yield case(
        "nothing pinned, forged child",
        "no_trusted_root",
        "A40 A3",
        "and so is the lack of one",
        FORGED.seal(),
        keys=[],
    )
    yield case(
        "retired root, forged child",
        "untrusted_root",
        "A40 A9",
        "a retired root is none",
        FORGED.seal(),
        retired={ROOT.did: NOW},
    )
    yield case(
        "malformed first link, nothing pinned",
        "parse",
        "A40",
        "the payload is read before the pins are",
        start(b"{}", CI).seal(),
        keys=[],
    )
    yield case(
        "malformed child, wrong key",
        "bad_signature",
        "A40",
        "the signature is checked before a child is decoded",
        ONE.add(b"{}", BUILDER, by=EVE).seal(),
    )
    shrunk = begin(CI, ["deploy"], exp=0)
    yield case(
        "impossible bounds, forged",
        "bad_signature",
        "A40",
        "bounds come after the signature",
        shrunk.with_link(0, flipped(shrunk.links[0], 1)).seal(),
    )
    wide = ONE.to(BUILDER, ["prod"], exp=EXPIRES + 9)
    yield case(
        "wider and longer",
        "widened",
        "A7 A8",
        "scopes are compared before expiries",
        wide.seal(),
        action="prod",
    )
    yield case(
        "wider, forged further down",
        "widened",
        "A7 A30",
        "links are read in order",
        wide.to(HELPER, ["prod"]).with_link(2, THREE.links[2]).seal(),
    )
    inverse = ONE.to(BUILDER, ["prod"], iat=NOW, exp=NOW - 1)
    yield case(
        "wider with impossible bounds",
        "bad_bounds",
        "A7 A8",
        "bounds are checked before scopes",
        inverse.seal(),
    )
    final = begin(CI, ["deploy"], cav=[["max_depth", 0]])
    yield case(
        "too deep and wider",
        "too_deep",
        "A7 A32",
        "depth is checked before scopes",
        final.to(BUILDER, ["prod"]).seal(),
    )
    yield case(
        "too deep with impossible bounds",
        "bad_bounds",
        "A8 A32",
        "bounds are checked before depth",
        final.to(BUILDER, ["deploy"], exp=0).seal(),
    )
    strange = canonical({**fields(BUILDER, ["prod"]), "zzz": 1})
    yield case(
        "wider and malformed",
        "parse",
        "A7 A25",
        "a payload is read before it is compared",
        ONE.add(strange, BUILDER).seal(),
    )


def _afterwards() -> Iterator[dict[str, Any]]:
    future = ONE.to(BUILDER, ["deploy.staging"], iat=NOW + 99)
    gone = {"revoked": {ROOT.hex: [BUILDER.hex]}}
    yield case(
        "from the future, sealed by a thief",
        "not_yet_valid",
        "A28",
        "the clock of links is asked before the proof",
        future.seal(by=EVE),
    )
    yield case(
        "sealed by a thief and revoked",
        "bad_signature",
        "A31",
        "the proof is asked before the list",
        TWO.seal(by=EVE),
        **gone,
    )
    yield case(
        "from the future and revoked",
        "not_yet_valid",
        "A28 A31",
        "the clock is asked before the list",
        future.seal(),
        **gone,
    )
    yield case(
        "revoked, seal ended",
        "revoked",
        "A31",
        "the list is asked before the proof's clock",
        TWO.seal(NOW - 5),
        **gone,
    )
    yield case(
        "revoked, seal too long",
        "revoked",
        "A31 A8",
        "and before the proof's bounds",
        TWO.seal(EXPIRES + 5),
        **gone,
    )
    yield case(
        "revoked and out of scope",
        "revoked",
        "A31 A40",
        "and long before the access",
        TWO.seal(),
        action="prod",
        **gone,
    )
    yield case(
        "revoked by pop of a forgetful verifier",
        "revoked",
        "A31 A27",
        "and before the memory",
        TWO.pop(),
        **gone,
    )
    yield case(
        "seal too long, for another",
        "bad_bounds",
        "A8 A26",
        "a seal's bounds come before its audience",
        TWO.seal(EXPIRES + 5, "a"),
        audience="b",
    )
    yield case(
        "seal ended, for another",
        "proof_expired",
        "A26 A28",
        "a seal's clock comes before its audience",
        TWO.seal(NOW - 5, "a"),
        audience="b",
    )
    yield case(
        "for another, out of scope",
        "audience",
        "A26 A40",
        "the audience comes before the access",
        TWO.seal(audience="a"),
        audience="b",
        action="prod",
    )
    yield case(
        "chain ended, for another",
        "expired",
        "A8 A26",
        "a seal that ended with its chain: the chain is named, and its end comes before the audience",
        TWO.seal(audience="a"),
        audience="b",
        now=EXPIRES,
    )
    used = {"seen": [(BUILDER.public + bytes(range(16))).hex()], "now": EXPIRES}
    yield case(
        "replayed after the end",
        "replayed",
        "A27 A8",
        "the memory is asked before the chain's end",
        TWO.pop(at=EXPIRES),
        **used,
    )
    yield case(
        "ended and out of scope",
        "expired",
        "A8 A40",
        "the end comes before the access",
        TWO.pop("prod", at=EXPIRES),
        action="prod",
        now=EXPIRES,
        seen=[],
    )
    hard = begin(CI, ["deploy"], cav=[["context", "env", "staging"]]).seal()
    yield case(
        "out of scope, caveat fails",
        "scope",
        "A25 A40",
        "scopes come before caveats",
        hard,
        action="prod",
    )
    yield case(
        "replayed and late",
        "proof_expired",
        "A27 A28",
        "a pop's clock comes before the memory",
        TWO.pop(at=NOW - 61),
        seen=[(BUILDER.public + bytes(range(16))).hex()],
    )
