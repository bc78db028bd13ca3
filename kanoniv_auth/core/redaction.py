"""What never stands in a log or on a screen: the text of a token. Not a guard of keys, which no output is given."""

from __future__ import annotations

# kas_ begins an API key of the service; the last every version 1 token, which holds a private key, and every JWT
_PREFIXES = ("kd2.", "kde2.", "kdb2.", "kas_", "eyJ")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_MIXED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_SHORT, _LONG = 16, 40


def redact(text: str) -> str:
    """Cut every token in a text to its prefix: what stood in the wrong place ends in logs.

    One that was broken into lines is cut whole; a last line that is shorter than 16 letters stays.
    """
    for prefix in _PREFIXES:
        if prefix in text:  # as good as never, and every record asks
            head, *rest = text.split(prefix)
            text = head + "".join([prefix + _cut(part) for part in rest])
    return text


def _cut(text: str) -> str:
    end = len(text) - len(text.lstrip(_LETTERS))
    cut = end >= _SHORT
    while True:
        start = _next(text, end)
        after = start
        while after < len(text) and text[after] in _LETTERS:
            after += 1
        if start == end or not _is_piece(text[start:after]):
            return "…" + text[end:] if cut else text
        end, cut = after, True


def _next(text: str, at: int) -> int:
    """Where the white space at a place ends, also where it was written as an escape."""
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at : at + 2] in ("\\n", "\\r", "\\t"):
            at += 2
        else:
            break
    return at


def _is_piece(run: str) -> bool:
    """Whether this can be a line of a token: longer than words are, or long and of letters as mixed as no word is."""
    if len(run) < _SHORT:
        return False
    return len(run) >= _LONG or (run != run.upper() and not _MIXED.isdisjoint(run[1:]))
