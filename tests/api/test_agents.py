"""Agents by name: the same name has the same DID; renamed, removed, written down; attacks on each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kanoniv_auth as ka
from kanoniv_auth.core.errors import AuthError, StorageError, UsageError
from kanoniv_auth.store import agents as stored, files, keystore
from kanoniv_auth.store.home import Home


def key_file(home: Path, did: str) -> Path:
    return home / "keys" / f"{did.rpartition(':')[2]}.key"


def logged(home: Path) -> list[dict[str, Any]]:
    """The agents' lines of the audit log."""
    lines = (home / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row.get("event") == "agents"]


def test_rename_keeps_did_and_key(home: Path) -> None:
    key = ka.register_agent("old")
    before = key_file(home, key.did).read_bytes()
    row = ka.rename_agent("old", "new")
    assert (row.name, row.did) == ("new", key.did)
    assert ka.get_agent("old") is None
    assert ka.get_agent("new") == key
    assert ka.register_agent("new") == key
    assert key_file(home, key.did).read_bytes() == before
    assert [(r.name, r.did) for r in ka.list_agents()] == [("new", key.did)]
    assert ka.register_agent("old") != key  # the name is free again, and somebody else's


def test_rename_refuses_a_missing_and_a_taken_name(home: Path) -> None:
    one, two = ka.register_agent("one"), ka.register_agent("two")
    registry = (home / "agents.json").read_bytes()
    for old, new in (("none", "new"), ("one", "two"), ("one", "one"), ("two", "one")):
        with pytest.raises(UsageError):
            ka.rename_agent(old, new)
    for old, new in (("one", "../x"), ("one", ""), ("", "x"), ("one", "a b"), ("one\n", "x")):
        with pytest.raises(UsageError, match="not in the grammar"):
            ka.rename_agent(old, new)
    assert (home / "agents.json").read_bytes() == registry
    assert (ka.get_agent("one"), ka.get_agent("two")) == (one, two)


def test_remove_takes_the_name_and_the_key(home: Path) -> None:
    ka.init_root()
    key, other = ka.register_agent("bot"), ka.register_agent("other")
    token = ka.delegate("build", name="bot")
    assert ka.remove_agent("bot") is True
    assert ka.remove_agent("bot") is False
    assert not key_file(home, key.did).exists()
    assert ka.get_agent("bot") is None
    assert ka.resolve_name("bot") is None
    assert ka.get_agent("other") == other
    # what it was given lives on (that is what revoke is for), but nothing can be signed or handed on with it here
    assert ka.verify("build", token).agent_did == key.did
    with pytest.raises(ka.HolderUnproven):
        ka.sign("build", token)
    assert ka.register_agent("bot") != key


@pytest.mark.parametrize("spoil", ["", "nonsense", None])
def test_a_spoilt_key_is_no_hindrance_to_removing(home: Path, spoil: str | None) -> None:
    path = key_file(home, ka.register_agent("bot").did)
    path.unlink()
    if spoil is not None:
        path.write_text(spoil)
        path.chmod(0o644)
    with pytest.raises(AuthError):
        ka.get_agent("bot")
    assert ka.remove_agent("bot") is True
    assert not path.exists()
    ka.register_agent("bot")


def test_a_key_that_another_name_has_stays(home: Path) -> None:
    key = ka.register_agent("one")
    registry = json.loads((home / "agents.json").read_text())
    (home / "agents.json").write_text(json.dumps({**registry, "two": registry["one"]}))
    assert ka.remove_agent("one") is True
    assert ka.get_agent("two") == key


def test_a_link_in_the_keys_place_is_removed_and_not_followed(home: Path, tmp_path: Path) -> None:
    path = key_file(home, ka.register_agent("bot").did)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert ka.remove_agent("bot") is True
    assert elsewhere.exists()
    assert not path.is_symlink()


