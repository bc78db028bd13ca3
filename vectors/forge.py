"""Tokens made by hand: bytes, hashes and Ed25519, right or wrong as told. Nothing of kanoniv_auth is used.

Keys are SHA-256 of their label, every other value is written down: two runs give the same bytes.
docs/spec/token.md is the only source of the formats in here.
"""

from __future__ import annotations

import binascii
import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from nacl import bindings

ZERO = bytes(32)
LINK, SEAL, POP, ENV = (
    f"kanoniv-auth/2 {tag}\0".encode() for tag in ("link", "seal", "pop", "env")
)
NOW = 1_800_000_000
ISSUED = NOW - 600
EXPIRES = NOW + 3000
DAY = 86400
NO_ARGS = hashlib.sha256(b"").hexdigest()
ORDER = 2**252 + 27742317777372353535851937790883648493


@dataclass(frozen=True)
class Key:
    """An Ed25519 key pair for tests; its seed is the SHA-256 of a label that anybody can read here."""

    seed: bytes
    public: bytes

    @property
    def hex(self) -> str:
        """The public key in hex."""
        return self.public.hex()

    @property
    def text(self) -> str:
        """The public key in base64url."""
        return b64u(self.public)

    @property
    def did(self) -> str:
        """The label people see."""
        return "did:agent:" + hashlib.sha256(self.public).hexdigest()[:32]

    def sign(self, message: bytes) -> bytes:
        """Sign as RFC 8032 says."""
        return bindings.crypto_sign(message, self.seed + self.public)[:64]

    def sign_with_small_r(self, message: bytes, r: bytes) -> bytes:
        """Sign with R a point of small order: the equation holds when R is the neutral element, the rules do not."""
        a = int.from_bytes(hashlib.sha512(self.seed).digest()[:32], "little")
        a = (a & (2**254 - 8)) | 2**254
        k = int.from_bytes(hashlib.sha512(r + self.public + message).digest(), "little")
        return r + (k * a % ORDER).to_bytes(32, "little")


def key(label: str) -> Key:
    """Make the key of a label."""
    seed = hashlib.sha256(label.encode()).digest()
    return Key(seed, bindings.crypto_sign_seed_keypair(seed)[0])


def seed_key(seed: bytes) -> Key:
    """Make the key of a given seed."""
    return Key(seed, bindings.crypto_sign_seed_keypair(seed)[0])


ROOT, OTHER_ROOT, CI, BUILDER, HELPER, EVE = (
    key(f"kanoniv-auth vectors: {name}")
    for name in ("root", "other root", "ci", "builder", "helper", "eve")
)
AGENTS = tuple(key(f"kanoniv-auth vectors: agent {number}") for number in range(20))
# the neutral element: S = 0, R = itself is a signature by it under every message
NEUTRAL = b"\1" + bytes(31)
UNIVERSAL = NEUTRAL + bytes(32)


def b64u(data: bytes) -> str:
    """Encode as base64url without padding."""
    text = binascii.b2a_base64(data, newline=False).decode()
    return text.translate(str.maketrans("+/", "-_")).rstrip("=")


def from_b64u(text: str) -> bytes:
    """Decode what `b64u` made."""
    padded = text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4)
    return binascii.a2b_base64(padded)  # noqa: TID251 - our own output, to be cut up again


