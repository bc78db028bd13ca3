"""Which scope a path needs, to write there or to read it. Pure: where things are on this machine is an argument.

A path is absolute, without `..`, and without a symbolic link where that is known; it may hold `*`, `?` and `[…]`, and
then stands for all that could be meant. Letters count in either case, as on some disks.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.scopes import scope
from kanoniv_auth.core.value import Value
from kanoniv_auth.hooks import protected
from kanoniv_auth.hooks.need import NEVER

EDIT, ELSEWHERE, CI, CONFIG = "code.edit", "fs.write", "ci.edit", "agent.config"
READ, SECRETS = "code.read", "secrets.read"
_GRADES = ("", READ, EDIT, ELSEWHERE, SECRETS, CI, "net.send", CONFIG, NEVER)
_GLOB = frozenset("*?[")
_LONGEST_NAME = 255
_TORN = frozenset(" '\"\\")
# signs of no width, which some disks leave out of a name
_NO_WIDTH = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)


class Places(Value):
    """Where things are, as absolute paths without symbolic links.

    user: the user's own directory · project: "" when there is none · temporary: for everybody · private: the homes of
    kanoniv-auth · ours: what the hook is made of · config: what leads to configuration by another name
    """

    __slots__ = ("user", "project", "temporary", "private", "ours", "config")

    user: str
    project: str
    temporary: tuple[str, ...]
    private: tuple[str, ...]
    ours: tuple[str, ...]
    config: tuple[str, ...]

    def __init__(
        self,
        user: str,
        project: str,
        temporary: tuple[str, ...] = (),
        private: tuple[str, ...] = (),
        *,
        ours: tuple[str, ...] = (),
        config: tuple[str, ...] = (),
    ) -> None:
        self._fill(user, project, temporary, private, ours, config)


def strictest(*scopes: str) -> str:
    """Of several scopes that one path needs by its several names, the one that is given to the fewest."""
    return max(scopes, key=_grade)


def _grade(text: str) -> int:
    for number, known in enumerate(_GRADES):
        if text == known or text.startswith(f"{known}."):
            return number
    return len(_GRADES)


def to_write(path: str, places: Places, *, below: bool = False) -> str:
    """The scope for changing, making or removing what is there; "" for none, NEVER for what no token grants.

    below: and all that lies below it, which goes with it
    """
    found = _to_write(path, places, below=below)
    if found != EDIT:
        return found
    return strictest(found, *_as_torn(path, places))


def _as_torn(path: str, places: Places) -> list[str]:
    """The scopes of what a name is to whoever splits a list of names at blanks and takes out quotes, as xargs does."""
    inside = path.removeprefix(places.project)
    before = path[: len(path) - len(inside)]
    if "/--" in inside:
        return [ELSEWHERE]  # an option with a file's name in it: `wc $(ls src)`
    if _TORN.isdisjoint(inside):
        return []
    for sign in "'\"\\":
        inside = inside.replace(sign, "")
    head, *pieces = inside.split(" ")
    found = [_to_write(before + head, places)]
    for piece in pieces:
        # another path, or an option, to the program that is given the names
        away = piece[:1] == "/" or (piece[:1] == "-" and piece != "-") or ".." in piece.split("/")
        there = f"{places.project or places.user}/{piece}"
        away = away or to_read(there, places) != READ
        found.append(ELSEWHERE if away else _to_write(there, places))
    return found


def _to_write(path: str, places: Places, *, below: bool = False) -> str:
    names = _names(path)
    if _is_private(names, places) or _has_control(path) or _is_ours(path, places, below=below):
        return NEVER
    if names[:1] == ["dev"]:
        return _device(names[1:])
    if _is_machine(names, places) or _is_config(names, path, places):
        return CONFIG
    if _any_run(names, protected.CI_PATHS):
        return CI
    if (places.project and _within(path, places.project)) or _is_scratch(path, places):
        return EDIT
    return ELSEWHERE


def to_read(path: str, places: Places, *, below: bool = False) -> str:
    """The scope for reading what is there, as above. below: and all that lies below it, but in the project."""
    names = _names(path)
    if _is_private(names, places) or _has_control(path):
        return NEVER
    if below and any(_within(place, path) for place in places.private):
        return NEVER
    if below and _within(places.user, path):
        return SECRETS
    if names[:1] == ["dev"]:
        return _device(names[1:])
    if names[1:] and not _GLOB.isdisjoint(names[0]):
        return SECRETS  # it could be that of the next line
    if names[:1] == ["proc"] and (below or _of_process(names)):
        return SECRETS
    if _any_run(names, protected.SECRET_PATHS, whole=not below) or _is_secret(
        names[-1] if names else ""
    ):
        return SECRETS
    return READ


def _of_process(names: list[str]) -> bool:
    return any(_may_be(name, known) for name in names[1:] for known in protected.PROCESS)


def _names(path: str) -> list[str]:
    """The names along a path, as they are compared."""
    text = path.lower()
    if not text.isascii():
        text = text.translate(_NO_WIDTH)
    return [name for name in text.split("/") if name]


def _has_control(path: str) -> bool:
    return any(letter < " " or letter == "\x7f" for letter in path)


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def _is_private(names: list[str], places: Places) -> bool:
    """Whether it is, or may be, in one of the homes."""
    for place in places.private:
        home = _names(place)
        if len(names) >= len(home) and _run_at(names, 0, tuple(home)):
            return True
        if "**" in names:
            at = names.index("**")
            if _run_at(names[:at], 0, tuple(home[:at])):
                return True
    return False


def _is_scratch(path: str, places: Places) -> bool:
    """Whether it is in a scratch folder; somebody's own directory that lies in one is none."""
    found = [place for place in places.temporary if _within(path, place)]
    return any(not (_within(path, places.user) and _within(places.user, place)) for place in found)


