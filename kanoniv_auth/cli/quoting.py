"""Text from elsewhere, shown so that it can do nothing: to a terminal, to a log, to a shell."""

from __future__ import annotations

from kanoniv_auth.core.redaction import redact

# no ~: bash expands one also after = and :
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:,@%+=")


def plain(text: str) -> str:
    """Show text that came from elsewhere: nothing in it can move the cursor, colour or break the line.

    A token that was given in the wrong place is cut to its prefix: what is shown here ends in logs.
    """
    # before its line feeds are shown as \n: a token that was broken into lines is one token
    kept = redact(text)
    return "".join([letter if letter.isprintable() else ascii(letter)[1:-1] for letter in kept])


def quoted(text: str) -> str:
    """Write one shell word."""
    # zsh: =ls is the path of ls
    if text and text[0] != "=" and _SAFE.issuperset(text):
        return text
    return "'" + plain(text).replace("'", "'\\''") + "'"
