"""The steps make exactly the tables that the statements are written for, and can be run again."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from kanoniv_server.storage import migrations
from kanoniv_server.storage.migrating import migrate
from kanoniv_server.storage.opening import open_store
from kanoniv_server.storage.schema import metadata
from kanoniv_server.storage.store import SqlStore
from tests.support.ledger import Desk, root

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kanoniv.db"
    return str(request.getfixturevalue("postgres").database())


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_the_steps_make_the_tables(address: str) -> None:
    store = await open_store(address)
    assert isinstance(store, SqlStore)
    try:
        assert await store._database.read(differences) == []
    finally:
        await store.close()


async def test_a_second_start_changes_nothing(address: str) -> None:
    desk = await Desk.open(await open_store(address))
    made = await desk.issue(to=root(7).public)
    await desk.store.close()
    again = await open_store(address)
    assert isinstance(again, SqlStore)
    try:
        await again._database.write("default", lambda session: migrate(session.connection))
        assert [row.id for row in (await again.delegations("default")).items] == [made.chain.id]
        assert await again.tenants() == (desk.tenant,)
    finally:
        await again.close()


def test_every_step_follows_another_and_none_forks() -> None:
    (where,) = migrations.__path__
    script = ScriptDirectory(where)
    assert len(script.get_heads()) == 1
    assert [step.revision for step in script.walk_revisions()] == ["0002", "0001"]
