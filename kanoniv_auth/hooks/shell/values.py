"""What a command says in another one's words, where that can be told: a folder, a branch, a commit, names. Pure.

A program may fail and say nothing, and git repeats a name that it does not know: a command is judged once for each
value that its words may have.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell.places import MOVES
from kanoniv_auth.hooks.shell.words import (
    NAME,
    PATTERN,
    SETTERS,
    Part,
    Redirect,
    Simple,
    Word,
    is_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.hooks.shell.scene import Scene

HERE, TOP, BRANCH, COMMIT, NAMES, STREAM = "here", "top", "branch", "commit", "names", "stream"
_MOST = 16
_SPLIT = frozenset(" \t\n*?[(\\")
_REVISION = NAME | frozenset("./@^~{}-")
_BRANCHES = (
    ("git", "branch", "--show-current"),
    ("git", "rev-parse", "--abbrev-ref", "HEAD"),
    ("git", "symbolic-ref", "--short", "HEAD"),
)
_TURNING = MOVES | SETTERS | {"eval"}
# what ends each name with a zero, which a shell takes out: `.` and `./a` come to `../a`
_JOINED = ("-print0", "-z", "-0")
# what stands for the letters of a commit, which are no name and no option
_SOME_COMMIT = "HEAD^{commit}"


def meaning(commands: list[Simple], *, quoted: bool) -> Part | None:
    """What `$( )` around these commands says; None when that is not certain."""
    if not commands:
        return None
    last = commands[-1]
    if any(each.after or each.assignments or each.nest != last.nest for each in commands):
        return None
    if len(commands) > 1 and not _is_pipe(commands):
        return None
    quiet = all(each.sign == ">" and each.target.text == "/dev/null" for each in last.redirects)
    words = tuple([word.literal or "" for word in last.words])
    if len(commands) == 1 and quiet:
        if words in (("pwd",), ("pwd", "-P"), ("pwd", "-L")) and not last.redirects:
            return Part(HERE, "", quoted=quoted)
        if words == ("git", "rev-parse", "--show-toplevel"):
            return Part(TOP, "", quoted=quoted)
        if words in _BRANCHES:
            return Part(BRANCH, "", quoted=quoted)
        revision = _revision(words)
        if revision is not None:
            return Part(COMMIT, revision, quoted=quoted)
    if any(word.text in _JOINED for each in commands for word in each.words):
        return None
    from kanoniv_auth.hooks.shell import finding  # noqa: PLC0415 - most texts have none of these

    names = finding.names_of(last, whole=False)
    return Part(NAMES, names.text, quoted=quoted) if names.kind == PATTERN else None


def _is_pipe(commands: list[Simple]) -> bool:
    return all(each.source is commands[at] for at, each in enumerate(commands[1:]))


def _revision(words: tuple[str, ...]) -> str | None:
    """What git says besides a commit's letters, when it does not know the name; None for another command."""
    if words[:2] == ("git", "rev-parse"):
        rest = [word for word in words[2:] if word not in ("--short", "--verify", "-q", "--quiet")]
        return rest[0] if len(rest) == 1 and _is_revision(rest[0]) else None
    if words[:2] == ("git", "merge-base"):
        return "" if len(words) == 4 and all(map(_is_revision, words[2:])) else None
    return (
        ""
        if words
        in (
            ("git", "log", "-1", "--format=%H"),
            ("git", "log", "-1", "--format=%h"),
            ("git", "log", "-1", "--pretty=format:%H"),
            ("git", "log", "-1", "--pretty=format:%h"),
        )
        else None
    )


def _is_revision(text: str) -> bool:
    several = any(sign in text for sign in ("..", "^@", "^-"))
    return _REVISION.issuperset(text) and text[:1] not in ("", "-", "^") and not several


def used(value: Word, *, quoted: bool) -> Part | None:
    """What a variable with this value stands for, where it is used."""
    parts = [part for part in value.made if part.sign or part.text]
    if len(parts) != 1 or not parts[0].sign:
        return None
    return Part(parts[0].sign, parts[0].text, quoted=quoted, early=parts[0].early)


def kept(value: Word, before: Iterable[Simple]) -> Word:
    """A value as a variable keeps it: what depends on the place is that of here. before: the commands so far"""
    moved = any(not MOVES.isdisjoint([word.text for word in each.words]) for each in before)
    if moved and any(part.sign in (HERE, TOP) for part in value.made):
        return Word(value.text, value.kind, single=value.single)
    made = tuple(
        [Part(each.sign, each.text, quoted=each.quoted, early=True) for each in value.made]
    )
    return Word(value.text, value.kind, single=value.single, made=made)