def canonical(value: object) -> bytes:
    """Encode plain ASCII values as canonical JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def jti(label: str) -> str:
    """Sixteen bytes that look random and never change."""
    return b64u(hashlib.sha256(b"jti " + label.encode()).digest()[:16])


def fields(aud: Key, scopes: list[str], /, **more: Any) -> dict[str, Any]:
    """The payload of a link as a table; a value None leaves its key out."""
    table = {
        "aud": aud.text,
        "exp": EXPIRES,
        "iat": ISSUED,
        "jti": jti(aud.hex),
        "scp": sorted(scopes),
        **more,
    }
    return {name: value for name, value in table.items() if value is not None}


@dataclass(frozen=True)
class Chain:
    """Links from a root: texts, and what the next link or the proof is signed over. Flaws welcome."""

    links: tuple[str, ...]
    id: bytes
    holder: Key
    ids: tuple[bytes, ...] = ()

    @property
    def grant(self) -> str:
        """The chain without a proof."""
        return "kd2." + ".".join(self.links)

    def add(
        self,
        payload: bytes,
        aud: Key,
        *,
        by: Key | None = None,
        tag: bytes = LINK,
        prev: bytes | None = None,
        signature: bytes | None = None,
    ) -> Chain:
        """Add a link with exactly these payload bytes, signed by the holder unless told otherwise."""
        before = self.id if prev is None else prev
        signed = (
            (by or self.holder).sign(tag + before + payload) if signature is None else signature
        )
        after = hashlib.sha256(b"kd2 id\0" + self.id + payload).digest()
        return Chain((*self.links, b64u(signed + payload)), after, aud, (*self.ids, after))

    def to(self, aud: Key, scopes: list[str], /, **more: Any) -> Chain:
        """Add an honest link; `more` are further fields of its payload, None to leave one out."""
        return self.add(canonical(fields(aud, scopes, **more)), aud)

    def seal(
        self,
        until: int = EXPIRES,
        audience: str = "",
        *,
        by: Key | None = None,
        tag: bytes = SEAL,
        over: bytes | None = None,
        signature: bytes | None = None,
    ) -> str:
        """End the chain with a seal."""
        rest = until.to_bytes(8, "big") + audience.encode("latin-1")
        message = tag + (self.id if over is None else over) + rest
        signed = (by or self.holder).sign(message) if signature is None else signature
        return f"{self.grant}~s{b64u(signed + rest)}"

    def pop(
        self,
        action: str = "deploy.staging",
        audience: str = "",
        *,
        args: bytes = b"",
        at: int = NOW,
        nonce: bytes = bytes(range(16)),
        by: Key | None = None,
        tag: bytes = POP,
        framed: bool = True,
    ) -> str:
        """End the chain with a proof for one request."""
        parts = [tag, self.id]
        for text in (audience, action):
            parts += [len(text).to_bytes(2, "big") if framed else b"", text.encode()]
        parts += [hashlib.sha256(args).digest(), at.to_bytes(8, "big"), nonce]
        signed = (by or self.holder).sign(b"".join(parts))
        return f"{self.grant}~p{b64u(signed + at.to_bytes(8, 'big') + nonce)}"

    def with_link(self, index: int, text: str) -> Chain:
        """Put another text in the place of a link; the rest stays as it was signed."""
        return replace(self, links=(*self.links[:index], text, *self.links[index + 1 :]))


def begin(aud: Key, scopes: list[str], /, *, root: Key = ROOT, **more: Any) -> Chain:
    """Make the first link of a chain."""
    payload = canonical(fields(aud, scopes, **{"iss": root.text, **more}))
    return start(payload, aud, root=root)


def start(payload: bytes, aud: Key, *, root: Key = ROOT, **flaw: Any) -> Chain:
    """Make a first link with exactly these payload bytes."""
    return Chain((), ZERO, root).add(payload, aud, **flaw)


def flipped(text: str, position: int) -> str:
    """Change one bit of one decoded byte of a base64url text."""
    raw = bytearray(from_b64u(text))
    raw[position] ^= 1
    return b64u(bytes(raw))


# the chains that most cases begin from
ONE = begin(CI, ["deploy.staging", "test"])
TWO = ONE.to(BUILDER, ["deploy.staging"])
THREE = TWO.to(HELPER, ["deploy.staging"])


def case(name: str, expect: str, rows: str, why: str, token: Any, **setting: Any) -> dict[str, Any]:
    """One vector: what is asked, what the answer must be, and why it stands here.

    setting: check (`verify`, `prove`, `parent`), keys, dids, retired, audience, now, revoked, recent, seen, and the
    parts of the access: action, context, resource, cost, args.
    """
    take = setting.pop
    vector = {
        "name": name,
        "why": why,
        "rows": rows.split(),
        "expect": expect,
        "check": take("check", "verify"),
        "token": token,
        "roots": {
            "keys": [k.hex for k in take("keys", [ROOT])],
            "dids": take("dids", []),
            "retired": take("retired", {}),
        },
        "audience": take("audience", None),
        "now": take("now", NOW),
        "access": {
            "action": take("action", "deploy.staging"),
            "context": take("context", {}),
            "resource": take("resource", None),
            "cost": take("cost", None),
            "args_sha256": hashlib.sha256(take("args", b"")).hexdigest(),
        },
        "revoked": take("revoked", {}),
        "seen": take("seen", None),
    }
    if "recent" in setting:
        # how old lists may be, and when each was issued; without it any list will do, and none
        vector["recent"] = take("recent")
    assert not setting, setting
    return vector
