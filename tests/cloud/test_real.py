"""The client and the service that we ship, as processes and people use them: log in, issue, list, revoke, sync."""

from __future__ import annotations

import json
import os
import pty
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import COMMAND, Said, Shell
from tests.support.service import Process


class Person:
    """Somebody with a home of their own."""

    def __init__(self, place: Path, real: Process) -> None:
        place.mkdir(parents=True)
        self.shell, self.real = Shell(place), real
        self.home = self.shell.home

    def __call__(self, *words: str, stdin: str = "", **env: str) -> Said:
        said = self.shell.kanoniv(*words, stdin=stdin, **env)
        assert "Traceback" not in said.err
        assert self.real.key not in said.out + said.err
        return said

    def json(self, *words: str, stdin: str = "") -> Any:
        said = self(*words, "--json", stdin=stdin)
        assert said.err == ""
        return json.loads(said.out)

    def log_in(self, key: str | None = None) -> Any:
        return self.json(
            "login", "--endpoint", self.real.url, "--api-key-file", "-", stdin=key or self.real.key
        )

    def trust(self) -> None:
        root = self.log_in()["root_key"]
        assert self("roots", "add", "service", root).status == 0

    def log(self) -> list[tuple[str, str, str | None]]:
        lines = (self.home / "audit.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        return [(row["event"], row["result"], row["details"].get("verb")) for row in rows]


@pytest.fixture
def person(tmp_path: Path, real: Process) -> Person:
    return Person(tmp_path / "one", real)


@pytest.fixture
def elsewhere(tmp_path: Path, real: Process) -> Person:
    return Person(tmp_path / "other", real)


def slug(said: Said) -> str:
    line = next(line for line in said.err.splitlines() if line.startswith("error:"))
    return line.rpartition("[")[2][:-1]


def test_issued_here_revoked_there(person: Person, elsewhere: Person) -> None:
    person.trust()
    made = person.json("cloud", "delegate", "-s", "build,test", "-t", "1h", "-n", "bot")
    token = made["token"]
    assert person("verify", "-s", "build").status == 0
    # a verifier that has nothing but the root's public key
    elsewhere("roots", "add", "service", person.log_in()["root_key"])
    words = ("verify", "-s", "build", "-t", "-")
    assert elsewhere(*words, stdin=token).status == 0
    said = elsewhere(*words, "--max-staleness", "10m", stdin=token)
    assert (said.status, slug(said)) == (1, "stale")
    assert elsewhere.json("revocations", "sync", "--endpoint", elsewhere.real.url)["new"]
    assert elsewhere(*words, "--max-staleness", "10m", stdin=token).status == 0
    again = elsewhere.json("revocations", "sync", "--endpoint", elsewhere.real.url)
    assert (again["new"], again["fetched"]) == (False, False)

    ended = person.json("cloud", "revoke")
    assert (ended["what"], ended["kept"]) == (made["id"], True)
    assert slug(person("verify", "-s", "build")) == "revoked"
    assert elsewhere(*words, stdin=token).status == 0  # it has not heard
    assert elsewhere.json("revocations", "sync", "--endpoint", elsewhere.real.url)["new"]
    said = elsewhere(*words, stdin=token)
    assert (said.status, slug(said)) == (1, "revoked")
    assert person.log() == [
        ("login", "ok", None), ("roots", "ok", "add"), ("delegate", "ok", None), ("agents", "ok", "register"),
        ("accept", "ok", None), ("verify", "allowed", None), ("login", "ok", None), ("revoke", "ok", None),
        ("verify", "denied", None),
    ]  # fmt: skip
    assert ("revocations", "ok", "sync") in elsewhere.log()


def test_by_key_kills_what_was_delegated_below(person: Person) -> None:
    person.trust()
    token = person.json("cloud", "delegate", "-s", "build", "-n", "bot")["token"]
    key = person.json("agents", "show", "bot")["did_key"]
    child = person("delegate", "-s", "build", "--parent", "-", stdin=token).out
    assert person("verify", "-s", "build", "-t", "-", stdin=child).status == 0
    assert person.json("cloud", "revoke", "--holder", key)["kind"] == "key"
    assert slug(person("verify", "-s", "build", "-t", "-", stdin=child)) == "revoked"
    # the service issues nothing more to that key, and says why
    said = person("cloud", "delegate", "-s", "build", "-n", "bot")
    assert (said.status, slug(said)) == (1, "revoked")


def test_the_key_of_a_named_agent_is_its_own_and_stays_here(person: Person) -> None:
    person.trust()
    one = person.json("cloud", "delegate", "-s", "build", "-n", "bot")
    two = person.json("cloud", "delegate", "-s", "test", "-n", "bot")
    assert one["agent_did"] == two["agent_did"]
    assert person("verify", "-s", "test").status == 0
    nameless = person.json("cloud", "delegate", "-s", "build")
    assert nameless["agent_did"] != one["agent_did"]
    assert person("sign", "-a", "build").status == 0
    keys = {path.name for path in (person.home / "keys").iterdir()}
    assert {f"{one['agent_did'][10:]}.key", f"{nameless['agent_did'][10:]}.key"} == keys


def test_a_grant_for_a_key_elsewhere(person: Person, elsewhere: Person) -> None:
    elsewhere.trust()
    elsewhere("agents", "register", "far")
    key = elsewhere.json("agents", "show", "far")["did_key"]
    person.log_in()  # it trusts no root, and needs to trust none to hand something on
    made = person.json("cloud", "delegate", "-s", "build", "--to", key)
    assert "token" not in made
    assert (
        slug(elsewhere("verify", "-s", "build", "-t", "-", stdin=made["grant"]))
        == "holder_unproven"
    )
    assert elsewhere("accept", "--latest", stdin=made["grant"]).status == 0
    assert elsewhere("verify", "-s", "build").status == 0


def test_an_audience(person: Person) -> None:
    person.trust()
    person("cloud", "delegate", "-s", "build", "--audience", "deploys")
    assert slug(person("verify", "-s", "build")) == "audience"
    assert person("verify", "-s", "build", "--audience", "deploys").status == 0


def test_nothing_is_issued_that_this_home_would_not_take(person: Person) -> None:
    root = person.log_in()
    assert root["trusted"] is False
    before = person.json("cloud", "list")["count"]
    said = person("cloud", "delegate", "-s", "build", "-n", "bot")
    assert (said.status, slug(said)) == (2, "no_trusted_root")
    person("init")
    said = person("cloud", "delegate", "-s", "build", "-n", "bot")
    assert (said.status, slug(said)) == (1, "untrusted_root")
    assert person.json("cloud", "list")["count"] == before
    assert not (person.home / "keys").exists()
    assert not (person.home / "agents.json").exists()


def test_the_list(person: Person) -> None:
    person.trust()
    one = person.json("cloud", "delegate", "-s", "build", "-n", "bot", "-t", "never")
    person("cloud", "delegate", "-s", "test")
    person("cloud", "revoke")
    rows = person.json("cloud", "list", "-n", "2")["delegations"]
    assert [(row["state"], row["scopes"]) for row in rows] == [
        ("revoked", ["test"]),
        ("active", ["build"]),
    ]
    assert (rows[1]["id"], rows[1]["expires_at"], rows[1]["name"]) == (one["id"], None, "bot")
    lines = person("cloud", "list", "-n", "2").out.splitlines()
    assert [line.split("\t")[4] for line in lines] == ["revoked", "active (no expiry)"]
    first = person.json("cloud", "list", "-n", "1")
    assert first["delegations"] == rows[:1]
    note = f"note: there are older ones: kanoniv-auth cloud list --before {first['next']}"
    assert note in person("cloud", "list", "-n", "1").err
    second = person.json("cloud", "list", "-n", "1", "--before", str(first["next"]))
    assert second["delegations"] == rows[1:]
    last = person.json("cloud", "list", "--before", "1")
    assert (last["delegations"], last["next"]) == ([], None)
    for bad in ("0", "-1", "x", "1e3", "9" * 30):
        assert slug(person("cloud", "list", f"--before={bad}")) == "usage"
    for bad in ("0", "-1", "x", "1001", "1e3"):
        assert slug(person("cloud", "list", f"--limit={bad}")) == "usage"


def test_a_key_that_does_not_work_is_not_kept(person: Person) -> None:
    for text, code in (
        ("kas_" + "A" * 43, "service"), ("", "usage"), ("nonsense", "usage"), ("kas_" + "A" * 42 + "B", "usage"),
        (f"{person.real.key}\nkas_", "usage"),
    ):  # fmt: skip
        said = person("login", "--endpoint", person.real.url, "--api-key-file", "-", stdin=text)
        assert (said.status, said.out, slug(said)) == (2, "", code)
        assert not (person.home / "service.json").exists()
    person.log_in()
    kept = (person.home / "service.json").read_bytes()
    person("login", "--endpoint", person.real.url, "--api-key-file", "-", stdin="kas_" + "A" * 43)
    assert (person.home / "service.json").read_bytes() == kept


@pytest.mark.parametrize(
    "endpoint",
    [
        "", "auth.example", "http://auth.example", "http://127.0.0.1.evil.example", "ftp://127.0.0.1", "file:///etc",
        "https://", "https://user:kas_secretsecretsecretsecret@a.example", "https://a.example?x=1", "https://a.example#x",
        "https://a.example:0", "https://a.example:99999", "https://a b", "https://a.example\r\nx: y", "https://exämple",
        "http://10.0.0.1:7400", "http://[::ffff:10.0.0.1]", "http://0.0.0.0", "https://a\\b",
    ],
)  # fmt: skip
def test_an_address_that_a_key_is_not_sent_to(endpoint: str, person: Person) -> None:
    for words in (["login", "--api-key-file", "-"], ["revocations", "sync"]):
        said = person(*words, "--endpoint", endpoint, stdin=person.real.key)
        assert (said.status, said.out, slug(said)) == (2, "", "usage")
        assert "secretsecret" not in said.err
    assert not (person.home / "service.json").exists()


def test_the_key_is_in_a_private_file_and_nowhere_else(person: Person) -> None:
    person.trust()
    person("cloud", "delegate", "-s", "build")
    holders = [
        p
        for p in person.home.rglob("*")
        if p.is_file() and person.real.key in p.read_text("latin-1")
    ]
    assert holders == [person.home / "service.json"]
    assert stat.S_IMODE(holders[0].stat().st_mode) == 0o600
    holders[0].chmod(0o640)
    said = person("cloud", "list")
    assert (said.status, slug(said)) == (2, "key_permissions")
    assert person.shell.line(said.err.partition("fix: ")[2].strip()).status == 0
    assert person("cloud", "list").status == 0
    for damage in (
        "",
        "{}",
        '{"api_key":1,"endpoint":"x","tenant":"y"}',
        f'{{"api_key":"{person.real.key}"',
    ):
        holders[0].write_text(damage)
        said = person("cloud", "list")
        assert (said.status, slug(said)) == (2, "storage")
    assert person("logout").out == "logged out\n"
    assert not holders[0].exists()
    assert person("logout").out == "was not logged in\n"
    assert slug(person("cloud", "list")) == "usage"


def test_a_key_file_that_others_can_read(person: Person, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(person.real.key)
    path.chmod(0o644)
    words = ("login", "--endpoint", person.real.url, "--api-key-file", str(path))
    assert slug(person(*words)) == "key_permissions"
    path.chmod(0o600)
    assert person(*words).status == 0
    assert slug(person(*words[:-1], str(path) + "x")) == "usage"


def test_who_sits_at_a_terminal_is_asked(person: Person) -> None:
    said = person("login", "--endpoint", person.real.url)
    assert (said.status, slug(said)) == (2, "usage")
    child, terminal = pty.fork()
    if child == 0:
        env = person.shell.env
        os.execve(COMMAND, [COMMAND, "login", "--endpoint", person.real.url], env)  # noqa: S606
    shown = b""
    while b"API key: " not in shown:
        shown += os.read(terminal, 1024)
    os.write(terminal, f"{person.real.key}\n".encode())
    try:
        while part := os.read(terminal, 1024):
            shown += part
    except OSError:
        pass  # the terminal is gone with its last program
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert b"LOGGED IN" in shown
    assert person.real.key.encode() not in shown


@pytest.mark.parametrize(
    "words",
    [
        ("--id", "1" * 64, "--holder", "x"), ("-t", "x", "--id", "1"), ("--id", "12"), ("--holder", "did:agent:1"),
        ("--token-file", "none"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_one_thing_is_revoked_at_a_time(words: tuple[str, ...], person: Person) -> None:
    person.log_in()
    said = person("cloud", "revoke", *words)
    assert said.status == 2
    assert slug(said) in {"usage", "no_token"}


def test_a_home_that_does_not_trust_the_root_revokes_and_keeps_nothing(person: Person) -> None:
    person.log_in()
    made = person.json("cloud", "revoke", "--id", "7" * 64)
    assert made["kept"] is False
    assert not (person.home / "revocations").exists()


def test_the_service_is_gone(tmp_path: Path, person: Person) -> None:
    person.trust()
    person("cloud", "delegate", "-s", "build")
    path = person.home / "service.json"
    path.write_text(path.read_text().replace(person.real.url, "http://127.0.0.1:1"))
    for words in (
        ("cloud", "list"),
        ("cloud", "revoke"),
        ("cloud", "delegate", "-s", "a"),
        ("revocations", "sync"),
    ):
        said = person(*words)
        assert (said.status, said.out, slug(said)) == (2, "", "service")
    assert person("verify", "-s", "build").status == 0  # offline is what it is for
