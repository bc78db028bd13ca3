"""What never stands in a log or on a screen: the text of a token. Not a guard of keys, which no output is given."""

from __future__ import annotations

# kas_ begins an API key of the service; the last every version 1 token, which holds a private key, and every JWT
_PREFIXES = ("kd2.", "kde2.", "kdb2.", "kas_", "eyJ")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_SHORT = 16


def redact(text: str) -> str:
    """Cut every token in a text to its prefix: what stood in the wrong place ends in logs."""
    for prefix in _PREFIXES:
        head, *rest = text.split(prefix)
        text = head + "".join([prefix + _cut(part) for part in rest])
    return text


def _cut(text: str) -> str:
    rest = text.lstrip(_LETTERS)
    return "…" + rest if len(text) - len(rest) >= _SHORT else text
