"""Values that try to become commands or variables of the runner."""

from __future__ import annotations

import io

import pytest

from kanoniv_ci.commands import entry
from kanoniv_ci.workflow import Console
from tests.action.step import Job


@pytest.mark.parametrize(
    "scopes",
    [
        "deploy\nLD_PRELOAD=/tmp/evil.so",
        "deploy<<EOF\nEOF\nLD_PRELOAD<<EOF\n/tmp/evil.so\nEOF",
        "deploy,\n::set-env name=LD_PRELOAD::/tmp/evil.so",
        "deploy\r\n::add-mask::a",
        "deploy\u2028::error::x",
        "deploy,##[add-path]/tmp",
    ],
)
def test_a_scope_that_tries_to_inject(job: Job, scopes: str) -> None:
    refused = job.mint(scopes=scopes)
    assert refused.exit == 2
    assert set(refused.codes) == {"KAN-INPUT-001"}
    assert refused.env == {}
    # one annotation a bad scope, and nothing that begins like another command
    assert all(line.startswith("::error title=KAN-") for line in refused.lines)
    assert "##[" not in refused.stdout


@pytest.mark.parametrize(
    "name",
    [
        "PATH",
        "path",
        "GITHUB_TOKEN",
        "RUNNER_TEMP",
        "ACTIONS_RUNTIME_TOKEN",
        "LD_PRELOAD",
        "DYLD_INSERT_LIBRARIES",
        "PYTHONPATH",
        "BASH_ENV",
        "ENV",
        "NODE_OPTIONS",
        "GIT_SSH_COMMAND",
        "IFS",
        "PERL5OPT",
        "RUBYOPT",
        "JAVA_TOOL_OPTIONS",
        "KANONIV_HOME",
        "KANONIV_ROOT_DID",
        "A B",
        "A=B",
        "1A",
        "A\nB",
        "A<<B",
        "Ä",
    ],
)
def test_names_that_are_obeyed_by_somebody(job: Job, name: str) -> None:
    refused = job.mint(env_name=name)
    assert (refused.exit, refused.codes, refused.env) == (2, ["KAN-INPUT-004"], {})


def test_a_name_of_ones_own(job: Job) -> None:
    minted = job.mint(env_name="DEPLOY_TOKEN")
    assert sorted(minted.env) == ["DEPLOY_TOKEN", "KANONIV_HOME", "KANONIV_ROOT_DID"]


def test_a_delimiter_that_occurs_in_the_value_is_drawn_again() -> None:
    drawn = iter(["end-1", "end-2", "end-3"])
    assert (
        entry("X", "a\nend-1\nend-2", lambda: next(drawn)) == b"X<<end-3\na\nend-1\nend-2\nend-3\n"
    )


def test_the_log_is_utf_8_with_one_newline_whatever_the_locale_says() -> None:
    raw = io.BytesIO()
    console = Console(io.TextIOWrapper(raw, encoding="ascii", newline="\r\n"))
    console.say("\u00fc \ud800 ::x ##[y\r\n::error::z")
    assert raw.getvalue() == b"kanoniv-auth: \xc3\xbc \\ud800 ::x ## [y  ::error::z\n"
