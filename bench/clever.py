"""The worker for what in `core` is not the first thing one would write: each against that first thing.

Subjects come in pairs `<name>` and `<name>, plainly`; docs/bench.md prints the gain of each. Nothing
here is used by the product.
"""

from __future__ import annotations

import hashlib
import importlib
from functools import partial

from bench.ours import ROOT, chain, check, sealed
from bench.worker import Subject, repeat, serve
from kanoniv_auth.core import encoding, payload as link_payload, sodium, token
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.value import Value

FIELDS = ("id", "issuer", "aud", "scopes", "caveats", "issued_at", "expires_at", "jti", "name")


def cached_text() -> dict[str, Subject]:
    """A cache keyed by the text itself, against one keyed by a cumulative hash over the links."""
    text = sealed(8)
    cache = Cache()
    check(text, cache)
    raw, by_hash = text.encode("ascii"), {_cumulative(text): True}

    def hashed() -> bool:
        return by_hash[_cumulative(raw.decode("ascii"))]

    return {
        "text-keyed cache": repeat(lambda: cache.get(raw.decode("ascii"))),
        "text-keyed cache, plainly": repeat(hashed),
    }


def _cumulative(text: str) -> bytes:
    # what finds prefixes as well: one hash per link, each over the one before
    links, _, proof = text.partition("~")
    state = bytes(32)
    for part in (*links.split("."), proof):
        state = hashlib.sha256(state + part.encode("ascii")).digest()
    return state


class InPlace(Value):
    """A link's nine fields, as core fills them."""

    __slots__ = FIELDS

    def __init__(self, *fields: object) -> None:
        put = self._setters
        put[0](self, fields[0])
        put[1](self, fields[1])
        put[2](self, fields[2])
        put[3](self, fields[3])
        put[4](self, fields[4])
        put[5](self, fields[5])
        put[6](self, fields[6])
        put[7](self, fields[7])
        put[8](self, fields[8])


class Filled(Value):
    """The same through `_fill`."""

    __slots__ = FIELDS

    def __init__(self, *fields: object) -> None:
        self._fill(*fields)


class Plain(Value):
    """The same as frozen dataclasses do it."""

    __slots__ = FIELDS

    def __init__(self, *fields: object) -> None:
        for name, value in zip(FIELDS, fields, strict=False):
            object.__setattr__(self, name, value)


def values() -> dict[str, Subject]:
    """How an immutable value gets its fields."""
    fields = (b"", b"", b"", (), (), 1, 2, "", None)
    return {
        "slots filled in place": repeat(partial(InPlace, *fields)),
        "slots filled in place, plainly": repeat(partial(Plain, *fields)),
        "slots filled by a loop": repeat(partial(Filled, *fields)),
        "slots filled by a loop, plainly": repeat(partial(Plain, *fields)),
    }


def signatures() -> dict[str, Subject]:
    """One signature check: without libsodium's copy of the message, against PyNaCl's public bindings."""
    signed, public = _signed()
    raw = importlib.import_module("nacl._sodium")
    new, opened = raw.ffi.new, raw.lib.crypto_sign_open

    def buffered() -> int:
        out, length = new("unsigned char[]", len(signed)), new("unsigned long long *")
        return int(opened(out, length, signed, len(signed), public))

    private, documented = sodium.private_binding(), sodium.public_binding()
    ours = repeat(partial(private.open_signed, signed, public))
    return {
        "no copy of the message": ours,
        "no copy of the message, plainly": repeat(buffered),
        "nacl._sodium, a check": ours,
        "nacl._sodium, a check, plainly": repeat(partial(documented.open_signed, signed, public)),
    }


def _signed() -> tuple[bytes, bytes]:
    link = token.parse(chain(1)[0].text).links[0]
    signature, payload = link_payload.split_link(link)
    return signature + link_payload.link_message(bytes(32), payload), ROOT.public


def texts() -> dict[str, Subject]:
    """Decoding: the C scanner without the `json` package, and base64url in one pass."""
    link = token.parse(chain(2)[0].text).links[1]
    payload = link_payload.split_link(link)[1]
    json = importlib.import_module("json")
    base64 = importlib.import_module("base64")

    def lenient() -> bytes:
        data: bytes = base64.urlsafe_b64decode(link + "=" * (-len(link) % 4))
        if base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii") != link:
            raise ValueError
        return data

    return {
        "the C scanner alone": repeat(partial(encoding.scan, payload)),
        "the C scanner alone, plainly": repeat(partial(json.loads, payload)),
        "base64url by table and length": repeat(partial(encoding.unb64u, link)),
        "base64url by table and length, plainly": repeat(lenient),
    }


def main() -> None:
    """Serve rounds."""
    serve({**cached_text(), **values(), **signatures(), **texts()}, {})


if __name__ == "__main__":
    main()
