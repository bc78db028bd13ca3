"""The first tables: tenants, API keys, the ledger, revocations and their lists, the audit chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _tenant_id(*, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "tenant_id", _BIG, sa.ForeignKey("tenants.id"), nullable=False, primary_key=primary_key
    )


def upgrade() -> None:
    """Make them."""
    _who()
    _ledger()
    _said()


def _who() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", _BIG, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("root", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("id", sa.Text, nullable=False),
        _tenant_id(),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("rights", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text),
        sa.Column("max_ttl", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_index("ix_api_keys_tenant_id_id", "api_keys", ["tenant_id", "id"], unique=True)


def _ledger() -> None:
    op.create_table(
        "delegations",
        sa.Column("at", _BIG, primary_key=True),
        sa.Column("id", sa.LargeBinary, nullable=False, unique=True),
        _tenant_id(),
        sa.Column("holder", sa.LargeBinary, nullable=False),
        sa.Column("holder_did", sa.Text, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("issued_by", sa.Text, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_index("ix_delegations_tenant_id_at", "delegations", ["tenant_id", "at"])
    op.create_index(
        "ix_delegations_tenant_id_holder_did", "delegations", ["tenant_id", "holder_did"]
    )


def _said() -> None:
    op.create_table(
        "revocations",
        _tenant_id(primary_key=True),
        sa.Column("kind", sa.SmallInteger, primary_key=True),
        sa.Column("entry", sa.LargeBinary, primary_key=True),
        sa.Column("revoked_at", sa.BigInteger, nullable=False),
        sa.Column("listed", sa.SmallInteger, nullable=False),
    )
    op.create_table(
        "revocation_lists",
        _tenant_id(primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        _tenant_id(primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("line", sa.LargeBinary, nullable=False),
    )
