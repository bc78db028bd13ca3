"""`sign` and `audit`: receipts are made, and checked."""

from __future__ import annotations

import os

from kanoniv_auth.api.auditing import audit as api_audit
from kanoniv_auth.api.signing import sign as api_sign
from kanoniv_auth.cli import inputs, words
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.core.envelope import ENVELOPE_PREFIX, envelope_view
from kanoniv_auth.core.errors import UsageError
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
    """Verify receipts and show them; exit 1 for the first that is not true."""
    texts = [text for given in arguments.rest for text in _texts(given)]
    found = api_audit(texts, root_did=arguments.text("root_did"))
    facts = {"count": len(found), "receipts": [envelope_view(envelope) for envelope in found]}
    return Outcome("all receipts are true", words.receipts(found), facts)


def _texts(given: str) -> list[str]:
    if given == "-":
        texts = _split(inputs.read_stdin())
    elif given.lstrip().startswith((ENVELOPE_PREFIX, "{")):
        texts = [given]
    elif os.path.isdir(given):  # noqa: PTH112 - paths are text in this package
        texts = [inputs.read_text_file(path, named=False) for path in files.listing(given, SUFFIX)]
    else:
        texts = _split(inputs.read_text_file(given))
    if not texts:
        fix = "name a file or folder with receipts, or give one as text"
        raise UsageError("usage", detail="there is no receipt to check", fix=fix)
    return texts


def _split(text: str) -> list[str]:
    """One receipt a line; a JSON object may span lines."""
    if text.startswith("{") and "\n{" not in text:
        return [text]
    return [line for line in text.splitlines() if line.strip()]
