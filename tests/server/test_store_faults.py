"""What goes wrong with a database, and what a store then does: it refuses soon, and what it acknowledged is there."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP
from typing import Any

import pytest
from sqlalchemy import Connection, event

from kanoniv_auth.core.errors import StorageError, UsageError
from kanoniv_auth.core.revocation_list import read_list
from kanoniv_server.domain.ports import Store
from kanoniv_server.storage.opening import open_store
from kanoniv_server.storage.store import SqlStore
from tests.support.ledger import NOW, Desk, happened, root
from tests.support.postgres import Postgres

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
SOON = 2.6  # seconds: the two that are promised, and what a busy machine adds
TO = root(7).public


async def refused_soon(asked: Any) -> StorageError:
    began = time.monotonic()
    with pytest.raises(StorageError) as caught:
        await asked
    assert time.monotonic() - began < SOON
    assert caught.value.slug == "storage"
    return caught.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kanoniv.db"


@pytest.fixture
async def store(file: Path) -> AsyncIterator[SqlStore]:
    store = await open_store(f"sqlite:///{file}")
    assert isinstance(store, SqlStore)
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, file: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{file}"
    return str(request.getfixturevalue("postgres").database())


# ------------------------------------------------------------------------------------------ killed


class Writers:
    """The warm process, from outside."""

    def __init__(self, address: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.ledger_writer", address],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill_one(self, said: Path, lines: int, after: float) -> list[list[str]]:
        """Let a child write, kill it so many seconds after so many acknowledgements; what it said."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{said}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if said.exists() and said.read_bytes().count(b"\n") >= lines:
                break
            time.sleep(0.002)
        time.sleep(after)
        os.kill(child, SIGKILL)
        *whole, torn = said.read_text().split("\n")
        assert torn == ""
        return [line.split() for line in whole]

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def writers(address: str) -> Iterator[Writers]:
    writers = Writers(address)
    yield writers
    writers.end()


async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(
    address: str, writers: Writers, tmp_path: Path
) -> None:
    chance = random.Random(4)  # noqa: S311 - when to kill
    issued, revoked, seq = set[str](), set[str](), 0
    for number in range(24):
        lines = chance.randint(4, 16)
        said = writers.kill_one(tmp_path / f"said{number}", lines, chance.uniform(0, 0.01))
        assert len(said) >= lines, "a child that was killed too soon"
        issued |= {words[1] for words in said if words[0] == "issue"}
        seqs = [int(words[1]) for words in said if words[0] == "revoke"]
        revoked |= {words[2] for words in said if words[0] == "revoke"}
        # a list that was never acknowledged may have been kept; one with a lower number may not follow
        assert all(one > seq for one in seqs)
        seq = max([seq, *seqs])
    store = await open_store(address)
    try:
        newest = read_list(await store.revocation_list("default") or "")
        assert newest.seq >= seq
        assert revoked <= {one.hex() for one in newest.ids}
        kept = await everything(store)
        assert issued <= set(kept)
        assert all(kept[one] is not None for one in revoked)
        # a line for each change and none else: the tenant, its links, its revocations
        assert (await (await Desk.open(store)).trail()).seq == 1 + len(kept) + len(newest.ids)
    finally:
        await store.close()
    assert len(revoked) > 24


async def everything(store: Store) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    before = None
    while True:
        page = await store.delegations("default", limit=1000, before=before)
        found |= {row.id.hex(): row.revoked_at for row in page.items}
        if page.next is None:
            return found
        before = page.next


# ------------------------------------------------------------------------- two on the same database


