"""Every code of the Action has a scenario here and an anchor in docs/errors.md; the shell says the same words."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kanoniv_auth.core.errors import REASONS
from kanoniv_ci.faults import FAULTS, FIXES
from tests.action.step import ROOT

HERE = Path(__file__)
SCENARIOS = "\n".join(
    p.read_text(encoding="utf-8") for p in HERE.parent.glob("test_*.py") if p != HERE
)


@pytest.mark.parametrize("code", FAULTS)
def test_a_scenario_expects_it(code: str) -> None:
    assert f'"{code}"' in SCENARIOS or f"={code}::" in SCENARIOS


@pytest.mark.parametrize("code", [*FAULTS, *[reason.code for reason in REASONS.values()]])
def test_it_has_an_anchor(code: str) -> None:
    assert re.fullmatch(r"KAN-[A-Z]+-[0-9]{3}", code)
    assert f"\n## {code}\n" in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


def test_the_page_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "errors_doc.py"), "--check"], check=False
    )
    assert done.returncode == 0, "run: python scripts/errors_doc.py"


def test_no_code_means_two_things_and_every_reason_has_a_fix() -> None:
    codes = [*FAULTS, *[reason.code for reason in REASONS.values()]]
    assert len(codes) == len(set(codes))
    assert set(FIXES) == set(REASONS)


@pytest.mark.parametrize("name", ["bootstrap.sh", "bootstrap.ps1"])
def test_the_shell_says_the_tables_words(name: str) -> None:
    text = (ROOT / "scripts" / name).read_text(encoding="utf-8")
    words = " ".join(text.replace("\\`", "`").replace("``", "`").split())
    for code in ("KAN-RUNNER-001", "KAN-RUNNER-003", "KAN-RUNNER-004"):
        fault = FAULTS[code]
        for sentence in (fault.cause, fault.fix):
            assert sentence.format(name="RUNNER_TEMP") in words, (code, name)
