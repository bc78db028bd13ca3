"""Version 1 tokens: `verify_v1`, judged by what the keys would have signed and by the few rules that must hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from fuzz.changes import bent, edited, worn
from fuzz.ground import KEYS, judged, need
from fuzz.links import decoded
from kanoniv_auth.core import legacy_v1, legacy_v1_form
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.legacy_v1 import VerifiedV1, prove_v1, verify_v1
from kanoniv_auth.core.legacy_v1_issue import issue_v1
from kanoniv_auth.core.rfc3339 import format_time
from kanoniv_auth.core.roots import TrustedRoots
from vectors import forge

ROOTS = TrustedRoots([forge.ROOT.public])
BY_DID = {key.did: key for key in KEYS.values()}
ACTION = "deploy.staging"
SCOPES = ((ACTION, "test"), (ACTION,), (ACTION,))
HOLDERS = (forge.ROOT, forge.CI, forge.BUILDER, forge.HELPER)
END = format_time(forge.EXPIRES)


class Legacy:
    """The input is the text itself; it is always asked for one action at one time."""

    def seeds(self, *, honest: bool) -> Iterator[bytes]:
        """Tokens of one to three links, with an end and without."""
        for ttl in (3600, None):
            parent: VerifiedV1 | None = None
            for scopes, issuer, agent in zip(SCOPES, HOLDERS, HOLDERS[1:], strict=False):
                text = issue_v1(
                    KeyPair(issuer.seed), KeyPair(agent.seed), parent=parent, scopes=scopes,
                    now=forge.ISSUED, ttl=ttl, entropy=bytes(16),
                )  # fmt: skip
                yield text.encode("ascii")
                parent = prove_v1(text, roots=ROOTS, audience=None, now=forge.NOW, revoked=None)
        if not honest:
            yield b"e30"

    def mutate(self, data: bytes, random: Random) -> bytes:
        """Change what is said, and sign it again by the keys that may; or the text."""
        text = data.decode("ascii", "replace")
        if random.random() < 0.05:
            return worn(text, random).encode("ascii", "replace")
        raw = decoded(text) if text.isascii() else b""
        try:
            tree = json.loads(raw)
        except (ValueError, RecursionError):
            return next(self.seeds(honest=True))
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            tree = _nudged(tree, random)
        if random.random() < 0.8:
            sign_again(tree, random)
        made = json.dumps(tree, separators=(",", ":")).encode("ascii")
        if random.random() < 0.05:
            made = bent(made, random)
        return forge.b64u(made).encode("ascii")

    def check(self, data: bytes) -> None:
        """Nothing but refusals; and what is accepted was signed link by link, covers the action, and lives."""
        text = data.decode("latin-1")
        found = judged(len(text), lambda: _ask(text))
        if isinstance(found, AuthError):
            return
        need(forge.b64u(decoded(text)) == text, "accepted, and not the one spelling in base64url")
        tree = json.loads(decoded(text))
        holder, before = forge.ROOT.did, None
        for link in tree["chain"]:
            holder, before = check_link(link, holder, before), link["proof"]
        key = KEYS.get(found.holder.public)
        need(
            key is not None and key.did == holder == tree["agent_did"],
            "accepted without its holder",
        )
        need(found.chain.depth == len(tree["chain"]), "a chain of another length")

    def plants(self) -> dict[str, Callable[[], None]]:
        """Bugs of the kinds that are looked for."""
        return {
            "signers are strangers": lambda: setattr(legacy_v1, "_check_signer", lambda *_: None),
            "an error of Python": lambda: setattr(legacy_v1_form, "_list", lambda value, _: value),
        }


def _ask(text: str) -> VerifiedV1:
    return verify_v1(
        text, roots=ROOTS, audience=None, access=Access(ACTION), now=forge.NOW, revoked=None
    )


def compact(value: object, *, escape: bool = True) -> bytes:
    """What is signed: of a call, text outside ASCII as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=escape).encode()


