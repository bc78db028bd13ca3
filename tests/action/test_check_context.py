"""Facts for the second action come from its input, line by line; a value cannot bring another fact along."""

from __future__ import annotations

import pytest

from kanoniv_ci.check import _context
from kanoniv_ci.faults import Refusal


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_branch_name_ends_no_line(end: str) -> None:
    assert _context(f"env=staging\nbranch=x{end}env=prod") == {
        "env": "staging",
        "branch": f"x{end}env=prod",
    }


def test_windows_line_ends_and_blank_lines() -> None:
    assert _context("\r\nenv=prod\r\n\r\nteam=a=b\r\n") == {"env": "prod", "team": "a=b"}


@pytest.mark.parametrize("text", ["env=staging\nenv=prod", "env", "=prod"])
def test_neither_twice_nor_half(text: str) -> None:
    with pytest.raises(Refusal):
        _context(text)
