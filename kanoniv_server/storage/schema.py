"""The tables, the same in SQLite and PostgreSQL. The migrations make them; a test holds the two against each other."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

# SQLite counts by itself in a column of exactly this type
BIG = BigInteger().with_variant(Integer, "sqlite")
LINK, KEY = 0, 1

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

tenants = Table(
    "tenants",
    metadata,
    Column("id", BIG, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("root", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("id", Text, nullable=False),
    Column("tenant_id", BIG, ForeignKey("tenants.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("rights", Text, nullable=False),
    Column("scopes", Text),
    Column("max_ttl", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Index(None, "tenant_id", "id", unique=True),
)

# `at` is the place in the ledger; the columns of time end in `_at`
delegations = Table(
    "delegations",
    metadata,
    Column("at", BIG, primary_key=True),
    Column("id", LargeBinary, nullable=False, unique=True),
    Column("tenant_id", BIG, ForeignKey("tenants.id"), nullable=False),
    Column("holder", LargeBinary, nullable=False),
    Column("holder_did", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("name", Text),
    Column("issued_by", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Index(None, "tenant_id", "at"),
    Index(None, "tenant_id", "holder_did"),
)

# kind: LINK or KEY · listed: false when the link has expired and the list was full
revocations = Table(
    "revocations",
    metadata,
    Column("tenant_id", BIG, ForeignKey("tenants.id"), primary_key=True),
    Column("kind", SmallInteger, primary_key=True),
    Column("entry", LargeBinary, primary_key=True),
    Column("revoked_at", BigInteger, nullable=False),
    Column("listed", SmallInteger, nullable=False),
)

revocation_lists = Table(
    "revocation_lists",
    metadata,
    Column("tenant_id", BIG, ForeignKey("tenants.id"), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("tenant_id", BIG, ForeignKey("tenants.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("line", LargeBinary, nullable=False),
)

# what was used once: 32 bytes, and the end in milliseconds by the database's clock (`once`; SQLite has a file for it)
spent = Table(
    "spent",
    metadata,
    Column("entry", LargeBinary, primary_key=True),
    Column("until", BigInteger, nullable=False),
    Index(None, "until"),
)
