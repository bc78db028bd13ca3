"""Our entries in a settings file of Claude Code's: put in, and taken out. Pure: text in, text out.

The file is a person's: what is not ours stays, in its order; what cannot be read as it is meant is refused.
"""

from __future__ import annotations

import json

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.foreign_json import once, refuse
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

BOOT = "kanoniv_auth/hooks/boot.py"
_PROGRAM, _HOST = "kanoniv-auth", "claude-code"
_FIX = "put the file in order by hand, then run this again"


class Merged(Value):
    """The new text. changed: another one than before · others: hooks in it that are not ours · ours: those before.

    empty: it says nothing
    """

    __slots__ = ("text", "changed", "others", "ours", "empty")

    text: str
    changed: bool
    others: int
    ours: int
    empty: bool

    def __init__(self, text: str, *, changed: bool, others: int, ours: int, empty: bool) -> None:
        self._fill(text, changed, others, ours, empty)


def merged(text: str | None, wanted: Mapping[str, list[dict[str, object]]], path: str) -> Merged:
    """Put our entries in, in place of older ones of ours. text: None when there is no file · path: for errors.

    wanted: none takes ours out. Raises: UsageError for what is no settings file, and where hooks are switched off.
    """
    before = _read(text, path)
    if wanted and before.get("disableAllHooks"):
        fix = f"take disableAllHooks out of {path}, then run this again"
        raise UsageError("usage", detail=f"{path} switches all hooks off", fix=fix)
    hooks, others, ours = _without_ours(before.get("hooks", {}), path)
    for event, rows in wanted.items():
        hooks[event] = [*hooks.get(event, []), *rows]
    after = {name: value for name, value in before.items() if name != "hooks" or hooks}
    if hooks:
        after["hooks"] = hooks
    if (not wanted and not ours) or (text is not None and after == before):
        return Merged(text or "", changed=False, others=others, ours=ours, empty=not before)
    new = json.dumps(after, indent=_indent(text), ensure_ascii=False) + "\n"
    return Merged(new, changed=new != text, others=others, ours=ours, empty=not after)


def is_ours(hook: object) -> bool:
    """Whether one handler of an entry is one that `install-skill` writes."""
    if not isinstance(hook, dict):
        return False
    args, command = hook.get("args"), hook.get("command")
    if not isinstance(args, list) or not isinstance(command, str):
        return False
    words = [word for word in args if isinstance(word, str)]
    boots = any(word.endswith(f"/{BOOT}") for word in words)
    return _HOST in words and (boots or command.rpartition("/")[2] == _PROGRAM)


def _read(text: str | None, path: str) -> dict[str, object]:
    if text is None or not text.strip():
        return {}
    try:
        found = json.loads(text, object_pairs_hook=once, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        detail = f"{path} is not JSON as it is written, so it is left as it is: {error}"
        raise UsageError("usage", detail=detail, fix=_FIX) from None
    if not isinstance(found, dict):
        raise UsageError("usage", detail=f"{path} is not a JSON object", fix=_FIX)
    return found


def _without_ours(hooks: object, path: str) -> tuple[dict[str, list[object]], int, int]:
    """The hooks of others, event by event; how many entries they are, and how many had ours."""
    if not isinstance(hooks, dict):
        raise UsageError("usage", detail=f"`hooks` in {path} is not an object", fix=_FIX)
    kept: dict[str, list[object]] = {}
    others = ours = 0
    for event, rows in hooks.items():
        if not isinstance(rows, list):
            detail = f"`hooks.{event}` in {path} is not a list"
            raise UsageError("usage", detail=detail, fix=_FIX)
        left = [kept_row for row in rows for kept_row in _others(row)]
        others += len(left)
        ours += sum(_others(row) != [row] for row in rows)
        if left or not rows:
            kept[event] = left
    return kept, others, ours


def _others(row: object) -> list[object]:
    """An entry without our handlers; none when no other is left in it."""
    if not isinstance(row, dict) or not isinstance(row.get("hooks"), list):
        return [row]  # not ours to judge
    left = [hook for hook in row["hooks"] if not is_ours(hook)]
    if len(left) == len(row["hooks"]):
        return [row]
    return [{**row, "hooks": left}] if left else []


def _indent(text: str | None) -> int | str:
    """How the file is indented: its first indented line says so."""
    for line in (text or "").split("\n")[1:]:
        blank = line[: len(line) - len(line.lstrip(" \t"))]
        if blank and blank != line:
            return "\t" if blank[0] == "\t" else len(blank)
    return 2
