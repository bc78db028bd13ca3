"""Who may have what signed, and who may take it back: the service's own rules, over a store in memory."""

from __future__ import annotations

import pytest

from kanoniv_auth.core.delegation import issue, parse_bundle
from kanoniv_auth.core.errors import (
    AuthError,
    HolderUnproven,
    KeyInvalid,
    Revoked,
    ScopeViolation,
    StorageError,
    UsageError,
)
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.revocation_list import in_force, read_list
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from kanoniv_server.domain import delegations, keys, revocations, tenants
from kanoniv_server.domain.values import RIGHTS, Caller
from kanoniv_server.signer import LocalSigner
from kanoniv_server.storage.memory import MemoryStore
from tests.support.ledger import NOW, Desk, happened, root

pytestmark = pytest.mark.anyio
TO = root(7)
KEY = keys.PREFIX + "A" * 43


@pytest.fixture
async def desk() -> Desk:
    return await Desk.open(MemoryStore())


def allowed(**more: object) -> Caller:
    return Caller("key:x", frozenset(("issue", "revoke")), **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------- API keys


@pytest.mark.parametrize(
    "text",
    ["", "kas_", KEY[:-1], KEY + "A", KEY.replace("kas_", "kat_"), KEY[:-1] + "B", KEY[:-1] + "=",
     KEY[:-1] + "é", " " + KEY, KEY + "\n", KEY.upper()],
)  # fmt: skip
def test_what_has_not_the_form_of_a_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(HolderUnproven) as caught:
        keys.digest(text)
    assert not text or text not in f"{caught.value} {caught.value.facts}"


async def test_a_key_is_known_by_its_text_alone(desk: Desk) -> None:
    assert desk.key is not None
    found = await keys.authenticate(desk.store, desk.key)
    assert (found.tenant, found.rights, found.scopes) == ("default", RIGHTS, None)
    assert desk.key not in repr(found)
    assert desk.key[4:].encode() not in found.digest
    for text in (KEY, found.digest.hex(), found.id):
        with pytest.raises(HolderUnproven):
            await keys.authenticate(desk.store, text)
    await desk.store.revoke_api_key("default", found.id, happened())
    with pytest.raises(HolderUnproven):
        await keys.authenticate(desk.store, desk.key)


@pytest.mark.parametrize(
    "wrong",
    [{"rights": ()}, {"rights": ("root",)}, {"scopes": ()}, {"max_ttl": 0}, {"label": ""}, {"label": "a b"},
     {"entropy": bytes(31)}],
)  # fmt: skip
def test_a_key_that_could_do_nothing_or_anything_is_not_made(wrong: dict[str, object]) -> None:
    given: dict[str, object] = {"rights": ("issue",), "label": "ci", "entropy": bytes(32), **wrong}
    with pytest.raises(UsageError):
        keys.new_key("default", now=NOW, **given)  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------- issuing


async def test_a_grant_verifies_under_the_tenant_s_root(desk: Desk) -> None:
    made = await desk.issue(to=TO.public)
    assert (made.is_bundle, made.cut, made.text) == (False, False, made.chain.text)
    chain = read_parent(
        made.text, roots=TrustedRoots(keys=[desk.tenant.root]), now=NOW, revoked=None
    )
    assert (chain.holder, chain.scopes, chain.expires_at) == (
        TO.public,
        ("deploy.staging",),
        NOW + 3600,
    )


async def test_without_a_receiver_there_is_a_bundle_with_a_new_key(desk: Desk) -> None:
    first, second = await desk.issue(), await desk.issue()
    assert first.is_bundle
    assert first.text not in repr(first)
    holder, grant = parse_bundle(first.text)
    assert holder.public == first.chain.holder != second.chain.holder
    assert grant == first.chain.text
    line = (await desk.store.audit_page("default", limit=1)).items[0].line
    assert holder.seed.hex().encode() not in line
    row = await desk.store.delegation("default", first.chain.id)
    assert holder.seed not in repr(row).encode()
    assert first.text.split(".")[1] not in repr(row)


async def test_entropy_is_48_bytes_of_which_none_serves_twice(desk: Desk) -> None:
    with pytest.raises(ValueError, match="48"):
        await delegations.issue(
            delegations.Order(("a",), 1), caller=allowed(), tenant=desk.tenant, signer=desk.signer,
            store=desk.store, now=NOW, entropy=bytes(47),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("scopes", "asked", "fits"),
    [(("deploy",), "deploy.staging", True), (("deploy.staging",), "deploy.staging", True),
     (("deploy.staging",), "deploy", False), (("deploy.stag",), "deploy.staging", False),
     (("a", "deploy"), "b", False)],
)  # fmt: skip
async def test_a_caller_gives_no_more_than_it_has(
    desk: Desk, scopes: tuple[str, ...], asked: str, *, fits: bool
) -> None:
    if fits:
        await desk.issue(to=TO.public, scopes=(asked,), caller=allowed(scopes=scopes))
        return
    with pytest.raises(ScopeViolation):
        await desk.issue(to=TO.public, scopes=(asked,), caller=allowed(scopes=scopes))
    assert (await desk.store.delegations("default")).items == ()
    assert (await desk.trail()).seq == 1


@pytest.mark.parametrize(
    ("asked", "limit", "given", "cut"),
    [(60, 600, 60, False), (600, 60, 60, True), (None, 60, 60, True), (60, None, 60, False), (None, None, None, False)],
)  # fmt: skip
async def test_a_ttl_is_cut_to_the_caller_s(
    desk: Desk, asked: int | None, limit: int | None, given: int | None, *, cut: bool
) -> None:
    made = await desk.issue(to=TO.public, ttl=asked, caller=allowed(max_ttl=limit))
    assert made.chain.expires_at == (None if given is None else NOW + given)
    assert made.cut == cut


@pytest.mark.parametrize("rights", [set[str](), {"revoke"}, {"admin"}, {"read", "revoke", "admin"}])
async def test_no_right_implies_the_one_to_issue(desk: Desk, rights: set[str]) -> None:
    with pytest.raises(ScopeViolation):
        await desk.issue(caller=Caller("key:x", frozenset(rights)))


async def test_another_tenant_s_root_signs_nothing(desk: Desk) -> None:
    desk.signer = LocalSigner(root(99))
    with pytest.raises(KeyInvalid, match="not the one of tenant default"):
        await desk.issue()
    with pytest.raises(KeyInvalid):
        await desk.revoke(ids=[bytes(32)])
    with pytest.raises(KeyInvalid):
        await revocations.current_list(desk.tenant, signer=desk.signer, store=desk.store, now=NOW)
    with pytest.raises(KeyInvalid):
        await Desk.open(desk.store, seed=99)


async def test_nothing_is_handed_out_that_is_not_written_down(desk: Desk) -> None:
    await desk.store.close()
    with pytest.raises(StorageError):
        await desk.issue()


@pytest.mark.parametrize(
    ("scopes", "ttl", "more"),
    [("", 60, {}), ([], 60, {}), ("a b", 60, {}), ("*", 60, {}), ([1], 60, {}), ("a", "soon", {}), ("a", 0, {}),
     ("a", -1, {}), ("a", True, {}), ("a", 1e99, {}), ("a", 60, {"to": "did:key:z6Mk"}),
     ("a", 60, {"to": "did:agent:" + "0" * 32}), ("a", 60, {"name": "a/b"})],
)  # fmt: skip
def test_an_order_outside_the_grammar_is_refused(
    scopes: object, ttl: object, more: dict[str, str]
) -> None:
    with pytest.raises(UsageError):
        delegations.Order.read(scopes, ttl, **more)  # type: ignore[arg-type]


def test_an_order_is_read_as_the_command_line_reads_it() -> None:
    read = delegations.Order.read(
        ["b", "a:c"], "1h30m", to=f"did:key:{_did(TO.public)}", name="bot"
    )
    assert read == delegations.Order(("a.c", "b"), 5400, TO.public, "bot")
    assert delegations.Order.read("a", None).ttl == 4 * 3600
    assert delegations.Order.read("a", "never").ttl is None


def _did(public: bytes) -> str:
    from kanoniv_auth.core.keys import did_key  # noqa: PLC0415 - read here alone

    return did_key(public).removeprefix("did:key:")


# ---------------------------------------------------------------------------------------- revoking


async def test_a_revoked_link_is_refused_with_all_below_it(desk: Desk) -> None:
    made = await desk.issue(to=TO.public)
    child = issue(
        TO, root(8).public, parent=made.chain, scopes=("deploy.staging.eu",), now=NOW, ttl=60, entropy=bytes(16)
    )  # fmt: skip
    token = seal(child, root(8), now=NOW)
    roots = TrustedRoots(keys=[desk.tenant.root])
    before = in_force([await desk.revoke(ids=[bytes(32)])], now=NOW, max_staleness=None)
    assert read_parent(token, roots=roots, now=NOW, revoked=before).holder == root(8).public
    for found in (await desk.revoke(ids=[made.chain.id]), await desk.revoke(keys=[TO.public])):
        revoked = in_force([found], now=NOW, max_staleness=None)
        with pytest.raises(Revoked):
            read_parent(token, roots=roots, now=NOW, revoked=revoked)


@pytest.mark.parametrize(
    "asked",
    [{}, {"ids": [b"short"]}, {"ids": [bytes(33)]}, {"keys": [bytes(32)]}, {"keys": [b"\xff" * 32]},
     {"ids": [bytes([n // 256, n % 256]) * 16 for n in range(revocations.MOST + 1)]}],
)  # fmt: skip
async def test_what_names_no_link_and_no_key_is_refused(
    desk: Desk, asked: dict[str, list[bytes]]
) -> None:
    with pytest.raises(AuthError):
        await desk.revoke(**asked)  # type: ignore[arg-type]
    assert await desk.store.revocation_list("default") is None


async def test_a_caller_takes_back_what_it_could_have_given(desk: Desk) -> None:
    mine = (await desk.issue(to=TO.public, scopes=("deploy.staging",))).chain.id
    other = (await desk.issue(to=TO.public, scopes=("deploy.staging", "git"))).chain.id
    caller = allowed(scopes=("deploy",))
    for ids, principals in (
        ([other], []),
        ([bytes(32)], []),
        ([mine, other], []),
        ([mine], [TO.public]),
    ):
        with pytest.raises(ScopeViolation):
            await desk.revoke(ids=ids, keys=principals, caller=caller)
    assert await desk.store.revocation_list("default") is None
    assert (await desk.revoke(ids=[mine], caller=caller)).ids == (mine,)


@pytest.mark.parametrize("rights", [set[str](), {"issue"}, {"admin", "read", "issue"}])
async def test_no_right_implies_the_one_to_revoke(desk: Desk, rights: set[str]) -> None:
    made = await desk.issue(to=TO.public)
    with pytest.raises(ScopeViolation):
        await desk.revoke(ids=[made.chain.id], caller=Caller("key:x", frozenset(rights)))


@pytest.mark.parametrize("also", [[], [TO.public]])
@pytest.mark.parametrize(
    "caller",
    [
        Caller("key:x", frozenset(("revoke",))),
        Caller("key:x", frozenset(("revoke", "issue", "read"))),
        Caller("key:x", frozenset(("admin",))),
        Caller("key:x", RIGHTS, scopes=("deploy",)),
        Caller("holder:x", frozenset(), holder=TO.public),
    ],
    ids=["revoke", "all but admin", "admin alone", "held to scopes", "a holder"],
)
async def test_the_root_is_nobody_s_to_revoke_but_an_admin_s(
    desk: Desk, caller: Caller, also: list[bytes]
) -> None:
    """A revoked root ends its tenant for good: no key of a job may."""
    with pytest.raises(ScopeViolation):
        await desk.revoke(keys=[*also, desk.tenant.root], caller=caller)
    assert await desk.store.revocation_list("default") is None
    await desk.issue()
    both = Caller("key:x", frozenset(("revoke", "admin")))
    assert (await desk.revoke(keys=[desk.tenant.root], caller=both)).keys == (desk.tenant.root,)


async def test_a_holder_takes_back_its_own_links_and_nothing_else(desk: Desk) -> None:
    mine = (await desk.issue(to=TO.public)).chain.id
    other = (await desk.issue(to=root(8).public)).chain.id
    holder = Caller("holder", frozenset(), holder=TO.public)
    for asked in ({"ids": [other]}, {"ids": [mine, other]}, {"keys": [TO.public]}):
        with pytest.raises(ScopeViolation):
            await desk.revoke(caller=holder, **asked)
    assert (await desk.revoke(ids=[mine], caller=holder)).ids == (mine,)


async def test_another_tenant_s_links_are_not_a_holder_s_to_revoke(desk: Desk) -> None:
    other = await Desk.open(desk.store, "other", seed=2)
    made = (await other.issue(to=TO.public)).chain.id
    with pytest.raises(ScopeViolation):
        await desk.revoke(ids=[made], caller=Caller("holder", frozenset(), holder=TO.public))


async def test_the_list_is_signed_again_when_it_is_old(desk: Desk) -> None:
    async def current(now: int) -> tuple[int, int]:
        text = await revocations.current_list(
            desk.tenant, signer=desk.signer, store=desk.store, now=now
        )
        return read_list(text).seq, read_list(text).issued_at

    assert await current(NOW) == (1, NOW)
    assert await current(NOW + revocations.FRESH - 1) == (1, NOW)
    assert await current(NOW + revocations.FRESH) == (2, NOW + revocations.FRESH)
    # a clock that went back signs nothing older
    assert await current(NOW) == (2, NOW + revocations.FRESH)


# ------------------------------------------------------------------------------------- first start


async def test_the_admin_key_is_said_once(desk: Desk) -> None:
    again = await Desk.open(desk.store)
    assert desk.key is not None
    assert again.key is None
    assert again.tenant == desk.tenant
    assert desk.key.encode() not in (await desk.store.audit_page("default")).items[0].line


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65, "é"])
async def test_a_tenant_has_a_plain_name(name: str) -> None:
    with pytest.raises(UsageError):
        await tenants.ensure_tenant(
            MemoryStore(), name, signer=LocalSigner(root(1)), now=NOW, entropy=bytes(32)
        )