def content_hash(proof: object) -> str:
    """What names a link: its whole proof, in hex."""
    return hashlib.sha256(compact(proof)).hexdigest()


def check_link(link: Any, holder: str, before: Any) -> str:
    """Hold one accepted link against version-1.md; returns the DID of whom it is given to."""
    proof = link["proof"]
    said = proof["payload"]
    key = BY_DID.get(said["issuer_did"])
    if key is None or said["issuer_did"] != holder:
        need(False, "a link by somebody who was given nothing")
        raise AssertionError
    body = {name: value for name, value in proof.items() if name != "signature"}
    need(key.sign(compact(body)).hex() == proof["signature"], "a link that its key does not sign")
    expected = None if before is None else content_hash(before)
    need(said["parent_hash"] == expected, "a link below another parent")
    for row in said["caveats"]:
        if row["type"] == "action_scope":
            need(any(f"{ACTION}.".startswith(f"{s}.") for s in row["value"]), "an action not given")
        if row["type"] == "expires_at":
            need(row["value"] > format_time(forge.NOW), "a link that has ended")
    need(any(row["type"] == "action_scope" for row in said["caveats"]), "a link that gives nothing")
    return str(said["delegate_did"])


def _nudged(tree: Any, random: Random) -> Any:
    """One change: anywhere, or one that only somebody who knows the format would make."""
    links = tree.get("chain") if type(tree) is dict else None
    kind = random.randrange(10)
    if kind < 5 or type(links) is not list or not links:
        return edited(tree, random) if type(tree) in {dict, list} and tree else {"version": 1}
    link = random.choice(links)
    said = (
        link.get("proof", {}).get("payload")
        if type(link) is dict and type(link.get("proof")) is dict
        else None
    )
    if kind == 5:
        random.shuffle(links)
    elif kind == 6:
        links.insert(random.randrange(len(links) + 1), random.choice(links))
    elif type(said) is dict and kind == 7:
        said["delegate_did"] = random.choice(list(BY_DID))
    elif type(said) is dict:
        rows = said.get("caveats")
        more = random.choice((
            {"type": "action_scope", "value": [random.choice((ACTION, "deploy", "test", "prod"))]},
            {"type": "expires_at", "value": format_time(forge.NOW + random.choice((-1, 0, 1, 9999)))},
            {"type": "resource", "value": random.choice(("*", "a/*", "a*"))},
        ))  # fmt: skip
        if type(rows) is list:
            rows.insert(0, more)
    return tree


def sign_again(tree: Any, random: Random) -> None:
    """Make the outer fields, parents and signatures agree with what is said now, as far as that goes."""
    before: Any = None
    links = tree.get("chain") if type(tree) is dict else None
    for link in links if type(links) is list else ():
        proof = link.get("proof") if type(link) is dict else None
        said = proof.get("payload") if type(proof) is dict else None
        if type(said) is not dict or not isinstance(proof, dict):
            return
        if random.random() < 0.9:
            said["parent_hash"] = None if before is None else content_hash(before)
        for name in ("issuer_did", "delegate_did", "caveats"):
            if random.random() < 0.98:
                link[name] = said.get(name)
        key = BY_DID.get(str(said.get("issuer_did")), forge.EVE)
        if random.random() < 0.05:
            key = random.choice(list(KEYS.values()))
        if random.random() < 0.95:
            link["issuer_public_key"], proof["signer_did"] = list(key.public), key.did
        link["parent_proof"] = None
        body = {name: value for name, value in proof.items() if name != "signature"}
        by = random.choice(list(KEYS.values())) if random.random() < 0.05 else key
        proof["signature"] = by.sign(compact(body)).hex()
        before = proof
    last = BY_DID.get(str(before["payload"].get("delegate_did"))) if before is not None else None
    if last is not None and random.random() < 0.9:
        tree["agent_did"], tree["agent_private_key"] = last.did, forge.b64u(last.seed)
