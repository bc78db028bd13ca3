"""gh: what it reads of a repository, what it sends there, and what comes to a push. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell.scene import ANY, SECRETS
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

_HOST = "github.com"
_READS = {
    "pr": "view list diff status checks", "issue": "view list status", "run": "view list watch", "repo": "view list",
    "release": "view list", "workflow": "view list", "label": "list", "search": "prs issues repos code commits",
    "gist": "view list", "project": "view list item-list field-list", "cache": "list", "ruleset": "view list check",
}  # fmt: skip
_SENDS = {
    "pr": "create comment edit close reopen ready review",
    "issue": "create comment edit close reopen pin unpin",
    "label": "create edit delete", "gist": "create edit",
}  # fmt: skip
# what changes the branches and tags of a repository without a push
_PUSHES = {
    "pr": "merge update-branch",
    "issue": "develop",
    "repo": "sync delete rename archive edit",
    "release": "create delete edit upload",
}


def judge(scene: Scene, _: str) -> None:
    """Ask for `net.fetch.github.com`, `net.send.github.com`, `git.push` or less."""
    words = [word.literal for word in scene.args]
    if words[:1] in ([], ["--version"], ["version"], ["help"], ["--help"], ["status"]):
        scene.harmless()
        return
    noun, verb = (*words, None, None)[:2]
    if noun is None or (verb is None and len(words) > 1):
        scene.need(ANY, "not understood: a command of gh that is not certain")
    elif noun == "api":
        _api(scene, words[1:])
    elif noun == "auth":
        scene.need(
            SECRETS
            if verb != "status" or "-t" in words or "--show-token" in words
            else "code.read",
            "gh auth",
        )
    elif verb in _READS.get(noun, "").split():
        scene.named("it asks GitHub", "net", "fetch", _HOST)
    elif verb in _SENDS.get(noun, "").split():
        scene.named("it writes at GitHub", "net", "send", _HOST)
        _files(scene)
        if noun == "gist":
            for word in scene.args[2:]:
                scene.read(word)
    elif verb in _PUSHES.get(noun, "").split():
        _push(scene, words)
    else:
        scene.named("a command of gh that is not known", "shell", "run", "gh")


def _files(scene: Scene) -> None:
    for at, word in enumerate(scene.args):
        if word.kind != LITERAL:
            before = scene.args[at - 1].literal or ""
            if not word.single or word.kind == PATTERN or before[:1] != "-" or "=" in before:
                scene.need(ANY, "not understood: a value that may become an option")
            continue
        if (
            word.text in ("-F", "--body-file")
            and at + 1 < len(scene.args)
            and scene.args[at + 1].text != "-"
        ):
            scene.read(scene.args[at + 1])
        elif word.text.startswith("--body-file=") or (word.text[:2] == "-F" and len(word.text) > 2):
            scene.need(ANY, "not understood: a file in a form that is not read here")


def _push(scene: Scene, words: list[str | None]) -> None:
    for at, word in enumerate(words):
        if word in ("-R", "--repo") and words[at + 1 : at + 2] not in ([], [None]):
            scene.named(
                "it changes branches at GitHub",
                "git",
                "push",
                str(words[at + 1]).rpartition("/")[2],
            )
            return
        if (word or "").startswith(("-R", "--repo", "http")):
            scene.need("git.push", "it changes branches of a repository at GitHub")
            return
    name = scene.around.repository(scene.cwd) if scene.cwd is not None else None
    if name is None or words[0] == "repo":
        scene.need("git.push", "it changes branches of a repository at GitHub")
    else:
        scene.named("it changes branches at GitHub", "git", "push", name)


def _api(scene: Scene, words: list[str | None]) -> None:
    scene.named("it asks GitHub", "net", "fetch", _HOST)
    for at, word in enumerate(words):
        text = word or ""
        if word is None:
            scene.need(ANY, "not understood: a word for gh that is not certain")
        elif text in ("-X", "--method"):
            if words[at + 1 : at + 2] not in (["GET"], ["get"]):
                _writes(scene)
        elif text == "graphql" or text.startswith(
            ("-f", "-F", "--field", "--raw-field", "--input", "-X", "--method")
        ):
            _writes(scene)
        elif text.startswith("-") and text not in (
            "--paginate",
            "-q",
            "--jq",
            "-i",
            "--include",
            "--slurp",
            "--silent",
            "-H",
            "--header",
            "--cache",
            "-t",
            "--template",
            "--verbose",
        ):
            scene.need(ANY, "not understood: an option of gh api")


def _writes(scene: Scene) -> None:
    scene.named("it writes at GitHub", "net", "send", _HOST)
    scene.need("git.push", "a write of this kind can change any branch")
