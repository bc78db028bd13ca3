"""Programs that start another one: which of their words are theirs, and which are the other's. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, NotUnderstood, Simple, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

# name -> how many operands are its own, its options
_ROWS = {
    "command": (0, "p"), "builtin": (0, ""), "exec": (0, "c l a:"), "nohup": (0, ""), "noglob": (0, ""),
    "nice": (0, "# n: adjustment:"), "ionice": (0, "c: n: t class: classdata: ignore"),
    "setsid": (0, "c f w fork wait"),
    "timeout": (1, "k: s: v kill-after: signal: preserve-status foreground verbose"),
    "gtimeout": (1, "k: s: v kill-after: signal: preserve-status foreground verbose"),
    "time": (0, "p"), "stdbuf": (0, "i: o: e: input: output: error:"), "chronic": (0, "v e"), "unbuffer": (0, "p"),
    "sudo": (0, "n E H k S b u: g: non-interactive user: group:"), "doas": (0, "n u:"), "busybox": (0, ""),
    "caffeinate": (0, "d i m s u t:"),
}  # fmt: skip
_XARGS = (
    "0 r t x a< d: E: I: L: n: P: s: i? null no-run-if-empty verbose exit arg-file< delimiter: eof? replace? "
    "max-lines? max-args: max-procs: max-chars: J: R: S:"
)
_MOVES = frozenset(("cd", "pushd", "popd", "chdir"))
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
_NAMING = frozenset(("find", "ls", "fd", "fdfind", "grep", "egrep", "fgrep", "rg", "git"))
_PASSING = frozenset(("head", "tail", "sort", "uniq", "grep", "egrep", "fgrep", "shuf", "tr"))


def judge(scene: Scene, name: str) -> None:
    """Ask for what the other program needs. Raises: NotUnderstood."""
    if name == "find":
        _find(scene)
    elif name == "xargs":
        _xargs(scene)
    elif name == "eval":
        _eval(scene)
    elif name == "ssh":
        _ssh(scene)
    elif name == "command" and scene.args[:1] in ((Word("-v"),), (Word("-V"),)):
        scene.harmless()
    elif name in _ROWS:
        own, known = _ROWS[name]
        line = options.read(scene.args, known, first=True)
        if any(word.kind != LITERAL for word in line.operands[:own]):
            raise NotUnderstood(f"what {name} is given")
        if name in ("sudo", "doas"):
            scene.need(f"shell.run.{name}", "as another user")
        _run(scene, line.operands[own:])
    else:
        scene.named("a program that is not known here", "shell", "run", name)
        raise NotUnderstood(name)


def _run(scene: Scene, words: list[Word]) -> None:
    if words and words[0].text in _MOVES:
        raise NotUnderstood("a change of place inside another command")
    if words and words[0].kind == LITERAL and "=" in words[0].text:
        raise NotUnderstood("a variable that may be set, or a program's name")
    scene.harmless()
    scene.run(tuple(words))


def _eval(scene: Scene) -> None:
    words = [word.literal for word in scene.args]
    text = " ".join([word for word in words if word is not None])
    if None in words or any(move in text for move in _MOVES):
        raise NotUnderstood("what eval is given")
    scene.text(text)


def _ssh(scene: Scene) -> None:
    scene.need("shell.run.ssh", "it runs on another machine")
    line = options.read(scene.args, "4 6 A a C f g N n q T t v x i< l: p: b: c: m: o:", first=True)
    words = [word.literal for word in line.operands]
    if None in words or line.value("o") is not None:
        raise NotUnderstood("what ssh is given")
    text = " ".join([word for word in words[1:] if word is not None])
    if text:
        scene.text(text, cwd=None)


def _xargs(scene: Scene) -> None:
    line = options.read(scene.args, _XARGS, first=True)
    scene.paths(line)
    words = line.operands or [Word("echo")]
    names = Word("xargs", "unknown") if line.value("a", "arg-file") else _names(scene.simple.source)
    place = line.value("I", "i", "replace", "J", "R")
    mark = (
        "{}"
        if place is None and not line.given.isdisjoint(("i", "replace"))
        else place and place.literal
    )
    if mark:
        if any(mark in word.text and word.text != mark for word in words) or mark in words[0].text:
            raise NotUnderstood("a command that is put together from its input")
        words = [names if word.text == mark else word for word in words]
    elif words[0].text not in ("echo", "printf"):
        words = [*words, names]
    _run(scene, words)


def _names(source: Simple | None) -> Word:
    """What comes through a pipe into xargs: paths below the folders that are named there, or anything."""
    unknown = Word("what comes through the pipe", "unknown")
    while source is not None and source.words and source.words[0].text in _PASSING:
        if source.source is None:
            break
        source = source.source
    if source is None or not source.words or source.source is not None or source.redirects:
        return unknown
    name, words = source.words[0].text, source.words[1:]
    if name not in _NAMING or any(word.kind not in (LITERAL, PATTERN) for word in words):
        return unknown
    if name == "git":
        return Word("**", PATTERN) if words[:1] == (Word("ls-files"),) else unknown
    if name == "find":
        root = words[0].text if words and words[0].text[:1] not in ("-", "(", "!") else "."
        if any(word.text in ("-printf", "-exec", "-execdir") for word in words) or (
            words[1:2] and words[1].text[:1] not in "-(!"
        ):
            return unknown
        return (
            unknown
            if root[:1] in "/*?[" or ".." in root
            else Word(f"{root.rstrip('/')}/**", PATTERN)
        )
    inside = all(word.text[:1] not in "/~" and ".." not in word.text for word in words)
    lists = name in ("ls", "fd", "fdfind") or any(
        word.text in ("-l", "-rl", "-lr", "-rln", "-Rl", "--files-with-matches", "--files")
        for word in words
    )
    return Word("**", PATTERN) if inside and lists else unknown


def _find(scene: Scene) -> None:
    words, at, roots = scene.args, 0, []
    scene.harmless()
    while at < len(words) and (
        words[at].text[:1] not in ("-", "(", ")", "!", ",") or words[at].text in ("-L", "-H", "-P")
    ):
        if words[at].text[:1] != "-":
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
    if inner[0].text in _MOVES:
        raise NotUnderstood("a change of place inside another command")
    for root in roots if any(word.text == "{}" for word in inner) else roots[:1]:
        if root.kind != LITERAL:
            raise NotUnderstood("folders that are not certain")
        found = Word(f"{root.text.rstrip('/') or '/'}/**", PATTERN)
        put = tuple([found if word.text == "{}" else word for word in inner])
        scene.run(put, cwd=None if text.endswith("dir") else "", piped=False)
    return end + 1
