"""What the routes do, over a database in a file: the ledger, the signed list, the audit chain, the published routes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kanoniv_auth.core.delegation import parse_bundle
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.revocation_list import read_list
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from kanoniv_server.domain.values import Delegation, Page
from tests.support.service import Site, sealed, site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path) as found:
        yield found


async def test_a_grant_is_for_the_receivers_own_key(here: Site) -> None:
    key = KeyPair.generate(bytes(range(32)))
    body = {"scopes": "deploy.staging,test.run", "ttl": "1h", "to": key.did_key, "name": "ci"}
    made = (await here.post("/v1/delegations", body, "issue")).json()
    assert "bundle" not in made
    assert made["holder_did"] == key.did
    root = (await here.get("/v1/tenant")).json()
    assert root == {"tenant": "default", "root_did": made["root_did"], "root_key": made["root_key"]}
    chain = read_parent(
        made["grant"],
        roots=TrustedRoots(dids=(root["root_did"],)),
        now=here.service.clock(),
        revoked=None,
    )
    assert (chain.id.hex(), chain.holder, chain.scopes) == (
        made["id"], key.public, ("deploy.staging", "test.run"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [{}, {"scopes": []}, {"scopes": ""}, {"scopes": ["a b"]}, {"scopes": [1]}, {"scopes": {"a": 1}},
     {"scopes": ["a"] * 65}, {"scopes": ["a"], "ttl": 0}, {"scopes": ["a"], "ttl": -1},
     {"scopes": ["a"], "ttl": 1e9}, {"scopes": ["a"], "ttl": True}, {"scopes": ["a"], "ttl": "1w"},
     {"scopes": ["a"], "ttl": "30m1h"}, {"scopes": ["a"], "ttl": None}, {"scopes": ["a"], "to": ""},
     {"scopes": ["a"], "to": "did:key:z" + "1" * 47}, {"scopes": ["a"], "name": "a/b"},
     {"scopes": ["a"], "name": "x" * 65}, {"scopes": ["a"], "caveats": [["resource", "../x"]]},
     {"scopes": ["a"], "caveats": [[]]}, {"scopes": ["a"], "caveats": [["max_depth", "1"]]},
     {"scopes": ["a"], "now": 1}, {"scopes": ["a"], "ttl": "9" * 400}],
)  # fmt: skip
async def test_what_cannot_be_issued_is_refused_and_leaves_no_trace(
    here: Site, body: object
) -> None:
    answer = await here.post("/v1/delegations", body, "issue")
    assert answer.status_code in {400, 422}, answer.text
    assert (await here.get("/v1/delegations", "read")).json() == {"delegations": [], "next": None}


async def test_the_ledger_in_pages_by_holder_and_alive(here: Site) -> None:
    made = [await here.bundle(f"a.b{n}") for n in range(5)]
    await here.post("/v1/revocations", {"ids": [made[1]["id"]]}, "revoke")
    seen, cursor = [], None
    while True:
        query = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = (await here.get("/v1/delegations", "read", **query)).json()
        seen += [row["id"] for row in page["delegations"]]
        assert len(page["delegations"]) <= 2
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [one["id"] for one in reversed(made)]
    alive = (await here.get("/v1/delegations", "read", active="true")).json()["delegations"]
    assert [row["id"] for row in alive] == [one["id"] for one in reversed(made) if one != made[1]]
    one = await here.get("/v1/delegations", "read", holder=made[1]["holder_did"])
    assert [row["id"] for row in one.json()["delegations"]] == [made[1]["id"]]
    assert one.json()["delegations"][0]["revoked_at"] is not None


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=٣", "limit=1&limit=2", "cursor=0",
     "cursor=99999999999999999999999", "active=yes", "holder=x", "actve=true", "limit", "limit=",
     "%ff=1", "holder=%ff", "a=" + "x" * 3000, "limit=1%0a"],
)  # fmt: skip
async def test_a_query_is_read_strictly(here: Site, query: str) -> None:
    answer = await here.get("/v1/delegations?" + query, "read")
    assert answer.status_code in {400, 422}, answer.text


async def test_the_signed_list_has_a_tag_and_is_not_sent_twice(here: Site) -> None:
    first = await here.get("/v1/revocations")
    assert (first.status_code, first.headers["content-type"]) == (
        200, "text/plain; charset=us-ascii",
    )  # fmt: skip
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        same = await here.client.get("/v1/revocations", headers={"if-none-match": given})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    made = await here.bundle()
    done = (await here.post("/v1/revocations", {"ids": [made["id"]]}, "revoke")).json()
    assert done["revoked"] == {"ids": 1, "keys": 0}
    newer = await here.client.get("/v1/revocations", headers={"if-none-match": tag})
    assert newer.status_code == 200
    found = read_list(newer.text.strip())
    assert found.text == done["list"]
    assert found.ids == (bytes.fromhex(made["id"]),)
    assert found.seq == done["seq"] == read_list(first.text.strip()).seq + 1
    assert found.root_did == made["root_did"]


async def test_a_root_is_revoked_by_an_admin_key_alone(here: Site) -> None:
    root = (await here.get("/v1/tenant", "read")).json()["root_key"]
    token = await here.token()
    refused = await here.post("/v1/revocations", {"keys": [root]}, "revoke")
    assert (refused.status_code, refused.json()["code"]) == (403, "KAN-SCOPE-001")
    assert "admin" in refused.text
    # to each root its own admin: on another's list it is a key like any other, and ends nothing
    assert (await here.post("/v1/revocations", {"keys": [root]}, "other")).status_code == 200
    asked = {"token": token, "scope": "deploy.staging"}
    assert (await here.post("/v1/verify", asked)).status_code == 200
    assert (await here.post("/v1/revocations", {"keys": [root]}, "all")).status_code == 200
    assert (await here.post("/v1/verify", asked)).status_code == 403


async def test_a_key_is_revoked_with_everything_it_holds(here: Site) -> None:
    made = await here.bundle()
    token = sealed(made)
    row = (await here.get("/v1/delegations", "read")).json()["delegations"][0]
    done = await here.post("/v1/revocations", {"keys": [row["holder_key"]]}, "revoke")
    assert done.json()["revoked"] == {"ids": 0, "keys": 1}
    answer = await here.post("/v1/verify", {"token": token, "scope": "deploy.staging"})
    assert answer.status_code == 403
    body = {"scopes": ["deploy.staging"], "to": row["holder_key"]}
    again = await here.post("/v1/delegations", body, "issue")
    assert (again.status_code, again.json()["code"]) == (403, "KAN-TOKEN-010")


@pytest.mark.parametrize(
    "body",
    [{}, {"ids": []}, {"ids": ["zz"]}, {"ids": ["0" * 63]}, {"ids": ["A" * 64]}, {"ids": "0" * 64},
     {"keys": ["did:key:z" + "1" * 46]}, {"keys": ["did:agent:" + "0" * 32]},
     {"ids": ["0" * 64 + "\n"]}, {"ids": [f"{n:064x}" for n in range(257)]}, {"id": "0" * 64}],
)  # fmt: skip
async def test_what_names_nothing_revokes_nothing(here: Site, body: object) -> None:
    before = (await here.get("/v1/revocations")).text
    answer = await here.post("/v1/revocations", body, "revoke")
    assert answer.status_code == 422, answer.text
    assert (await here.get("/v1/revocations")).text == before


async def test_the_audit_chain_is_walked_and_a_change_is_found(here: Site, tmp_path: Path) -> None:
    await here.bundle()
    made = await here.bundle()
    await here.post("/v1/revocations", {"ids": [made["id"]]}, "revoke")
    page = (await here.get("/v1/audit", "read", verify="true", limit=3)).json()
    assert page["verified"]["intact"] is True
    assert page["verified"]["records"] == json.loads(page["lines"][0])["seq"]
    assert [json.loads(line)["event"] for line in page["lines"]] == ["revoke", "issue", "issue"]
    assert "verified" not in (await here.get("/v1/audit", "read")).json()
    database = sqlite3.connect(tmp_path / "kanoniv.db")
    (line,) = database.execute("SELECT line FROM audit WHERE seq = 3").fetchone()
    changed = bytes(line).replace(b'"result":"ok"', b'"result":"no"')
    assert changed != bytes(line)
    database.execute("UPDATE audit SET line = ? WHERE seq = 3", (changed,))
    database.commit()
    database.close()
    # what the last walk has found is kept for a moment
    here.service.kept._found.clear()
    found = (await here.get("/v1/audit", "read", verify="1")).json()["verified"]
    assert found["intact"] is False
    assert found["records"] == 3
    assert "record 4" in found["detail"]


async def test_what_is_not_there_and_other_methods(here: Site) -> None:
    for path in ("/nothing", "/v1", "/v1/verify/", "/V1/verify", "/v1/%76erify/x"):
        answer = await here.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
    answer = await here.client.delete("/v1/delegations")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert answer.json()["type"] == "urn:kanoniv:error:method"
    assert (await here.client.put("/delegate")).json() == {
        "ok": False, "error": "this route does not take this method",
    }  # fmt: skip
    options = await here.client.options(
        "/v1/verify",
        headers={"origin": "https://evil.example", "access-control-request-method": "POST"},
    )
    assert options.status_code == 405
    assert not [name for name in options.headers if name.startswith("access-control")]


async def test_no_answer_lets_another_page_read_it(here: Site) -> None:
    for path in ("/v1/tenant", "/healthz", "/v1/revocations", "/openapi.json"):
        answer = await here.client.get(path, headers={"origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["x-content-type-options"] == "nosniff"


# ------------------------------------------------------------------------------ the published product


async def test_the_published_routes_speak_its_language(here: Site) -> None:
    made = await here.post("/delegate", {"scopes": ["deploy.staging"], "ttl_seconds": 600}, "issue")
    assert made.status_code == 200
    body = made.json()
    assert body["ok"] is True
    data = body["data"]
    assert set(data) == {"delegation_id", "agent_did", "scopes", "token", "bundle", "expires_at"}
    key, _ = parse_bundle(data["bundle"])
    assert key.did == data["agent_did"]
    verdict = await here.post("/verify", {"token": data["token"], "scope": "deploy.staging.x"})
    said = verdict.json()["data"]
    assert 0 < said.pop("ttl_remaining") <= 600
    assert said == {
        "valid": True, "agent_did": data["agent_did"], "scopes": ["deploy.staging"],
        "root_did": (await here.get("/v1/tenant")).json()["root_did"], "chain_depth": 1,
    }  # fmt: skip
    listed = (await here.get("/delegations?active_only=true", "read")).json()
    assert [row["id"] for row in listed["data"]] == [data["delegation_id"]]
    assert set(listed["data"][0]) == {
        "id", "agent_did", "root_did", "scopes", "created_at", "expires_at", "revoked",
    }  # fmt: skip
    assert data["token"][8:40] not in json.dumps(listed)
    gone = await here.post("/revoke", {"delegation_id": data["delegation_id"]}, "revoke")
    assert gone.json()["data"] == {
        "revoked": True, "delegation_id": data["delegation_id"], "agent_did": data["agent_did"],
    }  # fmt: skip
    after = await here.post("/verify", {"token": data["token"], "scope": "deploy.staging"})
    assert (after.status_code, after.json()) == (
        400, {"ok": False, "error": "DENIED: delegation has been revoked"},
    )  # fmt: skip
    twice = await here.post("/revoke", {"delegation_id": data["delegation_id"]}, "revoke")
    assert (twice.status_code, twice.json()["error"]) == (
        400, "delegation not found or already revoked",
    )  # fmt: skip
    assert (await here.get("/delegations?active_only=true", "read")).json()["data"] == []
    assert (await here.get("/health")).json() == {"status": "ok", "service": "kanoniv-auth"}
    assert (await here.post("/delegate", {"scopes": []}, "issue")).status_code == 400
    assert (await here.post("/delegate", {"scopes": ["a"]})).json() == {
        "ok": False, "error": "Unauthorized. Set Authorization: Bearer <api-key>",
    }  # fmt: skip


async def test_metrics_count_routes_and_nothing_from_outside(here: Site) -> None:
    token = await here.token()
    await here.post("/v1/verify", {"token": token, "scope": "deploy.staging"})
    await here.post("/v1/verify", {"token": token, "scope": "prod"})
    await here.get('/evil{x="y"}')
    text = (await here.get("/metrics", "all")).text
    for line in (
        'kanoniv_requests_total{method="POST",route="/v1/verify",status="200"} 1.0',
        'kanoniv_requests_total{method="POST",route="/v1/verify",status="403"} 1.0',
        'kanoniv_requests_total{method="-",route="-",status="404"} 1.0',
        'kanoniv_request_seconds_count{route="/v1/verify"} 2.0',
        'kanoniv_refusals_total{reason="scope"} 1.0',
        "delegations_total 1.0",
        "delegations_active 1.0",
        "verifications_total 2.0",
    ):
        assert f"\n{line}\n" in text
    assert "evil" not in text


async def test_what_all_tenants_ask_is_the_operators_to_see(here: Site) -> None:
    await here.bundle()
    await here.post("/v1/verify", {"token": await here.token(), "scope": "deploy.staging"})
    await here.add_key("scraper", "read", "admin")
    await here.add_key("theirs", "read", "admin", "issue", "revoke", tenant="other")
    for key in ("all", "scraper"):
        text = (await here.get("/metrics", key)).text
        assert "kanoniv_requests_total{" in text
        assert "\nverifications_total 1.0\n" in text
    for key in ("read", "other", "theirs"):
        text = (await here.get("/metrics", key)).text
        assert f"\ndelegations_total {2.0 if key == 'read' else 0.0}\n" in text
        assert "kanoniv_" not in text
        assert "verifications" not in text
    assert (await here.get("/metrics", "admin")).status_code == 403


async def test_the_dashboard_escapes_and_has_no_script(here: Site) -> None:
    made = await here.bundle("a.b")
    await here.post("/v1/delegations", {"scopes": ["c"], "name": "x.y", "ttl": "never"}, "issue")
    for path in ("/dashboard", "/"):
        page = await here.get(path, "read")
        assert page.status_code == 200
        assert made["holder_did"] in page.text
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_a_value_of_the_ledger_cannot_become_markup(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no name of ours has such letters; a database that somebody else wrote in may
    evil = "<script>alert(1)</script>"
    row = Delegation(b"\1" * 32, "default", b"\2" * 32, (evil,), evil, "key:x", 1, None)

    async def rows(*_: object, **__: object) -> Page[Delegation]:
        return Page((row,), None)

    monkeypatch.setattr(here.service.store, "delegations", rows)
    page = (await here.get("/dashboard", "read")).text
    assert evil not in page
    assert page.count("&lt;script&gt;") == 2
