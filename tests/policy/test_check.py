"""`kanoniv-ci policy check` as people and pipelines run it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from kanoniv_ci import cli
from tests.cli.shell import BIN, Said, Shell
from tests.policy.claims import token
from tests.policy.samples import BASE

CONDITIONS = "conditions:\n  ref: {exact: refs/heads/main}\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    folder = tmp_path / ".github" / "kanoniv"
    folder.mkdir(parents=True)
    (folder / "deploy.yaml").write_text(BASE + CONDITIONS)
    (tmp_path / "claims.json").write_text(json.dumps(token()))
    return Shell(tmp_path)


def check(shell: Shell, *words: str, stdin: str = "") -> Said:
    return shell.words([str(BIN / "kanoniv-ci"), "policy", "check", *words], stdin)


def answer(said: Said) -> dict[str, Any]:
    assert said.err == ""
    found = json.loads(said.out)
    assert isinstance(found, dict)
    assert {"ok", "code", "message", "fix"} <= set(found)
    assert found["ok"] == (said.status == 0)
    return found


def test_valid(shell: Shell) -> None:
    said = check(shell)
    assert said == (0, "valid: deploy gives deploy.staging for at most 1h; asks for ref\n", "")
    assert answer(check(shell, "--json"))["policies"] == ["deploy"]


def test_a_policy_without_conditions_is_pointed_at(shell: Shell) -> None:
    (shell.place / "open.yaml").write_text(BASE)
    said = check(shell, "open.yaml")
    assert said.status == 0
    assert "any branch and workflow" in said.err


def test_invalid(shell: Shell) -> None:
    (shell.place / ".github/kanoniv/bad.yaml").write_text(BASE + "x: y\n")
    for words in ((), ("--claims", "claims.json")):
        said = check(shell, *words)
        assert said.status == 2
        assert said.out == ""  # a policy beside a bad one is not used either
        assert (
            "bad.yaml:6: unusable trust policy: `x` is no key of a policy [bad_policy]" in said.err
        )
    found = answer(check(shell, "--json"))
    assert found["code"] == "bad_policy"
    assert found["problems"][0]["file"].endswith("bad.yaml:6")


def test_allowed(shell: Shell) -> None:
    said = check(shell, "--claims", "claims.json", "--scopes", "deploy.staging.web", "--ttl", "30m")
    assert (said.status, said.err) == (0, "")
    head, *rows = said.out.splitlines()
    assert head.split() == ["POLICY", "CLAIM", "WANTED", "SEEN", "VERDICT"]
    assert [row.split()[1] for row in rows[:-2]] == [
        "iss", "repository_id", "repository_owner_id", "event_name", "ref", "scopes", "ttl",
    ]  # fmt: skip
    assert all(row.endswith("  holds") for row in rows[:-2])
    assert rows[-1] == "allowed by deploy: deploy.staging.web for 30m"
    found = answer(check(shell, "--claims", "claims.json", "--json"))
    assert (found["policy"], [row["holds"] for row in found["conditions"]]) == (
        "deploy",
        [True] * 5,
    )


@pytest.mark.parametrize(
    ("changes", "words", "claims"),
    [
        ({"ref": "refs/heads/x"}, (), ["ref"]),
        ({"event_name": "issue_comment"}, (), ["event_name"]),
        ({"ref": None, "iss": 5}, (), ["iss", "ref"]),
        ({}, ("--scopes", "deploy.prod"), ["scopes"]),
        ({}, ("--scopes", "deploy.staging", "--ttl", "2h"), ["ttl"]),
    ],
)
def test_refused(
    shell: Shell, changes: dict[str, Any], words: tuple[str, ...], claims: list[str]
) -> None:
    text = json.dumps(token(**changes))
    said = check(shell, "--claims", "-", *words, stdin=text)
    assert said.status == 1
    assert [row.split()[1] for row in said.out.splitlines() if "  NO: " in row] == claims
    assert said.err.startswith("error: no trust policy lets this in: deploy: ")
    found = answer(check(shell, "--claims", "-", *words, "--json", stdin=text))
    assert found["code"] == "policy"
    assert [row["claim"] for row in found["conditions"] if not row["holds"]] == claims


@pytest.mark.parametrize(
    "words",
    [
        ("--claims", "nowhere.json"),
        ("--claims", "."),
        ("--scopes", "a"),
        ("--claims", "claims.json", "--ttl", "1h"),
        ("--claims", "claims.json", "--scopes", ""),
        ("--claims", "claims.json", "--scopes", "a.*"),
        ("--claims", "claims.json", "--scopes", "a", "--ttl", "never"),
        ("--claims", "claims.json", "--scopes", "a", "--ttl", "soon"),
        ("--nope",),
        ("--claim", "claims.json"),
        ("nowhere",),
        ("empty",),
        ("claims.json",),
    ],
)
def test_unusable(shell: Shell, words: tuple[str, ...]) -> None:
    (shell.place / "empty").mkdir()
    said = check(shell, *words)
    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("error: ")
    assert "\nfix: " in said.err
    assert "Traceback" not in said.err
    assert answer(check(shell, *words, "--json"))["fix"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "null",
        '"x"',
        '{"ref": 1, "ref": 2}',
        "[" * 60_000,
        '{"a":"' + "x" * 70_000 + '"}',
        "\udcff",
    ],
)
def test_claims_that_are_none(shell: Shell, text: str) -> None:
    path = shell.place / "odd.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    said = check(shell, "--claims", "odd.json")
    assert said.status == 2
    assert said.err.startswith("error: the claims are ")


def test_foreign_text_moves_no_cursor(shell: Shell) -> None:
    text = json.dumps(token(ref="\x1b[2J\u202e\nrefs", environment="::error::x"))
    said = check(shell, "--claims", "-", stdin=text)
    assert said.status == 1
    assert all(line.isprintable() for line in (said.out + said.err).splitlines())
    assert len(said.out.splitlines()) == 6


def test_no_command_says_what_there_is(shell: Shell) -> None:
    for words in ((), ("policy",)):
        said = shell.words([str(BIN / "kanoniv-ci"), *words])
        assert said.status == 2
        assert "kanoniv-ci" in said.err
    assert "policy" in shell.words([str(BIN / "kanoniv-ci"), "--help"]).out
    assert cli.main(["policy", "check", "/nowhere.yaml"]) == 2


def test_the_schema_lies_beside_the_program() -> None:
    assert (Path(cli.__file__).parent / "trust-policy.schema.json").is_file()


def test_the_schema_goes_into_the_wheel(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder  # noqa: PLC0415 - what builds it, for this test alone

    root = str(Path(cli.__file__).parents[1])
    (built,) = WheelBuilder(root).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        assert "kanoniv_ci/trust-policy.schema.json" in wheel.namelist()
        entry = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        assert "kanoniv-ci = kanoniv_ci.cli:main" in wheel.read(entry).decode()
