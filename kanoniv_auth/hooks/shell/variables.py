"""Which variables a command sets, and of which ones the value is certain in all that follows. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell.values import kept
from kanoniv_auth.hooks.shell.words import LITERAL, SETTERS, SHOWN, is_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.hooks.shell.words import Simple, Word

# what shells set themselves, or keep for something else
_TAKEN = frozenset(
    ("status", "argv", "path", "prompt", "match", "options", "signals", "history", "words", "watch", "aliases",
     "functions", "commands", "parameters", "pipestatus", "dirstack", "psvar", "cdpath", "fpath", "manpath", "mailpath",
     "mapfile", "mbegin", "mend", "builtins", "modules", "widgets", "keymaps")
)  # fmt: skip


def set_by(simple: Simple) -> frozenset[str] | None:
    """The variables that a command may set, by whatever name it is called; None when it may be any."""
    names = {name for name, _ in simple.assignments}
    texts = [word.text for word in simple.words]
    if "eval" in texts:
        return None
    first = next((at for at, text in enumerate(texts) if text in SETTERS), None)
    if first is not None:
        names |= {"REPLY", *[text.partition("=")[0] for text in texts[first + 1 :]]}
    return frozenset(names)


def settled(text: str, commands: Iterable[Simple]) -> frozenset[str]:
    """The variables that are set once, for certain, before what follows; for these the value may stand.

    text: what the commands were read from
    """
    found: set[str] = set()
    times: dict[str, int] = {}
    for simple in commands:
        names = set_by(simple)
        if names is None:
            return frozenset()
        for name in (*names, *[name for name, _ in simple.assignments]):
            times[name] = times.get(name, 0) + 1
        if _is_certain(simple):
            found |= {name for name, _ in simple.assignments}
    if found and _in_the_background(text):
        return frozenset()
    # a command counts each name once, and an assignment once more
    return frozenset(
        {name for name in found if times[name] == 2 and _is_own(name) and _begins_line(text, name)}
    )


def settle(
    known: dict[str, Word], names: frozenset[str], simple: Simple, before: Iterable[Simple]
) -> None:
    """Note what variables are from a command on, of those that are set once. before: the commands so far"""
    if simple.words or simple.nest:
        return
    for name, value in simple.assignments:
        if name in names and value.kind in (LITERAL, SHOWN):
            known[name] = kept(value, before)


def _is_certain(simple: Simple) -> bool:
    """Whether it is an assignment, and nothing decides whether or where it happens."""
    alone = not (simple.words or simple.redirects or simple.nest or simple.again)
    return alone and simple.after == "" and not simple.piped and simple.source is None


def _is_own(name: str) -> bool:
    return is_name(name) and name.islower() and name not in _TAKEN


def _begins_line(text: str, name: str) -> bool:
    """Whether a variable is set whenever a later line runs: after an error, bash drops the rest of one line alone."""
    before, _, after = text.partition(f"{name}=")
    above, _, beside = before.rpartition("\n")
    alone = not beside.strip(" \t") and not above.endswith("\\") and f"{name}=" not in after
    return alone or "\n" not in text


def _in_the_background(text: str) -> bool:
    for sign in ("&&", ">&", "<&", "&>", "|&"):
        text = text.replace(sign, " ")
    return "&" in text
