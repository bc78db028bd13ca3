"""Write docs/errors.md from the three tables of codes; `--check` only compares (exit 1)."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kanoniv_auth.core.errors import REASONS  # noqa: E402 - the path has to be set first
from kanoniv_ci.faults import FAULTS, FIXES  # noqa: E402 - as above
from kanoniv_server.web.problems import PLAIN  # noqa: E402 - as above

DOC = ROOT / "docs" / "errors.md"
HEAD = """# Errors, by code

Each annotation and each row in a job summary carries a code; this page is where the code leads. `{…}` stands for what
was found. Exit 1: refused by a valid check. Exit 2: input, machine or configuration. Exit 0: said, and the job goes on.
The service answers with the same codes as `code` of a problem; those that begin with `KAN-HTTP` are its own, and end in
the status.

This page is written by `scripts/errors_doc.py` from the tables in the code; a test compares them.
"""


def render() -> str:
    """The whole page."""
    rows = [
        (reason.code, reason.exit, reason.text, FIXES[slug], slug)
        for slug, reason in REASONS.items()
    ]
    rows += [(code, fault.exit, fault.cause, fault.fix, "") for code, fault in FAULTS.items()]
    parts = [_section(*row) for row in sorted(rows)]
    parts += [_answer(*row, slug) for slug, row in sorted(PLAIN.items(), key=lambda one: one[1])]
    return "\n".join([HEAD, *parts])


def _section(code: str, status: int, cause: str, fix: str, slug: str) -> str:
    reason = f" · reason `{slug}`" if slug else ""
    return f"## {code}\n\nExit {status}{reason}\n\nCause: {_text(cause)}\n\nFix: {_text(fix)}\n"


def _answer(status: int, cause: str, fix: str, slug: str) -> str:
    return (
        f"## KAN-HTTP-{status}\n\nHTTP {status} · reason `{slug}`\n\nCause: {cause}\n\nFix: {fix}\n"
    )


def _text(template: str) -> str:
    shown = template.replace("{{", "\0").replace("}}", "\1")
    shown = shown.replace("!r}", "}").replace(":04o}", "}")
    return shown.replace("\0", "{").replace("\1", "}")


def main() -> int:
    """Write the page, or compare it."""
    wanted = render()
    if "--check" in sys.argv[1:]:
        return 0 if DOC.exists() and DOC.read_text(encoding="utf-8") == wanted else 1
    DOC.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
