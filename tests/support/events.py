"""Recorded event payloads by name; where they come from stands in `data/events/README.md`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parent / "data" / "events"
NAMES = (
    "pull_request",
    "pull_request_fork",
    "pull_request_dependabot",
    "pull_request_deleted_head",
    "push",
)


def event(name: str) -> dict[str, Any]:
    """The payload `name` as a fresh value."""
    payload: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return payload
