"""Does a claim have a wanted value? Two matchers, `exact` and `glob`; no regular expressions are offered.

A matcher can't be built from what is not in its form, so whatever matches was validated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kanoniv_auth.core.errors import PolicyInvalid

MAX_VALUES, MAX_WANTED, MAX_CLAIM = 64, 1024, 4096
EXACT, GLOB = "exact", "glob"
# controls, marks that show nothing or turn the line around, and half characters
UNSEEN = (
    r"[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
# `*` alone means something in a glob; these would look as if they did
NOT_IN_GLOB = r"\*\*|[?\[\]{}()^$|\\]"
_UNSEEN, _NOT_IN_GLOB = re.compile(UNSEEN), re.compile(NOT_IN_GLOB)
_BORDERS = re.compile(r"([/:])")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Matcher:
    """kind: `exact` or `glob` · values: 1–64 of them, one has to fit.

    In a glob `*` stands for any characters but `/` and `:`, also for none. The whole claim has to fit.
    Raises: PolicyInvalid.
    """

    kind: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.kind not in {EXACT, GLOB}:
            raise PolicyInvalid("bad_policy", detail="a matcher is `exact` or `glob`")
        if type(self.values) is not tuple or not 0 < len(self.values) <= MAX_VALUES:
            detail = f"`{self.kind}` has 1 to {MAX_VALUES} values"
            raise PolicyInvalid("bad_policy", detail=detail)
        for value in self.values:
            check_text(value, f"`{self.kind}`")
            self._check_stars(value)
        if len(set(self.values)) < len(self.values):
            raise PolicyInvalid("bad_policy", detail=f"`{self.kind}` has a value twice")

    def _check_stars(self, value: str) -> None:
        if self.kind == EXACT:
            if "*" in value:
                detail = f"`*` means nothing in `exact` ({shown(value)})"
                raise PolicyInvalid("bad_policy", detail=detail, fix=f"write `glob: {value}`")
        elif found := _NOT_IN_GLOB.search(value):
            detail = f"`{found[0]}` means nothing in `glob` ({shown(value)}); `*` alone does"
            fix = "write the values out under `exact`, or use `*` for a part between `/` and `:`"
            raise PolicyInvalid("bad_policy", detail=detail, fix=fix)

    def fits(self, text: str) -> bool:
        """Tell whether a claim's text is one of the values, whole and to the letter."""
        if self.kind == EXACT:
            return text in self.values
        return any(_glob(value, text) for value in self.values)

    def __str__(self) -> str:
        return f"{self.kind} " + " or ".join([shown(value) for value in self.values])


def check_text(value: object, what: str) -> str:
    """Return a policy's text: 1–1024 characters, all of which can be seen. Raises: PolicyInvalid."""
    if not isinstance(value, str):
        kind = "true or false" if isinstance(value, bool) else type(value).__name__
        detail = f"{what} is text, not {kind}"
        raise PolicyInvalid("bad_policy", detail=detail, fix=f'put it in quotes: "{value!s:.40}"')
    if not 0 < len(value) <= MAX_WANTED:
        detail = f"{what} has {len(value)} characters, 1 to {MAX_WANTED} are wanted"
        raise PolicyInvalid("bad_policy", detail=detail)
    if _UNSEEN.search(value):
        detail = f"{what} has characters that cannot be seen: {shown(value)}"
        raise PolicyInvalid("bad_policy", detail=detail)
    return value


def flaw_of(claim: object) -> str:
    """Say why a claim that is there can fit nothing; "" when it may."""
    if not isinstance(claim, str):
        return "not text"
    if len(claim) > MAX_CLAIM:
        return "too long"
    return "characters that cannot be seen" if _UNSEEN.search(claim) else ""


def shown(value: object) -> str:
    """Write a value from outside for people: one line, cut, its kind said when it is no text."""
    if not isinstance(value, str):
        text = str(value)[:_SHOWN] if isinstance(value, bool | int | float) else ""
        return f"{type(value).__name__} {text}".rstrip()
    letters = [c if c.isprintable() else ascii(c)[1:-1] for c in value[:_SHOWN]]
    return "".join(letters) + ("…" if len(value) > _SHOWN else "")


def _glob(pattern: str, text: str) -> bool:
    wanted, found = _BORDERS.split(pattern), _BORDERS.split(text)
    return len(wanted) == len(found) and all(map(_part_fits, wanted, found))


def _part_fits(pattern: str, text: str) -> bool:
    """Match within one part. Only the last star is gone back to, so the work is at most their product."""
    at, star, mark, i = 0, -1, 0, 0
    while i < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, mark, at = at, i, at + 1
        elif at < len(pattern) and pattern[at] == text[i]:
            at, i = at + 1, i + 1
        elif star >= 0:
            mark += 1
            at, i = star + 1, mark
        else:
            return False
    return not pattern[at:].strip("*")
