"""Write docs/reference/cli.md and docs/reference/python.md from the code; `--check` only compares (exit 1)."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import kanoniv_auth  # noqa: E402 - the path has to be set first
from kanoniv_auth.api.agents import AgentRecord  # noqa: E402 - as above
from kanoniv_auth.api.tokens import SavedToken  # noqa: E402 - as above
from kanoniv_auth.api.verification import Verification  # noqa: E402 - as above
from kanoniv_auth.cli import manual  # noqa: E402 - as above
from kanoniv_auth.cli.argv import FLAG, MANY, Command, Option  # noqa: E402 - as above
from kanoniv_auth.cli.table import COMMANDS  # noqa: E402 - as above
from kanoniv_auth.core.errors import AuthError  # noqa: E402 - as above

FOLDER = ROOT / "docs" / "reference"
WIDTH = 84
WRITTEN = "This page is written by `scripts/reference.py` from the code; a test compares them.\n"

CLI_HEAD = f"""# Command line

{manual.PROGRAM}

Beside this page: [environment variables](environment.md) · [files](files.md) · [JSON answers](json.md) ·
[error codes](../errors.md) · [the token format](../spec/token.md).

{WRITTEN}
Every command takes `--json` (one object on standard output, nothing on standard error), `-h` and `--help`;
`kanoniv-auth --version` prints the version. `-` in place of a file or token means standard input. A scope, a time or
a name that does not fit its grammar is refused, not repaired.

**Exit status.** 0 allowed or done · 1 refused by a valid check · 2 unusable: a typing error, a malformed token, no
key, no token, no trusted root, or a file that cannot be read or written · 130 interrupted · 141 nobody read the output.
Commands for which it means more say so.

**Which token.** `--token` or `--token-file`, else `--agent` (the newest live token of that name), else `KANONIV_TOKEN`,
else the token that was made last in this home.

**Which root is trusted.** `--root-did`, else `KANONIV_ROOT_DID` or `KANONIV_ROOT_PUB`, else what stands in the home
(`kanoniv-auth roots list`). The first of these that is there is the whole set.
"""

EXITS = {
    "verify": "0 the token grants the scope now · 1 it does not · 2 that cannot be told",
    "exec": "the command's own · 128 + n when signal n ended it · 127 not found, 126 not executable · before it starts:"
    " 1 or 2, with `DENIED` on standard error",
    "status": "0 active · 1 expired or refused · 2 no token",
    "audit": "0 every receipt is true · 1 for the first that is not · 2 when that cannot be told",
    "audit-log verify": "0 the log is what was written · 1 it was changed, with the first wrong line · 2 unreadable",
    "hook pre-push": "0 the push may go · 1 refused · else that of the hook that was there before",
    "wrap-mcp": "the server's own · 128 + n: signal n ended it · 127 not found, 126 not executable · 2 before that",
    "agents remove": "0 removed · 1 somebody said no · 2 there is no such agent, or nobody to ask",
}

PYTHON_HEAD = f"""# Python

The public names of `kanoniv_auth`, all of them. Each is loaded when it is first used; importing the package costs
nothing and prints nothing. Every refusal is an `AuthError`; success is a value, never `False` or `None` for "denied".

{WRITTEN}"""

RECORDS = (Verification, SavedToken, AgentRecord)
RECORDS_HEAD = """## What comes back

