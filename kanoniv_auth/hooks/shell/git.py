"""git: what comes before the command, what the command is, and what each kind of it needs. Pure.

Commands that only look are listed with the options they may have; whatever else could start a program or write a file
by an option is not understood. A folder that git would take for a repository without being one needs `git.config`.
"""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.git_commands import CHANGES, READS
from kanoniv_auth.hooks.shell.scene import ANY, SECRETS
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, NotUnderstood, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

_CONFIG = "git.config"
_CALM_GLOBALS = ("--no-pager", "-P", "--no-optional-locks", "--no-replace-objects", "--literal-pathspecs",
                 "--glob-pathspecs", "--icase-pathspecs", "--no-lazy-fetch", "--no-advice")  # fmt: skip
_LOUD_GLOBALS = ("--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env", "--super-prefix",
                 "--attr-source", "--list-cmds")  # fmt: skip
_ASKED = (
    "--version",
    "--help",
    "-h",
    "-v",
    "--exec-path",
    "--html-path",
    "--man-path",
    "--info-path",
)
_PUSHES = (
    "send-pack",
    "http-push",
    "remote-http",
    "remote-https",
    "remote-ext",
    "remote-fd",
    "svn",
    "p4",
    "receive-pack",
)
# git 2.51 has the last two
_FORGETS = ("expire", "delete", "drop", "write")
_CALM_SETTINGS = ("user.name", "user.email", "color.", "core.quotepath", "advice.", "log.date", "diff.renames",
                  "init.defaultbranch", "column.")  # fmt: skip
_CHANGES_SETTINGS = ("edit", "set", "unset", "rename-section", "remove-section")
_SHOWN_SETTINGS = (
    "user.",
    "core.",
    "branch.",
    "init.",
    "push.",
    "pull.",
    "color.",
    "alias.",
    "merge.",
    "diff.",
)


def judge(scene: Scene, name: str) -> None:
    """Ask for what a git command needs. Raises: NotUnderstood."""
    if name.startswith("git-"):
        command(scene, name[4:], list(scene.args), scene.cwd)
        return
    cwd, words = scene.cwd, list(scene.args)
    while words and words[0].text[:1] == "-":
        text = words.pop(0).literal
        if text in _ASKED:
            scene.harmless()
            return
        if text == "-C":
            cwd = _moved(cwd, words.pop(0) if words else None)
        elif text == "-c":
            _setting(scene, words.pop(0) if words else None)
        else:
            cwd = _global(scene, text, words, cwd)
    if not words:
        scene.harmless()
    elif words[0].kind != LITERAL:
        raise NotUnderstood("a git command that is not certain")
    else:
        command(scene, words[0].text, words[1:], cwd)


def _global(scene: Scene, text: str | None, words: list[Word], cwd: str | None) -> str | None:
    """Judge an option before the command; returns the place that git works in."""
    if text is None:
        raise NotUnderstood("a git command that is not certain")
    name, joined, _ = text.partition("=")
    if name in _LOUD_GLOBALS:
        scene.need(_CONFIG, f"{name} leads git to another place")
        if not joined and words:
            words.pop(0)
        return None
    if text in ("-p", "--paginate", "--bare"):
        scene.need(_CONFIG, f"{text} has git start a program, or look elsewhere")
    elif text not in _CALM_GLOBALS:
        raise NotUnderstood(f"the option {text} of git")
    return cwd


def _moved(cwd: str | None, word: Word | None) -> str | None:
    path = word.literal if word is not None else None
    if path is None:
        return None
    if path[:1] == "/":
        return path
    return cwd if not path or cwd is None else f"{cwd.rstrip('/')}/{path}"


def _setting(scene: Scene, word: Word | None) -> None:
    name = (word.literal or "").partition("=")[0].lower() if word is not None else ""
    if not name.startswith(_CALM_SETTINGS):
        scene.need(_CONFIG, f"-c {name or '…'} changes what git does")


def command(scene: Scene, name: str, words: list[Word], cwd: str | None, depth: int = 0) -> None:
    """Ask for what one git command needs. words: what follows its name · cwd: where it runs, None when not certain."""
    if name in _PUSHES:
        scene.need("git.push", f"{name} sends to a repository")
        scene.need(ANY, f"{name} is no command for people")
        return
    if cwd is None and name not in ("version", "help"):
        if name == "push":
            scene.need("git.push", "it pushes from a place that is not certain")
        raise NotUnderstood("git in a place that is not certain")
    here = cwd or "/"
    scene.past.asked = True
    elsewhere = here.rstrip("/").removesuffix("/.") != scene.around.cwd.rstrip("/")
    if scene.past.laid or (scene.past.shifted and elsewhere) or not scene.around.plain(here):
        scene.need(_CONFIG, "a folder of the project's could be taken for a repository")
    if name in READS:
        _look(scene, name, words, here)
    elif name in CHANGES:
        from kanoniv_auth.hooks.shell import git_changes  # noqa: PLC0415 - most commands only look

        git_changes.judge(scene, name, words, here)
    elif name == "push":
        from kanoniv_auth.hooks.shell import git_push  # noqa: PLC0415 - as above

        git_push.judge(scene, words, here)
    elif name in _SPECIAL:
        _SPECIAL[name](scene, words, here)
    else:
        _alias(scene, name, words, here, depth)