async def test_two_processes_keep_all_revocations_and_one_seq_each(address: str) -> None:
    desks = [await Desk.open(await open_store(address)) for _ in range(2)]
    texts: dict[int, str] = {}

    async def work(desk: Desk, number: int) -> None:
        for turn in range(10):
            found = await desk.revoke(ids=[bytes([number, turn]) * 16])
            assert texts.setdefault(found.seq, found.text) == found.text
            await desk.issue(to=TO)

    try:
        await asyncio.gather(*[work(desks[n % 2], n) for n in range(8)])
        newest = await desks[0].store.revocation_list("default")
        assert newest == await desks[1].store.revocation_list("default") == texts[80]
        assert sorted(texts) == list(range(1, 81))
        assert len(read_list(newest).ids) == 80
        assert (await desks[1].trail()).seq == 1 + 80 + 80
        assert await desks[0].store.version() == await desks[1].store.version()
    finally:
        for desk in desks:
            await desk.store.close()


async def test_a_revocation_is_seen_by_the_other_at_once(address: str) -> None:
    one, two = [await Desk.open(await open_store(address)) for _ in range(2)]
    try:
        before = await two.store.version()
        found = await one.revoke(keys=[TO])
        assert await two.store.version() > before
        assert await two.store.revocation_list("default") == found.text
        with pytest.raises(Exception, match="revoked"):
            await two.issue(to=TO)
    finally:
        await one.store.close()
        await two.store.close()


async def test_of_many_that_start_at_once_one_makes_the_tables(address: str) -> None:
    code = "import asyncio,sys;from kanoniv_server.storage.opening import open_store as o\n"
    code += "async def m():\n s=await o(sys.argv[1]);print(await s.version());await s.close()\n"
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", f"{code}asyncio.run(m())", address],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    said = [one.communicate(timeout=60) for one in starts]
    assert [out for out, _ in said] == ["0\n"] * 4, said


# ------------------------------------------------------------------------------------- SQLite's own


async def test_the_file_is_its_owner_s_alone(store: SqlStore, file: Path) -> None:
    await Desk.open(store)
    assert {
        path.name: oct(path.stat().st_mode & 0o777) for path in file.parent.iterdir()
    } == dict.fromkeys(("kanoniv.db", "kanoniv.db-shm", "kanoniv.db-wal"), "0o600")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
async def test_a_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    """An API key of theirs would be a row in it."""
    path = tmp_path / "kanoniv.db"
    await (await open_store(f"sqlite:///{path}")).close()
    path.chmod(mode)
    with pytest.raises(StorageError, match="others may write it") as caught:
        await open_store(f"sqlite:///{path}")
    assert caught.value.facts["fix"] == f"chmod 600 {path}"


async def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kanoniv.db"
    await (await open_store(f"sqlite:///{path}")).close()
    os.chown(path, 12345, 0)
    with pytest.raises(StorageError, match="another user"):
        await open_store(f"sqlite:///{path}")


async def test_every_change_is_flushed_to_the_disk(store: SqlStore) -> None:
    asked = ("synchronous", "journal_mode", "foreign_keys", "trusted_schema")

    def settings(connection: Any) -> list[object]:
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked]

    database: Any = store._database
    full = [2, "wal", 1, 0]
    assert await database.read(settings) == full
    assert await database.write("", lambda session: settings(session.connection)) == full


async def test_a_lock_that_is_held_refuses_soon_and_is_over_with_it(
    store: SqlStore, file: Path
) -> None:
    desk = await Desk.open(store)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert "locked" in str(await refused_soon(desk.issue(to=TO)))
    assert (await store.delegations("default")).items == ()
    holder.execute("ROLLBACK")
    holder.close()
    made = await desk.issue(to=TO)
    assert [row.id for row in (await store.delegations("default")).items] == [made.chain.id]


