"""Commands of kanoniv-auth itself: an agent may look at what it was given, and change none of it. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.need import NEVER
from kanoniv_auth.hooks.shell.words import LITERAL, NotUnderstood

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

# what only reads, and what asks or signs in the holder's own name
_READING = frozenset(
    ("verify", "status", "whoami", "audit-log", "audit", "tokens", "agents list", "agents show", "roots list", "sign",
     "revocations list", "request-scope", "completion", "help", "--help", "--version", "exec")
)  # fmt: skip
# an agent's host, to which the command line speaks as a person does: `claude -p "/kanoniv:delegate …"`
_HOST = "claude"
_GROUPS = ("agents", "roots", "revocations")


def judge(scene: Scene, name: str) -> None:
    """Ask for `code.read`, or for what nobody can grant. Raises: NotUnderstood."""
    words = scene.args
    if name == _HOST:
        scene.need(NEVER, "it starts an agent, and speaks to it in a person's place")
        return
    if not words:
        scene.harmless()
        return
    verb = words[0].text
    if verb in _GROUPS and len(words) > 1:
        verb = f"{verb} {words[1].text}"
    certain = all(word.kind == LITERAL for word in words[:2])
    leads = any(word.text.startswith(("--home", "--root", "--key")) for word in words)
    if name != "kanoniv-auth" or not certain or verb not in _READING or leads:
        scene.need(NEVER, "it makes or changes authority")
        return
    scene.harmless()
    _paths(scene, verb)
    if verb == "exec":
        mark = next((at for at, word in enumerate(words) if word.text == "--"), None)
        if mark is None or any(word.kind != LITERAL for word in words[:mark]):
            raise NotUnderstood("a command that may begin anywhere")
        scene.run(words[mark + 1 :])


def _paths(scene: Scene, verb: str) -> None:
    words = scene.args
    for at, word in enumerate(words):
        if word.text.startswith("--token-file="):
            scene.need(NEVER, "it names a token in a form that is not read here")
        elif at and (words[at - 1].text in ("--token-file", "-f", "--file") or verb == "audit"):
            scene.read(word)
