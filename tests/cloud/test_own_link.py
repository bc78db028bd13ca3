"""A home with a key and without an API key ends its own link at the service; and what it cannot end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.test_real import Person, slug
from tests.support.ports import free_port
from tests.support.service import Process, process


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A service that knows its own address: a proof has to name it."""
    port = str(free_port())
    words = ("--rate", "0", "--open-rate", "0", "--port", port)
    folder = tmp_path_factory.mktemp("service")
    with process(folder, *words, "--public-url", f"http://127.0.0.1:{port}") as found:
        yield found


class Holder(Person):
    """Somebody to whom the service has given something, who has no key of it."""

    def receive(self, issuer: Person, *scopes: str) -> str:
        """Take a grant from somebody with an API key; the link's id."""
        assert self("roots", "add", "service", issuer.log_in()["root_key"]).status == 0
        name = f"bot{len(list(self.home.rglob('*.token')))}"
        self("agents", "register", name)
        to = self.json("agents", "show", name)["did_key"]
        words = ("cloud", "delegate", "-s", ",".join(scopes or ("build",)), "--to", to)
        made = issuer.json(*words)
        assert self("accept", "--latest", stdin=made["grant"]).status == 0
        return str(made["id"])

    def point(self, **more: str) -> None:
        """What the Action leaves in a home: where to ask, and no key."""
        text = json.dumps({"endpoint": self.real.url, "tenant": "default", **more}, sort_keys=True)
        path = self.home / "service.json"
        path.write_text(text.replace(", ", ",").replace(": ", ":"), encoding="ascii")
        path.chmod(0o600)


@pytest.fixture
def issuer(tmp_path: Path, real: Process) -> Person:
    return Person(tmp_path / "issuer", real)


@pytest.fixture
def holder(tmp_path: Path, real: Process) -> Holder:
    return Holder(tmp_path / "holder", real)


def test_a_holder_ends_its_own_link(holder: Holder, issuer: Person, tmp_path: Path) -> None:
    link = holder.receive(issuer)
    token = (holder.home / "tokens" / "latest").read_text()
    elsewhere = Person(tmp_path / "elsewhere", holder.real)
    elsewhere("roots", "add", "service", issuer.log_in()["root_key"])
    words = ("verify", "-s", "build", "-t", "-")
    assert elsewhere(*words, stdin=token).status == 0
    made = holder.json("cloud", "revoke", "--endpoint", holder.real.url)
    assert (made["kind"], made["what"], made["kept"]) == ("id", link, True)
    assert slug(holder("verify", "-s", "build")) == "revoked"
    assert elsewhere.json("revocations", "sync", "--endpoint", elsewhere.real.url)["new"]
    assert slug(elsewhere(*words, stdin=token)) == "revoked"
    # once more is no error: the first answer may have been lost
    again = holder.json("cloud", "revoke", "--endpoint", holder.real.url)
    assert (again["seq"], again["already"]) == (made["seq"], True)


def test_revoke_asks_the_service_where_there_is_no_root_key(holder: Holder, issuer: Person) -> None:
    link = holder.receive(issuer)
    said = holder("revoke")
    assert (said.status, slug(said)) == (2, "no_root_key")
    holder.point()
    made = holder.json("revoke")
    assert (made["what"], made["already"]) == (link, False)
    assert made["root_dids"] == [issuer.log_in()["root_did"]]
    assert set(made) >= {"not_by", "unread", "agent_did", "seq", "kind"}
    assert slug(holder("verify", "-s", "build")) == "revoked"
    assert holder("revoke").out.startswith(f"REVOKED\n  Token:  {link}")


def test_a_home_with_a_root_of_its_own_uses_that(holder: Holder) -> None:
    holder("init")
    holder.point()
    holder("delegate", "-s", "build")
    assert holder("revoke").status == 0
    assert slug(holder("verify", "-s", "build")) == "revoked"


def test_what_is_not_its_own(holder: Holder, issuer: Person) -> None:
    holder.receive(issuer)
    holder.point()
    other = issuer.json("cloud", "delegate", "-s", "build", "--to", _some_key(issuer))["id"]
    said = holder("cloud", "revoke", "--id", other)
    assert (said.status, slug(said)) == (1, "scope")
    key = holder.json("agents", "show", "bot0")["did_key"]
    for words in (
        ("cloud", "revoke", "--holder", key),
        ("cloud", "list"),
        ("cloud", "delegate", "-s", "a"),
    ):
        said = holder(*words)
        assert (said.status, slug(said)) == (2, "usage"), words
        assert "kanoniv-auth login" in said.err
    assert holder("verify", "-s", "build").status == 0


def _some_key(issuer: Person) -> str:
    issuer("agents", "register", "other")
    return str(issuer.json("agents", "show", "other")["did_key"])


def test_without_the_key(holder: Holder, issuer: Person) -> None:
    holder.receive(issuer)
    holder.point()
    for path in (holder.home / "keys").iterdir():
        path.unlink()
    said = holder("cloud", "revoke")
    assert (said.status, slug(said)) == (1, "holder_unproven")
    assert holder("verify", "-s", "build").status == 0


def test_a_service_that_calls_itself_something_else(holder: Holder, issuer: Person) -> None:
    holder.receive(issuer)
    holder.point(public_url="https://auth.example.com")
    said = holder("cloud", "revoke")
    assert (said.status, slug(said)) == (1, "bad_signature")
    assert "public" in said.err
    holder.point(public_url=holder.real.url)
    assert holder("cloud", "revoke").status == 0


def test_the_api_key_goes_to_the_address_it_is_for(holder: Holder, issuer: Person) -> None:
    """Another address is asked as a holder: the key that is here is not shown to it."""
    issuer.trust()
    issuer.json("cloud", "delegate", "-s", "build", "-n", "bot")
    path = issuer.home / "service.json"
    path.write_text(path.read_text().replace(issuer.real.url, "http://127.0.0.1:1"))
    made = issuer.json("cloud", "revoke", "--endpoint", issuer.real.url)
    assert made["kept"] is True
    lines = (holder.real.folder / "err").read_text()
    asked = [json.loads(row) for row in lines.splitlines() if '"/v1/revocations"' in row]
    assert asked[-1]["route"] == "/v1/revocations"
    assert not asked[-1].get("key")
