"""Where each command of a text may start: every `cd` that may have been reached counts. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.hooks.shell.words import Simple

MOVES = frozenset(("cd", "pushd", "popd", "chdir"))
_MAX_PLACES = 8


class Places:
    """Where the next command may start: every `cd` that may have been reached counts."""

    __slots__ = ("last", "now", "stack")

    def __init__(self, cwd: str | None) -> None:
        # per level of brackets: where we are if all went well, and where we may be
        self.stack: dict[tuple[int, ...], tuple[tuple[str | None, ...], tuple[str | None, ...]]] = {
            (): ((cwd,), (cwd,))
        }
        self.last: tuple[int, ...] = ()

    def before(self, simple: Simple) -> tuple[str | None, ...]:
        """The folders that a command may start in, None for one that is not certain."""
        nest = simple.nest
        if nest != self.last:
            self._leave(nest)
        if nest not in self.stack:
            self._enter(nest)
        now, may = self.stack[nest]
        if simple.after != "&&":
            now = may
            self.stack[nest] = (now, may)
        self.last = nest
        return now

    def _enter(self, nest: tuple[int, ...]) -> None:
        above = nest
        while above not in self.stack:
            above = above[:-1]
        # what stands before the bracket is not known here: it may be no `&&`
        now = self.stack[above][1]
        for end in range(len(above) + 1, len(nest) + 1):
            self.stack[nest[:end]] = (now, now)

    def _leave(self, nest: tuple[int, ...]) -> None:
        """Forget the brackets that are closed; what happened in those of the same shell stays."""
        for inner in sorted(self.stack, key=len, reverse=True):
            if inner == nest[: len(inner)]:
                continue
            _, may = self.stack.pop(inner)
            if inner[-1] < 0:
                now, before = self.stack[inner[:-1]]
                both = _union(before, now, may)
                self.stack[inner[:-1]] = (both, both)

    def follow(self, simple: Simple, meant: list[tuple[str | None, Simple]], home: str) -> None:
        """Take note of a `cd`. meant: where it may run, and as what"""
        name = simple.words[0].text if simple.words else ""
        if name in ("pushd", "popd", "chdir"):
            self.stack[simple.nest] = ((None,), (None,))
            return
        if name != "cd":
            return
        _, may = self.stack[simple.nest]
        there = _union(*[_moved(each, cwd, home) for cwd, each in meant])
        sure = simple.after != "||" and not simple.piped and simple.source is None
        both = _union(may, there)
        self.stack[simple.nest] = (there if sure else both, both)


def _union(*lists: tuple[str | None, ...]) -> tuple[str | None, ...]:
    found = tuple(dict.fromkeys(place for each in lists for place in each))
    return found if len(found) <= _MAX_PLACES else (None,)


def _moved(simple: Simple, cwd: str | None, home: str) -> tuple[str | None, ...]:
    words = [word for word in simple.words[1:] if word.text != "--"]
    if not words:
        return (home,)
    path = words[0].literal
    if path == "" and len(words) == 1:
        return (cwd,)  # nothing happens
    if len(words) > 1 or not path or path[0] in "-+" or (simple.again and path[0] != "/"):
        return (None,)
    if path[0] == "/":
        return _both("", path)
    return (None,) if cwd is None else _both(cwd, path)


def _both(cwd: str, path: str) -> tuple[str, ...]:
    """Where a path leads by its letters, as a shell goes there; and by the disk, as it does where that is nothing."""
    there = cwd.rstrip("/")
    names = [name for name in path.split("/") if name not in ("", ".")]
    for name in names:
        head, _, last = there.rpartition("/")
        there = head if name == ".." and last not in ("..", "") else f"{there}/{name}"
        there = "" if there == "/.." else there
    if set(names) <= {".."} or ".." not in names:
        return (there or "/",)
    return tuple(dict.fromkeys((there or "/", f"{cwd.rstrip('/')}/{path.lstrip('/')}")))
