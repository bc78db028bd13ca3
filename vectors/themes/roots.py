"""Whom the verifier trusts: keys, labels, and roots that were retired."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.forge import CI, EVE, EXPIRES, ISSUED, NOW, ONE, OTHER_ROOT, ROOT, TWO, begin, case


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _labels()
    yield from _retired()


def _labels() -> Iterator[dict[str, Any]]:
    yield case(
        "pinned by its DID",
        "allow",
        "A3",
        "the label of the root's key",
        TWO.seal(),
        keys=[],
        dids=[ROOT.did],
    )
    yield case("pinned twice", "allow", "A3", "by key and by DID", TWO.seal(), dids=[ROOT.did])
    yield case(
        "key of another, DID of ours",
        "allow",
        "A3",
        "either pin is enough",
        TWO.seal(),
        keys=[OTHER_ROOT],
        dids=[ROOT.did],
    )
    yield case(
        "DID of another",
        "untrusted_root",
        "A3",
        "another root's label",
        TWO.seal(),
        keys=[],
        dids=[OTHER_ROOT.did],
    )
    odd = {
        "capitals": ROOT.did.upper(),
        "a shorter DID": ROOT.did[:-1],
        "a longer DID": ROOT.did + "0",
        "the holder's DID": ONE.holder.did,
        "digits alone": ROOT.did.removeprefix("did:agent:"),
        "the key in hex": ROOT.hex,
        "a star": "*",
        "nothing": "",
    }
    for name, label in odd.items():
        yield case(
            f"DID: {name}",
            "untrusted_root",
            "A3",
            f"a pin that is {name} is no pin of this root",
            TWO.seal(),
            keys=[],
            dids=[label],
        )
    evil = begin(CI, ["deploy"], root=EVE, iss=ROOT.text)
    yield case(
        "pinned by DID, signed by another",
        "bad_signature",
        "A2",
        "the label is right, the signature is not",
        evil.seal(),
        keys=[],
        dids=[ROOT.did],
    )
    yield case(
        "grant of an untrusted root",
        "untrusted_root",
        "A3",
        "also when it is only accepted",
        begin(CI, ["deploy"], root=EVE).grant,
        check="parent",
    )
    yield case(
        "grant, nothing pinned",
        "no_trusted_root",
        "A3",
        "nothing to accept it by",
        ONE.grant,
        keys=[],
        check="parent",
    )
    yield case(
        "prove an untrusted root",
        "untrusted_root",
        "A3",
        "also to prove whose it is",
        begin(CI, ["deploy"], root=EVE).seal(),
        check="prove",
    )
    yield case(
        "prove, nothing pinned",
        "no_trusted_root",
        "A3",
        "nothing to prove it by",
        ONE.seal(),
        keys=[],
        check="prove",
    )


def _retired() -> Iterator[dict[str, Any]]:
    for seconds, code in ((1, "allow"), (0, "untrusted_root"), (-1, "untrusted_root")):
        yield case(
            f"retired {seconds:+} s",
            code,
            "A3 A9 A28",
            f"the root retires {seconds:+} s from now",
            TWO.seal(),
            retired={ROOT.did: NOW + seconds},
        )
    yield case(
        "retired, pinned by DID",
        "untrusted_root",
        "A3",
        "retirement counts for both kinds of pin",
        TWO.seal(),
        keys=[],
        dids=[ROOT.did],
        retired={ROOT.did: NOW - 10},
    )
    old = begin(CI, ["deploy"], iat=ISSUED - 99999, exp=EXPIRES)
    yield case(
        "retired, backdated link",
        "untrusted_root",
        "A3 A28",
        "what a link says of its age does not matter",
        old.seal(),
        retired={ROOT.did: NOW - 10},
    )
    yield case(
        "another root retired",
        "allow",
        "A3",
        "that is no business of this one",
        TWO.seal(),
        keys=[ROOT, OTHER_ROOT],
        retired={OTHER_ROOT.did: 0},
    )
    yield case(
        "the holder retired",
        "allow",
        "A3",
        "only roots retire; holders are revoked",
        TWO.seal(),
        retired={CI.did: 0},
    )
    yield case(
        "retired grant",
        "untrusted_root",
        "A3",
        "a retired root's grant cannot be accepted",
        ONE.grant,
        check="parent",
        retired={ROOT.did: NOW},
    )
