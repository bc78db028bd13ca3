"""Runs a coding agent where there is no network but loopback, next to the stand-in of its API; types what it is given.

`unshare -rnm python -I inside.py PLAN`. PLAN: JSON {words, env, cwd, keep, scenario, log, prompts, seconds}. Each
prompt is typed when the answer to the one before is complete. Copies the agent's stdout and stderr; exits with its
status. What `keep` names is read-only for all of them: an attack that succeeds must not reach the checkout.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

_SIOCSIFFLAGS, _UP = 0x8914, 0x1


def raise_loopback() -> None:
    """A new network namespace has a loopback interface, which is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _UP))


def keep_whole(folders: list[str]) -> None:
    """Make folders read-only here, and nowhere else; then try, since nothing may run when it does not hold."""
    for folder in folders:
        subprocess.run(["mount", "--bind", folder, folder], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        probe = Path(folder) / f".probe-{os.getpid()}"
        try:
            probe.touch()
        except OSError:
            continue
        probe.unlink()
        sys.exit(f"{folder} can be written to: nothing is tried here")


def started_model(plan: dict[str, Any]) -> tuple[subprocess.Popen[str], str]:
    words = [sys.executable, "-I", str(Path(__file__).with_name("model.py"))]
    process = subprocess.Popen(
        [*words, plan["scenario"], plan["log"]], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def talk(agent: subprocess.Popen[str], prompts: list[str]) -> None:
    """Type the prompts, one after the answer to another; then close stdin, which ends the session."""
    assert agent.stdin is not None
    assert agent.stdout is not None
    left = list(prompts)

    def type_next() -> None:
        assert agent.stdin is not None
        if not left:
            agent.stdin.close()
            return
        message = {"role": "user", "content": left.pop(0)}
        agent.stdin.write(json.dumps({"type": "user", "message": message}) + "\n")
        agent.stdin.flush()

    type_next()
    for line in agent.stdout:
        sys.stdout.write(line)
        if '"type":"result"' in line and json.loads(line).get("type") == "result":
            type_next()


def main() -> int:
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    keep_whole(plan["keep"])
    raise_loopback()
    model, port = started_model(plan)
    env = {**plan["env"], "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{port}"}
    agent = subprocess.Popen(
        plan["words"], cwd=plan["cwd"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    timer = threading.Timer(plan["seconds"], os.killpg, (agent.pid, signal.SIGKILL))
    timer.start()
    try:
        talk(agent, plan["prompts"])
        return agent.wait()
    finally:
        timer.cancel()
        model.kill()


if __name__ == "__main__":
    sys.exit(main())
