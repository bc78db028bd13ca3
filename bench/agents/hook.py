"""One process for each tool call, installed as `<python> -I -S <boot.py>`, beside a bare interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nacl

from bench.processes import Command, Run, alternate

ROOT = Path(__file__).resolve().parents[2]
BOOT = ROOT / "kanoniv_auth" / "hooks" / "boot.py"
_SITE = str(Path(nacl.__path__[0]).parent)
_SCOPES = "code.edit,test.run,git.commit"
# name: tool, its input, status, goal × bare
CASES = {
    "an allowed edit": ("Edit", {"file_path": "src/a.py"}, 0, 3.0),
    "a read, which needs no token": ("Read", {"file_path": "src/a.py"}, 0, 3.0),
    "a command of plain words": ("Bash", {"command": "pytest -q tests && ls src | head -3"}, 0, 4.5),
    "a command that needs the grammar": ("Bash", {"command": "for t in a b; do pytest -q tests/$t; done"}, None, 4.5),
    "a command that git is asked about": ("Bash", {"command": "git add -A && git commit -m x"}, 0, None),
    "a denied push": ("Bash", {"command": "git push origin main"}, 2, None),
    "a payload that is no JSON": ("", {}, 2, None),
}  # fmt: skip


def section(folder: Path, rounds: int) -> str:
    """Measure all cases in turn, with and without a record that is flushed to the disk."""
    commands = _commands(folder)
    found = alternate(commands, rounds)
    rows = [_row(name, found[name]) for name in commands]
    said = (
        f"{rounds} rounds. *bare* is `python -I -S -c pass` of the same interpreter. Every decision is one record of"
        " the audit log,\nflushed to the disk before the hook answers; *a flush* is what that alone costs here.\n"
    )
    head = "| what | goal | × bare, wall | quartiles | × bare, CPU | wall | |\n|---|---|---|---|---|---|---|"
    return "\n".join(["## The hook\n", said, head, *rows, ""])


def _row(name: str, run: Run) -> str:
    goal = CASES[name][3] if name in CASES else None
    word = "" if goal is None else "met" if run.wall.median <= goal else "**missed**"
    said = "" if goal is None else f"≤ {goal:g}"
    return (
        f"| {name} | {said} | {run.wall.median:.2f} | {run.wall.low:.2f}–{run.wall.high:.2f} |"
        f" {run.cpu.median:.2f} | {run.wall_ms:.1f} ms | {word} |"
    )


def _commands(folder: Path) -> dict[str, Command]:
    project = folder / "project"
    (project / "src").mkdir(parents=True)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "KANONIV_HOME": str(folder / "home")}
    git = ["git", "-C", str(project)]
    address = "https://example.com/kanoniv/auth-action.git"
    for words in (["init", "-q", "-b", "main"], ["remote", "add", "origin", address]):
        subprocess.run([*git, *words], env=env, check=True)
    tool = str(Path(sys.executable).with_name("kanoniv-auth"))
    subprocess.run([tool, "init"], env=env, check=True, capture_output=True)
    made = subprocess.run(
        [tool, "delegate", "-s", _SCOPES], env=env, check=True, capture_output=True, text=True
    )
    told = subprocess.run(
        [tool, "roots", "list", "--json"], env=env, check=True, capture_output=True
    )
    root = json.loads(told.stdout)["roots"][0]["did"]
    bare = (sys.executable, "-I", "-S")
    hook = (
        *bare,
        str(BOOT),
        "claude-code",
        "--home",
        str(folder / "home"),
        "--root-did",
        root,
        "--site",
        _SITE,
    )
    host = {"PATH": os.environ["PATH"], "HOME": str(folder), "KANONIV_TOKEN": made.stdout.strip()}
    flush = f"import os; f = os.open({str(folder / 'flushed')!r}, 66, 384); os.write(f, b'x' * 400); os.fsync(f)"
    commands = {
        "bare": Command((*bare, "-c", "pass"), host),
        "bare, and a flush": Command((*bare, "-c", flush), host),
    }
    for number, (name, (what, given, status, _)) in enumerate(CASES.items()):
        path = folder / f"{number}.json"
        path.write_text(_payload(what, given, project), encoding="utf-8")
        command = Command(hook, host, 0 if status is None else status, str(path))
        commands[name] = command if status is not None else _as_it_ends(command)
    return commands


def _as_it_ends(command: Command) -> Command:
    """Without the extra `[agents]` the grammar is not there, and the answer is another one."""
    with Path(command.stdin).open("rb") as file:
        done = subprocess.run(
            command.argv, env=dict(command.env), stdin=file, check=False, capture_output=True
        )
    return Command(command.argv, command.env, done.returncode, command.stdin)


def _payload(tool: str, given: dict[str, str], project: Path) -> str:
    if not tool:
        return "{"
    fields = {
        "session_id": "bench", "transcript_path": "/nowhere", "cwd": str(project), "permission_mode": "default",
        "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": given, "tool_use_id": "toolu_1",
    }  # fmt: skip
    return json.dumps(fields)
