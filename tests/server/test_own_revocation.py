"""A holder without an API key ends its own link, by a proof for just that; and everything that is no such proof."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.delegation import issue, parse_bundle
from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.own_revocation import ACTION, own_revocation
from kanoniv_auth.core.proof import pop, seal
from kanoniv_auth.core.revocation_list import read_list
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from kanoniv_server.routes import revocations
from tests.support.service import Site, site

pytestmark = pytest.mark.anyio
PUBLIC = "http://localhost:7400"
PATH = "/v1/revocations"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, database_url="memory:", public_url=PUBLIC) as found:
        yield found


@dataclass
class Job:
    """Who holds a link of the service's, and no key of it."""

    site: Site
    key: KeyPair
    chain: Chain
    nonces: int = 0

    @classmethod
    async def start(cls, here: Site, *scopes: str, **asked: Any) -> Job:
        body = {"scopes": list(scopes) or ["deploy.staging"], **asked}
        made = (await here.post("/v1/delegations", body, "issue")).json()
        key, grant = parse_bundle(made["bundle"])
        roots = TrustedRoots(dids=(made["root_did"],))
        return cls(here, key, read_parent(grant, roots=roots, now=int(time.time()), revoked=None))

    def child(self, seed: int = 9) -> Job:
        """An agent to which this one has delegated, without the service."""
        key = KeyPair(bytes([seed]) * 32)
        chain = issue(
            self.key, key.public, parent=self.chain, scopes=self.chain.scopes,
            now=int(time.time()), ttl=600, entropy=bytes([seed]) * 16,
        )  # fmt: skip
        return Job(self.site, key, chain)

    def proof(self, *ids: bytes, **changes: Any) -> str:
        """A pop for revoking these, its own link when none is given. changes: of what `pop` is told."""
        self.nonces += 1
        request = own_revocation(ids or (self.chain.id,))
        given: dict[str, Any] = {
            "action": request.action,
            "args_sha256": request.args_sha256,
            "audience": PUBLIC,
            "now": int(time.time()),
            "nonce": self.nonces.to_bytes(16, "big"),
        }
        return pop(self.chain, self.key, **{**given, **changes})

    def sealed(self, audience: str = "") -> str:
        return seal(self.chain, self.key, now=int(time.time()), audience=audience)

    async def revoke(self, *ids: bytes, proof: str | None = None, **more: Any) -> httpx.Response:
        named = ids or (self.chain.id,)
        sent = self.proof(*named) if proof is None else proof
        return await self.site.post(PATH, {"ids": [i.hex() for i in named], "proof": sent, **more})

    async def works(self) -> bool:
        body = {"token": self.sealed(), "scope": self.chain.scopes[0]}
        answer = await self.site.post("/v1/verify", body)
        assert answer.status_code in {200, 403}
        assert answer.status_code == 200 or answer.json()["type"].endswith(":revoked")
        return answer.status_code == 200


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["type"]).rpartition(":")[2]


async def audited(here: Site) -> list[dict[str, Any]]:
    lines = (await here.get("/v1/audit", "read", limit=1000)).json()["lines"]
    return [json.loads(line) for line in lines]


async def nothing_revoked(here: Site) -> bool:
    found = read_list((await here.get(PATH)).text.strip())
    return found.ids == found.keys == ()


async def test_a_job_ends_its_own_link_at_once(here: Site) -> None:
    job, other = await Job.start(here), await Job.start(here)
    below = job.child()
    assert await job.works()
    assert await below.works()
    answer = await job.revoke()
    assert answer.status_code == 200, answer.text
    assert read_list(answer.json()["list"]).ids == (job.chain.id,)
    assert answer.json()["revoked"] == {"ids": 1, "keys": 0}
    assert not await job.works()
    assert not await below.works()
    assert await other.works()
    (row,) = [one for one in await audited(here) if one["event"] == "revoke"]
    assert row["result"] == "ok"
    assert row["details"]["by"] == f"holder:{job.key.did}"
    assert row["details"]["what"] == job.chain.id.hex()


async def test_asking_twice_says_the_same_and_writes_nothing(here: Site) -> None:
    """The first answer may have been lost on its way."""
    job = await Job.start(here)
    first = (await job.revoke()).json()
    before = len(await audited(here))
    assert (await job.revoke()).json() == first
    assert len(await audited(here)) == before


