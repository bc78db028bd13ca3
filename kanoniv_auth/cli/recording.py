"""`sign` and `audit`: receipts are made, and checked."""

from __future__ import annotations

import os

from kanoniv_auth.api.auditing import audit as api_audit, revoked_among
from kanoniv_auth.api.signing import sign as api_sign
from kanoniv_auth.cli import inputs, words
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.core.envelope import ENVELOPE_PREFIX, envelope_view
from kanoniv_auth.core.errors import AuthError, UsageError
from kanoniv_auth.store import files
from kanoniv_auth.store.receipts import SUFFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.cli.argv import Arguments


def sign(arguments: Arguments) -> Outcome:
    """Print a signed receipt; its JSON form is one that `audit` takes."""
    envelope = api_sign(
        arguments.needed("action"),
        inputs.chosen_token(arguments),
        target=arguments.text("target") or "",
        result=arguments.text("result") or "success",
        metadata=inputs.pairs(arguments, "metadata"),
    )
    (checked,) = api_audit([envelope])
    return Outcome("signed", envelope, envelope_view(checked))


def audit(arguments: Arguments) -> Outcome:
    """Verify receipts and show them; exit 1 for the first that is not true, and for any that is revoked now."""
    named = [pair for given in arguments.rest for pair in _texts(given)]
    try:
        found = api_audit([text for _, text in named], root_did=arguments.text("root_did"))
    except AuthError as error:
        number = error.facts.get("receipt")
        if isinstance(number, int) and named[number][0] is not None:
            error.facts["file"] = named[number][0]
        raise
    ended = revoked_among(found)
    facts = {
        "count": len(found),
        "receipts": [envelope_view(envelope) for envelope in found],
        "revoked": [envelope.id.hex() for envelope in found if envelope.id in ended],
    }
    text = words.receipts(found, ended)
    if ended:
        first = next(iter(ended.values()))
        message = f"{len(ended)} of {len(found)} were true and are revoked now"
        return Outcome(message, text, facts, exit=first.reason.exit, code=first.slug)
    return Outcome("all receipts are true", text, facts)


def _texts(given: str) -> list[tuple[str | None, str]]:
    """The receipts that a word stands for, each with the file it is from."""
    texts: list[tuple[str | None, str]]
    if given == "-":
        texts = [(None, text) for text in _split(inputs.read_stdin())]
    elif given.lstrip().startswith((ENVELOPE_PREFIX, "{")):
        texts = [(None, given)]
    elif os.path.isdir(given):  # noqa: PTH112 - paths are text in this package
        paths = files.listing(given, SUFFIX)
        texts = [(path, inputs.read_text_file(path, named=False)) for path in paths]
    else:
        texts = [(given, text) for text in _split(inputs.read_text_file(given))]
    if not texts:
        fix = "name a file or folder with receipts, or give one as text"
        raise UsageError("usage", detail="there is no receipt to check", fix=fix)
    return texts


def _split(text: str) -> list[str]:
    """One receipt a line; a JSON object may span lines."""
    if text.startswith("{") and "\n{" not in text:
        return [text]
    return [line for line in text.splitlines() if line.strip()]
