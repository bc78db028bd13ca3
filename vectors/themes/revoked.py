"""Revocation: ids and keys, anywhere in the chain, on the list of its own root alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import (
    BUILDER,
    CI,
    EVE,
    HELPER,
    NOW,
    ONE,
    OTHER_ROOT,
    ROOT,
    THREE,
    TWO,
    case,
)


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _entries()
    yield from _recent()


def _entries() -> Iterator[dict[str, Any]]:
    names = ("first", "second", "third")
    for name, identity in zip(names, THREE.ids, strict=True):
        yield case(
            f"id of the {name} link",
            "revoked",
            "A31 A9",
            f"the {name} link is revoked, and all below it",
            THREE.seal(),
            revoked={ROOT.hex: [identity.hex()]},
        )
    keys = {
        "the root, which issued": ROOT,
        "who received and issued": CI,
        "who was in the middle": BUILDER,
        "the holder, who received": HELPER,
    }
    for name, key in keys.items():
        yield case(
            f"key of {name}",
            "revoked",
            "A31 A9",
            f"the key of {name} is revoked",
            THREE.seal(),
            revoked={ROOT.hex: [key.hex]},
        )
    yield case(
        "one of many",
        "revoked",
        "A31",
        "among entries that do not matter",
        THREE.seal(),
        revoked={ROOT.hex: [EVE.hex, bytes(32).hex(), HELPER.hex]},
    )
    yield case(
        "a request",
        "revoked",
        "A31",
        "a fresh pop does not help",
        THREE.pop(),
        seen=[],
        revoked={ROOT.hex: [CI.hex]},
    )
    yield case(
        "a grant",
        "revoked",
        "A31",
        "a revoked grant cannot be accepted",
        TWO.grant,
        check="parent",
        revoked={ROOT.hex: [CI.hex]},
    )
    yield case(
        "prove",
        "revoked",
        "A31",
        "nor is it proven whose it is",
        TWO.seal(),
        check="prove",
        revoked={ROOT.hex: [TWO.id.hex()]},
    )
    yield case(
        "another root's list",
        "allow",
        "A31",
        "a root cannot revoke what another one gave",
        THREE.seal(),
        revoked={OTHER_ROOT.hex: [ROOT.hex, CI.hex, HELPER.hex, *(i.hex() for i in THREE.ids)]},
    )
    yield case(
        "a holder's list",
        "allow",
        "A31",
        "nor can a holder",
        THREE.seal(),
        revoked={CI.hex: [HELPER.hex]},
    )
    yield case(
        "a cousin",
        "allow",
        "A31",
        "the parent lives on when its child is revoked",
        ONE.seal(),
        revoked={ROOT.hex: [TWO.id.hex(), BUILDER.hex]},
    )
    yield case(
        "strangers",
        "allow",
        "A31",
        "a list of keys that are not in the chain",
        THREE.seal(),
        revoked={ROOT.hex: [EVE.hex]},
    )
    yield case(
        "an empty list", "allow", "A31", "nothing is revoked", THREE.seal(), revoked={ROOT.hex: []}
    )
    yield case(
        "half of an id",
        "allow",
        "A31",
        "entries are compared whole",
        THREE.seal(),
        revoked={ROOT.hex: [(THREE.id[:16] + bytes(16)).hex()]},
    )


def _recent() -> Iterator[dict[str, Any]]:
    """An hour is how old a list may be."""
    since = NOW - 3600

    def recent(**lists: int) -> dict[str, Any]:
        hexes = {"root": ROOT.hex, "other": OTHER_ROOT.hex}
        return {"earliest": since, "issued": {hexes[name]: at for name, at in lists.items()}}

    token = THREE.seal()
    yield case(
        "a recent list", "allow", "", "as old as it may be", token, recent=recent(root=since)
    )
    old = recent(root=since - 1)
    yield case("an old list", "stale", "A31", "a second older than it may be", token, recent=old)
    yield case("no list", "stale", "A31", "its root was never heard of", token, recent=recent())
    foreign = recent(other=NOW)
    yield case(
        "another's list", "stale", "A31", "a foreign list says nothing", token, recent=foreign
    )
    why = "an old list asks nothing of a list that revokes"
    listed = {ROOT.hex: [CI.hex]}
    yield case("old and revoked", "revoked", "A31", why, token, recent=old, revoked=listed)
    why = "nobody can say that this request may still be made"
    yield case("an old list, a request", "stale", "A31", why, THREE.pop(), seen=[], recent=old)
    why = "nor that this grant may be accepted"
    yield case("an old list, a grant", "stale", "A31", why, TWO.grant, check="parent", recent=old)
