"""Programs that make, change, move or remove files: every path is asked for. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, NotUnderstood, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.options import Line
    from kanoniv_auth.hooks.shell.scene import Scene

_COPIES = (
    "f i n p v u x t> T P L H d b? a r R l s Z S: force interactive? no-clobber preserve? no-preserve: verbose update? "
    "target-directory> no-target-directory recursive archive dereference no-dereference link symbolic-link backup? "
    "suffix: reflink? sparse: strip-trailing-slashes one-file-system remove-destination"
)
_ROWS = {
    "rm": "f i I r R d v force recursive dir verbose interactive? one-file-system",
    "rmdir": "p v parents verbose ignore-fail-on-non-empty",
    "unlink": "",
    "mkdir": "p v m: parents verbose mode:",
    "touch": "a c m h f d: t: r< no-create date: reference< time: no-dereference",
    "cp": _COPIES,
    "mv": "f i n u v b? t> T S: Z force interactive? no-clobber update? verbose backup? target-directory> suffix: "
    "no-target-directory strip-trailing-slashes",
    "ln": "s f n v i r b? t> T L P h S: symbolic force relative no-dereference verbose target-directory> interactive "
    "no-target-directory backup? logical physical",
    "install": "d D m: o: g: v t> T p C b S: mode: owner: group: directory verbose target-directory> "
    "preserve-timestamps",
    "chmod": "R v c f recursive verbose changes silent quiet reference<",
    "chown": "R v c f h recursive verbose reference<",
    "chgrp": "R v c f h recursive verbose reference<",
    "tee": "a i p append ignore-interrupts output-error?",
    "truncate": "s: c o r< size: no-create reference<",
    "mktemp": "d u q t p> directory dry-run quiet tmpdir> suffix:",
    "gzip": "# k f d v c q t l n r keep force decompress stdout verbose quiet test list recursive best fast",
    "gunzip": "k f v c q t l n r keep force stdout verbose quiet test list recursive",
}
_DEEP = ("r", "R", "a", "recursive", "archive")


def judge(scene: Scene, name: str) -> None:
    """Ask for every path that is changed. Raises: NotUnderstood."""
    scene.harmless()
    if name == "dd":
        _dd(scene)
        return
    # a pattern such as `*.py` becomes no option whose value leads elsewhere: a name holds no slash
    tame = name in ("rm", "rmdir", "unlink") or all(map(_ends_plainly, scene.args))
    line = options.read(scene.args, _ROWS[name], tame=tame)
    scene.paths(line)
    deep = not line.given.isdisjoint(_DEEP)
    words = line.operands
    if name in ("cp", "mv", "ln", "install"):
        _transfer(scene, name, line, deep=deep)
        return
    if name in ("chmod", "chown", "chgrp") and "reference" not in line.given:
        words = words[1:]
    elif name == "mktemp":
        words = words or ([] if line.value("p", "tmpdir") else [Word("/tmp/tmp.x")])  # noqa: S108 - a place to ask about
    for word in words:
        scene.write(word, below=deep)
        if name in ("gzip", "gunzip"):
            scene.read(word, below=deep)
        if name in ("gzip", "gunzip") and word.kind == LITERAL:
            scene.write(Word(f"{word.text}.gz"))
            scene.write(Word(word.text.removesuffix(".gz")))


def _ends_plainly(word: Word) -> bool:
    stem, dot, ending = word.text.rpartition(".")
    return word.kind != PATTERN or (bool(stem and dot) and ending.isalnum() and len(ending) <= 4)


def _transfer(scene: Scene, name: str, line: Line, *, deep: bool) -> None:
    words = list(line.operands)
    target = line.value("t", "target-directory")
    if name == "install" and not line.given.isdisjoint(("d", "directory")):
        for word in words:
            scene.write(word)
        return
    if target is None:
        if len(words) < 2 and name != "ln":
            raise NotUnderstood(f"{name} without a target")
        target = words.pop() if len(words) > 1 else Word(".")
    if target.kind != LITERAL:
        raise NotUnderstood("a target that is not certain")
    if name == "mv":
        scene.past.renamed.add(scene.simple.shown)
    links = name == "ln" or not line.given.isdisjoint(("s", "l", "link", "symbolic-link"))
    folder = target.text.endswith(("/", "/.", "/..")) or target.text in (".", "..")
    scene.write(target, below=deep and not folder)
    suffix = line.value("S", "suffix")
    for word in words:
        _source(scene, word, target, moved=name == "mv", links=links, deep=deep)
        inside = word.text.rstrip("/").rpartition("/")[2]
        if inside in (".", "..", ""):
            scene.write(target, below=True)
        else:
            kind = PATTERN if word.kind == PATTERN else LITERAL
            there = Word(f"{target.text.rstrip('/') or '/'}/{inside}", kind)
            scene.write(there, below=deep or name == "mv")
            if suffix is not None:  # the older one gets a name that is put together
                scene.write(Word(f"{there.text}{suffix.text}", kind))
                scene.write(Word(f"{target.text.rstrip('/')}{suffix.text}"))


def _source(
    scene: Scene, word: Word, target: Word, *, moved: bool, links: bool, deep: bool
) -> None:
    if moved:
        scene.write(word, below=True)
        scene.read(word)  # under its new name, it is anybody's to read
    elif not links:
        scene.read(word, below=deep)
    else:
        # what is written through the link later on is written there: it is asked for now
        if word.kind != LITERAL:
            raise NotUnderstood("a link to something that is not certain")
        scene.write(word, below=True)
        scene.read(word)
        if word.text[:1] not in "/~":
            for folder in (target.text, target.text.rpartition("/")[0] or "."):
                scene.write(Word(f"{folder}/{word.text}"), below=True)
            if ".." in word.text.split("/"):
                scene.need("fs.write", "a link that leads up means another place once it is moved")


def _dd(scene: Scene) -> None:
    for word in scene.args:
        key, sign, value = (word.literal or "").partition("=")
        if not sign:
            raise NotUnderstood("dd")
        if key == "of":
            scene.write(Word(value))
        elif key == "if":
            scene.read(Word(value))
