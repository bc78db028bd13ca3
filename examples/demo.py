"""`make demo`: the README's workflow, run for real on this machine, in front of your eyes.

A throw-away root key, GitHub's API as a loopback process, `examples/readme.yml` in a workflow runner on a copy of this
tree. Nothing leaves the machine but the Action's package downloads, and nothing stays on it. Exit code 1 when any
verdict is not the expected one. DEMO_RUNTIME=docker mints in a container when an engine answers.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kanoniv_auth.core.keys import KeyPair  # noqa: E402 - this tree, wherever we were started
from tests.support.act import Job, NoRunner, stream  # noqa: E402
from tests.support.checkout import commit, copy_tree  # noqa: E402
from tests.support.engine import Engine, NoEngine  # noqa: E402
from tests.support.events import event  # noqa: E402
from tests.support.github_process import GitHubProcess  # noqa: E402
from tests.support.product_image import build  # noqa: E402
from tests.support.workflow_run import Run  # noqa: E402

REPOSITORY = "Codertocat/Hello-World"  # where the recorded pull request was opened
QUIET_SECONDS = 1.5
SOCKET = "/var/run/docker.sock"


class Voice:
    """Says what happens, and that it still happens when nothing new did for a while."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()
        self._doing = ""
        self._lock = threading.Lock()
        self._over = threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def say(self, text: str) -> None:
        """One line with the seconds since the start."""
        with self._lock:
            self._doing, self._last = text, time.monotonic()
            print(f"  {self._last - self._began:5.1f}s  {text}", flush=True)

    def stop(self) -> float:
        """The seconds it took."""
        self._over.set()
        return time.monotonic() - self._began

    def _tick(self) -> None:
        while not self._over.wait(0.2):
            with self._lock:
                now = time.monotonic()
                if self._doing and now - self._last > QUIET_SECONDS:
                    self._last = now
                    print(f"  {now - self._began:5.1f}s    … {self._doing}", flush=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line of the table."""

    step: str
    expected: str
    got: str

    @property
    def good(self) -> bool:
        """Whether the promise was kept."""
        return self.got == self.expected


# ------------------------------------------------------------------------------------------------------------- setting


def engine_that_answers() -> tuple[Engine, str]:
    """A Docker Engine of this machine and its version. Raises: NoEngine with the reason."""
    address = os.environ.get("DOCKER_HOST") or f"unix://{SOCKET}"
    if not address.startswith("unix:///"):
        raise NoEngine(f"DOCKER_HOST is {address}, and the Action takes a local socket only")
    engine = Engine(Path(address.removeprefix("unix://")), [])
    ask = ("version", "--format", "{{.Server.Version}}")
    version = engine.docker(*ask, timeout=10, check=False).strip()
    if not version:
        raise NoEngine(f"nothing answers at {address}")
    return engine, version


@contextmanager
def runtime(voice: Voice, wanted: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """What to add to the workflow's inputs and to the runner's environment for the runtime that was asked for."""
    if wanted != "docker":
        yield "", {}
        return
    try:
        engine, version = engine_that_answers()
    except NoEngine as why:
        voice.say(f"no Docker Engine to be had ({why}): minting on the host instead")
        yield "", {}
        return
    voice.say(f"Docker Engine {version} answers: building the Action's image, without network")
    try:
        image = build(engine)
        inputs = f"          runtime: docker\n          image: {image.id}\n"
        yield inputs, {"DOCKER_HOST": engine.host}
    finally:
        engine.close()


def workflow(inputs: str) -> str:
    """`examples/readme.yml`, with inputs added to the Action's step for the docker runtime only."""
    text = (ROOT / "examples" / "readme.yml").read_text(encoding="utf-8")
    return text.replace("          post_audit: true\n", f"          post_audit: true\n{inputs}")


def consumer(folder: Path, text: str) -> Path:
    """A copy of this tree as a user's repository: the README's workflow, and something to deploy."""
    copy_tree(folder)
    shutil.copy2(ROOT / "examples" / "deploy.sh", folder / "deploy.sh")
    (folder / "readme.yml").write_text(text, encoding="utf-8")
    return commit(folder, REPOSITORY)


# ----------------------------------------------------------------------------------------------------------------- run


def watch(job: Job, voice: Voice) -> Run:
    """Run the workflow, naming each step as it begins and ends."""
    records: list[dict[str, Any]] = []
    end: dict[str, Any] = {}
    for record in stream(job):
        if "exit" in record:
            end = record
            continue
        records.append(record)
        step, path = str(record.get("step", "")), record.get("stepID", ())
        if record.get("stage") == "Main" and len(path) == 1 and "⭐" in str(record.get("msg")):
            voice.say(f"step: {step}")
        if record.get("raw_output"):
            line = plain(str(record["msg"])).rstrip()
            if line:
                print(f"          | {line[:150]}", flush=True)
    return Run(end.get("exit", 1), tuple(records), end.get("stderr", ""))


def plain(text: str) -> str:
    """Colours are for terminals."""
    return text if sys.stdout.isatty() else re.sub(r"\x1b\[[0-9;]*m", "", text)


def verdicts(ran: Run, github: GitHubProcess, secrets: Mapping[str, str]) -> list[Verdict]:
    """The table: what the README promises against what happened."""
    outcomes, outputs = ran.steps(), ran.outputs("auth")
    comments = github.comments()
    writers = ", ".join({c["login"] for c in comments})
    log = ran.log()
    refused = outcomes.get(("production",)) == "failure" and "deploy.prod" in ran.said("production")
    deployed = "deployed to staging" in ran.said("deploy") and "SIGNED" in ran.said("deploy")
    leaked = [name for name, value in secrets.items() if value and value in log]
    return [
        Verdict("mint with auth-action", "scopes build,deploy.staging", f"scopes {outputs.get('scopes', 'none')}"),
        Verdict("verify -s deploy.staging", "allowed", _allowed(outcomes.get(("staging",)))),
        Verdict("verify -s deploy.prod", "refused", "refused" if refused else "not refused"),
        Verdict("exec -s deploy.staging", "ran, signed", "ran, signed" if deployed else "did not run"),
        Verdict("the job", "success", ran.results.get("deploy", "no result")),
        Verdict("comments on the PR", "1 by github-actions[bot]", f"{len(comments)} by {writers or 'nobody'}"),
        Verdict("GitHub's API rules", "all kept", "all kept" if not github.violations() else "broken"),
        Verdict("secrets in the log", "none", ", ".join(leaked) or "none"),
    ]  # fmt: skip


def _allowed(outcome: str | None) -> str:
    return "allowed" if outcome == "success" else f"not allowed ({outcome})"


# --------------------------------------------------------------------------------------------------------------- words


def table(lines: list[Verdict]) -> None:
    print(f"\n  {'step':<26}{'expected':<30}{'got':<30}")
    print(f"  {'-' * 24}  {'-' * 28}  {'-' * 28}")
    for line in lines:
        print(f"  {line.step:<26}{line.expected:<30}{line.got:<30}{'ok' if line.good else 'WRONG'}")


def rendered(body: str) -> str:
    """A comment as a person reads it on GitHub, as far as a terminal goes."""
    text = re.sub(r"<!--.*?-->\n*", "", body, flags=re.DOTALL)
    text = re.sub(r"```mermaid\n.*?```", "(the same chain as a graph)", text, flags=re.DOTALL)
    text = re.sub(r"<relative-time[^>]*>(.*?)</relative-time>", r"\1", text)
    text = re.sub(r"```\w*\n|```", "", text)
    rows = [line for line in text.splitlines() if not re.fullmatch(r"\|[ |:-]*\|", line)]
    plain = [
        re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line.replace("`", "").replace("**", ""))
        for line in rows
    ]
    return "\n".join(f"  ┃ {_row(line)}" for line in plain)


