"""A small MCP server that keeps what it was sent: line_server.py LOG [child|deaf|hang|mute|stubborn]."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LOG = sys.argv[1]
MANNER = sys.argv[2] if len(sys.argv) > 2 else ""
TOOLS = ["echo", "merge", "slow", "crash", "big", "env", "ask"]


def say(body: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(body) + "\n")
    sys.stdout.flush()


def result(of: dict[str, Any], value: dict[str, Any]) -> None:
    say({"jsonrpc": "2.0", "id": of["id"], "result": value})


def text(of: dict[str, Any], words: str) -> None:
    result(of, {"content": [{"type": "text", "text": words}]})


def run(body: dict[str, Any]) -> None:
    tool, arguments = body["params"]["name"], body["params"].get("arguments", {})
    if tool == "crash":
        os._exit(7)
    elif tool == "slow":
        time.sleep(float(arguments.get("seconds", 1)))
        text(body, "slept")
    elif tool == "big":
        text(body, "x" * int(arguments["size"]))
    elif tool == "env":
        text(body, json.dumps(dict(os.environ)))
    elif tool == "ask":
        say({"jsonrpc": "2.0", "id": "q1", "method": "roots/list"})
        text(body, "asked")
    else:
        text(body, json.dumps(arguments))


def behave() -> None:
    if MANNER == "child":
        # something the server has started, which holds its pipes
        kept = subprocess.Popen(["sleep", "60"])
        Path(f"{LOG}.child").write_text(str(kept.pid), encoding="ascii")
    if MANNER == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(f"{LOG}.pid").write_text(str(os.getpid()), encoding="ascii")
    if MANNER in {"deaf", "mute"}:
        os.close(0 if MANNER == "deaf" else 1)
    if MANNER in {"deaf", "mute", "hang"}:
        time.sleep(60)


def answer(body: dict[str, Any]) -> None:
    if body.get("method") == "tools/call":
        run(body)
    elif body.get("method") == "tools/list":
        listed = {"tools": [{"name": name} for name in TOOLS], "nextCursor": "more"}
        modern = body.get("params", {}).get("_meta")
        result(body, {**listed, "cacheScope": "public", "ttlMs": 5} if modern else listed)
    elif "id" in body and "method" in body:
        result(body, {})


def main() -> None:
    behave()
    with Path(LOG).open("a", encoding="utf-8") as log:
        for line in sys.stdin:
            log.write(line)
            log.flush()
            answer(json.loads(line))
    if MANNER == "stubborn":
        time.sleep(60)
    sys.exit(3)


main()
