"""Brings the tables up to what this program knows, at every start, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command, util
from alembic.config import Config

from kanoniv_auth.core.errors import StorageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

HERE = "kanoniv_server.storage:migrations"
# others that start at the same time wait for so long
SECONDS = 20


def migrate(connection: Connection) -> None:
    """Run the steps that are missing, in the transaction that is open, which must be the only one that migrates.

    Raises: StorageError when the tables are a newer program's, and the database's own errors.
    """
    config = Config()
    config.set_main_option("script_location", HERE)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except util.CommandError as error:
        detail = f"the tables of this database are not ours, or of a newer version: {error}"
        fix = "start the version that has written it, or give another --database-url"
        raise StorageError("storage", detail=detail, fix=fix) from None
