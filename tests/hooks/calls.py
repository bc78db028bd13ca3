"""Tool calls as hosts tell of them: recorded or written after their documentation, and the words to make others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PAYLOADS = Path(__file__).parent / "payloads"
SESSION = "0f0c6b8e-3f0a-4a59-9d7c-2d1f6a1b3c4d"


def files() -> list[Path]:
    """All of them, `<host>/<name>[--<form>].json`."""
    return sorted(PAYLOADS.glob("*/*.json"))


def name_of(path: Path) -> str:
    return path.stem.partition("--")[0]


def payload(path: Path, project: Path, user: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    return dict(json.loads(text.replace("@PROJECT@", str(project)).replace("@USER@", str(user))))


def claude(tool: str, cwd: Path | str, /, **given: Any) -> dict[str, Any]:
    """What Claude Code sends before a tool runs."""
    return {
        "session_id": SESSION,
        "transcript_path": "/nowhere/t.jsonl",
        "cwd": str(cwd),
        "permission_mode": "bypassPermissions",
        "hook_event_name": "PreToolUse",
        "tool_name": tool,
        "tool_input": given,
        "tool_use_id": "toolu_01",
    }
