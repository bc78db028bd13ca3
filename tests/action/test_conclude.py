"""The last step of a job: its receipts are shown, its grant is revoked by its own key, and nothing fails the job."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.action.real import World
from tests.action.step import KEY, ROOT_DID, Job, Outcome
from tests.cli.shell import BIN, COMMAND
from tests.support.github_process import GitHubProcess


def kanoniv(job: Job, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A later step's command."""
    named = ("KANONIV_TOKEN", "KANONIV_ROOT_DID", "KANONIV_HOME")
    env = {"PATH": f"{BIN}:{os.defpath}", **{n: job.environ[n] for n in named if n in job.environ}}
    return subprocess.run(
        [COMMAND, *words], env={**env, **environ}, cwd=job.folder, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip


def conclude(job: Job, **inputs: str) -> Outcome:
    return job.run("conclude", inputs)


def verdict(world: World, token: str, scope: str = "deploy.staging") -> tuple[int, str]:
    answer = world.service.post("/v1/verify", {"token": token, "scope": scope})
    return answer.status_code, str(answer.json().get("type", "")).rpartition(":")[2]


def test_what_was_done_is_shown_and_the_grant_is_over(world: World, tmp_path: Path) -> None:
    job, minted = world.start()
    token = minted.outputs["token"]
    assert kanoniv(job, "exec", "-s", "deploy.staging", "--", "true").returncode == 0
    assert kanoniv(job, "sign", "-a", "build", "--target", "a | <!-- b --> @octo").returncode == 0
    assert verdict(world, token) == (200, "")

    ended = conclude(job)
    assert (ended.exit, ended.codes) == (0, [])
    assert ended.outputs == {"receipts": "2", "untrue": "0", "grant": "revoked"}
    # the service refuses it at once, and so do this job's own later steps
    assert verdict(world, token) == (403, "revoked")
    assert kanoniv(job, "verify", "-s", "build").returncode == 1
    # a verifier elsewhere when it has fetched the list
    home = {"KANONIV_HOME": str(tmp_path / "elsewhere")}
    words = ("verify", "-s", "build")
    assert kanoniv(job, *words, **home).returncode == 0
    sync = kanoniv(job, "revocations", "sync", "--endpoint", world.service.url, **home)
    assert sync.returncode == 0, sync.stderr
    assert "[revoked]" in kanoniv(job, *words, **home).stderr

    assert "is done, and has signed 2 receipts" in ended.summary
    assert "revoked at the end of the job (list " in ended.summary
    assert "| `deploy.staging` |" in ended.summary
    assert (
        "| `build` | a &#124; &#60;&#33;&#45;&#45;" in ended.summary or "<!--" not in ended.summary
    )
    assert "@octo" not in ended.summary
    assert token not in ended.summary
    assert f"::add-mask::{token}" in ended.stdout
    assert token not in "".join(ended.lines)


def test_once_more_is_no_trouble(world: World) -> None:
    job, _ = world.start()
    assert conclude(job).outputs["grant"] == "revoked"
    again = conclude(job)
    assert (again.exit, again.codes, again.outputs["grant"]) == (0, [], "revoked")


def test_revoke_is_a_command_of_the_job_too(world: World) -> None:
    job, minted = world.start()
    said = kanoniv(job, "revoke", "--json")
    assert said.returncode == 0, said.stdout + said.stderr
    assert json.loads(said.stdout)["already"] is False
    assert verdict(world, minted.outputs["token"]) == (403, "revoked")
    assert conclude(job).outputs["grant"] == "revoked"


def test_the_home_says_whom_to_ask_and_holds_no_key_of_the_service(world: World) -> None:
    job, minted = world.start(api_key=world.service.key)
    assert minted.exit == 0, minted.stdout
    path = Path(minted.outputs["home"]) / "service.json"
    assert json.loads(path.read_text()) == {"endpoint": world.service.url, "tenant": "default"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert world.service.key not in "".join(
        p.read_text("latin-1") for p in job.folder.rglob("*") if p.is_file()
    )


def test_not_asked_to_revoke(world: World) -> None:
    job, minted = world.start()
    ended = conclude(job, revoke="false")
    assert (ended.exit, ended.codes, ended.outputs["grant"]) == (0, [], "left")
    assert verdict(world, minted.outputs["token"])[0] == 200
    assert "works until" in ended.summary


def test_with_a_root_key_there_is_nobody_to_ask(job: Job) -> None:
    job.environ |= job.mint(root_key=KEY).env
    ended = conclude(job)
    assert (ended.exit, ended.codes, ended.outputs["grant"]) == (0, [], "left")
    assert "no service has granted it" in ended.stdout
    assert "only its root key ends it before" in ended.summary
    assert kanoniv(job, "verify", "-s", "build").returncode == 0


def test_the_service_is_away(world: World) -> None:
    job, minted = world.start()
    path = Path(minted.outputs["home"]) / "service.json"
    path.write_text(path.read_text().replace(world.service.url, "http://127.0.0.1:1"))
    ended = conclude(job, max_attempts="2")
    assert (ended.exit, ended.codes) == (0, ["KAN-REPORT-002"])
    assert ended.outputs["grant"] == "failed"
    assert "attempt 2/2" in ended.stdout
    assert "**could not be revoked**" in ended.summary
    assert minted.outputs["expires_at"] in ended.stdout


def test_without_its_key_a_job_ends_nothing(world: World) -> None:
    """Somebody who has the token alone, as every verifier has seen it."""
    job, minted = world.start()
    for path in (Path(minted.outputs["home"]) / "keys").iterdir():
        path.unlink()
    ended = conclude(job)
    assert (ended.exit, ended.codes) == (0, ["KAN-REPORT-002"])
    assert verdict(world, minted.outputs["token"])[0] == 200


def test_another_jobs_home(world: World) -> None:
    """Its own key, and the other's token: what it holds is not what it names."""
    one, _ = world.start()
    two, other = world.start()
    one.environ["KANONIV_TOKEN"] = other.outputs["token"]
    ended = conclude(one)
    assert (ended.exit, ended.outputs["grant"]) == (0, "failed")
    assert verdict(world, other.outputs["token"])[0] == 200
    assert conclude(two).outputs["grant"] == "revoked"


def test_nothing_was_minted(job: Job) -> None:
    ended = conclude(job)
    assert (ended.exit, ended.codes, ended.outputs, ended.summary) == (0, [], {}, "")
    assert "nothing was minted in this job" in ended.stdout


@pytest.mark.parametrize("damage", ["changed", "empty", "not one", "not text", "other root"])
def test_a_receipt_that_is_not_true(job: Job, damage: str, tmp_path: Path) -> None:
    job.environ |= job.mint().env
    assert kanoniv(job, "sign", "-a", "build").returncode == 0
    assert kanoniv(job, "exec", "-s", "build", "--", "true").returncode == 0
    folder = Path(job.environ["KANONIV_HOME"]) / "receipts"
    one = min(folder.iterdir())
    text = one.read_text()
    if damage == "changed":
        one.write_text(text[:60] + ("A" if text[60] != "A" else "B") + text[61:])
    elif damage == "not text":
        one.write_bytes(b"\xff\xfe")
    elif damage == "not one":
        (folder / f"{'0' * 32}.00000001.kde2").write_text("kde2.x")
    elif damage == "empty":
        (folder / f"{'0' * 32}.00000000.kde2").write_text("")
    else:
        folder_of = tmp_path / "stranger"
        folder_of.mkdir()
        stranger = Job.start(folder_of, json.loads((job.folder / "event.json").read_text()))
        other = stranger.mint(root_key="A" * 43 + "=")
        stranger.environ |= other.env
        assert kanoniv(stranger, "sign", "-a", "build").returncode == 0
        foreign = next((Path(other.outputs["home"]) / "receipts").iterdir())
        (folder / foreign.name).write_text(foreign.read_text())
    ended = conclude(job)
    assert (ended.exit, ended.codes) == (0, ["KAN-REPORT-003"])
    assert ended.outputs["untrue"] == "1"
    assert "**1 not true**" in ended.summary
    assert int(ended.outputs["receipts"]) == (1 if damage in {"changed", "not text"} else 2)


def test_a_stream_with_a_gap(job: Job) -> None:
    """What one process has signed is one stream: one of three taken out makes the others untrue, too."""
    job.environ |= job.mint().env
    program = "import kanoniv_auth as k\nfor n in '123': k.sign('build', target=n)"
    named = ("KANONIV_TOKEN", "KANONIV_ROOT_DID", "KANONIV_HOME")
    env = {"PATH": os.defpath, **{name: job.environ[name] for name in named}}
    subprocess.run([sys.executable, "-c", program], env=env, cwd=job.folder, check=True)
    assert conclude(job).outputs["receipts"] == "3"
    (middle,) = (Path(job.environ["KANONIV_HOME"]) / "receipts").glob("*.00000001.kde2")
    middle.unlink()
    ended = conclude(job)
    assert (ended.codes, ended.outputs["receipts"], ended.outputs["untrue"]) == (
        ["KAN-REPORT-003"],
        "0",
        "2",
    )


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"revoke": "yes"}, "KAN-INPUT-003"),
        ({"root_did": "did:agent:" + "0" * 32}, "KAN-ROOT-002"),
        ({"token": "nonsense"}, "KAN-TOKEN-003"),
    ],
)
def test_inputs_that_will_not_do(job: Job, inputs: dict[str, str], code: str) -> None:
    job.environ |= job.mint().env
    ended = conclude(job, **inputs)
    assert (ended.exit, ended.outputs) == (0, {})
    assert ended.codes == [code]


def test_the_comment_of_the_mint_says_at_the_end_what_was_done(
    job: Job, github: GitHubProcess
) -> None:
    asked = {"post_audit": "true", "github_api_url": github.url, "github_token": github.token}
    job.environ |= job.mint(agent_name="bot").env
    job.report(agent_name="bot", **asked)
    (before,) = github.comments()
    assert "may act until" in before["body"]
    kanoniv(job, "sign", "-a", "build")
    ended = conclude(job, agent_name="bot", **asked)
    assert (ended.exit, ended.codes) == (0, [])
    (after,) = github.comments()
    assert after["id"] == before["id"]
    assert "`bot` is done, and has signed 1 receipt" in after["body"]
    assert ROOT_DID in after["body"]
    assert ended.outputs["comment_url"].endswith(f"#issuecomment-{after['id']}")
    assert job.environ["KANONIV_TOKEN"] not in after["body"]