async def test_it_may_end_a_link_of_its_own_that_is_not_the_one_it_proves_with(here: Site) -> None:
    job = await Job.start(here)
    again = await here.post(
        "/v1/delegations", {"scopes": ["build"], "to": job.key.did_key}, "issue"
    )
    second = bytes.fromhex(again.json()["id"])
    assert (await job.revoke(second)).status_code == 200
    assert await job.works()


async def test_another_jobs_proof(here: Site) -> None:
    """Each for the other's link: a proof that holds, and a link that is not the prover's."""
    job, thief = await Job.start(here), await Job.start(here)
    answer = await thief.revoke(job.chain.id)
    assert slug(answer) == (403, "scope")
    assert await job.works()
    (row,) = [one for one in await audited(here) if one["result"] == "denied"]
    assert (row["event"], row["agent"]) == ("revoke", thief.key.did)
    # both at once: nothing of it happens
    assert slug(await thief.revoke(thief.chain.id, job.chain.id)) == (403, "scope")
    assert await thief.works()
    assert await nothing_revoked(here)


async def test_a_child_for_its_parents_link(here: Site) -> None:
    job = await Job.start(here)
    child = job.child()
    assert slug(await child.revoke(job.chain.id)) == (403, "scope")
    # nor its own: the ledger does not know it, and a holder could fill the list with links it makes for that
    assert slug(await child.revoke()) == (403, "scope")
    assert await nothing_revoked(here)
    assert await child.works()


async def test_a_parent_for_its_childs_link(here: Site) -> None:
    job = await Job.start(here)
    assert slug(await job.revoke(job.child().chain.id)) == (403, "scope")


async def test_a_proof_counts_once(here: Site) -> None:
    job = await Job.start(here)
    sent = job.proof()
    assert (await job.revoke(proof=sent)).status_code == 200
    assert slug(await job.revoke(proof=sent)) == (403, "replayed")


async def test_a_proof_for_another_id(here: Site) -> None:
    job, other = await Job.start(here), await Job.start(here)
    sent = job.proof(other.chain.id)
    assert slug(await job.revoke(proof=sent)) == (403, "bad_signature")
    sent = job.proof(job.chain.id, other.chain.id)
    assert slug(await job.revoke(proof=sent)) == (403, "bad_signature")
    assert await nothing_revoked(here)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"audience": "http://localhost:7401"}, "bad_signature"),
        ({"audience": ""}, "bad_signature"),
        ({"action": "deploy.staging"}, "bad_signature"),
        ({"action": f"{ACTION}.x"}, "bad_signature"),
        ({"args_sha256": Access(ACTION).args_sha256}, "bad_signature"),
        ({"now": int(time.time()) - 3600}, "proof_expired"),
        ({"now": int(time.time()) + 3600}, "proof_expired"),
    ],
)
async def test_a_proof_of_something_else(here: Site, changes: dict[str, Any], why: str) -> None:
    job = await Job.start(here)
    assert slug(await job.revoke(proof=job.proof(**changes))) == (403, why)
    assert await job.works()


async def test_a_proof_for_this_is_none_for_anything_else(here: Site) -> None:
    job = await Job.start(here)
    digest = own_revocation((job.chain.id,)).args_sha256.hex()
    for scope in (ACTION, "deploy.staging"):
        body = {"token": job.proof(), "scope": scope, "audience": PUBLIC, "args_sha256": digest}
        assert (await here.post("/v1/verify", body)).status_code == 403


@pytest.mark.parametrize("audience", ["", PUBLIC])
async def test_a_seal_is_no_proof(here: Site, audience: str) -> None:
    """A sealed token is shown to every verifier: none of them may end it."""
    job = await Job.start(here)
    answer = await job.revoke(proof=job.sealed(audience))
    assert slug(answer) == (403, "holder_unproven" if audience else "audience")
    assert await job.works()


