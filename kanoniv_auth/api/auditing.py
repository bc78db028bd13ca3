"""`audit`: are these receipts true? Each is verified, and where there are several of a stream, their order too."""

from __future__ import annotations

import os

from kanoniv_auth.api import revocations
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.core.envelope import Envelope, check_stream, envelope_view, verify_envelope
from kanoniv_auth.core.errors import AuthError, Revoked, SignatureInvalid, TokenParseError
from kanoniv_auth.core.foreign_json import once
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.roots import TrustedRoots

_SIGNED = "envelope"
# what every answer to --json begins with: said of the command, not of the receipt
_HEAD = frozenset(("ok", "code", "message", "fix"))


def audit(texts: Iterable[str], *, root_did: str | None = None) -> list[Envelope]:
    """Verify receipts, each `kde2.…` or the JSON form that shows one; returns them in the order of their streams.

    What was true and is revoked by now is among them: `revoked_among` says which.
    Raises: AuthError for the first that is not true (fact receipt: its number from 0), or for a stream with a gap.
    """
    roots = trusted_roots(find_home(os.environ), None, root_did)
    # one receipt given twice is one receipt
    unique = {}
    for number, text in enumerate(texts):
        try:
            envelope = _verify(text.strip(), roots)
        except AuthError as error:
            error.facts["receipt"] = number
            raise
        unique[envelope.id] = envelope
    found = sorted(unique.values(), key=lambda envelope: (*_stream(envelope), envelope.seq))
    streams: dict[tuple[bytes, bytes], list[Envelope]] = {}
    for envelope in found:
        streams.setdefault(_stream(envelope), []).append(envelope)
    for stream in streams.values():
        check_stream(stream)
    return found


def revoked_among(found: Iterable[Envelope]) -> dict[bytes, Revoked]:
    """The receipts whose authority is revoked now, by id: they were true, so it is no refusal. Raises: StorageError."""
    revoked, ended = revocations.known(find_home(os.environ)), {}
    for envelope in found:
        try:
            if revoked is not None:
                revoked.enforce(envelope.chain)
        except Revoked as error:
            ended[envelope.id] = error
    return ended


def _stream(envelope: Envelope) -> tuple[bytes, bytes]:
    # by holder, too: another one's envelope under this stream's id is not part of it
    return envelope.chain.holder, envelope.stream


def _verify(text: str, roots: TrustedRoots) -> Envelope:
    if not text.startswith("{"):
        return verify_envelope(text, roots=roots, revoked=None)
    shown = _read_view(text)
    signed = shown.get(_SIGNED)
    if not isinstance(signed, str):
        raise SignatureInvalid("bad_signature", where="this JSON, which holds no signed envelope")
    envelope = verify_envelope(signed, roots=roots, revoked=None)
    true = envelope_view(envelope)
    for name, value in shown.items():
        if name not in _HEAD and not (name in true and _same(true[name], value)):
            raise SignatureInvalid("bad_signature", where=f"{name!r}, which is not what was signed")
    return envelope


def _same(true: object, shown: object) -> bool:
    """Compare as JSON: Python would take 1 for true."""
    import json  # noqa: PLC0415 - loaded by `_read_view` already

    return json.dumps(true, sort_keys=True) == json.dumps(shown, sort_keys=True)


def _read_view(text: str) -> dict[str, object]:
    import json  # noqa: PLC0415 - 8 ms, only for the JSON form

    try:
        shown = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise TokenParseError("parse", detail="neither an envelope nor its JSON form") from None
    if not isinstance(shown, dict):
        raise TokenParseError("parse", detail="neither an envelope nor its JSON form")
    return shown
