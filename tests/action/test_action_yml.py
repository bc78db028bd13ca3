"""Both action.yml files against the program: the same inputs, everything through env, secrets where they belong."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from kanoniv_ci.table import END_INPUTS, INPUTS, SECRETS
from tests.action.step import ROOT, Job

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
VERIFY = yaml.safe_load((ROOT / "verify" / "action.yml").read_text(encoding="utf-8"))
REPORT = yaml.safe_load((ROOT / "report" / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["id"]: step for step in ACTION["runs"]["steps"]}
FROM_RUNNER = {"github_token": "${{ github.token }}", "github_api_url": "${{ github.api_url }}"}


def test_inputs_and_defaults_are_the_programs() -> None:
    found = {name: spec.get("default", "") for name, spec in ACTION["inputs"].items()}
    assert found == {**INPUTS, **FROM_RUNNER}
    assert [name for name, spec in ACTION["inputs"].items() if spec["required"]] == ["scopes"]
    assert all(spec["description"].endswith((".", ")")) for spec in ACTION["inputs"].values())


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_is_mapped(name: str) -> None:
    step = "report" if name == "github_token" else "mint"
    assert STEPS[step]["env"][f"INPUT_{name.upper()}"] == f"${{{{ inputs.{name} }}}}"


def test_each_secret_is_in_the_environment_of_one_step_alone() -> None:
    for name in SECRETS:
        holders = {
            name_of.removesuffix("_windows")
            for name_of, step in STEPS.items()
            if any(f"inputs.{name} }}}}" in str(value) for value in step["env"].values())
        }
        assert holders == {"report" if name == "github_token" else "mint"}
    # the one other mention of the key yields true or false
    assert (
        STEPS["begin"]["env"]["KANONIV_KEY_IS_PEM"]
        == "${{ contains(inputs.root_key, '-----BEGIN') }}"
    )


@pytest.mark.parametrize("action", [ACTION, VERIFY, REPORT], ids=["main", "verify", "report"])
def test_steps(action: dict[str, Any]) -> None:
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        windows = step["id"].endswith("_windows")
        assert step["shell"] == ("powershell" if windows else "sh")
        assert ("runner.os == 'Windows'" if windows else "runner.os != 'Windows'") in step["if"]
        assert "${{" not in step["run"]
        assert set(step) == {"name", "id", "if", "shell", "env", "run"}


@pytest.mark.parametrize("action", [ACTION, VERIFY, REPORT], ids=["main", "verify", "report"])
def test_windows_steps_are_the_same_steps(action: dict[str, Any]) -> None:
    steps = {step["id"]: step for step in action["runs"]["steps"]}
    for name, step in steps.items():
        twin = steps[name + "_windows"] if not name.endswith("_windows") else None
        if twin:
            renamed = {
                k: re.sub(r"steps\.(\w+)\.", r"steps.\1_windows.", v)
                for k, v in step["env"].items()
            }
            assert twin["env"] == renamed
            assert twin["if"] == step["if"].replace("!= 'Windows'", "== 'Windows'")


def test_scripts_are_block_scalars() -> None:
    for path in ("action.yml", "verify/action.yml", "report/action.yml"):
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        runs = [line.strip() for line in lines if line.strip().startswith("run:")]
        assert set(runs) == {"run: |"}


def test_outputs_are_those_the_program_sets(job: Job) -> None:
    set_by_mint = set(job.mint().outputs) - {"report_sha256"}
    assert set(ACTION["outputs"]) == set_by_mint | {"comment_url"}
    for name, spec in ACTION["outputs"].items():
        step = "report" if name == "comment_url" else "mint"
        assert (
            spec["value"]
            == f"${{{{ steps.{step}.outputs.{name} || steps.{step}_windows.outputs.{name} }}}}"
        )


def test_the_report_always_runs_and_knows_which_report_is_ours() -> None:
    assert STEPS["report"]["if"].startswith("always() && ")
    assert (
        STEPS["report"]["env"]["KANONIV_REPORT_SHA256"] == "${{ steps.mint.outputs.report_sha256 }}"
    )


def test_verify_takes_the_root_from_its_input_and_nowhere_else() -> None:
    assert [name for name, spec in VERIFY["inputs"].items() if spec["required"]] == [
        "scope",
        "root_did",
    ]
    assert "default" not in VERIFY["inputs"]["root_did"]
    (step, _) = VERIFY["runs"]["steps"]
    assert step["env"] == {f"INPUT_{n.upper()}": f"${{{{ inputs.{n} }}}}" for n in VERIFY["inputs"]}


def test_the_last_step_has_the_programs_inputs_and_asks_for_none() -> None:
    found = {name: spec.get("default", "") for name, spec in REPORT["inputs"].items()}
    assert found == {**END_INPUTS, **FROM_RUNNER}
    assert not any(spec["required"] for spec in REPORT["inputs"].values())
    (step, _) = REPORT["runs"]["steps"]
    wanted = {f"INPUT_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in REPORT["inputs"]}
    assert step["env"] == {**wanted, "KANONIV_MATRIX": "${{ toJSON(matrix) }}"}
    assert step["if"].startswith("always() && ")
    outputs = {spec["value"].split(" || ")[0] for spec in REPORT["outputs"].values()}
    assert outputs == {f"${{{{ steps.end.outputs.{name}" for name in REPORT["outputs"]}
