"""What roots say: revocation lists (`kdr2.`) and rotations (`kdx2.`), judged by what the keys would have signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from fuzz.changes import bent, edited, spelled, worn
from fuzz.ground import KEYS, judged, need, signed
from fuzz.links import decoded, named, parsed
from kanoniv_auth.core import statement
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.revocation_list import (
    LIST_PREFIX,
    LIST_TAG,
    RevocationList,
    read_list,
)
from kanoniv_auth.core.rotation import (
    ROTATION_PREFIX,
    ROTATION_TAG,
    Rotation,
    read_rotation,
)
from tests.core import second_reader, second_reader_statements
from tests.core.vector_files import LISTS, ROTATIONS
from vectors import forge

# characters; the vectors about size are larger, and only slow
LARGE = 20_000
SIGNERS = {LIST_PREFIX: ("root",), ROTATION_PREFIX: ("old", "new")}
TAGS = {LIST_PREFIX: LIST_TAG, ROTATION_PREFIX: ROTATION_TAG}


class Statements:
    """The input is the text itself."""

    def seeds(self, *, honest: bool) -> Iterator[bytes]:
        """Every vector; or those that are allowed."""
        for vector in (*LISTS, *ROTATIONS):
            text = vector.case["text"]
            if type(text) is str and len(text) < LARGE and (vector.expect == "allow" or not honest):
                yield text.encode("utf-8", "surrogatepass")

    def mutate(self, data: bytes, random: Random) -> bytes:
        """Change the payload and sign it again; or the text."""
        text = data.decode("utf-8", "surrogatepass")
        prefix = text[:5]
        if prefix not in SIGNERS or not text.isascii() or random.random() < 0.15:
            return worn(text, random).encode("utf-8", "surrogatepass")
        count = len(SIGNERS[prefix])
        raw = decoded(text[5:])
        payload = raw[64 * count :]
        tree: Any = parsed(payload)
        for _ in range(random.choice((1, 1, 2, 3))):
            tree = edited(tree, random) if type(tree) in {dict, list} and tree else {"exp": 1}
        payload = bent(payload, random) if random.random() < 0.1 else spelled(tree, random)
        if random.random() < 0.1:
            prefix = random.choice(list(SIGNERS))
        signatures = b"".join(
            [_by(tree, name, prefix, payload, random) for name in SIGNERS[prefix]]
        )
        return (prefix + forge.b64u(signatures + payload)).encode("ascii")

    def check(self, data: bytes) -> None:
        """Core and the second reader agree; what is accepted was signed by its roots, byte for byte."""
        try:
            text = data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return
        found = judged(len(text), lambda: read_list(text))
        _compare(found, second_reader_statements.read_list, text)
        if isinstance(found, RevocationList):
            _check_list(found, text)
        turned = judged(len(text), lambda: read_rotation(text))
        _compare(turned, second_reader_statements.read_rotation, text)
        if isinstance(turned, Rotation):
            need(isinstance(found, AuthError), "a text that is two statements")
            _check_rotation(turned, text)

    def plants(self) -> dict[str, Callable[[], None]]:
        """Bugs of the kinds that are looked for."""
        return {
            "other spellings": lambda: setattr(statement, "uncanonical", parsed),
        }


def _compare(found: object, reader: Callable[[str], object], text: str) -> None:
    verdict, other = found.slug if isinstance(found, AuthError) else "allow", "allow"
    try:
        reader(text)
    except second_reader.Refused as refusal:
        other = str(refusal.args[0])
    need(verdict == other, f"core says {verdict}, the second reader {other}")


def _by(tree: Any, name: str, prefix: str, payload: bytes, random: Random) -> bytes:
    key = named(tree, name) or forge.EVE
    if random.random() < 0.1:
        key = random.choice(list(KEYS.values()))
    tag = (
        random.choice((forge.LINK, b"", *TAGS.values())) if random.random() < 0.1 else TAGS[prefix]
    )
    return key.sign(tag + payload)


def _check_list(found: RevocationList, text: str) -> None:
    table: dict[str, Any] = {
        "exp": found.expires_at, "iat": found.issued_at, "root": forge.b64u(found.root), "seq": found.seq,
    }  # fmt: skip
    for name, entries in (("ids", found.ids), ("keys", found.keys)):
        if entries:
            table[name] = sorted({forge.b64u(entry) for entry in entries})
    payload = forge.canonical(table)
    signature = decoded(text[5:])[:64]
    signed(found.root, signature, LIST_TAG + payload, "list")
    need(
        LIST_PREFIX + forge.b64u(signature + payload) == text, "another list was sent than was read"
    )
    need(found.issued_at < found.expires_at and found.seq > 0, "impossible bounds")


def _check_rotation(found: Rotation, text: str) -> None:
    table = {
        "iat": found.issued_at, "new": forge.b64u(found.new), "old": forge.b64u(found.old),
        "seq": found.seq, "until": found.until,
    }  # fmt: skip
    payload = forge.canonical(table)
    raw = decoded(text[5:])
    signed(found.old, raw[:64], ROTATION_TAG + payload, "rotation, by the old root")
    signed(found.new, raw[64:128], ROTATION_TAG + payload, "rotation, by the new root")
    need(
        ROTATION_PREFIX + forge.b64u(raw[:128] + payload) == text,
        "another rotation was sent than was read",
    )
    need(found.old != found.new and found.seq > 0, "a rotation to itself")
