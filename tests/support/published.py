"""The published products, installed from their wheels into environments of their own, and asked as their users ask.

Positive controls: that an attack is one, and that what we write is what they read.
"""

from __future__ import annotations

import json
import os
import subprocess
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bench import environments

_VERIFY = """
import json, sys
import kanoniv_auth
answers = []
for ask in json.load(sys.stdin):
    try:
        found = kanoniv_auth.verify(ask["action"], ask["token"], ask["root_did"])
        answers.append(["accepted", found["agent_did"]])
    except Exception as error:
        answers.append([type(error).__name__, str(error)])
json.dump(answers, sys.stdout)
"""
_INVOKE = """
import json, sys
from kanoniv_agent_auth import AgentIdentity, AgentKeyPair, McpProof, SignedMessage, verify_mcp_call
answers = []
for ask in json.load(sys.stdin):
    invoker = AgentKeyPair.from_bytes(bytes.fromhex(ask["seed"]))
    did, proof = invoker.identity().did, json.dumps(ask["delegation"]["proof"])
    payload = {"invoker_did": did, "action": ask["action"], "args": {},
               "delegation_hash": SignedMessage.from_json(proof).content_hash()}
    invocation = {"invoker_did": did, "action": ask["action"], "args": {}, "delegation": ask["delegation"],
                  "proof": json.loads(invoker.sign(json.dumps(payload)).to_json())}
    key = bytes(invoker.identity().public_key_bytes).hex()
    try:
        proof = McpProof.from_json(json.dumps({"invocation": invocation, "invoker_public_key": key}))
        found = verify_mcp_call(proof, AgentIdentity.from_bytes(bytes.fromhex(ask["root"])))
        answers.append(["accepted", found[0]])
    except Exception as error:
        answers.append([type(error).__name__, str(error)])
json.dump(answers, sys.stdout)
"""


class Answer(NamedTuple):
    """`accepted` and the holder's DID, or the published error's name and its sentence."""

    word: str
    said: str


class Published:
    """One published product in one home directory."""

    def __init__(self, name: str, home: Path) -> None:
        self.python, self.script = environments.python(name), environments.script(name)
        self.env = {**environments.worker_environment(name), "HOME": str(home), "PYTHONPATH": ""}
        self.home = home / ".kanoniv"

    def run(self, code: str, request: object = None) -> Any:
        """Run Python in its environment; JSON in, JSON out."""
        done = subprocess.run(
            [self.python, "-I", "-c", code],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            env=self.env,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    def command(self, *words: str) -> str:
        """Run its own `kanoniv-auth`; what it printed."""
        done = subprocess.run(
            [self.script, *words], capture_output=True, text=True, env=self.env, timeout=60, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def verify(self, token: str, action: str, root_did: str | None) -> Answer:
        """Ask the Python verifier."""
        request = {"token": token, "action": action, "root_did": root_did}
        return Answer(*self.run(_VERIFY, [request])[0])

    def invoke(self, delegation: object, action: str, *, seed: bytes, root: bytes) -> Answer:
        """Ask the Rust verifier, with an invocation signed by `seed`. root: the trusted public key."""
        request = {
            "delegation": delegation,
            "action": action,
            "seed": seed.hex(),
            "root": root.hex(),
        }
        return Answer(*self.run(_INVOKE, [request])[0])


def installed(name: str, home: Path) -> Published:
    """Install a product once for all runs, and hand it over; skips where its wheels cannot be had."""
    environments.BENCH.mkdir(exist_ok=True)
    with (environments.BENCH / f"{name}.lock").open("w") as lock:
        flock(lock, LOCK_EX)  # two workers, one environment
        try:
            environments.make(name)
        except subprocess.CalledProcessError:
            pytest.skip(f"{' '.join(environments.PACKAGES[name])} cannot be installed here")
    home.mkdir(parents=True, exist_ok=True)
    os.chmod(home, 0o755)  # noqa: PTH101, S103 - as a home directory usually is
    return Published(name, home)
