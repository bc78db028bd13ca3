"""`migrate`: a home of the published product, made by the published product, becomes one of ours."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import kanoniv_auth
from kanoniv_auth.api import migration, roots
from kanoniv_auth.core.errors import AuthError, StorageError, UsageError
from kanoniv_auth.core.keys import KeyPair, parse_secret
from kanoniv_auth.store import agents, files, keystore
from kanoniv_auth.store.home import Home
from tests.advisories.attacker import unb64
from tests.support.killing import DATA, Fate, Nursery
from tests.support.published import installed

FILL = """
import json, sys, time
import kanoniv_auth
from kanoniv_auth import registry
root = kanoniv_auth.init_root()
named = kanoniv_auth.delegate(scopes=["code.edit"], ttl="1h", name="claude-code")
kanoniv_auth.delegate(scopes=["deploy.prod"], ttl="1h", to=root.did)
# it signs some time after it has said when that ends: 0.001 would make an end before the beginning
expired = kanoniv_auth.delegate(scopes=["code.read"], ttl=0.2)
time.sleep(0.25)
live = kanoniv_auth.delegate(scopes=["deploy.staging"], ttl="4h", name="ci")
json.dump({"root": root.did, "live": live, "named": named,
           "agents": {row["name"]: row["did"] for row in registry.list_agents()}}, sys.stdout)
"""
Snapshot = dict[str, tuple[int, bytes]]


class World(NamedTuple):
    """A published home, what is known of it, and where ours is to be."""

    old: Path
    home: Path
    facts: dict[str, Any]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A home that the published product filled, to be copied, and what is known of it."""
    published = installed("published", tmp_path_factory.mktemp("filled"))
    facts = published.run(FILL)
    (published.home / "session-token").write_text(facts["live"])
    return published.home, facts


@pytest.fixture
def world(
    filled: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> World:
    for name in ("TOKEN", "AUDIENCE", "ROOT_DID", "ROOT_PUB", "ROOT_KEY"):
        monkeypatch.delenv(f"KANONIV_{name}", raising=False)
    home, facts = filled
    old = tmp_path / "published" / home.name
    shutil.copytree(home, old, copy_function=shutil.copy2)
    monkeypatch.setenv("HOME", str(old.parent))
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "ours"))
    return World(old, tmp_path / "ours", facts)


