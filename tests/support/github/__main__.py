"""Run the stand-in: `python -m tests.support.github --log FILE [--port N]`.

Prints one JSON line `{"url": …}` when it listens. Then takes commands on stdin, one JSON object a line, and answers
each with one line on stdout; it ends when stdin ends, so it never outlives who started it.

    {"do": "reset"}                                     forget comments, faults, logins
    {"do": "login", "token": …, "name": …, "writes": …}
    {"do": "arm", "operation": "issues/create-comment", "status": 403, …}      fields of `state.Fault`
    {"do": "comment", "repository": "o/r", "issue": 2, "login": …, "body": …}  a comment that was there before
    {"do": "missing", "issue": 2}                       that issue answers 404
    {"do": "comments"}                                  all of them, by id
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import threading
from pathlib import Path
from typing import Any

from tests.support.github.contract import Contract
from tests.support.github.server import GitHub, serve
from tests.support.github.state import FIRST_COMMENT_ID, Fault, Login, State


def obey(state: State, command: dict[str, Any]) -> Any:
    """One command of the test; what comes back is printed."""
    what = command.pop("do")
    with state.lock:
        match what:
            case "reset":
                for kept in (
                    state.comments,
                    state.faults,
                    state.logins,
                    state.missing_issues,
                    state.barriers,
                ):
                    kept.clear()
                state.next_id = FIRST_COMMENT_ID
            case "login":
                state.logins[command["token"]] = Login(command["name"], command.get("writes", True))
            case "arm":
                state.faults.append(Fault(**command))
            case "comment":
                return dataclasses.asdict(state.add(**command))
            case "missing":
                state.missing_issues.add(command["issue"])
            case "comments":
                return [dataclasses.asdict(c) for _, c in sorted(state.comments.items())]
            case _:
                return {"error": f"unknown command {what!r}"}
    return {"ok": True}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.github")
    parser.add_argument("--log", type=Path, required=True, help="JSON lines, one an exchange")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    state = State()
    server = serve(GitHub(Contract(), state, options.log), options.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.server_address[1]}"}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        try:
            said = obey(state, json.loads(line))
        except (TypeError, KeyError, ValueError) as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
