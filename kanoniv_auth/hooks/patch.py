"""Which files a patch of the `*** Begin Patch` form touches. Pure.

More is found rather than less: what could be read as a header is one. Anything that is not in the form is refused.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError

_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_HEADERS = ("*** Add File: ", "*** Delete File: ", "*** Update File: ", "*** Move to: ")
_OTHERS = (_BEGIN, _END, "*** End of File")
_BODY = ("+", "-", " ", "@@")


def touched(text: str) -> tuple[str, ...]:
    """The paths, in the order they stand in. Raises: TokenParseError (parse)."""
    lines = text.strip().split("\n")
    if len(lines) < 3 or lines[0].strip() != _BEGIN or lines[-1].strip() != _END:
        raise _malformed("it does not begin and end as one")
    found = []
    for line in lines[1:-1]:
        bare = line.strip()
        header = next((each for each in _HEADERS if bare.startswith(each)), None)
        if header is not None and line[0] not in "+-":
            found.append(bare[len(header) :].strip())
        elif bare and not line.startswith(_BODY) and bare not in _OTHERS:
            raise _malformed("a line of it is neither a header nor part of a change")
    if not found or not all(found):
        raise _malformed("it names no file")
    return tuple(dict.fromkeys(found))


def _malformed(why: str) -> TokenParseError:
    return TokenParseError("parse", detail=f"a patch that cannot be read: {why}")
