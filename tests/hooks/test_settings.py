"""A person's settings file: ours goes in and out, what is theirs stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.hooks.settings import BOOT, merged
from kanoniv_auth.hooks.skills import entries

OURS = entries("/venv/bin/python", ["-I", "-S", f"/venv/lib/{BOOT}", "claude-code", "--home", "/h"])
OLD = entries("/old/python", ["-I", "-S", f"/old/{BOOT}", "claude-code"])
FOREIGN: dict[str, Any] = {"type": "command", "command": "black", "args": ["."]}
THEIRS: dict[str, Any] = {
    "model": "opus",
    "hooks": {
        "PreToolUse": [{"matcher": "Bash", "hooks": [FOREIGN]}],
        "Stop": [{"hooks": [{"type": "command", "command": "say done"}]}],
    },
    "permissions": {"allow": ["Bash(ls)"]},
}


def put(text: str | None) -> Any:
    return json.loads(merged(text, OURS, "s.json").text)


def test_where_there_is_no_file() -> None:
    for text in (None, "", " \n"):
        assert put(text) == {"hooks": OURS}


def test_what_is_theirs_stays_and_in_its_order() -> None:
    text = json.dumps(THEIRS, indent=2)
    made = merged(text, OURS, "s.json")
    found = json.loads(made.text)
    assert list(found) == list(THEIRS)
    assert found["hooks"]["PreToolUse"] == [*THEIRS["hooks"]["PreToolUse"], *OURS["PreToolUse"]]
    assert found["hooks"]["Stop"] == THEIRS["hooks"]["Stop"]
    assert made.others == 2
    assert merged(made.text, {}, "s.json").text == text + "\n"


@pytest.mark.parametrize(
    "text", ['{"hooks": {}}', '{"hooks": {"Stop": []}}', "{ }", "", " ", '{"a":1}']
)
def test_a_file_without_ours_stays_to_the_letter(text: str) -> None:
    made = merged(text, {}, "s.json")
    assert (made.text, made.changed, made.ours) == (text, False, 0)
    assert made.empty == (text.strip() in ("", "{ }"))


def test_how_many_entries_were_ours() -> None:
    assert merged(None, OURS, "s.json").ours == 0
    text = merged(None, OURS, "s.json").text
    made = merged(text, {}, "s.json")
    assert (made.ours, made.empty, made.text) == (len(OURS), True, "{}\n")
    assert merged(text, OURS, "s.json").ours == len(OURS)


def test_twice_is_once() -> None:
    once = merged(json.dumps(THEIRS), OURS, "s.json")
    twice = merged(once.text, OURS, "s.json")
    assert once.changed
    assert not twice.changed
    assert twice.text == once.text


def test_an_older_one_of_ours_is_replaced_wherever_it_stands() -> None:
    old = merged(json.dumps(THEIRS), OLD, "s.json").text
    assert put(old) == put(json.dumps(THEIRS))
    shared = {"hooks": {"PreToolUse": [{"matcher": "*", "hooks": [FOREIGN, *_handlers(OLD)]}]}}
    found = put(json.dumps(shared))["hooks"]["PreToolUse"]
    assert found[0] == {"matcher": "*", "hooks": [FOREIGN]}
    assert found[1:] == OURS["PreToolUse"]


def _handlers(rows: Any) -> list[Any]:
    return list(rows["PreToolUse"][0]["hooks"])


@pytest.mark.parametrize("indent", [None, 1, 2, 4, "\t"])
def test_the_files_own_form_stays(indent: int | str | None) -> None:
    text = json.dumps({**THEIRS, "name": "é日"}, indent=indent, ensure_ascii=False) + "\n"
    back = merged(merged(text, OURS, "s.json").text, {}, "s.json").text
    assert json.loads(back) == json.loads(text)
    if indent is not None:
        assert back == text


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", "null", '"x"', "{} {}", '{"a": NaN}', '// x\n{"a": 1}', '{"a": 1,}', '{"hooks": []}',
        '{"hooks": {"PreToolUse": {}}}', '{"hooks": {}, "hooks": {}}', "[" * 100_000,
    ],
)  # fmt: skip
def test_what_cannot_be_read_as_it_is_meant_is_left_alone(text: str) -> None:
    for wanted in (OURS, {}):
        with pytest.raises(UsageError, match=r"s\.json"):
            merged(text, wanted, "s.json")


def test_hooks_that_are_switched_off_are_said() -> None:
    with pytest.raises(UsageError, match="switches all hooks off"):
        merged('{"disableAllHooks": true}', OURS, "s.json")
    assert not merged('{"disableAllHooks": true}', {}, "s.json").changed
    assert put('{"disableAllHooks": false}')["hooks"] == OURS


@pytest.mark.parametrize(
    "row",
    [
        "x", 7, None, [], {}, {"hooks": "x"}, {"hooks": [7, "x", None]}, {"hooks": []},
        {"hooks": [{"type": "command", "command": "kanoniv-auth hook claude-code"}]},
        {"hooks": [{"command": "kanoniv-auth", "args": ["hook", 7]}]},
        {"hooks": [{"command": "/x/kanoniv-auth", "args": "claude-code"}]},
    ],
)  # fmt: skip
def test_rows_that_we_did_not_write_are_nobody_elses_business(row: object) -> None:
    text = json.dumps({"hooks": {"PreToolUse": [row]}})
    assert put(text)["hooks"]["PreToolUse"] == [row, *OURS["PreToolUse"]]
    assert not merged(text, {}, "s.json").changed


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_FILES = st.fixed_dictionaries(
    {},
    optional={
        "a": _JSON,
        "hooks": st.dictionaries(
            st.sampled_from(["PreToolUse", "Stop"]),
            st.lists(_JSON, min_size=1, max_size=3),
            min_size=1,
        ),
        "b": _JSON,
    },
)


@given(_FILES)
def test_in_and_out_again_changes_nothing(value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    made = merged(text, OURS, "s.json")
    found = json.loads(made.text)
    assert [row for row in found["hooks"]["PreToolUse"] if row in OURS["PreToolUse"]]
    assert json.loads(merged(made.text, {}, "s.json").text) == value