async def test_an_unsigned_one_and_what_is_no_token(here: Site) -> None:
    job = await Job.start(here)
    good = job.proof()
    text, _, tail = good.rpartition("~")
    flipped = tail[:-30] + ("A" if tail[-30] != "A" else "B") + tail[-29:]
    found = {
        "grant": (403, "holder_unproven", job.chain.text),
        "changed": (403, "bad_signature", f"{text}~{flipped}"),
        "cut": (400, "parse", good[:-4]),
        "nothing": (400, "unknown_version", ""),
        "other": (400, "unknown_version", "x"),
    }
    for name, (status, why, sent) in found.items():
        assert slug(await job.revoke(proof=sent)) == (status, why), name
    answer = await here.post(PATH, {"ids": [job.chain.id.hex()]})
    assert slug(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"]
    assert await job.works()


async def test_somebody_else_holds_the_key(here: Site) -> None:
    """The chain is public enough; the key behind it is not."""
    job = await Job.start(here)
    thief = KeyPair(bytes([77]) * 32)
    request = own_revocation((job.chain.id,))
    signed = pop(
        issue(thief, thief.public, parent=None, scopes=("x",), now=int(time.time()), ttl=60, entropy=bytes(16)),
        thief, action=request.action, args_sha256=request.args_sha256, audience=PUBLIC,
        now=int(time.time()), nonce=bytes(16),
    )  # fmt: skip
    assert slug(await job.revoke(proof=signed)) == (403, "untrusted_root")
    grafted = f"{job.chain.text}~{signed.rpartition('~')[2]}"
    assert slug(await job.revoke(proof=grafted)) == (403, "bad_signature")


async def test_an_expired_link(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    job = await Job.start(here, ttl=1)
    sent = job.proof(now=job.chain.expires_at or 0)
    object.__setattr__(here.service, "clock", lambda: job.chain.expires_at)
    assert slug(await job.revoke(proof=sent)) == (403, "expired")


async def test_another_tenants_holder(here: Site) -> None:
    made = (await here.post("/v1/delegations", {"scopes": ["a"]}, "other")).json()
    key, grant = parse_bundle(made["bundle"])
    roots = TrustedRoots(dids=(made["root_did"],))
    chain = read_parent(grant, roots=roots, now=int(time.time()), revoked=None)
    job = Job(here, key, chain)
    assert slug(await job.revoke()) == (403, "untrusted_root")
    assert (await here.get(PATH, tenant="other")).status_code == 200
    assert (await job.revoke(tenant="other")).status_code == 200
    assert await nothing_revoked(here)
    assert slug(await job.revoke(tenant="nowhere")) == (404, "not_found")


async def test_keys_are_in_no_holders_hands(here: Site) -> None:
    """A key stays on the list for ever, so a job a minute would fill it."""
    job = await Job.start(here)
    for ids in ([job.chain.id.hex()], []):
        proof = job.proof(*map(bytes.fromhex, ids)) if ids else job.proof(bytes(32))
        body = {"ids": ids, "keys": [job.key.did_key], "proof": proof}
        answer = await here.post(PATH, body)
        assert slug(answer) == (422, "invalid")
    body = {"keys": [job.key.did_key], "proof": job.proof()}
    assert slug(await here.post(PATH, body)) == (422, "invalid")
    assert await nothing_revoked(here)


async def test_a_key_of_the_service_and_a_proof_are_not_given_together(here: Site) -> None:
    job = await Job.start(here)
    body = {"ids": [job.chain.id.hex()], "proof": job.proof()}
    for key in ("revoke", "all"):
        assert slug(await here.post(PATH, body, key)) == (422, "invalid")
    # a key that may not do it does not become one that may
    assert slug(await here.post(PATH, body, "read")) == (403, "forbidden")
    assert slug(await here.post(PATH, body, "revoked")) == (401, "unauthorized")
    assert await job.works()


async def test_a_service_without_an_address_takes_no_proof(tmp_path: Path) -> None:
    async with site(tmp_path, database_url="memory:") as found:
        job = await Job.start(found)
        for audience in (PUBLIC, ""):
            answer = await job.revoke(proof=job.proof(audience=audience))
            assert slug(answer) == (422, "usage")
        assert await job.works()


async def test_holders_cannot_fill_the_list(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocations, "HOLDERS_ROOM", 1)
    first, second = await Job.start(here), await Job.start(here)
    assert (await first.revoke()).status_code == 200
    answer = await second.revoke()
    assert slug(answer) == (422, "usage")
    assert "nearly full" in answer.json()["detail"]
    # whoever has a key of the service still can
    body = {"ids": [second.chain.id.hex()]}
    assert (await here.post(PATH, body, "revoke")).status_code == 200


async def test_what_cannot_be_remembered_is_not_taken(here: Site) -> None:
    class Away:
        def spend(self, *_: object) -> bool:
            raise StorageError("storage", detail="away")

    object.__setattr__(here.service, "once", Away())
    job = await Job.start(here)
    assert (await job.revoke()).status_code == 503
    assert await job.works()
