"""docs/reference/files.md is what a home looks like after everything was done in it once: each path, each mode."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.test_reference import REFERENCE, first_column
from tests.support.session import SERVICE, person, service_beside

SESSION = """
umask 0
kanoniv-auth init
kanoniv-auth delegate -s a,b -n bot
kanoniv-auth delegate -s a --to bot | kanoniv-auth accept
kanoniv-auth verify -s a
! kanoniv-auth verify -s c
kanoniv-auth exec -s a -- true
kanoniv-auth sign -a b
kanoniv-auth delegate -s a --parent - --home child <.kanoniv/tokens/latest
KANONIV_HOME=other kanoniv-auth init
kanoniv-auth roots add other "$(KANONIV_HOME=other kanoniv-auth roots list | grep -o 'did:key:.*')"
kanoniv-auth revoke --agent bot
kanoniv-auth revocations export | kanoniv-auth revocations import -
kanoniv-auth login --endpoint http://127.0.0.1:7400 --api-key-file api.key
kanoniv-auth roots add service "$(kanoniv-auth login --endpoint http://127.0.0.1:7400 --api-key-file api.key --json \
    | grep -o 'did:key:[A-Za-z0-9]*')"
kanoniv-auth revocations sync
echo '{"hook_event_name":"UserPromptExpansion","session_id":"s1","cwd":"/","expansion_type":"slash_command",
"command_name":"kanoniv:delegate","command_args":"build 1h","command_source":"plugin"}' | kanoniv-auth hook claude-code
kanoniv-auth install-skill
kanoniv-auth audit-log checkpoint
kanoniv-auth roots rotate
kanoniv-auth audit-log verify
"""
PARTS = {
    "<id>": "[0-9a-f]{32}",
    "<label>": "[A-Za-z0-9._-]+",
    "<number>": "[0-9]{8}",
    "<session>": "[A-Za-z0-9_-]{1,128}",
    "<stamp>": "[0-9]{8}T[0-9]{6}Z",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shell = person(tmp_path_factory.mktemp("session") / "you")
    with service_beside(shell.place) as service:
        said = shell.line(f"set -e\n{SESSION.replace(SERVICE, service)}")
    assert said.status == 0, said
    return shell.place / ".kanoniv"


def rows() -> dict[str, re.Pattern[str]]:
    """Each path of the page, and what it stands for."""
    found = {}
    for path in first_column(REFERENCE / "files.md"):
        pattern = "".join(
            PARTS[part] if part in PARTS else re.escape(part)
            for part in re.split(r"(<[a-z]+>)", path)
        )
        found[path] = re.compile(pattern)
    return found


def names(home: Path) -> dict[str, int]:
    """Paths below the home, folders with a slash, and their modes."""
    return {
        path.relative_to(home).as_posix() + "/" * path.is_dir(): path.lstat().st_mode & 0o7777
        for path in home.rglob("*")
    }


def test_everything_there_is_in_the_table(home: Path) -> None:
    patterns = rows().values()
    assert [n for n in names(home) if not any(p.fullmatch(n) for p in patterns)] == []


def test_everything_in_the_table_is_there(home: Path) -> None:
    found = names(home)
    # local.pub is one of <label>.pub as well
    missing = [row for row, pattern in rows().items() if not any(map(pattern.fullmatch, found))]
    assert missing == []


def test_modes(home: Path) -> None:
    assert home.lstat().st_mode & 0o7777 == 0o700
    wrong = {n: oct(m) for n, m in names(home).items() if m != (0o700 if n[-1] == "/" else 0o600)}
    assert wrong == {}


def test_a_child_has_no_more_than_its_own(home: Path) -> None:
    child = names(home.parent / "child")
    assert not any(n.startswith(("root.key", "agents.json", "receipts")) for n in child)
    keys = [n for n in child if re.fullmatch(r"keys/.+", n)]
    assert len(keys) == 1
    assert all(m == (0o700 if n[-1] == "/" else 0o600) for n, m in child.items())