def names(value: Word) -> Word | None:
    """One of the names that a value is made of; None when it is made of something else."""
    part = used(value, quoted=False)
    if part is None or part.sign != NAMES or any(each.quoted for each in value.made):
        return None
    return Word(part.text, PATTERN, single=False)


def line_variable(commands: list[Simple], nest: tuple[int, ...]) -> str:
    """The variable that `while read NAME` puts each line into; "" for another condition. nest: of the loop"""
    if len(commands) != 1 or commands[0].nest != nest or commands[0].redirects:
        return ""
    if commands[0].after or commands[0].piped:
        return ""
    words = [word.literal or "" for word in commands[0].words]
    words = [word for word in words if word != "-r"]
    return words[1] if words[:1] == ["read"] and len(words) == 2 and is_name(words[1]) else ""


def readings(scene: Scene, start: str | None) -> tuple[Simple, ...]:
    """The command that is judged, once for each value that its words may have. start: where the text begins"""
    simple = scene.simple
    targets = tuple([each.target for each in simple.redirects])
    if not any(word.made for word in (*simple.words, *targets)):
        return (simple,)
    words = _each(simple.words, scene, start)
    # a target that may be none is not certain
    files = [each for each in _each(targets, scene, start) if len(each) == len(targets)]
    if len(words) * len(files) > _MOST or not files:
        return (simple,)
    return tuple([_with(simple, each, target) for each in words for target in files])


def _each(words: tuple[Word, ...], scene: Scene, start: str | None) -> list[tuple[Word, ...]]:
    """All that some words may stand for; the words themselves where that is too much."""
    found: list[tuple[Word, ...]] = [()]
    for word in words:
        meant = _meant(word, scene, start) or [(word,)]
        found = [(*each, *more) for each in found for more in meant]
        if len(found) > _MOST:
            return [words]
    return list(dict.fromkeys(found))


def _with(simple: Simple, words: tuple[Word, ...], targets: tuple[Word, ...]) -> Simple:
    redirects = [
        Redirect(each.sign, word) for each, word in zip(simple.redirects, targets, strict=True)
    ]
    return Simple(
        words,
        simple.assignments,
        tuple(redirects),
        simple.source,
        nest=simple.nest,
        after=simple.after,
        piped=simple.piped,
        again=simple.again,
    )


def _meant(word: Word, scene: Scene, start: str | None) -> list[tuple[Word, ...]]:
    """The words that one may stand for, () where it may be none; nothing when that cannot be told."""
    if not word.made:
        return []
    if [part.sign for part in word.made] == [NAMES]:
        part = word.made[0]
        alone = not part.quoted and scene.depth == 0
        return [(Word(part.text, PATTERN, single=False),), ()] if alone else []
    texts = [""]
    for part in word.made:
        values = _values(part, scene, start)
        if not all(part.quoted or _SPLIT.isdisjoint(value) for value in values):
            return []
        texts = [text + value for text in texts for value in values]
        if not _TURNING.isdisjoint(texts):
            return []  # which the text must say itself: variables and places are followed by it
        if not values or len(texts) > _MOST:
            return []
    kept_empty = any(part.quoted for part in word.made)
    return [(Word(text),) if text or kept_empty else () for text in dict.fromkeys(texts)]


def _values(part: Part, scene: Scene, start: str | None) -> list[str]:
    cwd = start if part.early else scene.cwd
    if not part.sign:
        return [part.text]
    if part.sign == HERE:
        # the variable is always there; for a command, bash may be out of descriptors
        return [cwd, *([] if part.text else [""])] if cwd is not None else []
    if part.sign == STREAM:
        return [part.text, ""]
    if cwd is None or scene.depth:
        return []
    if part.sign == COMMIT:
        return list(dict.fromkeys((part.text, _SOME_COMMIT, "")))
    found = None
    if part.sign == TOP:
        found = scene.around.top(cwd)
    elif part.sign == BRANCH:
        scene.past.pushed = True  # what moves, moves this as well
        target = None if scene.past.moved else scene.around.target(cwd, None)
        found = target.branch if target is not None else None
    return [found, ""] if found else []
