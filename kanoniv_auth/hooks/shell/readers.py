"""Programs that only look, or only speak: which of their words are paths, and which options they may be given. Pure.

An option that is not listed is not understood: among those left out are the ones that write a file or start a program.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.reader_table import ROWS
from kanoniv_auth.hooks.shell.scene import ANY, SECRETS
from kanoniv_auth.hooks.shell.words import LITERAL, NUMBERS, PATTERN, UNKNOWN, NotUnderstood, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.hooks.shell.scene import Scene

# options of these can do harm, or a name that looks like one could
_WILD = frozenset(
    (
        "sort",
        "rg",
        "fd",
        "fdfind",
        "uniq",
        "xxd",
        "date",
        "less",
        "bat",
        "jq",
        "file",
        "tree",
        "diff",
        "colordiff",
        "hexdump",
        "xzcat",
        "cloc",
        "ag",
    )
)
_DEEP = {
    "grep": ("r", "R", "recursive", "dereference-recursive"),
    "egrep": ("r", "R"),
    "fgrep": ("r", "R"),
}
# what every operand has to be; of numbers, some shells evaluate anything else
_ALLOWED: dict[str, Callable[[Word], bool]] = {
    "date": lambda word: word.kind == LITERAL and word.text[:1] == "+",
    "number": lambda word: word.text == "$?" or word.text.isdecimal(),
    "none": lambda _: False,
    "seen": lambda word: word.kind == LITERAL or word.text in NUMBERS,
}
_GLOBS = ("include", "glob", "iglob", "g")
_REACHES = ("env", "import", "include")
# what an operand may not begin with: a command, or a file with options in it
_ODD = {"less": ("+",), "more": ("+",), "strings": ("@", "*", "?", "[")}
_PROCESSES = frozenset("aefAxuwlHjN")


def knows(name: str) -> bool:
    """Whether a program is on the list."""
    return name in ROWS


def judge(scene: Scene, name: str) -> None:
    """Ask for what a listed program needs. Raises: NotUnderstood."""
    shape, known = ROWS[name]
    scene.harmless()
    if shape == "ps":
        _ps(scene)
        return
    line = options.read(scene.args, known, tame=name not in _WILD, data=shape == "data")
    scene.paths(line)
    if any(word.kind == UNKNOWN for _, _, word in line.values):
        scene.need(SECRETS, "it is given a variable that it may show")
    if shape in ("paths", "below"):
        if any(word.text[:1] in _ODD.get(name, ()) for word in line.operands):
            raise NotUnderstood(f"a command for {name}")
        for word in line.operands:
            scene.read(word, below=shape == "below")
    elif shape == "first":
        _first(scene, name, line)
    elif shape == "uniq":
        _in_and_out(scene, line)
    elif shape == "data":
        _data(scene, line.operands)
    elif not all(map(_ALLOWED[shape], line.operands)):
        raise NotUnderstood(f"an operand of {name}")


def _data(scene: Scene, words: list[Word]) -> None:
    """Words that are shown or compared: the value of a variable may be a secret."""
    for word in words:
        if word.kind == UNKNOWN:
            scene.need(SECRETS, "it shows a variable")
        elif word.kind == PATTERN:
            scene.read(word)


def _first(scene: Scene, name: str, line: options.Line) -> None:
    operands = line.operands
    if line.value("e", "f", "regexp", "file") is None and "files" not in line.given:
        _data(scene, operands[:1])
        if name == "jq" and operands and any(sign in operands[0].text.lower() for sign in _REACHES):
            scene.need(SECRETS, "it reads the environment, or files that its program names")
        operands = operands[1:]
    for key, _, word in line.values:
        if key in _GLOBS:  # asked for by name, and not come across
            scene.read(Word(word.text, PATTERN))
    recursive = _DEEP.get(name)
    deep = name not in ("jq", "look") if recursive is None else not line.given.isdisjoint(recursive)
    for word in operands:
        scene.read(word, below=deep)
    if deep and not operands:
        scene.read(Word("."), below=True)


def _in_and_out(scene: Scene, line: options.Line) -> None:
    if len(line.operands) > 2:
        raise NotUnderstood("too many files")
    for word in line.operands[:1]:
        scene.read(word)
    for word in line.operands[1:]:
        if word.kind != LITERAL:
            raise NotUnderstood("a file that is not certain")
        scene.write(word)


def _ps(scene: Scene) -> None:
    words = [word.literal for word in scene.args]
    for number, text in enumerate(words):
        after = words[number - 1] if number else ""
        if text is None or after in ("-p", "-u", "-o", "-C", "--pid"):
            if text is None or (after == "-o" and "env" in text):
                scene.need(ANY, "not understood: a list of processes of another kind")
        elif text not in ("-p", "-u", "-o", "-C", "--pid", "--forest", "--no-headers"):
            letters = text.lstrip("-")
            # without a dash, `e` shows the environment of every process
            if (
                not letters
                or not _PROCESSES.issuperset(letters)
                or (text[0] != "-" and "e" in text)
            ):
                raise NotUnderstood("a list of processes of another kind")