def _alias(scene: Scene, name: str, words: list[Word], cwd: str, depth: int) -> None:
    meaning = scene.around.alias(cwd, name)
    if meaning is None:
        scene.named("a git command that is not known", "shell", "run", f"git-{name}")
        return
    if depth >= 8:
        raise NotUnderstood("aliases of aliases")
    if meaning.startswith("!"):
        scene.need("shell.script", "the alias runs a command")
        if words:
            scene.need(ANY, "not understood: an alias with words behind it")
        scene.text(meaning[1:], cwd=None)
        return
    parts = meaning.split()
    if not parts or any(sign in meaning for sign in "'\"\\") or parts[0].startswith("-"):
        scene.need(ANY, "not understood: an alias that is quoted")
        return
    command(scene, parts[0], [*map(Word, parts[1:]), *words], cwd, depth + 1)


def _certain(words: list[Word]) -> None:
    if any(word.kind != LITERAL for word in words):
        raise NotUnderstood("a word for git that is not certain")


def _look(scene: Scene, name: str, words: list[Word], cwd: str) -> None:
    line = options.read(words, READS[name][-1])
    scene.harmless()
    inner = scene.at(cwd)
    inner.paths(line)
    for word in line.operands:
        if word.kind not in (LITERAL, PATTERN):
            raise NotUnderstood("a word for git that is not certain")
        # a revision, or a path; git shows files outside as well, and all that lies in them
        inner.read(word, below=name in ("diff", "grep"))
        if name in ("show", "cat-file", "archive") and ":" in word.text:
            inner.read(Word(word.text.partition(":")[2]))
            inner.read(Word(word.text.rpartition(":")[2]))
    if name == "grep" and not line.given.isdisjoint(("no-index", "untracked")):
        inner.read(Word("."), below=True)
    if name == "remote":
        _remote(scene, line.operands, cwd)
    if name == "reflog" and line.operands and line.operands[0].text in _FORGETS:
        raise NotUnderstood("a change of what git remembers")


def _remote(scene: Scene, words: list[Word], cwd: str) -> None:
    if words and words[0].text not in ("show", "get-url"):
        scene.need(_CONFIG, "it changes the remotes")
    for word in words[1:]:
        # it may be an address, and is asked then
        if word.text not in scene.around.remotes(cwd):
            raise NotUnderstood("a remote that is not known")


def _ls_remote(scene: Scene, words: list[Word], cwd: str) -> None:
    line = options.read(
        words, "h t q heads tags branches refs quiet exit-code get-url sort: symref"
    )
    _certain(line.operands)
    for word in line.operands[:1]:
        if word.text not in scene.around.remotes(cwd):
            from kanoniv_auth.hooks.shell import web  # noqa: PLC0415 - most commands only look

            web.reached(scene, word.text)
    scene.harmless()


def _fetch(scene: Scene, words: list[Word], cwd: str) -> None:
    line = options.read(
        words,
        "a p t n v q f k P j: 4 6 all prune tags no-tags verbose quiet depth: unshallow shallow-since: deepen: jobs: "
        "prune-tags multiple dry-run force keep progress recurse-submodules? no-recurse-submodules atomic ipv4 ipv6 "
        "update-shallow set-upstream no-auto-maintenance",
    )
    _certain(line.operands)
    known = scene.around.remotes(cwd)
    for number, word in enumerate(line.operands):
        if number and "multiple" not in line.given:
            if ":" in word.text:
                from kanoniv_auth.hooks.shell import git_changes  # noqa: PLC0415 - as above

                git_changes.committing(scene, cwd, "it sets a branch of this repository")
        elif word.text not in known:
            from kanoniv_auth.hooks.shell import web  # noqa: PLC0415 - as above

            web.reached(scene, word.text)
    scene.harmless()


def _config(scene: Scene, words: list[Word], _: str) -> None:
    _certain(words)
    texts = [
        word.text
        for word in words
        if word.text not in ("--local", "--global", "--system", "--show-origin", "-z")
    ]
    if texts[:1] in (["get"], ["--get"], ["--get-all"]) and len(texts) == 2:
        shown = texts[1].lower()
    elif texts[:1] in (["--list"], ["-l"], ["list"]) and len(texts) == 1:
        shown = ""
    elif len(texts) == 1 and texts[0][:1] != "-" and texts[0] not in _CHANGES_SETTINGS:
        shown = texts[0].lower()
    else:
        scene.need(_CONFIG, "it changes git's settings")
        return
    plain = shown.startswith(_SHOWN_SETTINGS) or (
        shown.startswith("remote.") and shown.endswith("url")
    )
    scene.need("code.read" if plain else SECRETS, "it shows settings of git's")


def _clone(scene: Scene, words: list[Word], _: str) -> None:
    line = options.read(
        words,
        "q v n l s b: o: j: depth: branch: single-branch no-single-branch no-checkout quiet verbose progress origin: "
        "shallow-since: no-tags bare mirror filter: sparse recurse-submodules? recursive local no-local no-hardlinks "
        "shallow-submodules jobs:",
    )
    _certain(line.operands)
    if not 1 <= len(line.operands) <= 2:
        raise NotUnderstood("git clone")
    from kanoniv_auth.hooks.shell import web  # noqa: PLC0415 - as above

    address = line.operands[0].text
    if ":" in address:
        web.reached(scene, address)
    else:
        scene.read(line.operands[0], below=True)
    name = (
        address.rstrip("/")
        .removesuffix("/.git")
        .rpartition("/")[2]
        .rpartition(":")[2]
        .removesuffix(".git")
    )
    folder = line.operands[1] if len(line.operands) == 2 else Word(name or ".")
    scene.write(folder)
    scene.past.placed = True


_SPECIAL = {"fetch": _fetch, "ls-remote": _ls_remote, "config": _config, "clone": _clone}
