"""Write what Claude Code sends its hooks into tests/hooks/payloads/claude-code: `python -m tests.agent.record`.

Names, ids and paths are replaced; everything else is as it came. What is no tool call goes by its event's name.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.agent.rig import ROOT, Desk, bash, binary

TARGET = ROOT / "tests" / "hooks" / "payloads" / "claude-code"
_SESSION, _PROMPT = "0f0c6b8e-3f0a-4a59-9d7c-2d1f6a1b3c4d", "5aa00847-5af9-4810-96b0-6d6c34e58745"
_WRITTEN = """import json, os, sys
data = sys.stdin.buffer.read()
path = os.path.join({folder!r}, "%s-%d" % (__import__("time").time_ns(), os.getpid()))
open(path, "wb").write(data)
print("{{}}")
"""


def turns(desk: Desk) -> list[Any]:
    """One call for each name that the tests know."""
    tree, user = desk.tree, desk.user
    return [
        [["Read", {"file_path": f"{tree}/src/main.py"}]],
        [
            [
                "Edit",
                {"file_path": f"{tree}/src/main.py", "old_string": "first", "new_string": "second"},
            ]
        ],
        [["Write", {"file_path": f"{tree}/.github/workflows/ci.yml", "content": "on: push\n"}]],
        [["Write", {"file_path": f"{tree}/.claude/settings.json", "content": "{}\n"}]],
        [["Write", {"file_path": f"{user}/notes.md", "content": "x\n"}]],
        [["Read", {"file_path": f"{user}/.ssh/id_ed25519"}]],
        [["Read", {"file_path": f"{user}/.kanoniv/root.key"}]],
        bash("git status"),
        bash("git push origin main"),
        [
            [
                "Agent",
                {"description": "d", "prompt": "[[inner]]", "subagent_type": "general-purpose"},
            ]
        ],
    ]


NAMES = {
    "Read:src/main.py": "read", "Edit:src/main.py": "edit", "Write:ci.yml": "write_ci",
    "Write:settings.json": "write_config", "Write:notes.md": "write_elsewhere", "Read:id_ed25519": "read_secret",
    "Read:root.key": "read_home", "Bash:git status": "status", "Bash:git push origin main": "push",
}  # fmt: skip


def name_of(payload: dict[str, Any]) -> str | None:
    """The name of its file, without the suffix; None for one that nothing is learnt from."""
    event = payload["hook_event_name"]
    if event != "PreToolUse":
        return f"{event}--recorded"
    given = payload["tool_input"]
    subject = given.get("file_path") or given.get("command") or ""
    for key, name in NAMES.items():
        tool, _, tail = key.partition(":")
        if payload["tool_name"] == tool and subject.endswith(tail):
            return f"{name}--{'subagent' if 'agent_id' in payload else 'recorded'}"
    return "Agent--recorded" if payload["tool_name"] == "Agent" else None


def cleaned(payload: dict[str, Any], desk: Desk) -> str:
    text = json.dumps(payload, indent=2, ensure_ascii=False)
    text = text.replace(str(desk.tree), "@PROJECT@").replace(str(desk.user), "@USER@")
    text = text.replace(payload["session_id"], _SESSION)
    if "prompt_id" in payload:
        text = text.replace(payload["prompt_id"], _PROMPT)
    inside = str(desk.place).replace("/", "-")
    return text.replace(inside, "-home-you").replace(str(desk.place), "/home/you") + "\n"


def main() -> int:
    """Record one session."""
    claude = binary()
    if claude is None:
        sys.stderr.write("Claude Code is not in .venv-agent: make test-agent\n")
        return 2
    with tempfile.TemporaryDirectory(dir=Path.home()) as folder:
        desk = Desk(Path(folder), claude)
        desk.guard()
        seen = desk.place / "seen"
        seen.mkdir()
        settings = json.loads(desk.settings.read_text("utf-8"))
        for rows in settings["hooks"].values():
            hook = rows[0]["hooks"][0]
            hook["args"] = ["-I", "-S", "-c", _WRITTEN.format(folder=str(seen))]
        desk.settings.write_text(json.dumps(settings), encoding="utf-8")
        scenario = {
            "all": turns(desk),
            "inner": [bash("git push origin main")],
            "off": [bash("echo {} >.claude/settings.local.json; sleep 2; false")],
        }
        desk.run(
            ["/kanoniv:delegate bot code.edit 4h", "go [[all]]", "go [[wait]]", "go [[off]]"],
            scenario,
        )
        for path in sorted(seen.iterdir()):
            payload = json.loads(path.read_bytes())
            (TARGET / f"{name_of(payload)}.json").write_text(
                cleaned(payload, desk), encoding="utf-8"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
