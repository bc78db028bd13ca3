"""The README is true: its derived parts are current, its commands exist. What it shows is run below tests/docs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def run(code: list[str], home: Path, text: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "KANONIV_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.run(  # the text is this repository's own
        code, input=text, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_there_is_something_to_run() -> None:
    # each is run by tests/docs/test_console_blocks.py
    assert len(snippets("python")) >= 3
    assert len(snippets("console")) >= 1


def test_derived_parts_are_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/readme.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


def test_workflow_is_the_example() -> None:
    assert (ROOT / "examples/readme.yml").read_text(encoding="utf-8") in README


def test_every_command_exists(tmp_path: Path) -> None:
    shown = "\n".join([*snippets("console"), *snippets("sh"), *snippets("yaml")])
    used = set(re.findall(r"^\s*(?:run: )?kanoniv-auth ([a-z-]+)", shown, flags=re.MULTILINE))
    ask = "import sys; from kanoniv_auth.cli.main import main; sys.exit(main(['--help']))"
    listed = run([sys.executable, "-c", ask], tmp_path, "").stdout
    assert {"init", "delegate", "verify", "exec", "audit"} <= used
    for command in used:
        assert re.search(rf"^  {command} ", listed, flags=re.MULTILINE), command
