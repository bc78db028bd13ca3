"""What a person typed after `/kanoniv:delegate`, `scope`, `ttl` or `audit`, read strictly. Pure.

Words are separated by blanks; a list of scopes may have blanks after its commas. Whatever could be read in two ways
is refused: it decides what an agent may do.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks.presets import PRESETS, menu

_LONGEST = 4096
_MOST = 100
DELEGATE_FIX = "/kanoniv:delegate [AGENT] SCOPES|PRESET [TIME], such as: /kanoniv:delegate code.edit,test.run 4h"


class Delegation(Value):
    """What a session is to be given. name: of the agent, None for the usual one · scopes: as typed · ttl: as typed."""

    __slots__ = ("name", "scopes", "ttl")

    name: str | None
    scopes: tuple[str, ...]
    ttl: str | None

    def __init__(self, name: str | None, scopes: tuple[str, ...], ttl: str | None) -> None:
        self._fill(name, scopes, ttl)


def words_of(text: str) -> list[str]:
    """Split what was typed; blanks after a comma do not count. Raises: UsageError for more than one line of it."""
    if len(text) > _LONGEST or not text.isprintable():
        detail = "what follows the command is not one short line of plain text"
        raise UsageError("usage", detail=detail, fix="type it anew, by hand, in one line")
    found: list[str] = []
    for word in text.split():
        if found and (found[-1].endswith(",") or word.startswith(",")):
            found[-1] += word
        else:
            found.append(word)
    return found


def delegation(text: str) -> Delegation:
    """Read `[AGENT] SCOPES|PRESET [TIME]`. Raises: UsageError, also for nothing, with the presets."""
    words = words_of(text)
    if not words:
        detail = "no scopes; the presets are:\n" + menu()
        raise UsageError("usage", detail=detail, fix=DELEGATE_FIX)
    ttl = words.pop() if len(words) > 1 and _is_time(words[-1]) else None
    if len(words) == 2:  # `full dev` would be an agent called full, with a scope called dev
        _refuse_near_preset("".join(words))
    if len(words) > 2:
        detail = f"{len(words)} words where an agent's name and scopes are expected"
        raise UsageError("usage", detail=detail, fix=DELEGATE_FIX)
    return Delegation(words[0] if len(words) == 2 else None, scopes(words[-1]), ttl)


def _is_time(word: str) -> bool:
    return word[:1].isdigit() or word.lower() == "never"


def scopes(text: str) -> tuple[str, ...]:
    """Read a preset's name, or scopes with commas; `{repo}` and `{branch}` stay. Raises: UsageError."""
    words = words_of(text)
    if len(words) != 1:
        fix = "/kanoniv:scope code.edit,test.run"
        raise UsageError("usage", detail="one list of scopes is expected, with commas", fix=fix)
    preset = PRESETS.get(words[0].lower())
    if preset is not None:
        return preset.scopes
    found = tuple([item for item in words[0].split(",") if item])
    if "*" in words[0]:
        detail = "there are no wildcards: a scope covers all that begins with it and a dot"
        fix = "type the scope without its star, such as git.push for all of git.push.*"
        raise UsageError("usage", detail=detail, fix=fix)
    if not found:
        raise UsageError("usage", detail="no scopes", fix="/kanoniv:scope code.edit,test.run")
    for item in found:
        _refuse_near_preset(item)
    if any(_is_time(item) for item in found):  # `code.edit, 4h` would give a scope called 4h
        detail = "a time stands where a scope is expected"
        raise UsageError("usage", detail=detail, fix="put a blank, and no comma, before the time")
    return found


def _refuse_near_preset(word: str) -> None:
    """Refuse what was meant as a preset and would be a scope that no tool asks for. Raises: UsageError."""
    for name in PRESETS:
        if _bare(word) == _bare(name):
            detail = f"{word!r} is no scope; the preset {name} stands alone"
            fix = f"type the preset as {name}, or its scopes: {','.join(PRESETS[name].scopes)}"
            raise UsageError("usage", detail=detail, fix=fix)


def _bare(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")


def time(text: str) -> str:
    """Read one time. Raises: UsageError for none, and for `never`, which no session has."""
    words = words_of(text)
    if len(words) != 1:
        detail = "one time is expected: how long the session is to last from now"
        raise UsageError("usage", detail=detail, fix="/kanoniv:ttl 2h")
    return words[0]


def count(text: str, default: int = 20) -> int:
    """Read how many records to show, 1 to 100. Raises: UsageError."""
    words = words_of(text)
    if not words:
        return default
    word = words[0]
    if len(words) == 1 and word.isascii() and word.isdigit() and 0 < int(word[:9]) <= _MOST:
        return int(word[:9])
    raise UsageError("usage", detail=f"not a number from 1 to {_MOST}", fix="/kanoniv:audit 20")
