"""find and xargs: what is started with the names that are found. Pure.

Of names that come through a pipe it counts where they lie. xargs cuts them at blanks and takes out quotes; a name that
would mean another path then is not made without `fs.write` (`Scene.write`).
"""

from __future__ import annotations

from itertools import takewhile

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
_GREPS = ("grep", "egrep", "fgrep", "rg")
_LISTS = frozenset(("-l", "-rl", "-lr", "-rln", "-Rl", "--files-with-matches"))
_GREP_VALUED = ("-e", "--include", "--exclude", "--exclude-dir", "--regexp", "--file", "-f")
# to rg, -r is what the matches are replaced by
_RG_LISTS = frozenset(("-l", "--files-with-matches", "--files"))
_RG_VALUED = (*_GREP_VALUED, "-g", "-t", "-r", "-E", "--type", "--glob")
_GREP = frozenset(
    ("-l", "-rl", "-lr", "-rln", "-Rl", "-r", "-R", "-i", "-E", "-F", "-w", "-n", "-e", "-I", "-il", "-li", "-ril",
     "-rli", "-lE", "-rlE", "-rlF", "-rIl", "-rlI", "--include", "--exclude", "--exclude-dir", "--files-with-matches",
     "--recursive", "--ignore-case", "--fixed-strings")
)  # fmt: skip
# what prints names that lie in the folder where it runs, with these options
_LISTING = {
    "git ls-files": frozenset(("-z", "-m", "-o", "-c", "-d", "--modified", "--others", "--cached", "--deleted",
                               "--exclude-standard", "--")),
    "git diff": frozenset(("--name-only", "--cached", "--staged", "--diff-filter", "-z", "--relative", "--")),
    "ls": frozenset(("-1", "-A", "-t", "-r", "-tr", "-rt", "-1t", "-S", "-d")),
    "grep": _GREP, "egrep": _GREP, "fgrep": _GREP,
    "rg": frozenset(("-l", "-i", "-F", "-w", "-n", "-e", "-il", "-li", "--files-with-matches", "--ignore-case",
                     "--fixed-strings", "--files", "-g", "-t", "--type", "--glob", "--hidden", "--no-ignore", "-u",
                     "-uu")),
    "fd": frozenset(("-e", "-t", "-H", "-I", "-g", "--type", "--extension", "--hidden", "--no-ignore", "-0")),
}  # fmt: skip
_LISTING["fdfind"] = _LISTING["fd"]
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
    if source is None or not source.words or source.source is not None:
        return _UNKNOWN
    if any(each.sign != ">" or each.target.text != "/dev/null" for each in source.redirects):
        return _UNKNOWN
    words = source.words[1:]
    if any(word.kind not in (LITERAL, PATTERN) or _may_lead(word) for word in words):
        return _UNKNOWN
    root = _root(source.words[0].text, [word.text for word in words])
    return _UNKNOWN if root is None else Word(f"{root}/**" if root else "**", PATTERN, single=whole)


def _may_lead(word: Word) -> bool:
    """Whether a pattern could be an option, `*` more than `*.py`; or a path of git's that begins at the top."""
    stem, _, ending = word.text.rpartition(".")
    plain = bool(stem) and ending.isalnum()
    return word.text[:1] == ":" or (word.kind == PATTERN and word.text[0] in "*?[" and not plain)


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
        roots = list(takewhile(lambda text: text[:1] not in ("-", "(", "!", ","), texts))
        odd = {"-printf", "-exec", "-execdir", "-ok", "-okdir", "-ls"} & set(texts)
        if odd or len(roots) > 1:
            return None
        root = roots[0] if roots else "."
        away = root[:1] in ("", "/", "~", "*", "?", "[") or ".." in root
        return None if away or _follows(texts) else root.rstrip("/")
    if any(text[:1] in ("/", "~") or ".." in text for text in texts):
        return None
    if name == "git":
        name, texts = f"git {texts[0]}" if texts else name, texts[1:]
    known = _LISTING.get(name)
    if known is None or not _is_list(name, texts):
        return None
    options_ = [text.partition("=")[0] for text in texts if text[:1] == "-"]
    return "" if known.issuperset(options_) else None


def _is_list(name: str, texts: list[str]) -> bool:
    """Whether grep is told to name files, by a word that is not another option's value."""
    if name not in _GREPS:
        return name != "git diff" or "--name-only" in takewhile(lambda text: text != "--", texts)
    known, valued = (_RG_LISTS, _RG_VALUED) if name == "rg" else (_LISTS, _GREP_VALUED)
    return any(
        text in known and (at == 0 or texts[at - 1] not in valued) for at, text in enumerate(texts)
    )


def _follows(texts: list[str]) -> bool:
    """Whether find is told first how to look: its folders come after that."""
    return texts[:1] != [] and texts[0].startswith(("-L", "-H", "-P", "-O", "-D", "--"))


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