Three of the functions return records: immutable, their fields read as attributes or by key (`found["agent_did"]`).
"""


def render_cli() -> str:
    """All of cli.md."""
    names = sorted(COMMANDS, key=_place)
    index = " · ".join(f"[{name}](#kanoniv-auth-{name.replace(' ', '-')})" for name in names)
    return "\n".join([CLI_HEAD, f"{index}\n", *[_command(COMMANDS[name]) for name in names]])


def _place(name: str) -> tuple[int, int]:
    # a group's commands follow one another, where the first of them stands
    order = list(COMMANDS)
    group = name.partition(" ")[0]
    first = min(order.index(other) for other in order if other.partition(" ")[0] == group)
    return first, order.index(name)


def _command(command: Command) -> str:
    parts = [
        f"## kanoniv-auth {command.name}\n",
        f"{manual.COMMANDS[command.name]}\n",
        f"```text\n{_synopsis(command)}\n```\n",
    ]
    own = [option for option in command.options if option.dest != "json"]
    if own:
        parts.append("| Option | Default | Meaning |\n|---|---|---|")
        parts += [_row(command.name, option) for option in own]
        parts[-1] += "\n"
    if command.name in EXITS:
        parts.append(f"Exit status: {EXITS[command.name]}.\n")
    return "\n".join(parts)


def _synopsis(command: Command) -> str:
    words = [_usage(option) for option in command.options]
    if command.rest is not None:
        words.append(f"[--] {command.rest}" if command.name == "exec" else command.rest)
    head = f"kanoniv-auth {command.name}"
    lines = [head]
    for word in words:
        if len(lines[-1]) + len(word) + 1 > WIDTH:
            lines.append(" " * (len(head) if len(head) < WIDTH // 2 else 4))
        lines[-1] += f" {word}"
    return "\n".join(lines)


def _usage(option: Option) -> str:
    flag = option.flags[0]
    text = flag if option.kind == FLAG else f"{flag} {option.metavar}"
    if not option.required:
        text = f"[{text}]"
    return f"{text}..." if option.kind == MANY else text


def _row(command: str, option: Option) -> str:
    said, _, default = manual.option(command, option.dest).partition("  [default: ")
    flags = ", ".join(f"`{flag}`" for flag in option.flags)
    value = "" if option.kind == FLAG else f" `{option.metavar}`".replace("|", "\\|")
    several = " Can be given several times." if option.kind == MANY else ""
    said = (
        said.removesuffix("; may be said several times.") + "." if "several times" in said else said
    )
    shown = "required" if option.required else default.removesuffix("]")
    return f"| {flags}{value} | {shown} | {said}{several} |".replace("<", "&lt;")


def render_python() -> str:
    """All of python.md."""
    names = sorted(name for name in dir(kanoniv_auth) if not name.startswith("_"))
    things = {name: getattr(kanoniv_auth, name) for name in names}
    errors = [n for n in names if inspect.isclass(things[n]) and issubclass(things[n], Exception)]
    rest = [name for name in names if name not in errors]
    parts = [PYTHON_HEAD, *[_thing(name, things[name]) for name in rest], RECORDS_HEAD]
    parts += [_thing(record.__name__, record) for record in RECORDS]
    parts.append("## Errors\n")
    parts.append("| Error | Reasons | When |\n|---|---|---|")
    parts += [_error(name, things[name]) for name in errors]
    return "\n".join(parts) + "\n"


def _thing(name: str, thing: object) -> str:
    path = Path(inspect.getsourcefile(thing) or "")  # type: ignore[arg-type]
    source = path.read_text(encoding="utf-8")
    node = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name == name
    )
    shown = [_head(node, source)]
    if isinstance(node, ast.ClassDef):
        shown += [
            "    " + _head(member, source).replace("\n", "\n    ")
            for member in node.body
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("_")
        ]
        shown += [
            f"    {member.target.id}: {ast.unparse(member.annotation)}"
            for member in node.body
            if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
        ]
    text = inspect.cleandoc(ast.get_docstring(node) or "")
    return f"## {name}\n\n```text\n" + "\n".join(shown) + f"\n```\n\n{text}\n"


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, source: str) -> str:
    """A definition up to its colon, as it is written, without remarks for linters."""
    first = node.body[0].lineno
    lines = source.splitlines()[node.lineno - 1 : first - 1]
    if isinstance(node, ast.ClassDef):
        lines = lines[:1]
    margin = len(lines[0]) - len(lines[0].lstrip())
    bare = [line[margin:].partition("  # ")[0] for line in lines]
    decorators = [f"@{ast.unparse(one)}" for one in node.decorator_list]
    return "\n".join([*decorators, *bare]).rstrip().removesuffix(":")


def _error(name: str, error: type[AuthError]) -> str:
    reasons = ", ".join(f"`{slug}`" for slug in error.slugs) or "all of the below"
    doc = " ".join(inspect.cleandoc(error.__doc__ or "").split())
    return f"| `{name}` | {reasons} | {doc} |"


PAGES = {"cli.md": render_cli, "python.md": render_python}


def main() -> int:
    """Write the pages, or compare them."""
    stale = []
    for name, render in PAGES.items():
        path, wanted = FOLDER / name, render()
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            path.write_text(wanted, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        print(f"not current: {', '.join(stale)}; run: make readme")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
