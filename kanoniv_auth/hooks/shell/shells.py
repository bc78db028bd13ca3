"""A shell that is given a text, a file or its input: a text is analysed, the rest is a script. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell.scene import SCRIPT
from kanoniv_auth.hooks.shell.words import LITERAL, NotUnderstood

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

_LETTERS = frozenset("celxuvfn")
_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh", "ash"))
# of these, the ones that make words of `{a,b}`; sh may be any
_LISTING = frozenset(("bash", "zsh", "ksh"))


def judge(scene: Scene, name: str) -> None:
    """Ask for what the text needs, `shell.script` for a file. Raises: NotUnderstood."""
    words = scene.args
    at, text = 0, False
    while at < len(words):
        word = words[at].literal
        if word is None:
            raise NotUnderstood("what a shell is given")
        if word[:1] not in ("-", "+") or word in ("-", "--"):
            break
        at += 1
        letters = word[1:].removesuffix("o")
        if word[1:].endswith("o"):
            at += 1  # -o NAME, such as pipefail
        if word[0] == "+" or not _LETTERS.issuperset(letters):
            raise NotUnderstood(f"the option {word} of {name}")
        text = text or "c" in letters
    if not text:
        scene.need(SCRIPT, f"{name} runs a file, or its input")
        for word_ in words[at : at + 1]:
            scene.read(word_)
        return
    if at >= len(words) or name not in _SHELLS:
        raise NotUnderstood(f"what {name} is given")
    if any(word.kind != LITERAL for word in (scene.simple.words[0], *words[at:])):
        raise NotUnderstood(f"what {name} is given")
    _inner(scene, name, words[at].text)


def _inner(scene: Scene, name: str, text: str) -> None:
    if name not in _LISTING and _has_list(text):
        raise NotUnderstood(f"a list in braces, which is none for every {name}")
    if name not in ("bash", "zsh") and "&>" in text:
        raise NotUnderstood(f"a redirect, which for some {name} is the end of a command")
    scene.text(text)


def _has_list(text: str) -> bool:
    inner = [piece.partition("}")[0] for piece in text.split("{")[1:]]
    return any("," in each or ".." in each for each in inner)
