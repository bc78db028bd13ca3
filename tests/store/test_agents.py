"""Names: the same name, the same DID, also when many register at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kanoniv_auth.core.errors import StorageError, UsageError
from kanoniv_auth.store import agents
from kanoniv_auth.store.home import Home

ONE, TWO = b"\1" * 32, b"\2" * 32


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(str(tmp_path / "home"))


def test_same_name_same_did(home: Home) -> None:
    first = agents.register(home, "deploy-bot", ONE, 1)
    assert agents.register(home, "deploy-bot", TWO, 2) == first
    assert agents.find_did(home, "deploy-bot") == first.did
    assert agents.listed(home) == [("deploy-bot", first.did, "1970-01-01T00:00:01Z")]
    assert first.seed.hex() not in Path(home.agents).read_text()


@pytest.mark.parametrize("name", ["", "a" * 65, "a b", "a/b", "../x", "é", "a\n", "a\0"])
def test_names_have_a_grammar(home: Home, name: str) -> None:
    with pytest.raises(UsageError):
        agents.register(home, name, ONE, 1)
    assert not Path(home.path).exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a":1}', '{"a":{}}', '{"a":{"did":"x"}}', '{"a b":{"did":"x"}}', "\x00"],
)
def test_a_corrupt_registry_is_an_error_and_stays_as_it_is(home: Home, text: str) -> None:
    Path(home.path).mkdir()
    Path(home.agents).write_text(text)
    with pytest.raises(StorageError, match=r"agents\.json"):
        agents.register(home, "a", ONE, 1)
    assert Path(home.agents).read_text() == text


def test_fields_of_others_are_kept(home: Home) -> None:
    Path(home.path).mkdir()
    did = "did:agent:" + "0" * 32
    Path(home.agents).write_text(
        json.dumps({"old": {"did": did, "private_key": "x", "created_at": "y"}})
    )
    agents.register(home, "new", ONE, 1)
    assert json.loads(Path(home.agents).read_text())["old"] == {
        "did": did,
        "private_key": "x",
        "created_at": "y",
    }
    with pytest.raises(StorageError, match="does not hold its key"):
        agents.find_key(home, "old")


def test_many_at_once_keep_all(home: Home) -> None:
    code = (
        "import os,sys\n"
        "from kanoniv_auth.store import agents\n"
        "from kanoniv_auth.store.home import Home\n"
        "for i in range(4): agents.register(Home(sys.argv[1]), f'{sys.argv[2]}-{i}', os.urandom(32), 1)\n"
        "print(agents.register(Home(sys.argv[1]), 'shared', os.urandom(32), 1).did)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, home.path, str(number)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for number in range(6)
    ]
    shared = {process.communicate(timeout=30)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 6
    assert len(shared) == 1
    assert len(agents.listed(home)) == 6 * 4 + 1
    assert len(list(Path(home.keys).iterdir())) == 6 * 4 + 1
