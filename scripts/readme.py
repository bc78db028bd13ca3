"""Write the parts of README.md that are derived: the workflow, the tables of inputs and outputs.

`python scripts/readme.py` rewrites them, `--check` only says whether they are current (exit 1).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOW = "examples/readme.yml"


def render(readme: str, action: dict[str, Any], workflow: str) -> str:
    """Return the README with every derived part written anew."""
    readme = _replace(readme, f"workflow: {WORKFLOW}", f"```yaml\n{workflow}```\n")
    readme = _replace(readme, "inputs", _inputs(action["inputs"]))
    return _replace(readme, "outputs", _outputs(action["outputs"]))


def _replace(text: str, marker: str, body: str) -> str:
    head, mark, rest = text.partition(f"<!-- {marker} -->\n")
    if not mark:
        msg = f"README.md has no marker {marker!r}"
        raise SystemExit(msg)
    # a derived part ends before the first blank line that is followed by prose: a fence or a table is one block
    end = rest.find("```\n", 4) + 4 if rest.startswith("```") else _table_end(rest)
    return head + mark + body + rest[end:]


def _table_end(rest: str) -> int:
    end = 0
    for line in rest.splitlines(keepends=True):
        if not line.startswith("|"):
            break
        end += len(line)
    return end


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def _inputs(inputs: dict[str, dict[str, Any]]) -> str:
    rows = ["| Input | Default | Description |", "|---|---|---|"]
    for name, spec in inputs.items():
        default = spec.get("default", "")
        shown = "required" if spec.get("required") else f"`{_cell(default)}`" if default else ""
        rows.append(f"| `{name}` | {shown} | {_cell(spec['description'])} |")
    return "\n".join(rows) + "\n"


def _outputs(outputs: dict[str, dict[str, Any]]) -> str:
    rows = ["| Output | Description |", "|---|---|"]
    rows += [f"| `{name}` | {_cell(spec['description'])} |" for name, spec in outputs.items()]
    return "\n".join(rows) + "\n"


def main() -> int:
    """Rewrite README.md, or check it."""
    path = ROOT / "README.md"
    now = path.read_text(encoding="utf-8")
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    wanted = render(now, action, (ROOT / WORKFLOW).read_text(encoding="utf-8"))
    if now == wanted:
        return 0
    if "--check" in sys.argv[1:]:
        print("README.md is not current; run: .venv/bin/python scripts/readme.py")
        return 1
    path.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
