"""Programs that start another one: which of their words are theirs, and which are the other's. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.places import MOVES
from kanoniv_auth.hooks.shell.words import LITERAL, NotUnderstood, Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

# name -> how many operands are its own, its options
_ROWS = {
    "command": (0, "p"), "builtin": (0, ""), "exec": (0, "l a:"), "nohup": (0, ""), "noglob": (0, ""),
    "nice": (0, "# n: adjustment:"), "ionice": (0, "c: n: t class: classdata: ignore"),
    "setsid": (0, "c f w fork wait"),
    "timeout": (1, "k: s: v kill-after: signal: preserve-status foreground verbose"),
    "gtimeout": (1, "k: s: v kill-after: signal: preserve-status foreground verbose"),
    "time": (0, "p"), "stdbuf": (0, "i: o: e: input: output: error:"), "chronic": (0, "v e"), "unbuffer": (0, "p"),
    "sudo": (0, "n E H k S b u: g: non-interactive user: group:"), "doas": (0, "n u:"), "busybox": (0, ""),
    "caffeinate": (0, "d i m s u t:"),
}  # fmt: skip


def judge(scene: Scene, name: str) -> None:
    """Ask for what the other program needs. Raises: NotUnderstood."""
    if name == "eval":
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
        start(scene, line.operands[own:])
    else:
        scene.named("a program that is not known here", "shell", "run", name)
        raise NotUnderstood(name)


def start(scene: Scene, words: list[Word]) -> None:
    """Judge what a wrapper starts. Raises: NotUnderstood."""
    if words and words[0].text in MOVES:
        raise NotUnderstood("a change of place inside another command")
    if words and words[0].kind == LITERAL and "=" in words[0].text:
        raise NotUnderstood("a variable that may be set, or a program's name")
    scene.harmless()
    scene.run(tuple(words))


def _eval(scene: Scene) -> None:
    words = [word.literal for word in scene.args]
    text = " ".join([word for word in words if word is not None])
    # what is spelled in pieces could be a change of place for all that follows
    if None in words or any(sign in text for sign in (*MOVES, *"\\'\"")):
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
