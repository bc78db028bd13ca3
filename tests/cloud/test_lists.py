"""`revocations sync` against a service that lies about its list, and `--max-staleness` for those who only verify."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api import pins, revocations, roots, service, syncing
from kanoniv_auth.api.orders import Order
from kanoniv_auth.api.signing import authorise
from kanoniv_auth.cli import main
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.errors import (
    AuthError,
    ListRefused,
    NoTrustedRoot,
    Revoked,
    ServiceRefused,
    SignatureInvalid,
    TokenExpired,
    TokenParseError,
    UsageError,
)
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.revocation_list import make_list
from kanoniv_auth.store import service as stored
from kanoniv_auth.store.home import Home
from tests.cloud import wire

ROOT, MALLORY = KeyPair.from_seed(b"\1" * 32), KeyPair.from_seed(b"\2" * 32)
IDS = [bytes([number]) * 32 for number in range(1, 5)]


class Lists:
    """A service that gives whatever list it is told to, or a 304."""

    def __init__(self) -> None:
        self.text, self.etag, self.always_304 = "", '"1"', False
        self.seen: list[str] = []

    def __call__(self, connection: Any, _: threading.Event) -> None:
        head = self.wire.asked[-1].decode("ascii").lower()
        asked = [
            line.partition(": ")[2]
            for line in head.split("\r\n")
            if line.startswith("if-none-match")
        ]
        self.seen += asked
        if asked == [self.etag] or self.always_304:
            connection.sendall(f"HTTP/1.1 304 Not Modified\r\netag: {self.etag}\r\n\r\n".encode())
        else:
            connection.sendall(
                wire.answer(
                    "200 OK", "text/plain; charset=us-ascii", self.text + "\n", etag=self.etag
                )
            )

    wire: wire.Wire


@pytest.fixture
def lists(request: pytest.FixtureRequest) -> Any:
    found = Lists()
    with wire.wire(found) as server:
        found.wire = server
        yield found


@pytest.fixture
def pinned(home: Path) -> Home:
    pins.add("service", ROOT.did_key)
    return Home(str(home))


def listed(seq: int, *ids: bytes, age: int = 0, root: KeyPair = ROOT) -> str:
    return make_list(root, seq=seq, now=int(time.time()) - age, ids=ids)


def log(home: Home) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(home.audit).read_text().splitlines()]


def test_a_list_is_fetched_once(lists: Lists, pinned: Home) -> None:
    lists.text = listed(3, IDS[0])
    made = syncing.sync(lists.wire.url)
    assert (made.changed, made.fetched, made.list.seq) == (True, True, 3)
    made = syncing.sync(lists.wire.url)
    assert (made.changed, made.fetched, made.list.seq) == (False, False, 3)
    assert lists.seen == ['"1"']
    lists.text, lists.etag = listed(4, *IDS[:2]), '"2"'
    made = syncing.sync(lists.wire.url)
    assert (made.changed, made.fetched, made.list.seq) == (True, True, 4)
    rows = [row["details"] for row in log(pinned) if row["event"] == "revocations"]
    assert [(row["verb"], row["already"], row["seq"]) for row in rows] == [
        ("sync", False, 3), ("sync", True, 3), ("sync", False, 4),
    ]  # fmt: skip


def test_another_service_or_tenant_is_not_asked_with_this_tag(lists: Lists, pinned: Home) -> None:
    lists.text = listed(1)
    syncing.sync(lists.wire.url)
    syncing.sync(lists.wire.url, tenant="other")
    syncing.sync(lists.wire.url.replace("127.0.0.1", "localhost"))
    assert lists.seen == []
    assert b"tenant=other" in lists.wire.asked[1]


def test_the_tag_counts_only_with_its_list(lists: Lists, pinned: Home) -> None:
    lists.text = listed(1, IDS[0])
    syncing.sync(lists.wire.url)
    path = Path(pinned.revocation_list(ROOT.did))
    text = path.read_text()
    path.unlink()
    assert syncing.sync(lists.wire.url).changed
    assert path.read_text() == text
    path.write_text(listed(1))  # another list, put there by hand
    with pytest.raises(ListRefused, match="list 1 is known"):
        syncing.sync(lists.wire.url)
    assert lists.seen == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"etag":"1"}', b"\xff", b"x" * 9_000_000])
def test_a_spoilt_tag_is_forgotten(damage: bytes, lists: Lists, pinned: Home) -> None:
    lists.text = listed(1)
    syncing.sync(lists.wire.url)
    path = Path(pinned.revocation_tag(ROOT.did))
    path.write_bytes(damage)
    assert syncing.sync(lists.wire.url).fetched
    assert lists.seen == []
    assert not syncing.sync(lists.wire.url).fetched


@pytest.mark.parametrize(
    "etag", ["", '"', '""', "1", '"a b"', '"\\"', '"é"', '"' + "a" * 200 + '"']
)
def test_a_tag_that_cannot_be_sent_back_is_not_kept(etag: str, lists: Lists, pinned: Home) -> None:
    lists.text, lists.etag = listed(1), etag
    for _ in range(2):
        assert syncing.sync(lists.wire.url).fetched
    assert not Path(pinned.revocation_tag(ROOT.did)).exists()


def test_an_older_list_is_refused(lists: Lists, pinned: Home) -> None:
    old = listed(1)
    lists.text = listed(2, IDS[0])
    syncing.sync(lists.wire.url)
    lists.text, lists.etag = old, '"2"'
    with pytest.raises(ListRefused) as caught:
        syncing.sync(lists.wire.url)
    assert caught.value.slug == "rolled_back"
    found = revocations.known(pinned)
    assert found is not None
    assert IDS[0] in found.by_root[ROOT.public]
    assert (log(pinned)[-1]["result"], log(pinned)[-1]["details"]["code"]) == (
        "denied",
        "rolled_back",
    )


def test_a_list_that_nobody_here_trusts(lists: Lists, pinned: Home) -> None:
    lists.text = listed(1, root=MALLORY)
    with pytest.raises(SignatureInvalid) as caught:
        syncing.sync(lists.wire.url)
    assert caught.value.slug == "untrusted_root"
    assert revocations.known(pinned) is None


def test_nothing_is_trusted_yet(lists: Lists, home: Path) -> None:
    lists.text = listed(1)
    with pytest.raises(NoTrustedRoot):
        syncing.sync(lists.wire.url)
    assert not (home / "revocations").exists()


def test_a_root_that_is_trusted_no_more(lists: Lists, pinned: Home) -> None:
    lists.text = listed(1)
    syncing.sync(lists.wire.url)
    pins.remove("service")
    pins.add("other", MALLORY.did_key)
    with pytest.raises(SignatureInvalid):
        syncing.sync(lists.wire.url)
    assert lists.seen == ['"1"']  # also when the service says 304


@pytest.mark.parametrize("cut", [slice(0, -4), slice(4, None), slice(0, 0)])
def test_a_damaged_list(cut: slice, lists: Lists, pinned: Home) -> None:
    lists.text = listed(1, IDS[0])[cut]
    with pytest.raises((TokenParseError, SignatureInvalid)):
        syncing.sync(lists.wire.url)
    assert revocations.known(pinned) is None


def test_a_list_from_the_future(lists: Lists, pinned: Home) -> None:
    lists.text = listed(1, age=-3600)
    with pytest.raises(TokenExpired):
        syncing.sync(lists.wire.url)


def test_a_huge_list(lists: Lists, pinned: Home) -> None:
    lists.text = "kdr2." + "A" * 1_100_000
    with pytest.raises(ServiceRefused, match="more than"):
        syncing.sync(lists.wire.url)


def test_a_service_that_stands_still(lists: Lists, pinned: Home) -> None:
    """Whoever holds updates back can do so for no longer than the verifier allows."""
    lists.text = listed(1, age=400)
    assert syncing.sync(lists.wire.url, max_staleness=3600).fetched
    lists.always_304 = True
    assert not syncing.sync(lists.wire.url, max_staleness=3600).fetched
    with pytest.raises(ListRefused) as caught:
        syncing.sync(lists.wire.url, max_staleness=300)
    assert caught.value.slug == "stale"
    assert log(pinned)[-1]["details"]["code"] == "stale"


def test_without_a_login_or_an_address(home: Path) -> None:
    with pytest.raises(UsageError, match="logged in to no service"):
        syncing.sync()


def test_a_revocation_answered_with_another_list(pinned: Home) -> None:
    wrong = {"revoked": {}, "seq": 9, "list": listed(9, IDS[1])}
    with wire.wire(wire.as_json(wrong)) as server:
        stored.write(pinned, stored.Credentials(server.url, "kas_" + "A" * 43, "default"))
        with pytest.raises(ServiceRefused, match="does not say so"):
            service.revoke(id=IDS[0].hex())
    assert revocations.known(pinned) is None


def test_a_revocation_answered_with_an_older_list(pinned: Home) -> None:
    revocations.take_up(pinned, listed(5, *IDS))
    with wire.wire(wire.as_json({"list": listed(2, IDS[0])})) as server:
        stored.write(pinned, stored.Credentials(server.url, "kas_" + "A" * 43, "default"))
        with pytest.raises(ListRefused):
            service.revoke(id=IDS[0].hex())
    assert [row["event"] for row in log(pinned)] == ["roots", "revoke"]


def a_grant(root: KeyPair, to: KeyPair, *scopes: str, ttl: int | None = 3600) -> str:
    now = int(time.time())
    return issue(
        root, to.public, parent=None, scopes=scopes, now=now, ttl=ttl, entropy=bytes(16)
    ).text


BOB = KeyPair.from_seed(b"\3" * 32)


@pytest.mark.parametrize(
    "grant",
    [
        a_grant(ROOT, MALLORY, "build"), a_grant(ROOT, BOB, "build", "prod"), a_grant(ROOT, BOB, "prod"),
        a_grant(ROOT, BOB, "build", ttl=None), a_grant(ROOT, BOB, "build", ttl=7200), "kd2.", "kdb2.x", "",
        a_grant(ROOT, BOB, "build") + "~sAAAA", 7, None, ["kd2."],
    ],
)  # fmt: skip
def test_a_grant_that_was_not_asked_for(grant: object, pinned: Home) -> None:
    with wire.wire(wire.as_json({"grant": grant}, "201 Created")) as server:
        stored.write(pinned, stored.Credentials(server.url, "kas_" + "A" * 43, "default"))
        with pytest.raises(ServiceRefused):
            service.delegate(Order("build", "1h", to=BOB.did_key))
    assert [row["event"] for row in log(pinned)] == ["roots"]


def test_the_grant_that_was_asked_for(pinned: Home) -> None:
    grant = a_grant(ROOT, BOB, "build")
    with wire.wire(wire.as_json({"grant": grant}, "201 Created")) as server:
        stored.write(pinned, stored.Credentials(server.url, "kas_" + "A" * 43, "default"))
        made, token, _ = service.delegate(Order("build", "1h", to=BOB.did_key))
    assert (made.grant, token) == (grant, None)
    assert grant not in repr(made)


# ------------------------------------------------------------------------------------ max_staleness


@pytest.fixture
def local(home: Path) -> KeyPair:
    """This home's own root, remembered by nobody; its token is the latest."""
    root, _, _ = roots.create_root()
    ka.delegate("build", 86400)
    return root


