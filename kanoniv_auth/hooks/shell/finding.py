"""find and xargs: what is started with the names that are found. Pure.

Of names that come through a pipe it counts where they lie. xargs cuts them at blanks and takes out quotes; a name that
would mean another path then is not made without `fs.write` (`Scene.write`).
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.places import MOVES
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, UNKNOWN, NotUnderstood, Simple, Word
from kanoniv_auth.hooks.shell.wrappers import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

_XARGS = (
    "0 r t x a< d: E: I: L: n: P: s: i? null no-run-if-empty verbose exit arg-file< delimiter: eof? replace? "
    "max-lines? max-args: max-procs: max-chars: J: R: S:"
)
_FIND_TESTS = frozenset(
    ("-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex", "-regextype", "-type",
     "-xtype", "-size", "-mtime", "-mmin", "-atime", "-amin", "-ctime", "-cmin", "-maxdepth", "-mindepth", "-perm",
     "-user", "-group", "-links", "-inum", "-uid", "-gid", "-lname", "-ilname", "-fstype", "-printf", "-used")
)  # fmt: skip
_FIND_FLAGS = frozenset(
    ("-print", "-print0", "-ls", "-prune", "-quit", "-not", "!", "(", ")", "-a", "-and", "-o", "-or", ",", "-true",
     "-false", "-empty", "-executable", "-readable", "-writable", "-depth", "-d", "-xdev", "-mount", "-daystart",
     "-follow", "-noleaf", "-nouser", "-nogroup", "-L", "-H", "-P", "-E", "-warn", "-nowarn", "-x", "-X", "-s")
)  # fmt: skip
# programs that leave the lines they pass on as they are, with these options
_PASSING = {
    "sort": "r u f n V z R", "uniq": "u d i", "head": "# n: z", "tail": "# n: z", "grep": "v E i F w x P",
    "shuf": "n: z",
}  # fmt: skip
_LISTS = frozenset(("-l", "-rl", "-lr", "-rln", "-Rl", "--files-with-matches", "--files"))
_UNKNOWN = Word("what comes through the pipe", UNKNOWN)


def judge(scene: Scene, name: str) -> None:
    """Ask for what the other program needs. Raises: NotUnderstood."""
    if name == "find":
        _find(scene)
    else:
        _xargs(scene)


def _xargs(scene: Scene) -> None:
    line = options.read(scene.args, _XARGS, first=True)
    scene.paths(line)
    words = line.operands or [Word("echo")]
    whole = not line.given.isdisjoint(("0", "null", "d", "delimiter", "I", "replace", "i"))
    names = _UNKNOWN if line.value("a", "arg-file") else names_of(scene.simple.source, whole=whole)
    place = line.value("I", "i", "replace", "J", "R")
    mark = place.literal if place is not None else None
    if place is None and not line.given.isdisjoint(("i", "replace")):
        mark = "{}"
    if mark:
        if any(mark in word.text and word.text != mark for word in words) or mark in words[0].text:
            raise NotUnderstood("a command that is put together from its input")
        words = [names if word.text == mark else word for word in words]
    elif words[0].text != "echo":
        words = [*words, names]
    start(scene, words)


def names_of(source: Simple | None, *, whole: bool) -> Word:
    """What comes through a pipe into xargs: paths below the folders that are named there, or anything.

    whole: a name stays one word, whatever is in it; else a part of one may look like an option
    """
    while source is not None and source.source is not None and _passes(source):
        source = source.source
    if source is None or not source.words or source.source is not None or source.redirects:
        return _UNKNOWN
    words = source.words[1:]
    if any(word.kind not in (LITERAL, PATTERN) for word in words):
        return _UNKNOWN
    root = _root(source.words[0].text, [word.text for word in words])
    return _UNKNOWN if root is None else Word(f"{root}/**" if root else "**", PATTERN, single=whole)


def _passes(simple: Simple) -> bool:
    known = _PASSING.get(simple.words[0].text) if simple.words else None
    if known is None or simple.redirects or simple.assignments:
        return False
    try:
        operands = options.read(simple.words[1:], known).operands
    except NotUnderstood:
        return False
    return len(operands) == (simple.words[0].text == "grep")


def _root(name: str, texts: list[str]) -> str | None:
    """Where the names lie that a program prints, "" when they may begin with anything; None when not certain."""
    if name == "find":
        root = texts[0] if texts and texts[0][:1] not in ("-", "(", "!") else "."
        several = texts[1:2] != [] and root != "." and texts[1][:1] not in ("-", "(", "!")
        odd = {"-printf", "-exec", "-execdir", "-ls"} & set(texts) or several
        return (
            None
            if odd or root[:1] in ("", "/", "*", "?", "[") or ".." in root
            else root.rstrip("/")
        )
    if any(text[:1] in ("/", "~") or ".." in text for text in texts):
        return None
    if name == "git":
        return "" if texts[:1] == ["ls-files"] else None
    lists = name in ("ls", "fd", "fdfind")
    lists = lists or (name in ("grep", "egrep", "fgrep", "rg") and not _LISTS.isdisjoint(texts))
    return "" if lists else None


def _find(scene: Scene) -> None:
    words, at, roots = scene.args, 0, []
    scene.harmless()
    while at < len(words) and (
        words[at].text[:1] not in ("-", "(", ")", "!", ",") or words[at].text in ("-L", "-H", "-P")
    ):
        if words[at].text[:1] != "-":
            if words[at].kind == PATTERN and (words[at].text[0] in "*?[" or not words[at].single):
                raise NotUnderstood("a pattern that may become a part of find")
            roots.append(words[at])
        at += 1
    roots = roots or [Word(".")]
    for root in roots:
        scene.read(root)
    while at < len(words):
        at = _predicate(scene, words, at, roots)


def _predicate(scene: Scene, words: tuple[Word, ...], at: int, roots: list[Word]) -> int:
    text = words[at].literal
    if text in ("-exec", "-execdir", "-ok", "-okdir"):
        return _executed(scene, words, at + 1, roots, text)
    if text == "-delete":
        for root in roots:
            scene.write(root, below=True)
    elif text in ("-newer", "-anewer", "-cnewer", "-samefile") and at + 1 < len(words):
        scene.read(words[at + 1])
        return at + 2
    elif text in ("-fprint", "-fprint0", "-fls", "-fprintf") and at + 1 < len(words):
        scene.write(words[at + 1])
        return at + (3 if text == "-fprintf" else 2)
    elif text in _FIND_TESTS:
        if at + 1 >= len(words) or words[at + 1].kind != LITERAL:
            raise NotUnderstood("a pattern that the shell would expand")
        return at + 2
    elif text not in _FIND_FLAGS and not (text or "").startswith("-O"):
        raise NotUnderstood("a part of find")
    return at + 1


def _executed(scene: Scene, words: tuple[Word, ...], at: int, roots: list[Word], text: str) -> int:
    end = at
    while end < len(words) and not (
        words[end].text == ";" or (words[end].text == "+" and words[end - 1].text == "{}")
    ):
        end += 1
    if end >= len(words) or end == at:
        raise NotUnderstood("a command without its end")
    inner = words[at:end]
    if any("{}" in word.text and word.text != "{}" for word in inner) or inner[0].text == "{}":
        raise NotUnderstood("a command that is put together from what is found")
    if inner[0].text in MOVES:
        raise NotUnderstood("a change of place inside another command")
    for root in roots if any(word.text == "{}" for word in inner) else roots[:1]:
        if root.kind != LITERAL:
            raise NotUnderstood("folders that are not certain")
        found = Word(f"{root.text.rstrip('/') or '/'}/**", PATTERN)
        put = tuple([found if word.text == "{}" else word for word in inner])
        scene.run(put, cwd=None if text.endswith("dir") else "", piped=False)
    return end + 1
