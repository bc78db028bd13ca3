"""What the analysis asks about the world it does not touch: where paths lead, and what git is set to. Pure."""

from __future__ import annotations

from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Surroundings(Protocol):
        """One tool call's surroundings. Whatever raises refuses the call.

        Paths may be relative to `cwd`, and may hold `*`, `?` and `[…]`: such a one stands for all that could be meant.
        """

        @property
        def cwd(self) -> str:
            """Where the command starts; absolute."""
            ...

        @property
        def home(self) -> str:
            """What `~` stands for; absolute."""
            ...

        def write_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
            """The scope to write, make or remove a path; "" for none, NEVER for what nobody may grant.

            below: everything under it as well, so a folder that holds something protected counts as that
            """
            ...

        def read_scope(self, path: str, cwd: str, *, below: bool = False) -> str:
            """The scope to read a path, as above.

            below: everything under it as well. The project's own folders stay `code.read` though a secret may lie in
            them (every search goes there); a folder elsewhere that holds secrets counts as them.
            """
            ...

        def plain(self, cwd: str) -> bool:
            """Whether git, started there, takes a work tree's own `.git` and not a folder that only looks like one."""
            ...

        def alias(self, cwd: str, name: str) -> str | None:
            """What `git NAME` stands for by `alias.NAME`; None when it is no alias, or a program comes first."""
            ...

        def top(self, cwd: str) -> str | None:
            """The work tree's own folder, as `git rev-parse --show-toplevel` says it; None when git cannot say."""
            ...

        def repository(self, cwd: str) -> str | None:
            """The repository's name, as `repository_name` reads it from where it is pushed to; None for none."""
            ...

        def remotes(self, cwd: str) -> frozenset[str]:
            """The names of the remotes that are configured."""
            ...

        def target(self, cwd: str, remote: str | None) -> Target | None:
            """Where `git push REMOTE` goes, None for a plain `git push`; None when git cannot say."""
            ...

        def kind(self, cwd: str, name: str) -> str | None:
            """The full name of the local ref that a name means (`refs/tags/v1`); None when it is another thing."""
            ...


class Target(Value):
    """Where a push goes and what it would push when it is told nothing more.

    addresses: all of the remote's push URLs · branch: the one checked out, None for none · refspecs: `remote.X.push` ·
    default: `push.default` · upstream: full name of the ref that the branch follows at this remote · wide: why the
    settings make every push a wide one (mirror, tags, submodules), "" when they do not
    """

    __slots__ = ("addresses", "branch", "refspecs", "default", "upstream", "wide")

    addresses: tuple[str, ...]
    branch: str | None
    refspecs: tuple[str, ...]
    default: str
    upstream: str | None
    wide: str

    def __init__(
        self,
        addresses: tuple[str, ...],
        branch: str | None = None,
        refspecs: tuple[str, ...] = (),
        default: str = "simple",
        upstream: str | None = None,
        *,
        wide: str = "",
    ) -> None:
        self._fill(addresses, branch, refspecs, default, upstream, wide)