def ways(limit: Any) -> list[Any]:
    return [
        lambda: ka.verify("build", max_staleness=limit),
        lambda: authorise("build", ka.load_token(), max_staleness=limit),
    ]


def refusal(call: Any) -> str:
    try:
        call()
    except AuthError as error:
        return error.slug
    return "allowed"


def put(home: Path, text: str) -> None:
    revocations.take_up(Home(str(home)), text)


@pytest.mark.parametrize("limit", ["10m", 600, 600.9])
def test_never_fetched_old_and_fresh(limit: Any, local: KeyPair, home: Path) -> None:
    assert [refusal(call) for call in ways(None)] == ["allowed"] * 2
    assert [refusal(call) for call in ways(limit)] == ["stale"] * 2
    put(home, listed(1, age=700, root=local))
    assert [refusal(call) for call in ways(limit)] == ["stale"] * 2
    assert [refusal(call) for call in ways(None)] == ["allowed"] * 2
    put(home, listed(2, age=500, root=local))
    assert [refusal(call) for call in ways(limit)] == ["allowed"] * 2


def test_another_roots_fresh_list_says_nothing(local: KeyPair, home: Path) -> None:
    pins.add("other", MALLORY.did_key)
    put(home, listed(1, root=MALLORY))
    assert [refusal(call) for call in ways("10m")] == ["stale"] * 2