async def test_a_full_disk_refuses_and_an_emptier_one_goes_on(store: SqlStore) -> None:
    desk = await Desk.open(store)
    database: Any = store._database
    pages = 0

    def limit(connection: Any, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={pages or 2**30}")

    event.listen(database._engine, "connect", limit)
    pages = 30
    database._engine.dispose()
    made: list[bytes] = []

    async def fill() -> None:
        while True:
            made.append((await desk.issue(to=TO)).chain.id)

    for _ in range(3):
        with pytest.raises(StorageError, match="full"):
            await fill()
    assert len(made) > 3
    pages = 0
    database._engine.dispose()
    made.append((await desk.issue(to=TO)).chain.id)
    rows = (await store.delegations("default", limit=1000)).items
    assert [row.id for row in rows] == made[::-1]
    assert (await desk.trail()).seq == 1 + len(made)


@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_acknowledged_into_a_file_that_is_gone(
    store: SqlStore, file: Path, *, replaced: bool
) -> None:
    desk = await Desk.open(store)
    file.rename(file.with_name("moved"))
    if replaced:
        file.touch()
    assert "removed or replaced" in str(await refused_soon(desk.issue(to=TO)))
    assert "removed or replaced" in str(await refused_soon(store.revocation_list("default")))
    file.with_name("moved").replace(file)
    await desk.issue(to=TO)


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"not a database" * 400)
    foreign = tmp_path / "foreign"
    with sqlite3.connect(foreign) as made:
        made.execute("CREATE TABLE tenants (something TEXT)")
    made.close()
    newer = tmp_path / "newer"
    with sqlite3.connect(newer) as made:
        made.execute("CREATE TABLE alembic_version (version_num TEXT)")
        made.execute("INSERT INTO alembic_version VALUES ('9999')")
    made.close()
    missing = tmp_path / "missing" / "file"
    for path in (garbage, foreign, newer, missing, tmp_path):
        await refused_soon(open_store(f"sqlite:///{path}"))
    assert garbage.read_bytes() == b"not a database" * 400


async def test_a_page_that_was_damaged_is_refused(store: SqlStore, file: Path) -> None:
    desk = await Desk.open(store)
    for _ in range(50):
        await desk.issue(to=TO)
    await store.close()
    with file.open("r+b") as bytes_:
        bytes_.seek(4096)
        bytes_.write(os.urandom(file.stat().st_size - 4096))

    async def look() -> None:
        again = await open_store(f"sqlite:///{file}")
        try:
            await again.delegations("default", limit=1000)
            await again.audit_page("default", limit=1000)
        finally:
            await again.close()

    with pytest.raises(StorageError):
        await look()


async def test_a_change_that_breaks_does_not_end_the_writer(store: SqlStore) -> None:
    desk = await Desk.open(store)
    database: Any = store._database
    with pytest.raises(ZeroDivisionError):
        await database.write("default", lambda _: 1 / 0)
    await desk.issue(to=TO)


# --------------------------------------------------------------------------------- PostgreSQL's own


async def test_a_server_that_stops_and_starts(own_postgres: Postgres) -> None:
    desk = await Desk.open(await open_store(own_postgres.database()))
    try:
        made = [(await desk.issue(to=TO)).chain.id]
        own_postgres.stop()
        for _ in range(2):
            await refused_soon(desk.issue(to=TO))
            await refused_soon(desk.store.version())
            await refused_soon(desk.revoke(ids=made))
        own_postgres.start()
        made.append((await desk.issue(to=TO)).chain.id)
        assert [row.id for row in (await desk.store.delegations("default")).items] == made[::-1]
        assert (await desk.trail()).seq == 3
    finally:
        await desk.store.close()


async def test_a_server_that_hangs(own_postgres: Postgres) -> None:
    desk = await Desk.open(await open_store(own_postgres.database()))
    try:
        await desk.issue(to=TO)
        own_postgres.send(SIGSTOP)
        issued = [refused_soon(desk.issue(to=TO)) for _ in range(5)]
        revoked = refused_soon(desk.revoke(ids=[bytes(32)]))
        await asyncio.gather(*issued, revoked, refused_soon(desk.store.version()))
        own_postgres.send(SIGCONT)
        await asyncio.sleep(0.5)
        made = (await desk.issue(to=TO)).chain.id
        assert (await desk.store.delegations("default")).items[0].id == made
        await desk.trail()
    finally:
        await desk.store.close()