def _is_machine(names: list[str], places: Places) -> bool:
    """Whether it is the machine's own; a project that lies there is a project all the same."""
    project = _names(places.project)
    return names[:1] in protected.MACHINE and not (project and names[: len(project)] == project)


def _is_ours(path: str, places: Places, *, below: bool) -> bool:
    """Whether the hook would be another one, or none, and whoever changes that could have whatever it likes."""
    held = (*places.ours, *places.private) if below else ()
    return any(_within(path, place) for place in places.ours) or any(
        _within(place, path) for place in held
    )


def _is_config(names: list[str], path: str, places: Places) -> bool:
    if any(_within(path, place) for place in places.config):
        return True
    # what holds one of these is seldom named to put a file into it, but for the project
    if any(_within(place, path) for place in places.private):
        return True
    if path != places.project and any(_within(place, path) for place in places.ours):
        return True
    if _within(places.user, path):
        return path != places.project
    at_home = names[len(_names(places.user)) :] if _within(path, places.user) else []
    if any(_run_at(at_home, 0, run) for run in protected.USER_PATHS if at_home):
        return True
    return _any_run(_outside_worktree(names, places), protected.CONFIG_PATHS)


def _outside_worktree(names: list[str], places: Places) -> list[str]:
    """The names that count: a work tree of the host's own lies below its folder, and is a project like any other."""
    project = _names(places.project)
    for at in range(len(project) - 2):
        if project[at : at + 2] in protected.WORKTREES and names[: len(project)] == project:
            return names[:at] + names[len(project) :]
    return names


def _any_run(names: list[str], runs: tuple[tuple[str, ...], ...], *, whole: bool = False) -> bool:
    """Whether one of these sequences of names stands anywhere in a path. whole: not a beginning of it, at the end."""
    heads = {run[0] for run in runs}
    for at, name in enumerate(names):
        if (name in heads or not _GLOB.isdisjoint(name)) and any(
            _run_at(names, at, run) for run in runs if not whole or len(names) - at >= len(run)
        ):
            return True
    return False


def _run_at(names: list[str], at: int, run: tuple[str, ...]) -> bool:
    """Whether the names from a place on are these, or begin so and end: what is moved with its folder."""
    here = names[at : at + len(run)]
    return bool(here) and all(_may_be(each, name) for each, name in zip(here, run, strict=False))


def _may_be(pattern: str, name: str) -> bool:
    """Whether a name, which may be a pattern of a shell's, can mean this one."""
    if pattern == name:
        return True
    if _GLOB.isdisjoint(pattern):
        return False
    if name[:1] == "." and pattern[0] not in ".[":
        return False  # a shell leaves hidden names out
    return _matches(pattern, name)


def _matches(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    head = pattern[0]
    if head == "*":
        rest = pattern.lstrip("*")
        return any(_matches(rest, name[at:]) for at in range(len(name) + 1))
    if head == "[" and "]" in pattern[2:]:
        # whichever letters it names: it could be this one
        return bool(name) and _matches(pattern[pattern.index("]", 2) + 1 :], name[1:])
    return bool(name) and head in ("?", name[0]) and _matches(pattern[1:], name[1:])


def _device(names: list[str]) -> str:
    if len(names) >= 2 and names[0] in ("tcp", "udp"):
        try:
            return scope("net", "send", names[1])  # bash connects there
        except UsageError:
            return "net.send"
    return "" if names and names[0] in protected.STREAMS else CONFIG


def _is_secret(name: str) -> bool:
    if not _GLOB.isdisjoint(name):
        return name.strip("*") != "" and (
            any(_may_be(name, known) for known in protected.SECRET_EXAMPLES) or _may_end(name)
        )
    if name.startswith(".env"):
        return name.rpartition(".")[2] not in protected.NO_SECRETS
    if name.endswith(".env"):
        return name.removesuffix(".env").rpartition(".")[2] not in protected.NO_SECRETS
    return (
        name in protected.SECRET_NAMES
        or name in protected.KEYS
        or name.endswith(protected.SECRET_ENDINGS)
    )


def _may_end(pattern: str) -> bool:
    """Whether a pattern names, in two letters or more, what may be the ending of a secret."""
    if len(pattern) > _LONGEST_NAME:
        return True
    tails = [pattern[at:] for at, letter in enumerate(pattern) if letter != "*"]
    return any(
        _matches(tail, ending)
        for tail in tails
        if sum(letter not in _GLOB for letter in tail) > 1
        for ending in protected.SECRET_ENDINGS
    )
