"""The README is true: its Python runs as printed, its derived parts are current, its links and commands exist."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# Runs the statements of one snippet in turn; a statement whose comment says `raises X` must raise X.
RUNNER = """
import ast, sys, kanoniv_auth
source = sys.stdin.read()
lines = source.splitlines()
names = {}
for node in ast.parse(source).body:
    comment = lines[node.end_lineno - 1].partition("#")[2]
    wanted = comment.split("raises ")[1].split()[0] if "raises " in comment else None
    code = compile(ast.Module([node], []), "README.md", "exec")
    try:
        exec(code, names)
    except kanoniv_auth.AuthError as error:
        if type(error).__name__ != wanted:
            raise
    else:
        assert wanted is None, f"line {node.lineno} did not raise {wanted}"
print("ran", len(ast.parse(source).body))
"""


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def run(code: list[str], home: Path, text: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "KANONIV_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.run(  # the text is this repository's own
        code, input=text, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_python_runs_as_printed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = run([sys.executable, "-c", "import kanoniv_auth; kanoniv_auth.init_root()"], home, "")
    assert made.returncode == 0, made.stderr
    found = snippets("python")
    assert len(found) >= 3
    # later snippets go on from the first one's imports, as a reader would
    imports = "\n".join(line for line in found[0].splitlines() if line.startswith("from "))
    for snippet in found:
        done = run([sys.executable, "-c", RUNNER], home, f"{imports}\n{snippet}")
        assert done.returncode == 0, done.stderr
        assert f"ran {len(ast.parse(snippet).body) + 1}" in done.stdout


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
    shown = "\n".join([*snippets("console"), *snippets("yaml")])
    used = set(re.findall(r"^\s*(?:run: )?kanoniv-auth ([a-z-]+)", shown, flags=re.MULTILINE))
    ask = "import sys; from kanoniv_auth.cli.main import main; sys.exit(main(['--help']))"
    listed = run([sys.executable, "-c", ask], tmp_path, "").stdout
    assert {"init", "delegate", "verify", "exec", "audit"} <= used
    for command in used:
        assert re.search(rf"^  {command} ", listed, flags=re.MULTILINE), command


def test_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
