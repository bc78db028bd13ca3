"""docs/reference/tool-scopes.md says what the tables of the hooks say."""

from __future__ import annotations

import runpy
import subprocess
import sys

from kanoniv_auth.hooks import protected, toolscope
from tests.support.session import ROOT

SCRIPT = ROOT / "scripts" / "tool_scopes.py"


def test_the_page_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False, timeout=60
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_row_and_every_path_is_on_it() -> None:
    page = runpy.run_path(str(SCRIPT))["render"]()
    for row in toolscope.TABLE:
        assert row.needs in page
        assert all(f"`{tool}`" in page for tool in row.tools)
    for rows in (
        protected.CI_PATHS,
        protected.CONFIG_PATHS,
        protected.USER_PATHS,
        protected.SECRET_PATHS,
    ):
        assert all(f"`{'/'.join(row)}`" in page for row in rows)


def test_no_tool_stands_in_two_rows() -> None:
    tools = [tool for row in toolscope.TABLE for tool in row.tools]
    assert len(tools) == len(set(tools))