@pytest.fixture
def in_place(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("KANONIV_HOME", str(world.old))
    return world._replace(home=world.old)


@pytest.fixture(params=["in place", "from another directory"])
def either(request: pytest.FixtureRequest, world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    if request.param != "in place":
        return world
    monkeypatch.setenv("KANONIV_HOME", str(world.old))
    return world._replace(home=world.old)


def snapshot(folder: Path) -> Snapshot:
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode & 0o7777,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def refused(call: Callable[[], object], kind: type[AuthError] = UsageError) -> str:
    with pytest.raises(kind) as refusal:
        call()
    return f"{refusal.value} {refusal.value.facts.get('fix')}"


def seeds_in(path: Path) -> set[bytes]:
    """Every private key that a home holds, wherever it is."""
    found = {parse_secret(file.read_text()).seed for file in path.glob("keys/*.key")}
    registry = path / "agents.json"
    if registry.exists():
        for entry in json.loads(registry.read_text()).values():
            if "private_key" in entry:
                found.add(unb64(entry["private_key"]))
    return found


def test_everybody_is_who_they_were(either: World) -> None:
    old_keys = seeds_in(either.old)
    assert len(old_keys) == 2
    found = migration.migrate()
    assert found.root == either.facts["root"]
    assert {name: did for name, did, _ in found.agents} == either.facts["agents"]
    assert kanoniv_auth.load_root().did == either.facts["root"]
    assert {row.name: row.did for row in kanoniv_auth.list_agents()} == either.facts["agents"]
    for name, did in either.facts["agents"].items():
        key = kanoniv_auth.get_agent(name)
        assert isinstance(key, KeyPair)
        assert key.did == did
    assert seeds_in(either.home) == old_keys
    assert "private_key" not in (either.home / "agents.json").read_text()
    assert all(row.created_at.endswith("Z") for row in kanoniv_auth.list_agents())


def test_a_live_token_verifies_and_a_new_one_has_the_same_holder(either: World) -> None:
    migration.migrate()
    roots._memory.root = None
    assert kanoniv_auth.verify("deploy.staging.eu").agent_did == either.facts["agents"]["ci"]
    assert kanoniv_auth.verify("code.edit", either.facts["named"]).root_did == either.facts["root"]
    token = kanoniv_auth.delegate(["deploy.staging"], name="ci")
    assert kanoniv_auth.verify("deploy.staging", token).agent_did == either.facts["agents"]["ci"]
    assert kanoniv_auth.sign("deploy.staging").startswith("kde2.")


def test_each_token_is_judged(either: World) -> None:
    found = migration.migrate()
    assert sorted(token.code for token in found.tokens) == [
        "expired",
        "holder_unproven",
        "ok",
        "ok",
    ]
    assert all(bool(token.said) == (token.code != "ok") for token in found.tokens)
    assert not any(token.text in repr(token) for token in found.tokens)
    shown = {row.agent_did for row in kanoniv_auth.list_tokens()}
    assert set(either.facts["agents"].values()) <= shown
    if either.home != either.old:
        assert len(list(either.home.glob("tokens/*.token"))) == 2


def test_nobody_else_can_read_it_any_more(either: World) -> None:
    (either.old / "cloud.key").write_text("x")
    before = snapshot(either.old)
    assert before["agents.json"][0] == 0o644
    found = migration.migrate()
    for folder in {either.home, either.old}:
        for path, (mode, _) in snapshot(folder).items():
            assert not mode & 0o077, path
    assert str(either.old / "agents.json") in found.tightened
    assert found.left_open == ()
    # and what is only kept is kept to the byte
    for name in ("audit.log", "session-token", "cloud.key", "root.key"):
        assert (either.old / name).read_bytes() == before[name][1]


def test_the_source_keeps_its_bytes(world: World) -> None:
    before = snapshot(world.old)
    migration.migrate()
    assert {path: data for path, (_, data) in snapshot(world.old).items()} == {
        path: data for path, (_, data) in before.items()
    }


def test_again(either: World) -> None:
    migration.migrate()
    before = {
        path: data for path, (_, data) in snapshot(either.home).items() if "audit" not in path
    }
    again = migration.migrate()
    after = {path: data for path, (_, data) in snapshot(either.home).items() if "audit" not in path}
    assert after == before
    assert not again.root_is_new
    assert not any(new for _, _, new in again.agents)
    assert again.tightened == ()


def test_a_dry_run_changes_nothing(either: World) -> None:
    before = snapshot(either.old)
    found = migration.migrate(dry_run=True)
    assert snapshot(either.old) == before
    assert either.home == either.old or not either.home.exists()
    assert len(found.agents) == 2
    assert str(either.old / "agents.json") in found.tightened


def test_it_is_in_the_log(either: World) -> None:
    migration.migrate()
    last = json.loads((either.home / "audit.jsonl").read_text().splitlines()[-1])
    assert '"migrate"' in json.dumps(last)


# ----------------------------------------------------------------------------------------- refusals


def spoil(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


OTHER = KeyPair(bytes(32))
SPOILT: dict[str, tuple[str, Callable[[dict[str, Any]], None], str]] = {
    "the root is another": ("root.key", lambda f: f.update(did=OTHER.did), "is not who it says"),
    "the root is none": ("root.key", lambda f: f.update(private_key="x"), "root"),
    "an agent is another": (
        "agents.json", lambda f: f["ci"].update(private_key=OTHER.seed.hex()), "is not who it says",
    ),
    "an agent's key is garbled": ("agents.json", lambda f: f["ci"].update(private_key=7), "agent ci"),
    "a name that none can be": ("agents.json", lambda f: f.update({"a b": f.pop("ci")}), "rename it in"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_what_cannot_be_taken_over_changes_nothing(either: World, name: str) -> None:
    file, change, said = SPOILT[name]
    spoil(either.old / file, change)
    before = snapshot(either.old)
    assert said in refused(migration.migrate)
    after = snapshot(either.old)
    after.pop("lock", None)
    assert after == before
    assert not (either.home / "keys").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"ci":1}', "\x00"])
def test_a_registry_that_is_none(either: World, text: str) -> None:
    (either.old / "agents.json").write_text(text)
    assert "agents.json" in refused(migration.migrate, StorageError)
    assert (either.old / "agents.json").read_text() == text


def test_another_root_is_here_already(world: World) -> None:
    mine = kanoniv_auth.init_root()
    assert mine.did in refused(migration.migrate)
    assert kanoniv_auth.load_root().did == mine.did


def test_a_name_that_is_another_agents_here(world: World) -> None:
    key = kanoniv_auth.register_agent("ci")
    assert "agents rename" in refused(migration.migrate)
    assert kanoniv_auth.resolve_name("ci") == key.did
    assert not (world.home / "root.key").exists()


def test_nothing_is_there(tmp_path: Path, world: World) -> None:
    assert "nothing to take over" in refused(lambda: migration.migrate(tmp_path / "void"))
    assert "nothing to take over" in refused(lambda: migration.migrate(tmp_path))
    with pytest.raises(UsageError):
        migration.migrate("")


def test_a_registry_that_changes_meanwhile(
    in_place: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The published product knows no lock: whoever it registers while we read must not be lost."""
    save = keystore.save_agent_key
    registry = in_place.old / "agents.json"

    def and_somebody_registers(home: Home, key: KeyPair, now: int) -> None:
        save(home, key, now)
        late = {"did": OTHER.did, "private_key": OTHER.seed.hex()}
        spoil(registry, lambda fields: fields.update(late=late))

    monkeypatch.setattr(keystore, "save_agent_key", and_somebody_registers)
    assert "in the meantime" in refused(migration.migrate, StorageError)
    assert OTHER.seed.hex() in registry.read_text()
    monkeypatch.setattr(keystore, "save_agent_key", save)
    migration.migrate()
    assert OTHER.seed in seeds_in(in_place.old)


# --------------------------------------------------------------------- killed, and without migrating


@pytest.fixture
def nursery(in_place: World) -> Iterator[Nursery]:
    nursery = Nursery(in_place.old)
    yield nursery
    nursery.end()
    assert nursery.process.stdout is not None
    nursery.process.stdout.close()


def test_killed_at_any_step_no_key_is_lost(
    in_place: World, nursery: Nursery, tmp_path: Path
) -> None:
    kept = tmp_path / "as it was"
    shutil.copytree(in_place.old, kept, copy_function=shutil.copy2)
    keys, root = seeds_in(kept), (kept / "root.key").read_bytes()
    whole = nursery.run("migrate", "--from", str(in_place.old))
    assert whole.status == 0, whole
    assert len(whole.steps) > 20
    for at in range(1, len(whole.steps) + 1):
        for how in ("before", "torn") if whole.steps[at - 1].call in DATA else ("before",):
            shutil.rmtree(in_place.old)
            shutil.copytree(kept, in_place.old, copy_function=shutil.copy2)
            fate = Fate(at, how)
            nursery.run("migrate", "--from", str(in_place.old), fate=fate)
            assert seeds_in(in_place.old) == keys, fate
            assert (in_place.old / "root.key").read_bytes() == root, fate
            again = nursery.run("migrate", "--from", str(in_place.old))
            assert again.status == 0, (fate, again)
            assert "private_key" not in (in_place.old / "agents.json").read_text(), fate
            assert seeds_in(in_place.old) == keys, fate
            assert nursery.run("verify", "-s", "deploy.staging").status == 0, fate


def test_a_home_that_is_used_without_migrating_keeps_its_keys(in_place: World) -> None:
    keys = seeds_in(in_place.old)
    kanoniv_auth.register_agent("new")
    assert keys <= seeds_in(in_place.old)
    agents.rename(Home(str(in_place.old)), "claude-code", "claude")
    assert keys <= seeds_in(in_place.old)
    kanoniv_auth.register_agent("short-lived")
    agents.remove(Home(str(in_place.old)), "short-lived")
    assert keys <= seeds_in(in_place.old)
    said = refused(lambda: kanoniv_auth.delegate(["deploy"], name="ci"), StorageError)
    assert "kanoniv-auth migrate" in said
    migration.migrate()
    assert kanoniv_auth.resolve_name("claude") == in_place.facts["agents"]["claude-code"]
    assert kanoniv_auth.get_agent("new") is not None
    assert keys <= seeds_in(in_place.old)


def test_a_link_is_not_followed_to_change_a_mode(world: World, tmp_path: Path) -> None:
    other = tmp_path / "not ours"
    other.write_text("x")
    other.chmod(0o644)
    (world.old / "session-token").unlink()
    (world.old / "session-token").symlink_to(other)
    migration.migrate()
    assert other.stat().st_mode & 0o777 == 0o644


def test_files_has_room_for_a_long_audit_log(world: World) -> None:
    (world.old / "audit.log").write_bytes(b"x" * (files.LARGEST + 1))
    assert str(world.old / "audit.log") in migration.migrate().beside


# ------------------------------------------------------------------- what would be found out half-way


def unchanged(world: World) -> None:
    """Refused, and neither home is another than before."""
    before = snapshot(world.old)
    there = world.home.exists() and snapshot(world.home)
    said = refused(migration.migrate, AuthError)
    after = snapshot(world.old)
    after.pop("lock", None)
    before.pop("lock", None)
    assert after == before, said
    if world.home == world.old:
        return
    left = snapshot(world.home)
    left.pop("lock", None)
    assert left == (there or {}), said


@pytest.mark.parametrize("data", [b"eyJ\xff\xfe", b"eyJ\xc3\xa9", b"\xff", b"kd2.x", b"", b"eyJ"])
def test_a_latest_that_is_no_token_is_left_where_it_is(either: World, data: bytes) -> None:
    latest = either.old / "tokens" / "latest.token"
    latest.write_bytes(data)
    migration.migrate()
    assert latest.read_bytes() == data
    written = either.home / "tokens" / "latest"
    assert not written.exists() or written.read_bytes() == data == b"eyJ"
    assert {row.name for row in kanoniv_auth.list_agents()} == {"ci", "claude-code"}


@pytest.mark.parametrize(
    "name", ["tokens/x.token", "tokens/latest.token", "agents.json", "root.key"]
)
def test_a_file_that_is_too_large_changes_nothing(either: World, name: str) -> None:
    (either.old / name).write_bytes(b"eyJ" + b"x" * files.LARGEST)
    unchanged(either)


def test_file_names_that_are_no_text(either: World) -> None:
    name = "\udcff\x1b.token"
    (either.old / "tokens" / name).write_text(either.facts["live"])
    made = migration.migrate()
    assert any(token.path.endswith(name) for token in made.tokens)
    assert (either.home / "tokens" / name).exists()


def test_a_home_whose_name_is_no_text(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    shutil.copytree(world.old, old)
    assert migration.migrate(old).root == world.facts["root"]
    assert kanoniv_auth.load_root().did == world.facts["root"]


def test_a_key_file_here_that_is_another_agents_changes_nothing(either: World) -> None:
    keys = either.home / "keys"
    keys.mkdir(parents=True, mode=0o700)
    did = either.facts["agents"]["ci"]
    (keys / f"{did.rpartition(':')[2]}.key").write_text(OTHER.seed.hex())
    (keys / f"{did.rpartition(':')[2]}.key").chmod(0o600)
    unchanged(either)


@pytest.mark.parametrize("kind", ["pipe", "too large"])
@pytest.mark.parametrize("name", ["tokens/latest", "trusted_roots/local.pub", "tokens/live.token"])
def test_what_lies_in_the_way_here_changes_nothing(world: World, kind: str, name: str) -> None:
    (world.old / "tokens" / "live.token").write_text(world.facts["live"])
    path = world.home / name
    path.parent.mkdir(parents=True, mode=0o700)
    if kind == "pipe":
        os.mkfifo(path, 0o600)
        before = sorted(p.name for p in world.home.rglob("*"))
        refused(migration.migrate, StorageError)
        assert sorted(p.name for p in world.home.rglob("*") if p.name != "lock") == before
    else:
        path.write_bytes(b"x" * (files.LARGEST + 1))
        unchanged(world)


@pytest.mark.parametrize("name", ["tokens", "keys", "trusted_roots"])
def test_a_file_in_a_folders_place_here_changes_nothing(world: World, name: str) -> None:
    world.home.mkdir(mode=0o700)
    (world.home / name).write_text("in the way")
    unchanged(world)
