"""The memory in PostgreSQL: a server that is gone, hangs or may not write is an error; what has ended goes away."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from signal import Signals

import pytest
from sqlalchemy.engine import make_url

from kanoniv_auth.core.errors import StorageError
from kanoniv_server.storage import once as module
from kanoniv_server.storage.once import GRACE, PostgresOnce
from tests.advisories.attacker import honest
from tests.advisories.verifier import once_over
from tests.once.conftest import tables
from tests.support.postgres import Postgres, binaries

SOON = 3.5  # seconds: the two that are promised, and what a busy machine adds
NOW = """CREATE FUNCTION ms() RETURNS bigint LANGUAGE sql AS
    'SELECT (extract(epoch FROM now()) * 1000)::bigint'"""


@pytest.fixture
def address(own_postgres: Postgres) -> str:
    made = tables(own_postgres.database())
    own_postgres.tell(made, NOW)
    return made


@pytest.fixture
def once(address: str) -> Iterator[PostgresOnce]:
    made = PostgresOnce(make_url(address))
    yield made
    made.close()


def refused(once: PostgresOnce, match: str = "what was used once") -> None:
    """It cannot tell, says so soon, and so does a verifier who asks it."""
    began = time.monotonic()
    with pytest.raises(StorageError, match=match) as caught:
        once.spend("pop", b"k", 60)
    assert time.monotonic() - began < SOON
    assert caught.value.facts["fix"]
    word = once_over(honest().pop(), once=lambda key, ttl: once.spend("pop", key, ttl))
    assert word == "storage"


def ends(server: Postgres, address: str) -> list[tuple[str, int]]:
    """The rows: entry in hex, and its end in milliseconds from now."""
    name = address.partition("?")[0].rpartition("/")[2]
    said = subprocess.run(
        [str(binaries() / "psql"), "-X", "-At", "-h", str(server.folder), "-U", "postgres", "-d", name, "-c",
         "SELECT encode(entry, 'hex'), until - ms() FROM spent ORDER BY until"],
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    rows = [line.split("|") for line in said.splitlines()]
    return [(entry, int(end)) for entry, end in rows]


def test_gone_and_back(own_postgres: Postgres, once: PostgresOnce) -> None:
    assert once.spend("pop", b"before", 60)
    own_postgres.stop()
    refused(once)
    own_postgres.start()
    assert not once.spend("pop", b"before", 60)
    assert once.spend("pop", b"after", 60)


def test_killed_it_keeps_what_it_has_acknowledged(
    own_postgres: Postgres, once: PostgresOnce
) -> None:
    assert once.spend("pop", b"before", 60)
    own_postgres.stop(Signals.SIGKILL)
    refused(once)
    own_postgres.start()
    assert not once.spend("pop", b"before", 60)


def test_never_there() -> None:
    for where in (
        "postgresql+asyncpg://u:hunter2@127.0.0.1:1/d",
        "postgresql+asyncpg://u@/d?host=/no",
    ):
        once = PostgresOnce(make_url(where))
        try:
            refused(once)
        finally:
            once.close()


def test_without_its_table(own_postgres: Postgres) -> None:
    once = PostgresOnce(make_url(own_postgres.database()))
    refused(once)
    once.close()


def test_a_server_that_hangs(own_postgres: Postgres, once: PostgresOnce) -> None:
    assert once.spend("pop", b"k", 60)
    own_postgres.send(Signals.SIGSTOP)
    refused(once)
    own_postgres.send(Signals.SIGCONT)
    assert not once.spend("pop", b"k", 60)


def test_a_server_that_takes_no_writes(
    own_postgres: Postgres, address: str, once: PostgresOnce
) -> None:
    name = address.partition("?")[0].rpartition("/")[2]
    own_postgres.tell(address, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    refused(once, "read-only")
    own_postgres.tell(
        address,
        "SET default_transaction_read_only = off",
        f"ALTER DATABASE {name} RESET default_transaction_read_only",
    )
    # of what was refused, nothing was used up
    fresh = PostgresOnce(make_url(address))
    assert fresh.spend("pop", b"k", 60)
    fresh.close()


def test_who_holds_the_row_is_not_waited_for_for_long(
    own_postgres: Postgres, address: str, once: PostgresOnce
) -> None:
    assert once.spend("pop", b"k", 60)
    name = address.partition("?")[0].rpartition("/")[2]
    command = [
        str(binaries() / "psql"),
        "-X",
        "-q",
        "-h",
        str(own_postgres.folder),
        "-U",
        "postgres",
        "-d",
        name,
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write("BEGIN;\nLOCK TABLE spent;\n\\echo held\n")
        other.stdin.flush()
        assert other.stdout.readline() == "held\n"
        refused(once)
        other.communicate("ROLLBACK;\n", timeout=20)
    assert not once.spend("pop", b"k", 60)


def test_closed_it_refuses(once: PostgresOnce) -> None:
    assert once.spend("pop", b"k", 60)
    once.close()
    refused(once, "closed")
    once.close()


# ----------------------------------------------------------------------------------- what has ended


def test_what_has_ended_goes_away_and_what_is_alive_stays(
    own_postgres: Postgres, address: str, once: PostgresOnce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_EVERY", 0.0)
    monkeypatch.setattr(module, "_SWEEP", 20)
    own_postgres.tell(
        address,
        """INSERT INTO spent SELECT sha256(n::text::bytea), ms() - 3660000 - n
            FROM generate_series(1, 50) AS n""",
        "INSERT INTO spent VALUES ('\\x01', ms() - 3540000), ('\\x02', ms())",
    )
    assert GRACE == 3600
    for n in range(8):
        assert once.spend("pop", bytes([n]), 60)

    def swept() -> bool:
        return len(ends(own_postgres, address)) == 8 + 2 + 1

    for n in range(8, 200):
        if swept():
            break
        assert not once.spend("pop", b"\0", 60), n
        time.sleep(0.02)
    found = dict(ends(own_postgres, address))
    assert {"01", "02"} <= set(found)
    # what remembers how far it has forgotten: the end of the last one
    assert -(GRACE + 75) * 1000 < found[""] <= -(GRACE + 60) * 1000


def test_a_clock_behind_what_was_forgotten_is_no_answer(
    own_postgres: Postgres, address: str, once: PostgresOnce
) -> None:
    """The database's clock jumps ahead, rows go, and it comes back: what they said nobody knows any more."""
    assert once.spend("pop", b"before", 60)
    own_postgres.tell(address, "INSERT INTO spent VALUES ('', ms() + 3600000)")
    refused(once, "clock went back")
    own_postgres.tell(address, "UPDATE spent SET until = ms() - 1 WHERE entry = ''")
    assert once.spend("pop", b"k", 60)
    assert not once.spend("pop", b"before", 60)


def test_a_refusal_shows_no_password() -> None:
    once = PostgresOnce(make_url("postgresql+asyncpg://u:hunter2@127.0.0.1:1/d"))
    with pytest.raises(StorageError) as caught:
        once.spend("pop", b"k", 60)
    once.close()
    assert "hunter2" not in f"{caught.value}{caught.value.facts}"
