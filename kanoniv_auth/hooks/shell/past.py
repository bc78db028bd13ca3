"""What the commands of one text do to each other, in whatever order they come to run. Pure.

The surroundings answer for the moment before the text runs. A push may come after a `git checkout`, and git may look
at a folder that the text has made: what was noted here makes such an answer uncertain.
"""

from __future__ import annotations

# what makes git take a folder for a repository
_PARTS = frozenset(("head", "objects", "refs"))
_BRANCHES = (
    "checkout",
    "switch",
    "branch",
    "symbolic-ref",
    "rebase",
    "worktree",
    "stash",
    "init",
    "pull",
)
_TREES = (
    "checkout",
    "switch",
    "reset",
    "restore",
    "stash",
    "merge",
    "rebase",
    "pull",
    "cherry-pick",
    "revert",
    "worktree",
)


# which put other files in their place
_PLACING = (
    "checkout",
    "switch",
    "merge",
    "rebase",
    "pull",
    "cherry-pick",
    "revert",
    "reset",
    "restore",
    "stash",
)


class Past:
    """Notes. pushed: something is pushed · asked: git looks at a folder.

    moved: another branch may be checked out · tagged: a tag may have been made · made: branches that are · laid: a
    part of a repository is written by its name · shifted: folders are copied, moved or put back with what they hold
    placed: links may lie where none were · renamed: the commands that move folders, and maybe the one that others are
    in · climbs: a path leads up from where a command is
    """

    __slots__ = ("asked", "climbs", "laid", "made", "moved", "placed", "pushed", "renamed", "shifted",
                 "tagged")  # fmt: skip

    asked: bool
    laid: bool
    climbs: bool
    made: set[str]
    moved: bool
    placed: bool
    pushed: bool
    renamed: set[str]
    shifted: bool
    tagged: bool

    def __init__(self) -> None:
        self.moved = self.tagged = self.laid = self.shifted = self.pushed = self.asked = False
        self.placed = self.climbs = False
        self.made, self.renamed = set(), set()

    @property
    def uncertain(self) -> bool:
        """Whether an answer may have been given too early."""
        refs = self.moved or self.tagged or bool(self.made)
        moves = self.climbs and bool(self.renamed)
        return moves or (self.pushed and refs) or (self.asked and (self.laid or self.shifted))

    def writes(self, path: str, *, below: bool) -> None:
        """Note a path that is written. below: with all that is under it."""
        self.shifted = self.shifted or below
        self.laid = self.laid or not _PARTS.isdisjoint(path.lower().split("/"))

    def places(self, command: str) -> None:
        """Note that a git command has put files in their place."""
        self.placed = self.placed or command in _PLACING

    def changes(self, command: str, *, made: list[str]) -> None:
        """Note a git command that changes the repository. made: branches that it makes."""
        self.made.update(made)
        self.tagged = self.tagged or command == "tag"
        self.moved = self.moved or command in _BRANCHES
        self.shifted = self.shifted or command in _TREES