async def test_a_server_that_crashes_keeps_what_it_acknowledged(own_postgres: Postgres) -> None:
    desk = await Desk.open(await open_store(own_postgres.database()))
    made: list[bytes] = []

    async def work() -> None:
        while True:
            made.append((await desk.issue(to=TO)).chain.id)

    try:
        for _ in range(3):
            working = [asyncio.create_task(work()) for _ in range(8)]
            await asyncio.sleep(0.3)
            own_postgres.stop(SIGKILL)
            done = await asyncio.gather(*working, return_exceptions=True)
            assert {type(one) for one in done} == {StorageError}
            own_postgres.start()
        assert {one.hex() for one in made} <= set(await everything(desk.store))
        await desk.trail()
    finally:
        await desk.store.close()


@pytest.mark.parametrize("said", ["off", "local", "remote_write"])
async def test_acknowledged_is_durable_whatever_the_server_is_used_to(
    own_postgres: Postgres, said: str
) -> None:
    """With `synchronous_commit` off it answers before anything is on the disk, and forgets it when it crashes."""
    address = own_postgres.database()
    name = address.partition("?")[0].rpartition("/")[2]
    for whose in ("SYSTEM", f"DATABASE {name}", "ROLE postgres"):
        own_postgres.tell(address, f"ALTER {whose} SET synchronous_commit = {said}")
    own_postgres.tell(address, "SELECT pg_reload_conf()")
    store = await open_store(address)
    assert isinstance(store, SqlStore)

    def setting(connection: Connection) -> str:
        return str(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())

    try:
        assert await store._database.read(setting) == "on"
        assert await store._database.write("default", lambda one: setting(one.connection)) == "on"
    finally:
        await store.close()


async def test_a_row_that_another_holds_refuses_soon(postgres: Postgres) -> None:
    import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - where PostgreSQL is

    address = postgres.database()
    desk = await Desk.open(await open_store(address))
    name = address.partition("@/")[2].partition("?")[0]
    other = await asyncpg.connect(host=str(postgres.folder), user="postgres", database=name)
    try:
        await other.execute("BEGIN; SELECT * FROM tenants FOR UPDATE")
        assert "lock timeout" in str(await refused_soon(desk.issue(to=TO)))
        await other.execute("ROLLBACK")
        await desk.issue(to=TO)
    finally:
        await other.close()
        await desk.store.close()


async def test_a_server_that_was_never_there() -> None:
    for address in (
        "postgresql://me:hunter2@127.0.0.1:1/x",
        "postgresql+asyncpg://me:hunter2@/x?host=/nowhere",
        "postgresql://me:hunter2@nobody.invalid/x",
    ):
        error = await refused_soon(open_store(address))
        assert "hunter2" not in f"{error} {error.facts}"


# ------------------------------------------------------------------------------------------- said


@pytest.mark.parametrize(
    "address",
    ["", "x", "mysql://me:hunter2@h/x", "sqlite://", "sqlite:///:memory:", "sqlite+x:///f",
     "sqlite:///f?mode=ro", "postgresql+psycopg://me:hunter2@h/x", "://hunter2", "memory"],
)  # fmt: skip
async def test_an_address_that_is_none_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        await open_store(address)
    assert "hunter2" not in f"{caught.value} {caught.value.facts}"
    assert caught.value.__cause__ is None


async def test_an_error_shows_no_value(address: str) -> None:
    desk = await Desk.open(await open_store(address))
    try:
        (key,) = await desk.store.api_keys("default")
        error = await refused_soon(desk.store.add_api_key(key, happened()))
        for secret in (key.digest.hex(), repr(key.digest)[2:20], key.id, "INSERT", str(NOW)):
            assert secret not in f"{error} {error.facts}"
    finally:
        await desk.store.close()
