"""Which scopes a tool of a coding agent asks for, as the tables say it; and what to say of another. Pure.

A person may grant any scope: a program of theirs may ask for it. That no tool does may as well be a slip.
"""

from __future__ import annotations

from kanoniv_auth.hooks import toolscope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# what is called, and what it needs, for people, as in toolscope.TABLE: docs/reference/tool-scopes.md has both
OTHER_TOOLS = (
    ("any other", "`tool.NAME`"),
    ("`mcp__SERVER__TOOL`", "`mcp.SERVER.TOOL`; where the name could be split in two ways, `tool.NAME`"),
)  # fmt: skip
COMMANDS = (
    ("programs that only read (`ls`, `cat`, `grep`, `git status`, `git log`, `git diff`)", "of the files, as above"),
    ("programs that write (`rm`, `cp`, `mv`, `tee`, `sed -i`, a redirect)", "of the files, as above"),
    ("test runners and builders (`pytest`, `cargo test`, `npm test`, `go build`, `tsc`)", "`test.run`"),
    ("`make`, `npm run`, interpreters, scripts, package installers", "`shell.script`"),
    ("`curl`, `wget`", "`net.fetch.HOST`, with data `net.send.HOST`"),
    ("`curl -L`, and `wget` where it follows redirects", "`net.fetch`, with data `net.send`, besides"),
    ("`git commit` and what else changes the repository", "`git.commit.REPO`"),
    (
        "`git push`",
        "`git.push.REPO.BRANCH`; a forced one, a deletion, a tag, `--all`, `--mirror`: `git.push.REPO`",
    ),
    ("git's settings, `GIT_*` and `git -c`", "`git.config`"),
    ("`KANONIV_*` in front of a command", "`agent.config`"),
    ("any other program", "`shell.run.NAME`"),
)  # fmt: skip


def patterns() -> tuple[tuple[str, ...], ...]:
    """The scopes that the tables name, by segments; one in capitals stands for any."""
    texts = [row.needs for row in toolscope.TABLE]
    texts += [needs for _, needs in (*OTHER_TOOLS, *COMMANDS)]
    words = [word for text in texts for word in text.split("`")[1::2]]
    return tuple(dict.fromkeys([tuple(word.split(".")) for word in words if "." in word]))


def is_known(text: str) -> bool:
    """Whether a tool may ask for this scope, or for one that it covers."""
    typed = text.split(".")
    return any(
        len(typed) <= len(pattern)
        and all(one.isupper() or one == name for name, one in zip(typed, pattern, strict=False))
        for pattern in patterns()
    )


def note(scopes: Iterable[str]) -> str:
    """One line about those of these scopes that no tool asks for; "" when there are none."""
    found = [f"{one}{_near(one)}" for one in scopes if not is_known(one)]
    if not found:
        return ""
    return (
        f"note: no tool of a coding agent asks for {', '.join(found)}; it is granted, for what does"
    )


def _near(text: str) -> str:
    """The known scope that is spelled most like it, as a question; none is longer than two names."""
    from difflib import get_close_matches  # noqa: PLC0415 - where somebody mistyped

    heads = [".".join([one for one in pattern if not one.isupper()]) for pattern in patterns()]
    typed = ".".join(text.lower().split(".")[:2])
    return "".join([f" ({one}?)" for one in get_close_matches(typed, heads, n=1)])
