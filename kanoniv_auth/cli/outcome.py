"""What a command found: an exit status, facts for `--json`, lines for people. Not the words of a refusal."""

from __future__ import annotations

from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(Value):
    """exit: status · message: one line for JSON · text: for stdout · notes: lines for stderr · facts: JSON values."""

    __slots__ = ("exit", "message", "text", "notes", "facts", "code")

    exit: int
    message: str
    text: str
    notes: tuple[str, ...]
    facts: Mapping[str, object]
    code: str

    def __init__(
        self,
        message: str,
        text: str,
        facts: Mapping[str, object],
        *,
        notes: tuple[str, ...] = (),
        exit: int = 0,  # noqa: A002 - the shell's own word
        code: str = "ok",
    ) -> None:
        self._fill(exit, message, text, notes, facts, code)
