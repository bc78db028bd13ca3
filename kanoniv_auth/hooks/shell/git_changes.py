"""git commands that change this repository: `git.commit.REPOSITORY`, and the paths that they name. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.git_commands import CHANGES
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, SHOWN, UNKNOWN, NotUnderstood, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.options import Line
    from kanoniv_auth.hooks.shell.scene import Scene

_EDIT = "code.edit"
# what makes `git branch` and `git tag` a list, whatever else stands there
_LISTS = frozenset(
    ("l", "list", "contains", "no-contains", "merged", "no-merged", "points-at", "n")
)  # fmt: skip
_CHANGING = frozenset(
    ("d", "D", "m", "M", "c", "C", "f", "t", "u", "delete", "move", "copy", "force", "track", "set-upstream-to",
     "unset-upstream", "s", "F", "annotate", "sign", "message", "file", "local-user", "create-reflog")
)  # fmt: skip
# of these, -m is followed by a message
_SPEAKING = ("commit", "tag", "merge", "pull", "stash", "notes")
# of these, -s is followed by a way of merging; git starts a program called so where it knows none
_MERGING = ("merge", "pull", "rebase", "cherry-pick", "revert")
_STRATEGIES = ("ort", "recursive", "resolve", "octopus", "ours", "subtree")


def committing(scene: Scene, cwd: str, why: str) -> None:
    """Ask for `git.commit` of the repository that a folder is in."""
    name = scene.around.repository(cwd)
    if name is None:
        scene.need("git.commit", f"{why}; which repository is not certain")
    else:
        scene.named(why, "git", "commit", name)


# options that open an editor or a dialogue, or run a command
_STARTING = frozenset(
    ("i", "e", "x", "interactive", "exec", "edit", "edit-todo", "edit-description", "p", "patch")
)


def judge(scene: Scene, name: str, words: list[Word], cwd: str) -> None:
    """Ask for what a command needs. Raises: NotUnderstood."""
    words, messages = _messages(name, words) if name in _SPEAKING else (words, [])
    line = options.read(words, CHANGES[name][-1], tame=name == "add")
    if not line.given.isdisjoint(_STARTING):
        _starts_programs(name, line)
    _certain(name, line, messages)
    inner = scene.at(cwd)
    inner.paths(line)
    texts = [word.text for word in line.operands]
    if _only_looks(name, line, texts):
        scene.harmless()
        return
    if name == "init":
        for word in line.operands or [Word(".")]:
            inner.write(word)
        return
    committing(scene, cwd, f"git {name}")
    made = [word.text for key, _, word in line.values if key in ("b", "c", "create")]
    if name == "branch" and line.given.isdisjoint(_CHANGING):
        made = texts[:1]
    scene.past.changes(name, made=made)
    if name in ("mv", "worktree"):
        scene.past.renamed.add(scene.simple.shown)
    if name == "pull":
        _pull(scene, line, cwd)
    else:
        _touched(inner, name, line)
    if not made or texts:  # to make a branch changes no file
        scene.past.places(name)


def _certain(name: str, line: Line, messages: list[Word]) -> None:
    """Refuse words that may be others by the time git gets them, and what git would take for a program's name."""
    if any(word.kind == UNKNOWN for _, _, word in line.values):
        raise NotUnderstood("a variable that would be kept in a commit")
    if name in _MERGING and any(
        word.literal not in _STRATEGIES for key, _, word in line.values if key in ("s", "strategy")
    ):
        raise NotUnderstood("a way of merging that is not git's own")
    if any(word.kind not in (LITERAL, PATTERN) for word in line.operands):
        raise NotUnderstood("a word for git that is not certain")
    if any(word.kind not in (LITERAL, SHOWN) or not word.single for word in messages):
        raise NotUnderstood("a message that may be more than one word")


def _messages(name: str, words: list[Word]) -> tuple[list[Word], list[Word]]:
    """The words without `-m TEXT`: a message is data, whatever it is, as long as it is one word."""
    rest: list[Word] = []
    found: list[Word] = []
    at = 0
    valued = {mark[:-1] for mark in CHANGES[name][-1].split() if mark[-1] in ":<"}
    while at < len(words):
        word = words[at]
        before = rest[-1].text if rest else ""
        if before[:1] == "-" and (before[2:] in valued or before[-1] in valued):
            rest.append(word)  # the value of that
            at += 1
            continue
        if word.kind == LITERAL and word.text == "--":
            return [*rest, *words[at:]], found
        if word.kind == LITERAL and word.text in ("-m", "-am", "--message") and at + 1 < len(words):
            found.append(words[at + 1])
            rest += [Word("-a")] if word.text == "-am" else []
            at += 1
        elif word.kind in (LITERAL, SHOWN) and word.text.startswith("--message="):
            found.append(word)
        else:
            rest.append(word)
        at += 1
    return rest, found


def _starts_programs(name: str, line: Line) -> None:
    if name in ("rebase", "cherry-pick", "revert") and line.given.isdisjoint(("no-edit",)):
        given = line.given - {"x"} if name == "cherry-pick" else line.given
        if not given.isdisjoint(("i", "e", "x", "interactive", "exec", "edit", "edit-todo")):
            raise NotUnderstood(f"git {name} that starts a program")
    elif "edit-description" in line.given or (name == "add" and "e" in line.given):
        raise NotUnderstood(f"git {name} that starts a program")


def _only_looks(name: str, line: Line, texts: list[str]) -> bool:
    if name in ("branch", "tag"):
        if not line.given.isdisjoint(_CHANGING):
            return False
        return not texts or not line.given.isdisjoint(_LISTS)
    if name in ("stash", "worktree", "notes"):
        return texts[:1] in (["list"], ["show"])
    if name == "symbolic-ref":
        return len(texts) == 1
    return not line.given.isdisjoint(("n", "dry-run")) and name in ("clean", "add", "rm", "mv")


def _pull(scene: Scene, line: Line, cwd: str) -> None:
    from kanoniv_auth.hooks.shell import web  # noqa: PLC0415 - only for a pull

    for word in line.operands[:1]:
        if word.kind != LITERAL:
            raise NotUnderstood("a word for git that is not certain")
        if word.text not in scene.around.remotes(cwd):
            web.reached(scene, word.text)


def _touched(scene: Scene, name: str, line: Line) -> None:
    """Ask for the paths that are named: removed, moved, or put back as a commit has them."""
    words = line.operands
    for word in words if name in ("add", "mv") else ():
        scene.read(word)  # what is in a commit, git shows under other names
    if name in ("rm", "mv", "restore", "clean"):
        deep = name != "restore" or any(word.text in (".", ":/") for word in words)
        for word in words or ([Word(".")] if name == "clean" else []):
            scene.write(word, below=deep and name != "restore")
    elif name in ("checkout", "reset", "stash"):
        # a branch, or a path: the path counts when it is a protected one
        for word in words:
            scene.write_if(word, beyond=_EDIT)
    elif name == "worktree" and words[:1] == [Word("add")]:
        for word in words[1:2]:
            scene.write(word)
    elif name == "worktree" and words[:1] in ([Word("remove")], [Word("move")]):
        for word in words[1:]:
            scene.write(word, below=True)
