"""Signed calls of version 1 as they come to a proxy: JSON that others wrote, and what becomes of the call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from fuzz.changes import bent, edited, varied
from fuzz.ground import judged, need
from fuzz.legacy import ACTION, BY_DID, ROOTS, Legacy, check_link, compact, content_hash, sign_again
from fuzz.links import decoded
from kanoniv_auth.core import foreign_json, jcs, legacy_v1_invocation
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.legacy_v1_invocation import verify_invocation
from kanoniv_auth.core.rfc3339 import format_time, parse_time
from vectors import forge

ARGS = {"id": 7, "who": "Zo\u00eb", "rate": 0.5, "rows": [1, None, {"x": True}]}
OUTSIDE = ("invoker_did", "action", "args")


class Calls:
    """The input is the JSON text; it is always held against one call at one time."""

    def seeds(self, *, honest: bool) -> Iterator[bytes]:
        """A true call below one to three links, and other JSON."""
        for number, token in enumerate(Legacy().seeds(honest=True)):
            tree = json.loads(decoded(token.decode("ascii")))
            yield spelled(called(tree["chain"], f"n-{number}"))
        if not honest:
            yield b'{"a":[1,-2.5e-7,1e21,"\\ud83d\\ude00",null,true],"b":{}}'

    def mutate(self, data: bytes, random: Random) -> bytes:
        """Change what is said, and sign it again by the keys that may; or the text."""
        if random.random() < 0.2:
            return bent(data, random)
        try:
            tree = json.loads(data)
        except (ValueError, RecursionError):
            return next(self.seeds(honest=True))
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            tree = _nudged(tree, random)
        if random.random() < 0.8:
            _sign(tree, random)
        return spelled(tree, random)

    def check(self, data: bytes) -> None:
        """It is read as `json` reads it or not at all; one form, one value; and what is granted was signed for it."""
        tree = judged(len(data), lambda: foreign_json.read(data))
        if isinstance(tree, AuthError):
            return
        need(
            repr(json.loads(data.decode("utf-8"), object_pairs_hook=_unique)) == repr(tree),
            "read as another value than `json` reads",
        )
        json.dumps(tree, ensure_ascii=False).encode("utf-8")  # every text is whole
        text = judged(len(data), lambda: jcs.jcs(tree))
        if not isinstance(text, AuthError):
            again = json.loads(text, parse_int=float)
            need(again == tree and jcs.jcs(again) == text, "a form of another value")
        spent: list[bytes] = []
        found = judged(len(data), lambda: _ask(tree, spent))
        if isinstance(found, AuthError):
            return
        need(len(spent) == 1, "a call that was granted, and counts as often as one likes")
        _check_call(tree, found)

    def plants(self) -> dict[str, Callable[[], None]]:
        """Bugs of the kinds that are looked for."""
        return {
            "nobody signs": lambda: setattr(legacy_v1_invocation, "_check_signature", lambda *_: None),
            "halves of characters": lambda: setattr(foreign_json, "_whole", lambda _: None),
        }  # fmt: skip


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(len(dict(pairs)) == len(pairs), "a key was read that stands there twice")
    return dict(pairs)


def _ask(tree: object, spent: list[bytes]) -> Chain:
    def once(key: bytes, _: int) -> bool:
        spent.append(key)
        return True

    return verify_invocation(
        tree, tool=ACTION, args=ARGS, roots=ROOTS, access=Access(ACTION), now=forge.NOW, once=once, revoked=None,
    )  # fmt: skip


def called(chain: list[Any], nonce: str) -> dict[str, Any]:
    """The holder of this chain calls, truly."""
    tree: dict[str, Any] = {
        "invocation": {
            "invoker_did": "", "action": ACTION, "args": ARGS, "delegation": nested(chain),
            "proof": {
                "nonce": nonce, "signer_did": "", "timestamp": format_time(forge.NOW), "signature": "",
                "payload": {"invoker_did": "", "action": ACTION, "args": ARGS, "delegation_hash": ""},
            },
        },
        "invoker_public_key": "",
    }  # fmt: skip
    _agree(tree, chain[-1], BY_DID[chain[-1]["delegate_did"]])
    return tree


def nested(chain: list[Any]) -> Any:
    """The last link with its parents inside."""
    found = None
    for link in chain:
        found = {**link, "parent_proof": found}
    return found


def flat(delegation: Any) -> list[Any]:
    """The links of a delegation, the root's first, as far as they are some."""
    found: list[Any] = []
    while type(delegation) is dict and len(found) < 20:
        found.insert(0, {**delegation, "parent_proof": None})
        delegation = delegation.get("parent_proof")
    return found


