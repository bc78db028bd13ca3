"""A text for a shell and what it needs: read, followed from command to command, each judged by its rule. Pure.

Whatever is not understood needs `shell.any`, besides what was found before it.
"""

from __future__ import annotations

from kanoniv_auth.hooks.need import Need
from kanoniv_auth.hooks.shell import plain
from kanoniv_auth.hooks.shell.assignments import judge_variable
from kanoniv_auth.hooks.shell.past import Past
from kanoniv_auth.hooks.shell.places import MOVES, Places
from kanoniv_auth.hooks.shell.programs import judge
from kanoniv_auth.hooks.shell.scene import ANY, READ, SECRETS, Scene
from kanoniv_auth.hooks.shell.values import readings
from kanoniv_auth.hooks.shell.variables import settled
from kanoniv_auth.hooks.shell.words import (
    LITERAL,
    PATTERN,
    TEXT,
    UNKNOWN,
    NotUnderstood,
    Simple,
    Word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.hooks.shell.surroundings import Surroundings

MAX_TEXT = 10_000
_ODD = frozenset(
    (
        0xA0,
        0xAD,
        0x61C,
        0x180E,
        0x2028,
        0x2029,
        0x3164,
        0xFEFF,
        *range(0x2000, 0x2010),
        *range(0x202A, 0x2070),
    )
)


def analyse(text: str, around: Surroundings) -> tuple[Need, ...]:
    """What a text for a shell needs, each scope with the first command that needs it; never empty.

    Raises: whatever `around` raises.
    """
    past = Past()
    found = _found(text, around, past)
    if past.uncertain:
        # what stands first may come to run last: judged again, now that all of it is known
        found = _found(text, around, past)
    unique: dict[str, Need] = {}
    for need in found.values():
        unique.setdefault(need.action, need)
    return tuple(unique.values()) or (Need("", READ, "it runs nothing"),)


def _found(text: str, around: Surroundings, past: Past) -> dict[tuple[str, str], Need]:
    found: dict[tuple[str, str], Need] = {}
    past.placed = False  # of this alone the order counts
    _text(Scene(around, around.cwd, Simple(()), found, _start, past), text)
    return found


def _start(scene: Scene) -> None:
    word = scene.simple.words[0]
    if word.kind == TEXT:
        _text(scene, word.text)
    else:
        _words(scene)


def _text(scene: Scene, text: str) -> None:
    try:
        commands = _read(text, scene.around.home)
    except NotUnderstood as error:
        shown = text if len(text) <= 160 else f"{text[:159]}…"
        scene.found.setdefault((shown, ANY), Need(shown, ANY, f"not understood: {error}"))
        return
    places = Places(scene.cwd)
    for simple in commands:
        meant: list[tuple[str | None, Simple]] = []
        for cwd in places.before(simple):
            here = Scene(scene.around, cwd, simple, scene.found, _start, scene.past, scene.depth)
            for each in readings(here, scene.cwd):
                here.simple = each
                _one(here)
                meant.append((cwd, each))
        places.follow(simple, meant, scene.around.home)


def _read(text: str, home: str) -> tuple[Simple, ...]:
    if len(text) > MAX_TEXT:
        raise NotUnderstood("it is too long")
    for letter in text:
        code = ord(letter)
        if (
            (code < 32 and letter not in "\n\t")
            or 127 <= code < 160
            or code in _ODD
            or 0xD800 <= code < 0xE000
        ):
            raise NotUnderstood("a control character or an odd blank")
        if code > 127 and letter.isspace():
            raise NotUnderstood("a control character or an odd blank")
    try:
        return _settled(plain.read, text, home)
    except NotUnderstood as first:
        try:
            from kanoniv_auth.hooks.shell import tree  # noqa: PLC0415 - compiled, optional, 20 ms
        except ImportError:
            raise first from None
    try:
        return _settled(tree.read, text, home)
    except RecursionError:
        raise NotUnderstood("too much of it") from None


def _settled(read: Callable[..., tuple[Simple, ...]], text: str, home: str) -> tuple[Simple, ...]:
    """Read it, and once more with the variables that are set for certain; raises NotUnderstood."""
    found = read(text, home)
    names = settled(text, found)
    if not names:
        return found
    try:
        again = read(text, home, None, names)
    except NotUnderstood:
        return found
    # what a variable stands for may set another one
    return again if names <= settled(text, again) else found


def _one(scene: Scene) -> None:
    """Judge one simple command: its redirects, its program, its assignments."""
    simple = scene.simple
    try:
        _redirects(scene)
    except NotUnderstood as error:
        scene.need(ANY, f"not understood: {error}")
    if simple.again and simple.words and simple.words[0].text in MOVES and simple.nest[-1] < 0:
        scene.need(ANY, "not understood: a change of place in a loop")
    outer, scene.found = scene.found, {}
    if simple.words:
        _words(scene)
    actions = {action for _, action in scene.found}
    for key, need in scene.found.items():
        outer.setdefault(key, need)
    scene.found = outer
    for name, value in simple.assignments:
        if value.kind == PATTERN and value.text[:1] not in "?*[":
            _names(scene, value)
        if value.kind == UNKNOWN and not name.islower():
            scene.need(SECRETS, f"{name}, which others show, gets a value that may be a secret")
        if not (
            name == "IFS" and simple.words[:1] == (Word("read"),)
        ):  # which reads a line by it, and no more
            judge_variable(scene, name, actions if simple.words else None)
    if not simple.words and not simple.redirects:
        scene.harmless()


def _names(scene: Scene, value: Word) -> None:
    """A loop over a pattern says which names there are."""
    try:
        scene.read(value)
    except NotUnderstood as error:
        scene.need(ANY, f"not understood: {error}")


def _redirects(scene: Scene) -> None:
    for redirect in scene.simple.redirects:
        if redirect.sign != ">":
            scene.read(redirect.target)
        if redirect.sign != "<":
            if redirect.target.kind != LITERAL:
                raise NotUnderstood("a redirect that is not certain")
            scene.write(redirect.target)


def _words(scene: Scene) -> None:
    try:
        judge(scene)
    except NotUnderstood as error:
        scene.need(ANY, f"not understood: {error}")