def test_what_is_revoked_is_revoked_however_old_the_list(local: KeyPair, home: Path) -> None:
    ka.revoke()
    with pytest.raises(Revoked):
        ka.verify("build", max_staleness="10m")


@pytest.mark.parametrize(
    "limit", ["", "never", "0", "soon", "-1", 0, -5, True, float("nan"), "99999d"]
)
def test_what_is_no_age_turns_nothing_off(limit: Any, local: KeyPair, home: Path) -> None:
    put(home, listed(1, root=local))
    assert [refusal(call) for call in ways(limit)] == ["usage"] * 2


@pytest.mark.parametrize("words", [["verify", "-s", "build"], ["exec", "-s", "build"]])
def test_on_the_command_line(
    words: list[str], local: KeyPair, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    end = ["--", "true"] if words[0] == "exec" else []
    assert main.main([*words, "--max-staleness", "10m", *end]) == 1
    assert "[stale]" in capfd.readouterr().err
    put(home, listed(1, root=local))
    assert main.main([*words, "--max-staleness=10m", *end]) == 0
    assert main.main([*words, "--max-staleness", "never", *end]) == 2
    assert main.main([*words, *end]) == 0


def test_nothing_is_started_on_an_old_list(local: KeyPair, home: Path) -> None:
    put(home, listed(1, age=700, root=local))
    words = ["exec", "-s", "build", "--max-staleness"]
    assert main.main([*words, "10m", "--", "touch", str(home / "made")]) == 1
    assert not (home / "made").exists()
    assert main.main([*words, "20m", "--", "touch", str(home / "made")]) == 0
    assert (home / "made").exists()


def test_a_version_1_token_is_held_to_it_too(local: KeyPair, home: Path) -> None:
    old = ka.delegate_v1("build", 3600)
    assert refusal(lambda: ka.verify("build", old)) == "allowed"
    assert refusal(lambda: ka.verify("build", old, max_staleness=600)) == "stale"
