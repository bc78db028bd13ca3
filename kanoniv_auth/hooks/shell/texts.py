"""sed and awk: programs in a word. Understood are those that only change what passes through. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.scene import SCRIPT
from kanoniv_auth.hooks.shell.words import LITERAL, NotUnderstood, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

_SED = "n E r s z u e: i? l: expression: quiet silent regexp-extended separate in-place? null-data unbuffered posix"
_AWK = "F: v: field-separator: assign:"
_PLAIN = frozenset("pdDPNnhHgGxq=l")
_FLAGS = frozenset("gpiIM0123456789")
# in an awk program: what writes, reads or runs something else
_AWK_REACHES = (
    "system",
    "|",
    ">",
    "getline",
    "@",
    "ENVIRON",
    "ARGV",
    "PROCINFO",
    "FUNCTAB",
    "SYMTAB",
)


def judge(scene: Scene, name: str) -> None:
    """Ask for the files, and for `shell.script` when the program may do more. Raises: NotUnderstood."""
    scene.harmless()
    if name.endswith("sed"):
        _sed(scene)
    else:
        _awk(scene)


def _program(words: list[Word]) -> str:
    if not words or words[0].kind != LITERAL:
        raise NotUnderstood("a program that is not certain")
    return words.pop(0).text


def _sed(scene: Scene) -> None:
    line = options.read(scene.args, _SED)
    words = list(line.operands)
    inplace = not line.given.isdisjoint(("i", "in-place"))
    if inplace and words and not words[0].text:
        words.pop(0)  # the suffix, where it is a word of its own
    scripts = [word.text for name, _, word in line.values if name in ("e", "expression")]
    if any(word.kind != LITERAL for name, _, word in line.values):
        raise NotUnderstood("a program that is not certain")
    for script in scripts or [_program(words)]:
        if not _Sed(script).calm():
            scene.need(SCRIPT, "a sed program that may read, write or run something")
    if inplace and line.value("i", "in-place") is None and words:
        _second_program(scene, words[0])
    for word in words:
        if not inplace:
            scene.read(word)
            continue
        scene.write(word)
        suffix = line.value("i", "in-place")
        if suffix is not None:
            if any(sign in suffix.text for sign in "*/"):
                raise NotUnderstood("a suffix that is more than one")
            scene.write(Word(f"{word.text}{suffix.text}", word.kind))


def _second_program(scene: Scene, word: Word) -> None:
    """Where the suffix is a word of its own, what looks like the first file is the program: what could it write?"""
    for at, letter in enumerate(word.text):
        path = word.text[at + 1 :].lstrip()
        if path and letter == "w":
            scene.write(Word(path, word.kind))
        elif path and letter == "r":
            scene.read(Word(path, word.kind))


class _Sed:
    """A sed program: addresses, one-letter commands and `s`, `y`; and nothing that takes a file or a label."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def calm(self) -> bool:
        """Whether it is no more than that."""
        try:
            while self.at < len(self.text):
                self._blanks(" \t\n;")
                if self.at < len(self.text):
                    self._command()
        except IndexError:
            return False
        except NotUnderstood:
            return False
        return True

    def _blanks(self, which: str = " \t") -> None:
        while self.at < len(self.text) and self.text[self.at] in which:
            self.at += 1

    def _take(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def _command(self) -> None:
        self._address()
        self._blanks()
        if self.text[self.at] == ",":
            self.at += 1
            self._blanks()
            self._address()
            self._blanks()
        if self.text[self.at] == "!":
            self.at += 1
            self._blanks()
        letter = self._take()
        if letter in "sy":
            mark = self._take()
            if mark in "\\\n" or mark.isalnum():
                raise NotUnderstood("sed")
            self._until(mark)
            self._until(mark)
            while self.at < len(self.text) and self.text[self.at] in _FLAGS:
                self.at += 1
        elif letter in "{}":
            return
        elif letter not in _PLAIN:
            raise NotUnderstood("sed")
        self._blanks()
        if self.at < len(self.text) and self.text[self.at] not in ";\n}":
            raise NotUnderstood("sed")

    def _address(self) -> None:
        head = self.text[self.at]
        if head == "/":
            self.at += 1
            self._until("/")
            while self.text[self.at] in "IM":
                self.at += 1
            return
        while self.text[self.at] in "0123456789$~+":
            self.at += 1

    def _until(self, mark: str) -> None:
        """Go behind the next mark that is neither escaped nor, so as not to guess, near a bracket with one in it."""
        inside = False
        while True:
            letter = self._take()
            if letter == "\\":
                self._take()
            elif letter == "[":
                inside = True
            elif letter == "]":
                inside = False
            elif letter == "\n" and mark != "\n":
                raise NotUnderstood("sed")
            elif letter == mark:
                if inside:
                    raise NotUnderstood("sed")
                return


def _awk(scene: Scene) -> None:
    line = options.read(scene.args, _AWK, first=True)
    words = list(line.operands)
    program = _program(words)
    if any(sign in program for sign in _AWK_REACHES):
        scene.need(SCRIPT, "an awk program that may read, write or run something")
    for word in words:
        scene.read(word)
