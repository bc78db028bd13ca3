"""Write docs/reference/tool-scopes.md from the tables of the hooks; `--check` only compares (exit 1)."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kanoniv_auth.hooks import hosts, known, protected, toolscope  # noqa: E402 - the path has to be set first

PAGE = ROOT / "docs" / "reference" / "tool-scopes.md"
SHOWN = {
    hosts.CLAUDE: "Claude Code", hosts.CODEX: "Codex", hosts.GEMINI: "Gemini CLI", hosts.COPILOT: "GitHub Copilot",
    hosts.CURSOR: "Cursor", hosts.WINDSURF: "Windsurf",
}  # fmt: skip
HEAD = """# Which scope a tool call needs

`kanoniv-auth hook HOST` asks a coding agent's token for these before a tool runs. A call needs all the scopes of its
row, of every file it names and of every command in it; one that is missing refuses the call. A scope covers those below
it: `net.fetch` covers `net.fetch.example%2ecom`. In names from outside (hosts, tools, branches) every byte but letters,
digits, `_` and `-` is written as `%` and two hex digits.

This page is written by `scripts/tool_scopes.py` from the code; a test compares them.

`code.read` is what every agent may do, with a token or without one. What needs *nobody's* scope is refused whatever a
token grants: reading or writing a home of kanoniv-auth, changing its program, its commands that make or change
authority, and its own skills.

## Tools
"""
TAIL = """
A call without the input that its tool takes is refused. `SERVER` is the host's name for a server, not the server's own.

## Files

A path is followed through every link first; it needs the stricter of what its name says and of what it leads to.
Letters count in either case. Moving or removing a folder needs what is in it.

| To write | Needs |
|---|---|
| in the project: the work tree the session is in, else its folder | `code.edit` |
| `/tmp`, `/var/tmp` and the folder that `TMPDIR` names | `code.edit` |
| what a server runs: {ci} | `ci.edit` |
| what configures agents, hosts and git, anywhere: {config} | `agent.config` |
| what a shell or a program reads at its start, in the user's directory: {user} | `agent.config` |
| the machine's own: {machine} | `agent.config` |
| the user's directory itself | `agent.config` |
| `/dev/null` and other streams | nothing |
| `/dev/tcp/HOST/PORT`, where bash connects | `net.send.HOST` |
| a home of kanoniv-auth; its package, what that imports, and the interpreter | nobody's |
| anything else | `fs.write` |

| To read | Needs |
|---|---|
| keys and passwords by folder: {secret_paths} | `secrets.read` |
| by name: {secret_names}; `.env` and `.env.*` but for {shared}; `*.env` but for {shared_stems} | `secrets.read` |
| by ending: {endings} | `secrets.read` |
| of another process: {process} below `/proc` | `secrets.read` |
| to search the user's directory, or one that holds it | `secrets.read` |
| a home of kanoniv-auth | nobody's |
| anything else | `code.read` |

A search in the project may find a secret that lies there by a name that says nothing; see
[what a hook cannot stop](../explanation/what-a-hook-cannot-stop.md).

## Commands of a shell

Every simple command of a line is judged, also behind `&&`, `;`, `|`, in substitutions, loops, and through wrappers such
as `env`, `sudo`, `xargs`, `find -exec` and `sh -c`. What is not understood with certainty needs `shell.any`.

| Command | Needs |
|---|---|
{commands}

## Other hosts' names

Their tools are judged as the row of Claude Code's tool beside them.

| Host | Tools |
|---|---|
"""


def _codes(names: object) -> str:
    return ", ".join([f"`{name}`" for name in sorted(names)])  # type: ignore[call-overload]


def _paths(rows: tuple[tuple[str, ...], ...]) -> str:
    return _codes(["/".join(row) for row in rows])


def render() -> str:
    """All of the page."""
    rows = ["| Tool | Needs |", "|---|---|"]
    rows += [
        f"| {', '.join([f'`{tool}`' for tool in row.tools])} | {row.needs} |"
        for row in toolscope.TABLE
    ]
    rows += _rows(known.OTHER_TOOLS)
    tail = TAIL.format(
        ci=_paths(protected.CI_PATHS),
        config=_paths(protected.CONFIG_PATHS),
        user=_paths(protected.USER_PATHS),
        machine=_codes([f"/{names[0]}" for names in protected.MACHINE]),
        secret_paths=_paths(protected.SECRET_PATHS),
        secret_names=_codes(protected.SECRET_NAMES | protected.KEYS),
        shared=_codes([f".env.{name}" for name in protected.NO_SECRETS]),
        shared_stems=_codes([f"{name}.env" for name in protected.NO_SECRETS]),
        endings=_codes(protected.SECRET_ENDINGS),
        process=_codes(protected.PROCESS),
        commands="\n".join(_rows(known.COMMANDS)),
    )
    return "\n".join([HEAD, *rows, tail.rstrip("\n"), *_others()]) + "\n"


def _rows(rows: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"| {called} | {needs} |" for called, needs in rows]


def _others() -> list[str]:
    found = []
    for host in hosts.HOSTS:
        names = getattr(hosts.adapter(host), "NAMES", {})
        if names:
            said = ", ".join([f"`{theirs}` ({ours})" for theirs, ours in sorted(names.items())])
            found.append(f"| {SHOWN[host]} | {said} |")
    return found


def main() -> int:
    """Write the page, or compare it."""
    wanted = render()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == wanted:
        return 0
    if "--check" in sys.argv[1:]:
        print("not current: tool-scopes.md; run: make readme")
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
