"""One job with steps of the Action in it: runs `entrypoint.py` as the steps do and reads what it left.

No runner: the command files are read byte by byte, so that a mask too late or an entry too many is seen.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kanoniv_auth.core.keys import KeyPair
from tests.support.events import event

ROOT = Path(__file__).resolve().parents[2]
ENTRYPOINT = ROOT / "entrypoint.py"
REPOSITORY = "Codertocat/Hello-World"
# base64 of this seed has + and /, so its spellings differ
SEED = bytes.fromhex("fbefbeffbffbefbe" + "00112233445566778899aabbccddeeff" + "fffefdfcfbfaf9f8")
KEY = base64.b64encode(SEED).decode()
ROOT_DID = KeyPair.from_seed(SEED).did


def spellings(seed: bytes) -> set[str]:
    """Every usual way to write 32 secret bytes, written down here once more and not taken from the product."""
    plain, url = base64.b64encode(seed).decode(), base64.urlsafe_b64encode(seed).decode()
    return {plain, plain.rstrip("="), url, url.rstrip("="), seed.hex(), seed.hex().upper()}


def entries(data: bytes) -> dict[str, str]:
    """Read a command file as the runner does: only `NAME<<END` entries, each once, nothing between them."""
    found: dict[str, str] = {}
    while data:
        head = re.match(rb"([A-Za-z_][A-Za-z0-9_]*)<<(\S+)\n", data)
        assert head, f"not an entry: {data[:60]!r}"
        value, mark, data = data[head.end() :].partition(b"\n" + head[2] + b"\n")
        assert mark, "an entry without an end"
        assert head[1].decode() not in found, f"{head[1]!r} twice"
        found[head[1].decode()] = value.decode("utf-8")
    return found


@dataclass
class Outcome:
    """What one step said and left."""

    exit: int
    stdout: str
    stderr: str
    outputs: dict[str, str]
    env: dict[str, str]
    summary: str

    @property
    def lines(self) -> list[str]:
        """stdout without masks."""
        return [line for line in self.stdout.splitlines() if not line.startswith("::add-mask::")]

    @property
    def codes(self) -> list[str]:
        """The KAN codes of the annotations, in order."""
        return re.findall(
            r"^::(?:error|warning|notice) title=(KAN-[A-Z]+-\d+)::", self.stdout, re.MULTILINE
        )


@dataclass
class Job:
    """A job on a runner: its temp directory, its event, its environment, and the steps run so far."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    steps: int = 0

    @classmethod
    def start(cls, folder: Path, payload: dict[str, Any], name: str = "pull_request") -> Job:
        (folder / "temp").mkdir()
        (folder / "session").mkdir(mode=0o700)
        (folder / "event.json").write_text(json.dumps(payload), encoding="utf-8")
        environ = {
            "PATH": os.defpath,
            "RUNNER_TEMP": str(folder / "temp"),
            "KANONIV_SESSION": str(folder / "session"),
            "KANONIV_DEPS": sysconfig.get_path("purelib"),
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_EVENT_NAME": name,
            "GITHUB_ACTOR": payload["sender"]["login"],
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "42",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_SHA": "0123456789abcdef0123456789abcdef01234567",
            "GITHUB_WORKFLOW": "deploy",
            "GITHUB_JOB": "staging",
        }
        return cls(folder, environ)

    @property
    def session(self) -> Path:
        return Path(self.environ["KANONIV_SESSION"])

    def mint(self, **inputs: str) -> Outcome:
        """The mint step; a good key and good scopes unless said otherwise."""
        given = {"root_key": KEY, "scopes": "deploy.staging,build", **inputs}
        outcome = self.run("mint", given)
        self.environ["KANONIV_REPORT_SHA256"] = outcome.outputs.get("report_sha256", "")
        return outcome

    def report(self, **inputs: str) -> Outcome:
        """The report step."""
        return self.run("report", inputs)

    def run(
        self, word: str, inputs: dict[str, str], stdin: bytes | None = b"", **environ: str | None
    ) -> Outcome:
        """Any step. environ: further variables, None takes one away."""
        self.steps += 1
        files = {
            name: self.folder / f"{self.steps}-{name}" for name in ("OUTPUT", "ENV", "STEP_SUMMARY")
        }
        for path in files.values():
            path.touch()
        full: dict[str, str | None] = {
            **self.environ,
            **{f"GITHUB_{name}": str(path) for name, path in files.items()},
            **{f"INPUT_{name.upper()}": value for name, value in inputs.items()},
            **environ,
        }
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", str(ENTRYPOINT), word],
            env={name: value for name, value in full.items() if value is not None},
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Outcome(
            done.returncode,
            done.stdout.decode("utf-8", "backslashreplace"),
            done.stderr.decode("utf-8", "backslashreplace"),
            entries(files["OUTPUT"].read_bytes()),
            entries(files["ENV"].read_bytes()),
            files["STEP_SUMMARY"].read_text(encoding="utf-8"),
        )

    def again(self, **environ: str) -> Job:
        """The same job in a later run: a new session, other variables."""
        folder = self.folder / f"again-{len(list(self.folder.glob('again-*')))}"
        folder.mkdir()
        later = Job.start(folder, json.loads((self.folder / "event.json").read_text()))
        later.environ |= environ
        return later


def pull_request(folder: Path, name: str = "pull_request") -> Job:
    """A job of a recorded event."""
    return Job.start(folder, event(name), "push" if name == "push" else "pull_request")
