"""git push: which scopes it needs by where it goes, what it names, and how. Pure.

As the pre-push hook has it: a branch that is named, or follows from the settings, needs `git.push.REPOSITORY.BRANCH`;
whatever forces, deletes, or is no branch needs `git.push.REPOSITORY`. Whether a branch goes forward only the server
and that hook can tell: without force, the server refuses what does not.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.hooks.git.address import repository_name
from kanoniv_auth.hooks.shell import options, web
from kanoniv_auth.hooks.shell.scene import CONFIG
from kanoniv_auth.hooks.shell.words import LITERAL, NotUnderstood

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene
    from kanoniv_auth.hooks.shell.surroundings import Target
    from kanoniv_auth.hooks.shell.words import Word

_OPTIONS = (
    "u q v n f d 4 6 o: set-upstream quiet verbose dry-run force delete push-option: porcelain progress no-progress "
    "atomic no-atomic all branches mirror tags follow-tags no-follow-tags prune force-with-lease? no-force-with-lease "
    "force-if-includes thin no-thin ipv4 ipv6 no-verify verify repo: signed? no-signed recurse-submodules: "
    "no-recurse-submodules"
)
_WIDE = {
    "f": "it forces", "force": "it forces", "force-with-lease": "it forces", "force-if-includes": "it forces",
    "d": "it deletes", "delete": "it deletes", "all": "all branches", "branches": "all branches", "mirror": "a mirror",
    "tags": "tags", "follow-tags": "tags", "prune": "it deletes",
}  # fmt: skip
_BRANCH = "refs/heads/"


def judge(scene: Scene, words: list[Word], cwd: str) -> None:
    """Ask for what a push needs. Raises: NotUnderstood, after `git.push` was asked for."""
    try:
        _judge(scene, words, cwd)
    except NotUnderstood:
        scene.need("git.push", "it pushes, and where or what is not certain")
        raise


def _judge(scene: Scene, words: list[Word], cwd: str) -> None:
    scene.past.pushed = True
    line = options.read(words, _OPTIONS)
    if any(word.kind != LITERAL for word in line.operands):
        raise NotUnderstood("a word for git push that is not certain")
    if "no-verify" in line.given:
        scene.need(CONFIG, "--no-verify goes around the hook that checks a push")
    modules = line.value("recurse-submodules")
    if modules is not None and modules.text not in ("no", "check"):
        raise NotUnderstood("a push of other repositories")
    texts = [word.text for word in line.operands]
    named = line.value("repo")
    remote = texts.pop(0) if texts else named.text if named is not None else None
    target, names = _target(scene, remote, cwd)
    why = next((_WIDE[name] for name in sorted(line.given) if name in _WIDE), "") or target.wide
    branches = None if why else _branches(scene, texts, target, cwd)
    for name in names:
        if branches is None:
            scene.named(why or "not only branches that go forward", "git", "push", name)
            continue
        for branch in branches:
            scene.named("it pushes a branch", "git", "push", name, branch)
        if not branches:
            scene.harmless()


def _target(scene: Scene, remote: str | None, cwd: str) -> tuple[Target, list[str]]:
    """Where it goes, and the names of the repositories there."""
    target = scene.around.target(cwd, remote)
    if target is None or not target.addresses:
        raise NotUnderstood("a remote that is not known")
    if remote is not None and remote not in scene.around.remotes(cwd):
        _foreign(scene, remote)
    try:
        return target, sorted({repository_name(address) for address in target.addresses})
    except AuthError:
        raise NotUnderstood("a remote whose address has no certain name") from None


def _foreign(scene: Scene, address: str) -> None:
    """An address that is no remote of this repository's: somebody else's may have the same name."""
    if ":" in address:
        web.reached(scene, address, send=True)
    else:
        scene.need("fs.write", "it pushes to a path")


def _branches(scene: Scene, texts: list[str], target: Target, cwd: str) -> list[str] | None:
    """The branches at the other side, None for anything but branches."""
    refspecs = texts or list(target.refspecs)
    if not refspecs:
        # another branch may be checked out by then
        return None if scene.past.moved else _default(target)
    found = []
    for refspec in refspecs:
        branch = _destination(scene, refspec, target, cwd)
        if branch is None:
            return None
        found.append(branch)
    return found


def _default(target: Target) -> list[str] | None:
    if target.branch is None:
        return []  # git itself refuses
    if target.default == "nothing":
        return []
    if target.default in ("simple", "current"):
        # simple refuses an upstream of another name
        return [target.branch]
    if target.default in ("upstream", "tracking") and (target.upstream or "").startswith(_BRANCH):
        return [(target.upstream or "")[len(_BRANCH) :]]
    return None


def _destination(scene: Scene, refspec: str, target: Target, cwd: str) -> str | None:
    source, colon, there = refspec.partition(":")
    if (
        refspec[:1] in ("+", "^")
        or "*" in refspec
        or refspec == "tag"
        or not source
        or (colon and not there)
    ):
        return None
    if there.startswith("refs/"):
        return there[len(_BRANCH) :] or None if there.startswith(_BRANCH) else None
    if scene.past.tagged:
        return None  # what the names mean by then is not certain
    if source in ("HEAD", "@"):
        ref = f"{_BRANCH}{target.branch}" if target.branch and not scene.past.moved else None
    else:
        ref = scene.around.kind(cwd, source)
        if ref is None and source in scene.past.made:
            ref = f"{_BRANCH}{source}"
    if not colon:
        return ref[len(_BRANCH) :] if ref is not None and ref.startswith(_BRANCH) else None
    # the other side says what a short name is; a tag that is there is not changed without force
    if ref is not None and not ref.startswith((_BRANCH, "refs/remotes/")):
        return None
    return there
