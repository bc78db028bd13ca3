"""What the shell itself does: speaking, testing, setting variables, changing its place. Pure."""

from __future__ import annotations

from kanoniv_auth.hooks.shell import options
from kanoniv_auth.hooks.shell.assignments import judge_variable
from kanoniv_auth.hooks.shell.scene import SCRIPT, SECRETS
from kanoniv_auth.hooks.shell.words import LITERAL, PATTERN, UNKNOWN, NotUnderstood, Word, is_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.scene import Scene

# not B: without it, a list in braces is a name
_SET = frozenset("euxovfhmC")
_SET_NAMES = frozenset(("pipefail", "errexit", "nounset", "xtrace", "verbose", "noglob"))
# in a builtin's words, what some shells evaluate once more
_EVALUATED = ("$(", "`", "${", "$[", "<(", "[$")
_NUMBERS = frozenset(("-eq", "-ne", "-lt", "-le", "-gt", "-ge"))
_COMPARE = frozenset(("=", "==", "!=", "-nt", "-ot", "-ef", "<", ">"))
_COUNTS = frozenset(("$?", "$#", "${?}", "${#}"))
_PLAIN_TESTS = frozenset("defhLnrswxzSpbcgkuOGN")


def judge(scene: Scene, name: str) -> None:
    """Ask for what a builtin needs. Raises: NotUnderstood."""
    rule = _RULES.get(name)
    if rule is None:
        raise NotUnderstood(f"{name}, which changes what later commands mean")
    if name not in ("env", "echo") and any(
        sign in word.text for word in scene.args if word.kind == LITERAL for sign in _EVALUATED
    ):
        raise NotUnderstood(f"a word that {name} may evaluate")
    rule(scene)


def _speak(scene: Scene) -> None:
    scene.harmless()
    for word in scene.args:
        if word.kind == UNKNOWN:
            scene.need(SECRETS, "it shows a variable")
        elif word.kind == PATTERN and word.text[:1] not in "?*[":
            scene.read(word)


def _printf(scene: Scene) -> None:
    words = scene.args
    form = words[0].literal if words else ""
    if form is None or form[:1] == "-":
        raise NotUnderstood("a format that is not certain")
    certain = all(word.kind == LITERAL for word in words[1:])
    if not certain and any(part[:1] not in ("s", "b", "q", "") for part in form.split("%")[1:]):
        raise NotUnderstood("a number that is not certain")
    _speak(scene)


def _test(scene: Scene) -> None:
    words = list(scene.args)
    if scene.simple.words[0].text == "[" and words:
        words.pop()
    while words[:1] == [Word("!")]:
        words.pop(0)
    if any(word.kind != LITERAL and not _is_name(word) for word in words):
        _uncertain_test(words)
    for at, word in enumerate(words):
        text = word.text
        if word.kind != LITERAL or text[:1] != "-" or text in ("-a", "-o", "-t", "-"):
            continue
        if text in _NUMBERS:
            # some shells evaluate what they compare as numbers
            for each in (*words[max(at - 1, 0) : at], *words[at + 1 : at + 2]):
                if each.text not in _COUNTS and not each.text.lstrip("-").isdecimal():
                    raise NotUnderstood("a number that is not certain")
        elif text not in _COMPARE and (len(text) != 2 or text[1] not in _PLAIN_TESTS):
            raise NotUnderstood(f"the test {text}")
    scene.harmless()


def _is_name(word: Word) -> bool:
    """Whether a pattern becomes names that no operator and no array's element is spelled like."""
    folder, slash, _ = word.text.rpartition("/")
    stem, _, ending = word.text.rpartition(".")
    plain = (slash and folder[:1] not in "*?[-") or (stem and ending.isalnum())
    return word.kind == PATTERN and bool(plain)


def _uncertain_test(words: list[Word]) -> None:
    """A value must not become the operator: with some of those, the other word is evaluated."""
    single = all(
        word.kind == LITERAL or word.text in _COUNTS or (word.single and word.kind != PATTERN)
        for word in words
    )
    operator = words[-2].literal if len(words) > 1 else ""
    known = operator in _COMPARE or operator in _NUMBERS if len(words) == 3 else len(words) < 3
    if len(words) == 2:
        known = operator is not None and operator[:1] == "-" and operator[1:] in _PLAIN_TESTS
    if not single or not known:
        raise NotUnderstood("a test whose operator is not certain")


def _nothing(scene: Scene) -> None:
    scene.harmless()


def _set(scene: Scene) -> None:
    if not scene.args:
        scene.need(SECRETS, "it shows all variables")
        return
    named = False
    for word in scene.args:
        text = word.literal
        if named and text in _SET_NAMES:
            named = False
        elif not text or text[0] not in "-+" or not _SET.issuperset(text[1:]):
            raise NotUnderstood("set")
        else:
            named = text.endswith("o")
    scene.harmless()


def _export(scene: Scene) -> None:
    if not scene.args or scene.args[0].text[:1] == "-":
        raise NotUnderstood("export")
    for word in scene.args:
        name = word.text.partition("=")[0]
        if not is_name(name) or (word.kind != LITERAL and not word.single):
            raise NotUnderstood("export")
        # set for all that follow, and seen by programs: as if in front of one that runs nothing of the project's
        judge_variable(scene, name, set())
    scene.harmless()


def _names(scene: Scene) -> None:
    line = options.read(scene.args, "r s v f n: p: t: d: N:")
    for word in line.operands:
        if word.kind != LITERAL or not is_name(word.text):
            raise NotUnderstood("a variable's name that is none")
        judge_variable(scene, word.text, None)
    scene.harmless()


def _script(scene: Scene) -> None:
    scene.need(SCRIPT, "it runs a file in this shell")
    for word in scene.args[:1]:
        scene.read(word)


def _limits(scene: Scene) -> None:
    if any(word.kind != LITERAL for word in scene.args):
        raise NotUnderstood("a limit that is not certain")
    scene.harmless()


def _printenv(scene: Scene) -> None:
    shown = [word.literal for word in scene.args]
    if shown and all(
        each in ("HOME", "PWD", "PATH", "USER", "SHELL", "LANG", "TERM") for each in shown
    ):
        scene.harmless()
    else:
        scene.need(SECRETS, "it shows the environment")


def _env(scene: Scene) -> None:
    line = options.read(scene.args, "i u: 0 - null ignore-environment unset:", first=True)
    rest: list[Word] = line.operands
    names = [word.text for key, _, word in line.values if key in ("u", "unset")]
    bare = not line.given.isdisjoint(("i", "-", "ignore-environment"))
    if bare and any(sign in word.text for word in rest for sign in "$~"):
        names.append("HOME")  # which then is another one, or none
    while rest and "=" in rest[0].text:
        if rest[0].kind != LITERAL and not rest[0].single:
            raise NotUnderstood("a value that may be more than one word")
        names.append(rest.pop(0).text.partition("=")[0])
    if not rest:
        if names:
            raise NotUnderstood("env without a command")
        scene.need(SECRETS, "it shows the environment")
        return
    before = set(scene.found)
    scene.run(tuple(rest))
    actions = {action for _, action in set(scene.found) - before}
    for name in names:
        judge_variable(scene, name, actions)


_RULES = {
    "echo": _speak, "printf": _printf, "test": _test, "[": _test, ":": _nothing, "cd": _nothing, "set": _set,
    "export": _export, "unset": _names, "read": _names, "source": _script, ".": _script, "umask": _limits,
    "ulimit": _limits, "printenv": _printenv, "env": _env, "local": _export, "readonly": _export,
    "pushd": _nothing, "popd": _nothing,
}  # fmt: skip
