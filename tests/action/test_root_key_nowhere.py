"""The root key is in the mint's memory and in its mask lines, and nowhere else: no file, no output, no variable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.action.step import SEED, Job, spellings
from tests.action.test_key_forms import FORMS
from tests.support.github_process import GitHubProcess


def files_holding(folder: Path, secrets: list[bytes]) -> list[Path]:
    return [
        p for p in folder.rglob("*") if p.is_file() and any(s in p.read_bytes() for s in secrets)
    ]


@pytest.mark.parametrize("form", FORMS)
def test_nowhere(job: Job, form: str) -> None:
    absent(job, job.mint(root_key=FORMS[form]).stderr)


@pytest.mark.parametrize("inputs", [{"dry_run": "true"}, {"ttl": "soon"}, {"export_key": "false"}])
def test_nor_when_it_ends_another_way(job: Job, inputs: dict[str, str]) -> None:
    absent(job, job.mint(**inputs).stderr)


def test_nor_what_the_report_sends(job: Job, github: GitHubProcess) -> None:
    minted = job.mint()
    shown = job.report(post_audit="true", github_api_url=github.url, github_token=github.token)
    absent(job, minted.stderr + shown.stdout + shown.stderr + json.dumps(github.requests()))
    assert minted.outputs["token"] not in json.dumps(github.requests())


def absent(job: Job, said: str) -> None:
    assert files_holding(job.folder, [SEED, *(text.encode() for text in spellings(SEED))]) == []
    assert not [secret for secret in spellings(SEED) if secret in said]


def test_the_search_finds_it_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "leak").write_text(f"x{SEED.hex()}y")
    assert files_holding(tmp_path, [SEED.hex().encode()]) == [tmp_path / "leak"]