def test_killed_between_name_and_key_leaves_no_name_that_is_only_an_error(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ka.register_agent("bot")

    def killed(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(keystore, "remove_agent_key", killed)
        with pytest.raises(SystemExit):
            ka.remove_agent("bot")
    assert ka.get_agent("bot") is None
    assert key_file(home, key.did).exists()  # a spare file: no name leads to it
    assert ka.register_agent("bot") != key


@pytest.mark.parametrize(
    "change", [lambda: ka.remove_agent("bot"), lambda: ka.rename_agent("bot", "new")]
)
def test_killed_before_the_rename_nothing_has_changed(
    home: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]
) -> None:
    key = ka.register_agent("bot")
    registry = (home / "agents.json").read_bytes()

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(files.NewFile, "commit", killed)
        with pytest.raises(SystemExit):
            change()
    assert (home / "agents.json").read_bytes() == registry
    assert ka.get_agent("bot") == key
    assert [row.name for row in ka.list_agents()] == ["bot"]


def test_a_corrupt_registry_is_never_written_over(home: Path) -> None:
    ka.register_agent("bot")
    (home / "agents.json").write_text('{"bot": {"did": "x"}}')
    for change in (lambda: ka.remove_agent("bot"), lambda: ka.rename_agent("bot", "new")):
        with pytest.raises(StorageError):
            change()
    assert (home / "agents.json").read_text() == '{"bot": {"did": "x"}}'


def test_what_others_wrote_into_the_registry_stays(home: Path) -> None:
    ka.register_agent("one")
    registry = json.loads((home / "agents.json").read_text())
    registry["one"]["public_key"] = "kept"
    (home / "agents.json").write_text(json.dumps(registry))
    ka.rename_agent("one", "two")
    ka.register_agent("three")
    ka.remove_agent("three")
    assert json.loads((home / "agents.json").read_text()) == {"two": registry["one"]}


def test_many_at_once_lose_nothing(home: Path) -> None:
    for number in range(8):
        ka.register_agent(f"a{number}")
    code = (
        "import sys, kanoniv_auth as ka\n"
        "n = sys.argv[1]\n"
        "ka.rename_agent('a' + n, 'b' + n)\n"
        "ka.register_agent('c' + n)\n"
        "print(ka.remove_agent('c' + n))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(number)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for number in range(8)
    ]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["True\n"] * 8
    assert [row.name for row in ka.list_agents()] == [f"b{number}" for number in range(8)]
    assert len(list((home / "keys").glob("*.key"))) == 8


def test_changes_are_recorded_and_a_known_name_is_none(home: Path) -> None:
    key = ka.register_agent("bot")
    ka.register_agent("bot")
    ka.rename_agent("bot", "new")
    ka.remove_agent("new")
    ka.remove_agent("new")
    ka.init_root()
    ka.delegate("build", name="worker")
    ka.delegate("build", name="worker")
    ka.delegate("build")
    with pytest.raises(UsageError):
        ka.rename_agent("none", "x")
    lines = logged(home)
    assert [(line["details"]["verb"], line["name"]) for line in lines] == [
        ("register", "bot"), ("rename", "new"), ("remove", "new"), ("register", "worker"),
    ]  # fmt: skip
    assert {line["agent"] for line in lines[:3]} == {key.did}
    assert lines[1]["details"]["old"] == "bot"


@pytest.mark.parametrize("where", ["file", "keys", "tokens"])
def test_a_home_that_cannot_be_written_registers_nothing(
    home: Path, tmp_path: Path, where: str
) -> None:
    ka.init_root()
    child = tmp_path / "child"
    if where == "file":
        child.write_text("")
    else:
        child.mkdir()
        (child / where).write_text("")
    with pytest.raises(StorageError):
        ka.delegate("build", name="bot", home=child)
    assert ka.list_agents() == []
    assert not (home / "keys").exists() or list((home / "keys").glob("*.key")) == []
    # and with room it is the same name
    token = ka.delegate("build", name="bot", home=tmp_path / "room")
    assert ka.verify("build", token).agent_did == ka.resolve_name("bot")


def test_a_fresh_key_of_a_lost_race_is_not_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ka.init_root()
    faster: list[ka.KeyPair] = []
    find = stored.find_key

    def slow(where: Home, name: str) -> ka.KeyPair | None:
        found = find(where, name)
        if not faster:
            faster.append(stored.register(where, name, os.urandom(32), 1))
        return found

    monkeypatch.setattr(stored, "find_key", slow)
    token = ka.delegate("build", name="bot")
    assert ka.verify("build", token).agent_did == faster[0].did
    assert [path.stem for path in (home / "keys").glob("*.key")] == [
        faster[0].did.rpartition(":")[2]
    ]
    assert logged(home) == []  # the name is not of this call's making
