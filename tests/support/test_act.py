"""The runner's own traps, on a toy workflow: what the rig says about a run is what happened in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.act import Job, NoRunner, run
from tests.support.checkout import commit
from tests.support.events import event
from tests.support.workflow_run import Run

ACTION = """\
name: toy
outputs:
  token: { value: "${{ steps.mint.outputs.token }}" }
runs:
  using: composite
  steps:
    - id: mint
      shell: sh
      run: |
        echo "before the mask: tok-1"
        echo "::add-mask::tok-1"
        echo "after the mask: tok-1"
        echo "token=tok-1" >> "$GITHUB_OUTPUT"
        echo "TOY=tok-1" >> "$GITHUB_ENV"
        printf '# Summary\\nsecond line\\n' >> "$GITHUB_STEP_SUMMARY"
        echo "::error title=Foo::bar"
"""
WORKFLOW = """\
name: toy
on: pull_request
permissions: {}
jobs:
  toy:
    runs-on: RUNS_ON
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with: { persist-credentials: false }
      - uses: ./
        id: a
      - id: fails
        continue-on-error: true
        run: exit 1
      - id: says
        env: { SECRET: "${{ secrets.A_SECRET }}", VARIABLE: "${{ vars.A_VARIABLE }}" }
        run: |
          echo "secret $SECRET variable $VARIABLE uid $(id -u) leak ${LEAK-none}"
      - id: skipped
        if: failure()
        run: echo never
"""

pytestmark = pytest.mark.runner


def toy(folder: Path, runs_on: str = "ubuntu-latest", user: int | None = None) -> Run:
    folder.mkdir()
    (folder / "action.yml").write_text(ACTION, encoding="utf-8")
    (folder / "toy.yml").write_text(WORKFLOW.replace("RUNS_ON", runs_on), encoding="utf-8")
    commit(folder, "Codertocat/Hello-World")
    secrets, variables = {"A_SECRET": 'q"uo=te-17'}, {"A_VARIABLE": "variable-18"}
    job = Job(
        "toy.yml", folder, event("pull_request"), secrets=secrets, variables=variables, user=user
    )
    try:
        return run(job)
    except NoRunner as why:
        pytest.skip(str(why))


def test_results_outcomes_outputs_summary_masks(
    open_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAK", "this shell's environment")
    ran = toy(open_tmp / "toy")
    assert ran.results == {"toy": "success"}, ran.log() + ran.stderr
    assert ran.outcome("a") == ran.outcome("a", "mint") == "success"
    assert ran.outcome("fails") == "failure"
    assert ("skipped",) not in ran.steps()
    assert ran.outputs("a") == {"token": "tok-1"}
    assert ran.env() == {"TOY": "tok-1"}
    assert ran.summary == "# Summary\nsecond line\n"
    assert ran.masks == ["tok-1"]
    assert ran.annotations == [("error", "Foo", "bar")]
    assert "before the mask: tok-1" in ran.said("a")
    assert "after the mask: ***" in ran.said("a")
    # The runner masks what comes from its secrets by itself and what comes from variables not: so tests of our own
    # masks hand the key over in a variable.
    assert "secret *** variable variable-18" in ran.said("says")
    assert "leak none" in ran.said("says")


def test_a_job_without_a_runner_does_not_pass_for_a_success(open_tmp: Path) -> None:
    ran = toy(open_tmp / "toy", runs_on="windows-latest")
    assert ran.results == {}


def test_as_an_ordinary_user(open_tmp: Path) -> None:
    ran = toy(open_tmp / "toy", user=1001)
    assert ran.results == {"toy": "success"}, ran.log() + ran.stderr
    assert "uid 1001" in ran.said("says")
