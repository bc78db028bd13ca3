"""`make demo`: it ends well, says what it does, leaves nothing, and ends badly when a verdict is another one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from examples import demo
from tests.support.checkout import ROOT
from tests.support.github_process import GitHubProcess
from tests.support.workflow_run import Run

GAP = 2.0


@pytest.mark.runner
def test_the_demo_keeps_its_promises(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    env.pop("DEMO_RUNTIME", None)
    command = [sys.executable, str(ROOT / "examples" / "demo.py")]
    last, gap, lines = time.monotonic(), 0.0, []
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            now = time.monotonic()
            gap, last = max(gap, now - last), now
            lines.append(line)
    text = "".join(lines)
    assert process.returncode == 0, text
    assert "WRONG" not in text
    for step in ("verify -s deploy.staging   allowed", "verify -s deploy.prod      refused"):
        assert re.search(step.replace("   ", r" +"), text), text
    assert "commented on pull request #2" in text
    assert gap < GAP + 1.0, f"silent for {gap:.1f} s"  # a second of grace on a busy machine
    assert list(tmp_path.iterdir()) == []


def test_another_verdict_ends_it_with_1(
    github: GitHubProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run in which nothing happened is not as promised."""
    ran = Run(1, (), "no such thing")
    assert demo.show(ran, github, {}) == 1
    assert "WRONG" in capsys.readouterr().out


def test_the_workflow_is_the_readmes_but_for_the_runtime() -> None:
    text = (ROOT / "examples" / "readme.yml").read_text(encoding="utf-8")
    assert demo.workflow("") == text
    changed = demo.workflow("          runtime: docker\n")
    assert changed.replace("          runtime: docker\n", "") == text
    assert changed != text
