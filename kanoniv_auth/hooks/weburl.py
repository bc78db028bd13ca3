"""The host of a web address, or none where two readers could disagree about it. Pure."""

from __future__ import annotations

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._")
_LONGEST = 253


def host_of(address: str) -> str | None:
    """The host that an http or https address leads to, in lower case and without a port; None when it is not certain.

    None as well for a name and password, an address in brackets, and anything but ASCII: a browser turns some of it
    into something else.
    """
    scheme, mark, rest = address.partition("://")
    if not mark or scheme.lower() not in ("http", "https") or not address.isascii():
        return None
    if any(letter <= " " or letter in "\\\x7f" for letter in address):
        return None
    for end in "/?#":
        rest = rest.partition(end)[0]
    name, colon, port = rest.lower().partition(":")
    if colon and not (port.isdigit() and len(port) <= 5):
        return None
    name = name.removesuffix(".")
    if not 0 < len(name) <= _LONGEST or not _LETTERS.issuperset(name) or ".." in name:
        return None
    return name
