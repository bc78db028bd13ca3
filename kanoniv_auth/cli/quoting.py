"""Text from elsewhere, shown so that it can do nothing: to a terminal, to a log, to a shell."""

from __future__ import annotations

from kanoniv_auth.core.redaction import redact

_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:,@%+=~")


def plain(text: str) -> str:
    """Show text that came from elsewhere: nothing in it can move the cursor, colour or break the line.

    A token that was given in the wrong place is cut to its prefix: what is shown here ends in logs.
    """
    shown = "".join([letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text])
    return redact(shown)


def quoted(text: str) -> str:
    """Write one shell word."""
    if text and _SAFE.issuperset(text):
        return text
    return "'" + plain(text).replace("'", "'\\''") + "'"
