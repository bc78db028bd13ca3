"""What an attacker has: keys of his own, the spec, and the patience to build any bytes by hand.

Nothing here calls the library. Every byte is put together from docs/spec/token.md §1 and §3, so that links no honest
issuer would sign can be signed, and so that a mistake in the library cannot hide in its own issuer.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NOW = 1_800_000_000
HOUR = 3600
ZEROS = bytes(32)
LINK_TAG, SEAL_TAG = b"kanoniv-auth/2 link\0", b"kanoniv-auth/2 seal\0"
POP_TAG, ENVELOPE_TAG, ID_TAG = b"kanoniv-auth/2 pop\0", b"kanoniv-auth/2 env\0", b"kd2 id\0"
ORDER = 2**252 + 27742317777372353535851937790883648493  # L, of the group Ed25519 works in


@cache
def _private(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


@dataclass(frozen=True)
class Key:
    """A key pair. A name makes it, so that a failing test can be read."""

    name: str

    @property
    def seed(self) -> bytes:
        return hashlib.sha256(b"advisory " + self.name.encode()).digest()

    @property
    def public(self) -> bytes:
        return _private(self.seed).public_key().public_bytes_raw()

    @property
    def did(self) -> str:
        return "did:agent:" + hashlib.sha256(self.public).hexdigest()[:32]

    def sign(self, message: bytes) -> bytes:
        return _private(self.seed).sign(message)


# The root delegates to Alice, Alice to Bob; Mallory is whoever attacks.
ROOT, OTHER_ROOT = Key("root"), Key("another root")
ALICE, BOB, CAROL, MALLORY = Key("alice"), Key("bob"), Key("carol"), Key("mallory")


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return bytes(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_"))


def canonical(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def fields_of(aud: bytes, **given: Any) -> dict[str, object]:
    """A link's fields, honest unless `given` says otherwise; None leaves one out."""
    found: dict[str, object] = {
        "aud": b64(aud),
        "exp": NOW + HOUR,
        "iat": NOW - 10,
        "scp": ["deploy"],
        **given,
    }
    found.setdefault("jti", b64(hashlib.sha256(repr(sorted(found.items())).encode()).digest()[:16]))
    return {name: value for name, value in found.items() if value is not None}


def swap_byte(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


@dataclass(frozen=True)
class Links:
    """Links in order; `id` is the last one's, `holder` signs next, `until` is the earliest expiry."""

    texts: tuple[str, ...] = ()
    ids: tuple[bytes, ...] = ()
    holder: Key = ROOT
    until: int = NOW + HOUR

    @property
    def id(self) -> bytes:
        return self.ids[-1] if self.ids else ZEROS

    @property
    def text(self) -> str:
        return "kd2." + ".".join(self.texts)

    def payload(self, aud: Key, **fields: Any) -> bytes:
        """What `grow` would sign for these fields."""
        root = {} if self.ids else {"iss": b64(self.holder.public)}
        return canonical(fields_of(aud.public, **{**root, **fields}))

    def grow(
        self,
        aud: Key,
        *,
        raw: bytes | None = None,
        signer: Key | None = None,
        tag: bytes = LINK_TAG,
        **fields: Any,
    ) -> Links:
        """One link more, signed by the holder: any fields, or `raw` bytes as payload, signed truly."""
        payload = self.payload(aud, **fields) if raw is None else raw
        signature = (signer or self.holder).sign(tag + self.id + payload)
        return self.append(signature, payload, aud)

    def append(self, signature: bytes, payload: bytes, aud: Key) -> Links:
        """One link more, whatever its signature is."""
        link_id = hashlib.sha256(ID_TAG + self.id + payload).digest()
        return replace(
            self,
            texts=(*self.texts, b64(signature + payload)),
            ids=(*self.ids, link_id),
            holder=aud,
        )

    def cut(self, length: int, holder: Key) -> Links:
        return replace(self, texts=self.texts[:length], ids=self.ids[:length], holder=holder)

    def with_text(self, index: int, text: str) -> Links:
        return replace(self, texts=(*self.texts[:index], text, *self.texts[index + 1 :]))

    def resigned(self, index: int, signature: bytes) -> Links:
        """The same payloads, another signature on one link."""
        return self.with_text(index, b64(signature + unb64(self.texts[index])[64:]))

    def sealed(
        self,
        *,
        exp: int | None = None,
        audience: bytes = b"",
        signer: Key | None = None,
        tag: bytes = SEAL_TAG,
        chain_id: bytes | None = None,
    ) -> str:
        rest = (self.until if exp is None else exp).to_bytes(8, "big") + audience
        signature = (signer or self.holder).sign(tag + (chain_id or self.id) + rest)
        return f"{self.text}~s{b64(signature + rest)}"

    def pop(
        self,
        action: str = "deploy.staging",
        *,
        audience: str = "",
        args: bytes = b"",
        iat: int = NOW,
        nonce: bytes = bytes(16),
        signer: Key | None = None,
        tag: bytes = POP_TAG,
    ) -> str:
        message = pop_message(self.id, audience, action, args, iat, nonce, tag)
        signature = (signer or self.holder).sign(message)
        return f"{self.text}~p{b64(signature + iat.to_bytes(8, 'big') + nonce)}"


def pop_message(  # noqa: PLR0917 - in the order in which they are signed
    chain_id: bytes,
    audience: str,
    action: str,
    args: bytes,
    iat: int,
    nonce: bytes,
    tag: bytes = POP_TAG,
) -> bytes:
    sized = b"".join(len(text).to_bytes(2, "big") + text.encode() for text in (audience, action))
    return tag + chain_id + sized + hashlib.sha256(args).digest() + iat.to_bytes(8, "big") + nonce


def honest(*, scopes: Iterable[str] = ("deploy",), root: Key = ROOT, **fields: Any) -> Links:
    """Root to Alice to Bob, who may deploy to staging: the chain that is attacked."""
    first = Links(holder=root).grow(ALICE, scp=list(scopes), **fields)
    return first.grow(BOB, scp=["deploy.staging"])


def envelope_payload(chain: Links, **given: Any) -> bytes:
    """An envelope's payload, honest unless `given` says otherwise; None leaves a field out."""
    fields: dict[str, object] = {
        "act": "deploy.staging", "arg": b64(hashlib.sha256(b"").digest()), "cid": b64(chain.id), "iat": NOW,
        "non": b64(bytes(16)), "prv": b64(ZEROS), "res": "success", "seq": 0, "str": b64(b"S" * 16), "tgt": "web",
        **given,
    }  # fmt: skip
    return canonical({name: value for name, value in fields.items() if value is not None})


def envelope(
    chain: Links,
    *,
    raw: bytes | None = None,
    signer: Key | None = None,
    tag: bytes = ENVELOPE_TAG,
    **given: Any,
) -> str:
    """An envelope over any payload bytes, signed truly by the chain's holder unless told otherwise."""
    payload = envelope_payload(chain, **given) if raw is None else raw
    signature = (signer or chain.holder).sign(tag + payload)
    return f"kde2.{b64(signature + payload)}~{chain.text.removeprefix('kd2.')}"


def envelope_id(text: str) -> bytes:
    return hashlib.sha256(ENVELOPE_TAG + unb64(text[5:].partition("~")[0])[64:]).digest()
