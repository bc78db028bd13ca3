"""`kanoniv-auth-server check|tenant|key`: what they print, what they change, and how they end."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.core.keys import KeyPair
from kanoniv_server import cli
from kanoniv_server.domain.issuers import GITHUB
from tests.server.oidc.workflow import policy
from tests.support.service import site

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    monkeypatch.chdir(tmp_path)

    def run(*argv: str) -> tuple[int, str, str]:
        try:
            status = cli.main([*argv, "--data-dir", str(tmp_path / "data")])
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capfd.readouterr()

    return run


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def key_in(text: str) -> str:
    (found,) = re.findall(r"^kas_[A-Za-z0-9_-]{43}$", text, re.MULTILINE)
    return str(found)


# ------------------------------------------------------------------------------------------- check


def test_a_configuration_that_works_says_so_and_makes_nothing(
    command: Command, tmp_path: Path
) -> None:
    status, out, err = command("check", "--port", free_port())
    assert (status, err) == (0, "")
    assert out.endswith("this configuration works\n")
    assert "error" not in out
    assert list(tmp_path.iterdir()) == []


def test_after_the_first_start_it_knows_the_tenant(command: Command) -> None:
    assert command("tenant", "add", "acme")[0] == 0
    status, out, _ = command("check", "--port", free_port())
    assert status == 0
    assert re.search(r"^ok      tenant: default, root did:agent:[0-9a-f]{32}$", out, re.MULTILINE)


def test_what_is_wrong_is_named(command: Command, tmp_path: Path) -> None:
    assert command("tenant", "add", "acme")[0] == 0
    data = tmp_path / "data"

    def found(*argv: str) -> tuple[int, str]:
        status, out, err = command("check", "--port", free_port(), *argv)
        assert err == ""
        return status, out

    (data / "root.key").chmod(0o644)
    status, out = found()
    assert (status, "error   root key: key file" in out, "chmod 600" in out) == (2, True, True)
    other = tmp_path / "other.key"
    other.write_text(KeyPair.generate(b"\7" * 32).seed.hex(), encoding="ascii")
    other.chmod(0o600)
    status, out = found("--root-key", str(other))
    assert (status, "this root key is another one" in out) == (2, True)
    status, out = found("--root-key", str(tmp_path / "none"))
    assert (status, "its root key is missing" in out) == (2, True)
    (data / "root.key").chmod(0o600)
    for argv, words in (
        (("--redis-url", "redis://:hunter2@127.0.0.1:1/0"), "error   redis: "),
        (("--database-url", "postgresql://u:hunter2@127.0.0.1:1/d"), "error   database: "),
        (("--database-url", f"sqlite:///{other}"), "error   database: "),
        (
            ("--policy-dir", str(tmp_path / "none"), "--public-url", "https://h"),
            "error   policies: ",
        ),
    ):
        status, out = found(*argv)
        assert (status, words in out) == (2, True), out
        assert "hunter2" not in out
    # without Redis, what counts once is in the database that all processes share
    _, out = found("--database-url", "postgresql://u:hunter2@127.0.0.1:1/d")
    assert "ok      redis: none; PostgreSQL keeps what counts once" in out
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "deploy.yaml").write_text(policy(GITHUB), encoding="utf-8")
    argv = ("--policy-dir", str(policies), "--public-url", "https://h")
    assert found(*argv)[0] == 0
    for path in (policies / "deploy.yaml", policies):
        path.chmod(0o777)
        status, out = found(*argv)
        assert (status, f"error   policies: {path}" in out, "chmod o-w" in out) == (2, True, True)
        path.chmod(0o755)
    (data / "kanoniv.db").chmod(0o666)
    status, out = found()
    assert (status, "error   database: " in out, "others may write it" in out) == (2, True, True)
    (data / "kanoniv.db").chmod(0o600)
    data.chmod(0o777)
    status, out = found()
    assert (status, "others can write" in out) == (2, True)


def test_open_to_others_without_tls_is_a_warning(command: Command) -> None:
    status, out, _ = command("check", "--host", "0.0.0.0", "--port", free_port())  # noqa: S104 - what is warned of
    assert status == 0
    assert "warning address: 0.0.0.0 is reached by others" in out
    status, out, _ = command("check", "--database-url", "memory:", "--port", free_port())
    assert status == 0
    assert "warning database: memory:" in out


def test_a_port_that_is_taken_is_a_warning(command: Command) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        status, out, _ = command("check", "--port", str(one.getsockname()[1]))
    assert status == 0
    assert "warning address: cannot listen on" in out


# --------------------------------------------------------------------------------- tenants and keys


def test_a_tenant_has_a_root_of_its_own(command: Command, tmp_path: Path) -> None:
    status, out, _ = command("tenant", "add", "acme")
    assert status == 0
    # the first tenant is made on the way: two admin keys, each shown once
    assert out.count("kas_") == 2
    files = [tmp_path / "data/root.key", tmp_path / "data/root.acme.key"]
    assert [one.stat().st_mode & 0o777 for one in files] == [0o600, 0o600]
    assert files[0].read_bytes() != files[1].read_bytes()
    status, out, err = command("tenant", "add", "acme")
    assert (status, out) == (1, "")
    assert "already" in err
    status, out, _ = command("tenant", "list")
    assert [line.split("\t")[0] for line in out.splitlines()] == ["acme", "default"]
    assert "kas_" not in out


@pytest.mark.parametrize("name", ["../x", "a/b", "", "x" * 65, "é"])
def test_a_name_that_is_no_name_makes_no_file(command: Command, tmp_path: Path, name: str) -> None:
    status, _, err = command("tenant", "add", name)
    assert status == 2
    assert err.startswith("KAN-INPUT-001")
    made = [one.name for one in tmp_path.rglob("*.key")]
    assert made == []


def test_keys_are_made_listed_and_revoked(command: Command, tmp_path: Path) -> None:
    command("tenant", "add", "acme")
    status, out, _ = command(
        "key", "add", "ci", "--tenant", "acme", "--rights", "issue, read", "--scopes", "deploy",
        "--max-ttl", "1h",
    )  # fmt: skip
    assert status == 0
    text, name = key_in(out), out.split()[2]
    status, out, _ = command("key", "list", "--tenant", "acme")
    assert text not in out
    (row,) = [line.split("\t") for line in out.splitlines() if line.startswith(name)]
    assert row[1:5] == ["ci", "issue,read", "deploy", "TTL up to 1h"]
    assert row[6] == "works"

    async def issued() -> int:
        async with site(tmp_path / "data") as here:
            here.keys["ci"] = text
            return (await here.post("/v1/delegations", {"scopes": ["deploy.x"]}, "ci")).status_code

    assert asyncio.run(issued()) == 201
    assert command("key", "revoke", name)[0] == 1
    status, out, _ = command("key", "revoke", name, "--tenant", "acme")
    assert status == 0
    assert asyncio.run(issued()) == 401
    assert command("key", "revoke", name, "--tenant", "acme")[0] == 1
    assert "revoked 20" in command("key", "list", "--tenant", "acme")[1]


def listed(said: tuple[int, str, str], name: str) -> list[dict[str, Any]]:
    """The rows of one object, which says that all is well, in one line, and nothing beside it."""
    status, out, err = said
    assert (status, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    assert [found.pop(each) for each in ("ok", "code", "fix")] == [True, "ok", None]
    rows: list[dict[str, Any]] = found.pop(name)
    assert found.pop("message").startswith(f"{len(rows)} ")
    assert found == {"count": len(rows)}
    return rows


def test_lists_for_programs(command: Command) -> None:
    began = int(time.time())
    command("tenant", "add", "acme")
    _, out, _ = command(
        "key", "add", "ci", "--rights", "read, issue", "--scopes", "b,a", "--max-ttl", "1h"
    )
    name = out.split()[2]
    # two of one second come in the order of their ids
    keys = {one["label"]: one for one in listed(command("key", "list", "--json"), "keys")}
    admin, ci = keys["admin"], keys["ci"]
    assert began <= ci.pop("created_at") <= time.time()
    assert ci == {
        "id": name, "label": "ci", "rights": ["issue", "read"], "scopes": ["a", "b"], "max_ttl": 3600,
        "revoked_at": None,
    }  # fmt: skip
    assert (admin["label"], admin["scopes"], admin["max_ttl"]) == ("admin", None, None)
    command("key", "revoke", name)
    ends = {
        one["label"]: one["revoked_at"] for one in listed(command("key", "list", "--json"), "keys")
    }
    assert (ends["admin"], ends["ci"] >= began) == (None, True)
    acme, default = listed(command("tenant", "list", "--json"), "tenants")
    assert began <= acme.pop("created_at") <= time.time()
    assert acme.keys() == {"name", "root_did"}
    assert (acme["name"], default["name"]) == ("acme", "default")
    assert acme["root_did"] != default["root_did"]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("--tenant", "nobody"), "usage"),
        (("--port", "x"), "usage"),
        (("--database-url", "sqlite:////nowhere/at/all/x.db"), "storage"),
    ],
)
def test_a_refusal_for_programs(command: Command, argv: tuple[str, ...], code: str) -> None:
    status, out, err = command("key", "list", "--json", *argv)
    assert (status, err, out.count("\n")) == (2, "", 1)
    found = json.loads(out)
    assert (found["ok"], found["code"], found.keys()) == (
        False,
        code,
        {"ok", "code", "message", "fix"},
    )
    assert found["message"]


@pytest.mark.parametrize(
    "argv",
    [("key", "add", "a b"), ("key", "add", "x", "--rights", "root"), ("key", "add", "x", "--rights", ""),
     ("key", "add", "x", "--scopes", "a b"), ("key", "add", "x", "--max-ttl", "soon"),
     ("key", "list", "--tenant", "nobody"), ("key", "add", "x", "--tenant", "nobody"),
     ("nonsense",), ("key",), ("tenant", "add"), ("serve", "--prot", "1"), ("serve", "extra")],
)  # fmt: skip
def test_what_cannot_be_done_ends_in_2_and_one_sentence(
    command: Command, argv: tuple[str, ...]
) -> None:
    assert command("tenant", "add", "acme")[0] == 0
    status, out, err = command(*argv)
    assert status == 2
    assert "kas_" not in out
    assert "Traceback" not in err
    assert err


def test_help_and_version(command: Command) -> None:
    status, out, _ = command("--help")
    assert status == 0
    assert "without a command: serve" in out.lower()
    status, out, _ = command("serve", "--help")
    assert "--trusted-proxies" in out
