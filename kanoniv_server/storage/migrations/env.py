"""What Alembic runs: the steps, in the transaction that `storage.migrating` has begun and will end."""

from __future__ import annotations

from alembic import context

from kanoniv_server.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