def _row(line: str) -> str:
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    return (
        "   ".join(f"{cell:<18}" for cell in cells).rstrip()
        if line.startswith("|")
        else line.removeprefix("### ")
    )


def show(ran: Run, github: GitHubProcess, secrets: Mapping[str, str]) -> int:
    """Table, comment, verdict."""
    lines = verdicts(ran, github, secrets)
    table(lines)
    for comment in github.comments():
        print(
            f"\n  {comment['login']} commented on pull request #{comment['issue']}:\n{rendered(comment['body'])}"
        )
    if all(line.good for line in lines):
        return 0
    print("\n  The run's last lines:")
    for text in (ran.log() + ran.stderr).splitlines()[-25:]:
        print(f"  > {text}")
    return 1


def play(voice: Voice, folder: Path) -> int:
    """Set the stage, run the workflow, show what came of it."""
    key = KeyPair.generate(os.urandom(32))
    voice.say(f"a throw-away root key: {key.did}")
    voice.say("starting the stand-in for GitHub's API, a process of its own on loopback")
    with (
        GitHubProcess(folder / "github.jsonl") as github,
        runtime(voice, os.environ.get("DEMO_RUNTIME", "")) as (inputs, env),
    ):
        voice.say("copying this tree: once as the Action, once as the repository that uses it")
        action = copy_tree(folder / "action")
        user = consumer(folder / "consumer", workflow(inputs))
        secrets = {"KANONIV_ROOT_KEY": key.secret_text(), "GITHUB_TOKEN": github.token}
        job = Job(
            workflow="readme.yml", checkout=user, event=event("pull_request"), secrets=secrets,
            env={"GITHUB_API_URL": github.url, **env}, local_actions={"kanoniv/auth-action@v1": action},
        )  # fmt: skip
        voice.say("running examples/readme.yml on a recorded pull request")
        ran = watch(job, voice)
        looked_for = {
            "root key": key.secret_text(),
            "root key in hex": key.seed.hex(),
            "token": ran.outputs("auth").get("token", ""),
        }
        voice.stop()
        return show(ran, github, looked_for)


def main() -> int:
    voice = Voice()
    try:
        with tempfile.TemporaryDirectory(prefix="auth-action-demo-") as folder:
            code = play(voice, Path(folder))
    except NoRunner as why:
        print(f"The demo cannot run here: {why}", file=sys.stderr)
        return 1
    took = voice.stop()
    print(
        f"\n  {'As promised' if code == 0 else 'NOT as promised'}, in {took:.0f} s."
        " Everything it made is removed again."
    )
    return code


if __name__ == "__main__":
    sys.exit(main())
