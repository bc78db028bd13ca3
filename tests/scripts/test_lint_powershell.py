"""The PowerShell parse finds a typing error, in a file and in an action's step, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.lint_powershell import main

GOOD = """
$ErrorActionPreference = 'Stop'
foreach ($c in @('python3', 'py')) {
  try { if (& $c --version) { "python=$c" | Out-File $env:GITHUB_OUTPUT -Append } } catch { }
}
"""
BAD = GOOD.replace("if (& $c --version) {", "if (& $c --version {")
ACTION = """
runs:
  using: composite
  steps:
    - shell: bash
      run: "if [ x ]; then echo 'not { PowerShell'; fi"
    - name: start
      shell: pwsh
      run: |
        {script}
"""


@pytest.mark.parametrize(("text", "status"), [(GOOD, 0), (BAD, 1)])
def test_a_file(tmp_path: Path, text: str, status: int) -> None:
    (tmp_path / "x.ps1").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "x.ps1")]) == status


@pytest.mark.parametrize(("text", "status"), [(GOOD, 0), (BAD, 1)])
def test_a_step(tmp_path: Path, text: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    action = ACTION.replace("{script}", text.strip().replace("\n", "\n        "))
    (tmp_path / "action.yml").write_text(action, encoding="utf-8")
    assert main([str(tmp_path / "action.yml")]) == status
    assert ("step 'start', line 3" in capsys.readouterr().out) == bool(status)
