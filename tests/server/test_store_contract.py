"""What every store promises, whatever is behind it (kanoniv_server/domain/ports.py)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import Revoked, StorageError, TokenParseError
from kanoniv_auth.core.revocation_list import read_list
from kanoniv_auth.core.trail import read_line
from kanoniv_server.domain.ports import Store
from kanoniv_server.domain.values import RIGHTS, AuditEvent, Caller, Counts, Delegation, Tenant
from kanoniv_server.storage import memory, revoking
from kanoniv_server.storage.opening import open_store
from tests.support.ledger import NOW, Desk, api_key, happened, root

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/kanoniv.db"
    return str(request.getfixturevalue("postgres").database())


@pytest.fixture
async def store(address: str) -> AsyncIterator[Store]:
    store = await open_store(address)
    yield store
    await store.close()


@pytest.fixture
async def desk(store: Store) -> Desk:
    return await Desk.open(store)


def key(number: int) -> bytes:
    return root(number).public


# -------------------------------------------------------------------------------- tenants and keys


async def test_a_name_is_taken_once_and_the_second_changes_nothing(store: Store) -> None:
    first, second = Tenant("a", key(1), NOW), Tenant("a", key(2), NOW)
    assert await store.add_tenant(first, api_key("a", 1), happened())
    assert not await store.add_tenant(second, api_key("a", 2), happened())
    assert await store.tenant("a") == first
    assert await store.tenants() == (first,)
    assert await store.api_key(api_key("a", 2).digest) is None
    assert (await store.counts("a", now=NOW)).audit == 1


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    assert await store.tenant("nobody") is None
    assert await store.tenants() == ()
    assert await store.api_key(bytes(32)) is None
    assert await store.api_keys("nobody") == ()
    assert await store.delegation("nobody", bytes(32)) is None
    assert (await store.delegations("nobody")).items == ()
    assert (await store.audit_page("nobody")).items == ()
    assert await store.revocation_list("nobody") is None
    assert await store.counts("nobody", now=NOW) == Counts(0, 0, 0, 0, 0)


async def test_nothing_changes_for_a_tenant_that_is_not_there(store: Store) -> None:
    row = Delegation(bytes(32), "nobody", key(9), ("a",), None, "t", NOW, None)
    with pytest.raises(StorageError, match="no tenant nobody"):
        await store.add_delegation(row, happened())
    with pytest.raises(StorageError, match="no tenant nobody"):
        await store.add_api_key(api_key("nobody", 1), happened())
    with pytest.raises(StorageError, match="no tenant nobody"):
        await store.audit_append("nobody", happened())
    with pytest.raises(StorageError, match="no tenant nobody"):
        await store.add_revocations(
            "nobody", ids=[bytes(32)], sign=lambda *_: "x", event=None, now=NOW
        )
    assert await store.version() == 0


async def test_a_key_works_until_it_is_revoked(desk: Desk) -> None:
    store = desk.store
    one, two = api_key("default", 1), api_key("default", 2, "cd")
    await store.add_api_key(one, happened())
    await store.add_api_key(two, happened())
    assert await store.api_key(one.digest) == one
    before = await store.version()
    assert await store.revoke_api_key("default", one.id, happened())
    assert await store.version() > before
    assert await store.api_key(one.digest) is None
    assert await store.api_key(two.digest) == two
    assert not await store.revoke_api_key("default", one.id, happened())
    assert not await store.revoke_api_key("default", "0" * 16, happened())
    _, *kept = await store.api_keys("default")
    assert [(k.label, k.revoked_at) for k in kept] == [("ci", NOW), ("cd", None)]


async def test_a_key_is_its_tenant_s_to_revoke(desk: Desk) -> None:
    other = await Desk.open(desk.store, "other", seed=2)
    mine = api_key("default", 1)
    await desk.store.add_api_key(mine, happened())
    assert not await desk.store.revoke_api_key(other.tenant.name, mine.id, happened())
    assert await desk.store.api_key(mine.digest) == mine


async def test_the_same_key_twice_is_refused(desk: Desk) -> None:
    await desk.store.add_api_key(api_key("default", 1), happened())
    with pytest.raises(StorageError):
        await desk.store.add_api_key(api_key("default", 1), happened())
    assert (await desk.trail()).seq == 2


# -------------------------------------------------------------------------------------- the ledger


async def test_a_row_comes_back_as_it_was_written(desk: Desk) -> None:
    scopes = ("deploy.staging", "git.push.%e2%82%ac", "x." + "y" * 200)
    made = await desk.issue(to=key(7), scopes=scopes, ttl=None, name="robot-1")
    row = await desk.store.delegation("default", made.chain.id)
    assert row is not None
    want = Delegation(
        made.chain.id, "default", key(7), scopes, "robot-1", "key:test", NOW, None, None, row.at
    )
    assert row == want
    assert (await desk.store.delegations("default")).items == (want,)


async def test_rows_are_listed_newest_first_page_by_page(desk: Desk) -> None:
    ids = [(await desk.issue(to=key(7))).chain.id for _ in range(7)]
    found, before = [], None
    for size in (3, 3, 1):
        page = await desk.store.delegations("default", limit=3, before=before)
        assert len(page.items) == size
        found += [row.id for row in page.items]
        before = page.next
    assert found == ids[::-1]
    assert before is None
    assert len((await desk.store.delegations("default", limit=7)).items) == 7
    assert (await desk.store.delegations("default", limit=7)).next is None
    assert len((await desk.store.delegations("default", limit=0)).items) == 1


async def test_rows_are_chosen_by_holder_and_by_time(desk: Desk) -> None:
    short = (await desk.issue(to=key(7), ttl=10)).chain
    long = (await desk.issue(to=key(8), ttl=None)).chain
    gone = (await desk.issue(to=key(8), ttl=None)).chain
    await desk.revoke(ids=[gone.id])

    async def ids(**chosen: object) -> list[bytes]:
        page = await desk.store.delegations("default", **chosen)  # type: ignore[arg-type]
        return [row.id for row in page.items]

    assert await ids(holder_did=short.holder_did) == [short.id]
    assert await ids(holder_did=long.holder_did) == [gone.id, long.id]
    assert await ids(active_at=NOW + 9) == [long.id, short.id]
    assert await ids(active_at=NOW + 10) == [long.id]
    assert await ids(holder_did=long.holder_did, active_at=NOW) == [long.id]
    assert await desk.store.counts("default", now=NOW + 10) == Counts(3, 1, 1, 1, 5)


async def test_tenants_see_nothing_of_each_other(desk: Desk) -> None:
    other = await Desk.open(desk.store, "other", seed=2)
    mine = (await desk.issue(to=key(7))).chain
    await desk.revoke(keys=[key(8)])
    assert (await other.store.delegations("other")).items == ()
    assert await other.store.delegation("other", mine.id) is None
    assert await other.store.revocation_list("other") is None
    assert (await other.trail()).seq == 1
    await other.issue(to=key(8))
    assert await other.store.counts("other", now=NOW) == Counts(1, 1, 0, 0, 2)


# ------------------------------------------------------------------------------------- revocations


async def test_every_list_says_everything_and_counts_on(desk: Desk) -> None:
    made = [(await desk.issue(to=key(7))).chain.id for _ in range(2)]
    first = await desk.revoke(ids=[made[0]])
    second = await desk.revoke(ids=[made[1]], keys=[key(9)])
    assert (first.seq, first.ids, first.keys) == (1, (made[0],), ())
    assert (second.seq, sorted(second.ids), second.keys) == (2, sorted(made), (key(9),))
    assert await desk.store.revocation_list("default") == second.text
    assert [row.revoked_at for row in (await desk.store.delegations("default")).items] == [NOW] * 2


async def test_what_is_revoked_already_gives_the_list_as_it_stands(desk: Desk) -> None:
    first = await desk.revoke(ids=[bytes(32)], keys=[key(9)])
    version = await desk.store.version()
    desk.now += 60
    assert (await desk.revoke(ids=[bytes(32)])).text == first.text
    assert await desk.store.version() == version


async def test_nothing_to_revoke_signs_the_list_again(desk: Desk) -> None:
    def sign(seq: int, ids: tuple[bytes, ...], keys: tuple[bytes, ...]) -> str:
        return desk.signer.sign_list(seq=seq, now=desk.now, ids=ids, keys=keys)

    async def again() -> tuple[int, int, tuple[bytes, ...]]:
        text = await desk.store.add_revocations("default", sign=sign, event=None, now=desk.now)
        found = read_list(text)
        return found.seq, found.issued_at, found.ids

    assert await again() == (1, NOW, ())
    await desk.revoke(ids=[bytes(32)])
    desk.now += 60
    before = await desk.store.version()
    assert await again() == (3, NOW + 60, (bytes(32),))
    assert await desk.store.version() > before


async def test_a_revoked_key_gets_nothing_more_and_loses_what_it_has(desk: Desk) -> None:
    lost = (await desk.issue(to=key(7))).chain.id
    kept = (await desk.issue(to=key(8))).chain.id
    await desk.revoke(keys=[key(7)])
    with pytest.raises(Revoked):
        await desk.issue(to=key(7))
    rows = {row.id: row.revoked_at for row in (await desk.store.delegations("default")).items}
    assert rows == {lost: NOW, kept: None}
    assert (await desk.trail()).seq == 4


async def test_a_revoked_root_issues_nothing_more(desk: Desk) -> None:
    await desk.issue(to=key(7))
    await desk.revoke(keys=[desk.tenant.root], caller=Caller("key:admin", RIGHTS))
    with pytest.raises(Revoked):
        await desk.issue(to=key(8))
    assert (await desk.store.counts("default", now=NOW)).active == 0


async def test_an_id_that_was_revoked_first_is_not_written_down(desk: Desk) -> None:
    await desk.revoke(ids=[b"\1" * 32])
    row = Delegation(b"\1" * 32, "default", key(7), ("a",), None, "t", NOW, None)
    with pytest.raises(Revoked):
        await desk.store.add_delegation(row, happened())
    # the same 32 bytes as a key are something else
    other = Delegation(b"\2" * 32, "default", b"\1" * 32, ("a",), None, "t", NOW, None)
    await desk.store.add_delegation(other, happened())


async def test_a_list_that_cannot_be_signed_revokes_nothing(desk: Desk) -> None:
    await desk.revoke(ids=[b"\1" * 32])
    before = await desk.store.revocation_list("default"), await desk.store.version()
    row = (await desk.issue(to=key(7))).chain.id

    def fail(*_: object) -> str:
        raise TokenParseError("parse", detail="too long")

    with pytest.raises(TokenParseError):
        await desk.store.add_revocations("default", ids=[row], sign=fail, event=happened(), now=NOW)
    assert (await desk.store.revocation_list("default"), await desk.store.version()) == before
    found = await desk.store.delegation("default", row)
    assert found is not None
    assert found.revoked_at is None
    assert (await desk.trail()).seq == 3


async def test_a_long_list_leaves_out_links_that_have_expired(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revoking, "ROOMY", 4)
    monkeypatch.setattr(memory, "ROOMY", 4)
    short = [(await desk.issue(to=key(7), ttl=10)).chain.id for _ in range(3)]
    long = (await desk.issue(to=key(7), ttl=None)).chain.id
    assert len((await desk.revoke(ids=[*short, long])).ids) == 4
    desk.now += 10 + revoking.EXPIRED_FOR
    assert len((await desk.revoke(ids=[b"\1" * 32])).ids) == 5
    desk.now += 1
    found = await desk.revoke(keys=[key(9)])
    assert (sorted(found.ids), found.keys) == (sorted([long, b"\1" * 32]), (key(9),))
    # still revoked, whatever the list has room for
    assert (await desk.revoke(ids=short)).text == found.text


# --------------------------------------------------------------------------------- the audit chain


async def test_every_change_is_one_line_of_an_unbroken_chain(desk: Desk) -> None:
    made = await desk.issue(to=key(7), name="robot")
    await desk.revoke(ids=[made.chain.id])
    await desk.store.audit_append("default", happened("denied", by="key:1", code="KAN-SCOPE-001"))
    await desk.store.add_api_key(api_key("default", 1), happened("key"))
    assert (await desk.trail()).seq == 5
    page = await desk.store.audit_page("default", after=0)
    events = [read_line(one.line, "").what for one in page.items]
    assert [one.event for one in events] == ["tenant", "issue", "revoke", "denied", "key"]
    assert events[1].agent == made.chain.holder_did
    assert events[1].details["id"] == made.chain.id.hex()


async def test_the_chain_is_read_in_pages_both_ways(desk: Desk) -> None:
    for number in range(6):
        await desk.store.audit_append("default", happened(number=number))

    async def pages(name: str) -> list[list[int]]:
        found, place = [], 0 if name == "after" else None
        while True:
            page = await desk.store.audit_page("default", limit=3, **{name: place})
            found.append([one.seq for one in page.items])
            place = page.next
            if place is None:
                return found

    assert await pages("before") == [[7, 6, 5], [4, 3, 2], [1]]
    assert await pages("after") == [[1, 2, 3], [4, 5, 6], [7]]


async def test_a_line_holds_any_text_and_no_token(desk: Desk) -> None:
    said = 'é "quoted" \\ \n \x00 ' + "kd2." + "A" * 80 + "~sAAAA"
    what = Happening("test", "ok", name=said, details={"text": said * 9})
    await desk.store.audit_append("default", AuditEvent(NOW, what))
    line = (await desk.store.audit_page("default", limit=1)).items[0].line
    assert b"AAAAAAAA" not in line
    assert (await desk.trail()).seq == 2


# ---------------------------------------------------------------------------------- several at once


async def test_eight_writers_lose_nothing(desk: Desk) -> None:
    async def work(writer: int) -> list[bytes]:
        mine = []
        for number in range(20):
            made = await desk.issue(to=key(100 + writer))
            mine.append(made.chain.id)
            if number % 5 == 4:
                await desk.revoke(ids=[made.chain.id])
        return mine

    ids = {one for made in await asyncio.gather(*map(work, range(8))) for one in made}
    assert len(ids) == 160
    rows = (await desk.store.delegations("default", limit=1000)).items
    assert {row.id for row in rows} == ids
    assert len({row.at for row in rows}) == 160
    newest = await desk.store.revocation_list("default")
    assert newest is not None
    assert (read_list(newest).seq, len(read_list(newest).ids)) == (32, 32)
    assert (await desk.trail()).seq == 1 + 160 + 32


async def test_one_that_fails_spoils_nothing_for_the_others(desk: Desk) -> None:
    await desk.revoke(keys=[key(9)])
    same = api_key("default", 1)

    def broken(*_: object) -> str:
        raise ZeroDivisionError

    asked = [desk.issue(to=key(9 if number == 5 else 7)) for number in range(12)]
    done = await asyncio.gather(
        *asked[:6],
        desk.store.add_revocations("default", sign=broken, event=happened(), now=NOW),
        desk.store.add_api_key(same, happened()),
        desk.store.add_api_key(same, happened()),
        desk.store.audit_append("nobody", happened()),
        *asked[6:],
        return_exceptions=True,
    )
    failed = [type(one) for one in done if isinstance(one, BaseException)]
    assert failed == [Revoked, ZeroDivisionError, StorageError, StorageError]
    assert len((await desk.store.delegations("default")).items) == 11
    assert (await desk.trail()).seq == 2 + 11 + 1


async def test_of_two_that_make_a_tenant_one_does(store: Store) -> None:
    first, second = await asyncio.gather(Desk.open(store), Desk.open(store))
    assert (first.key is None) != (second.key is None)
    assert len(await store.api_keys("default")) == 1


async def test_whoever_gives_up_waiting_harms_nobody(desk: Desk) -> None:
    asked = [asyncio.create_task(desk.issue(to=key(7))) for _ in range(20)]
    await asyncio.sleep(0)
    for task in asked[::2]:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    await desk.issue(to=key(8))
    ids = {row.id for row in (await desk.store.delegations("default")).items}
    assert {task.result().chain.id for task in asked if not task.cancelled()} <= ids
    await desk.trail()


async def test_a_closed_store_refuses(desk: Desk) -> None:
    await desk.store.close()
    await desk.store.close()
    for asked in (desk.store.version(), desk.store.tenant("default"), desk.issue(to=key(7))):
        with pytest.raises(StorageError):
            await asked


async def test_what_is_asked_before_the_end_is_done(desk: Desk, address: str) -> None:
    asked = [asyncio.create_task(desk.issue(to=key(7))) for _ in range(30)]
    await asyncio.sleep(0)
    await desk.store.close()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [one for one in done if isinstance(one, BaseException)] == []
    if address == "memory:":
        return
    again = await open_store(address)
    try:
        assert len((await again.delegations("default")).items) == 30
        assert await again.tenant("default") == desk.tenant
    finally:
        await again.close()


async def test_a_thousand_ids_are_revoked_at_once(desk: Desk) -> None:
    ids = [os.urandom(32) for _ in range(1200)]

    def sign(seq: int, ids: tuple[bytes, ...], keys: tuple[bytes, ...]) -> str:
        return desk.signer.sign_list(seq=seq, now=NOW, ids=ids, keys=keys)

    text = await desk.store.add_revocations("default", ids=ids, sign=sign, event=None, now=NOW)
    assert set(read_list(text).ids) == set(ids)