def _agree(tree: Any, link: Any, key: forge.Key) -> None:
    """Make everything say the same as what is signed, and sign it by this key."""
    call = tree["invocation"]
    proof, said = call["proof"], call["proof"]["payload"]
    said["invoker_did"] = proof["signer_did"] = key.did
    said["delegation_hash"] = content_hash(link["proof"])
    tree["invoker_public_key"] = key.public.hex()
    for name in OUTSIDE:
        call[name] = said[name]
    body = {name: part for name, part in proof.items() if name != "signature"}
    proof["signature"] = key.sign(compact(body, escape=False)).hex()


def _nudged(tree: Any, random: Random) -> Any:
    """One change: anywhere, or where only somebody who knows the format would make it."""
    try:
        proof = tree["invocation"]["proof"]
        name = random.choice((*OUTSIDE, "timestamp", "nonce", "delegation", "any", "any", "any"))
        if name == "timestamp":
            proof[name] = format_time(forge.NOW + random.choice((-61, -60, -1, 1, 60, 61)))
        elif name == "delegation":
            links = flat(tree["invocation"][name])
            del links[random.randrange(len(links))]
            tree["invocation"][name] = nested(links)
        elif name in OUTSIDE and random.random() < 0.5:
            proof["payload"][name] = varied(proof["payload"][name], random)
        elif name != "any":
            tree["invocation"][name] = varied(tree["invocation"].get(name), random)
        else:
            return edited(tree, random)
    except (TypeError, KeyError, ValueError, AttributeError):
        return edited(tree, random) if type(tree) in {dict, list} and tree else {"invocation": {}}
    return tree


def _sign(tree: Any, random: Random) -> None:
    """Make links, hashes and signatures agree with what is said now, as far as that goes."""
    try:
        call = tree["invocation"]
        links = flat(call["delegation"])
        if random.random() < 0.7:
            sign_again({"chain": links}, random)
            call["delegation"] = nested(links)
        key = BY_DID.get(str(links[-1]["delegate_did"]), forge.EVE)
        _agree(tree, links[-1], random.choice([key] * 9 + [forge.EVE]))
    except (TypeError, KeyError, IndexError, AttributeError, ValueError, RecursionError):
        return


def spelled(tree: Any, random: Random | None = None) -> bytes:
    """As JSON: compact or not, in ASCII or not."""
    loose = random is not None and random.random() < 0.3
    return json.dumps(tree, ensure_ascii=not loose, indent=1 if loose else None).encode(
        "utf-8", "surrogatepass"
    )


def _check_call(tree: Any, chain: Chain) -> None:
    """Hold one granted call against mcp-proof.md §3."""
    call = tree["invocation"]
    proof, said = call["proof"], call["proof"]["payload"]
    need(set(tree) == {"invocation", "invoker_public_key"}, "a granted call with more fields")
    key = BY_DID.get(said["invoker_did"])
    if key is None or key.public.hex() != tree["invoker_public_key"]:
        need(False, "a call by a key nobody has")
        raise AssertionError
    body = {name: part for name, part in proof.items() if name != "signature"}
    need(
        key.sign(compact(body, escape=False)).hex() == proof["signature"],
        "a call that its key does not sign",
    )
    need((said["action"], said["args"]) == (ACTION, ARGS), "a call of something else")
    need(all(call[name] == said[name] for name in OUTSIDE), "a call that says two things")
    need(abs(parse_time(proof["timestamp"]) // 1000 - forge.NOW) <= 60, "a call of another time")
    holder, before = forge.ROOT.did, None
    links = flat(call["delegation"])
    for link in links:
        holder, before = check_link(link, holder, before), link["proof"]
    need(holder == key.did == chain.holder_did, "a call without the holder")
    need(said["delegation_hash"] == content_hash(before), "a call for another delegation")
    need(chain.depth == len(links), "a chain of another length")
