"""Every route against every kind of key: what is open is open, and nothing else is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.keys import did_key
from kanoniv_server.domain.values import RIGHTS, AuditEvent
from kanoniv_server.routes.table import rows
from kanoniv_server.web.problems import envelope
from kanoniv_server.web.service import Row
from tests.support.service import Site, site

pytestmark = pytest.mark.anyio
OPEN = {
    ("POST", "/v1/verify"),
    ("GET", "/v1/revocations"),
    ("GET", "/v1/tenant"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
    ("POST", "/verify"),
    ("GET", "/health"),
}
ROWS = [row for row in rows() if "/oidc/" not in row.path]
KEYED = [row for row in ROWS if row.right is not None]


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, database_url="memory:") as found:
        yield found


async def ask(here: Site, row: Row, key: str | None) -> httpx.Response:
    """A request that would do, sent with a key."""
    link = (await here.bundle())["id"]
    bodies: dict[str, Any] = {
        "/v1/delegations": {"scopes": ["a"]},
        "/v1/revocations": {"ids": [link]},
        "/delegate": {"scopes": ["a"]},
        "/revoke": {"delegation_id": link},
        "/v1/verify": {"token": await here.token(), "scope": "deploy.staging"},
        "/verify": {"token": await here.token(), "scope": "deploy.staging"},
    }
    sent = {} if key is None else here.header(key)
    body = bodies.get(row.path) if row.body is not None else None
    return await here.client.request(row.method, row.path, headers=sent, json=body)


def test_what_is_open_is_this() -> None:
    assert {(row.method, row.path) for row in ROWS if row.right is None} == OPEN
    assert {row.right for row in KEYED} <= RIGHTS


def code(answer: httpx.Response) -> str:
    return str(answer.json().get("code", answer.json().get("error")))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_a_route_takes_its_right_and_nothing_less(here: Site, row: Row) -> None:
    found = {key: await ask(here, row, key) for key in [None, "unknown", "revoked", *RIGHTS]}
    for key in ("unknown", "revoked"):
        answer = found[key]
        assert answer.status_code == 401, key
        browser = ', Basic realm="kanoniv", charset="UTF-8"' if row.browser else ""
        assert answer.headers["www-authenticate"] == f'Bearer realm="kanoniv"{browser}'
    if row.right is None:
        assert {found[key].status_code for key in (None, *RIGHTS)} == {200}
        return
    assert found[None].status_code == 401
    assert found[None].headers["www-authenticate"]
    assert found[row.right].status_code in {200, 201}, found[row.right].text
    for right in RIGHTS - {row.right}:
        assert found[right].status_code == 403, right
        assert (row.refuse is envelope) == ("error" in found[right].json())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_forms_of_a_key_that_are_none(here: Site, row: Row) -> None:
    text = here.keys["all"]
    for value in (
        f"Basic {text}", text, "Bearer", "Bearer ", f"Bearer  {text}", f"Bearer {text} ",
        f"Bearer {text},{text}", f"Bearer {text[:-1]}", f"Bearer {text.upper()}", f"bearer{text}",
        "Bearer kd2.x~s", "Bearer " + "kas_" + "A" * 60000,
    ):  # fmt: skip
        answer = await here.client.request(row.method, row.path, headers={"authorization": value})
        assert answer.status_code == 401, value[:20]
        assert text not in answer.text
    twice = [("authorization", f"Bearer {text}"), ("authorization", f"Bearer {text}")]
    request = here.client.build_request(row.method, row.path, headers=httpx.Headers(twice))
    assert (await here.client.send(request)).status_code == 401


def basic(key: str, user: str = "anybody") -> dict[str, str]:
    return {"authorization": f"Basic {b64encode(f'{user}:{key}'.encode()).decode()}"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_a_password_is_for_the_page_that_a_browser_shows(here: Site, row: Row) -> None:
    """A browser sends it along with whatever another site makes it ask: nothing but a page to read takes it."""
    assert row.browser == (row.path in {"/dashboard", "/"})
    assert not row.browser or (row.method, row.right) == ("GET", "read")
    found = {}
    for key in ("all", "read", "issue", "revoked", "unknown"):
        answer = await here.client.request(row.method, row.path, headers=basic(here.keys[key]))
        found[key] = answer.status_code
    if row.browser:
        assert found == {"all": 200, "read": 200, "issue": 403, "revoked": 401, "unknown": 401}
    else:
        assert set(found.values()) == {401}


@pytest.mark.parametrize("user", ["", "x", "Aladdin", "ü", "a" * 500])
async def test_the_name_beside_the_password_says_nothing(here: Site, user: str) -> None:
    answer = await here.client.get("/dashboard", headers=basic(here.keys["read"], user))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "value",
    ["Basic", "Basic ", "Basic =", "Basic !!!!", "Basic eA", "Basic eA==", "Basic Ojo6", "basic  eDp5", "Digest x",
     "Basic " + "A" * 60000],
)  # fmt: skip
async def test_a_password_that_is_none(here: Site, value: str) -> None:
    answer = await here.client.get("/dashboard", headers={"authorization": value})
    assert answer.status_code == 401
    header = basic(here.keys["read"])["authorization"]
    twice = httpx.Headers([("authorization", header), ("authorization", header)])
    request = here.client.build_request("GET", "/dashboard", headers=twice)
    assert (await here.client.send(request)).status_code == 401


async def test_another_tenants_key_sees_and_touches_its_own_alone(here: Site) -> None:
    made = await here.bundle("deploy.staging", key="issue")
    for path in ("/v1/delegations", "/v1/audit", "/delegations", "/dashboard"):
        answer = await here.get(path, "other")
        assert answer.status_code == 200
        assert made["id"] not in answer.text
        assert made["holder_did"] not in answer.text
    assert "delegations_total 0.0" in (await here.get("/metrics", "other")).text
    theirs = await here.post("/v1/delegations", {"scopes": ["a"]}, "other")
    assert theirs.json()["root_did"] != made["root_did"]
    # its list is its own root's: what it names there binds nobody else
    assert (await here.post("/revoke", {"delegation_id": made["id"]}, "other")).status_code == 400
    done = await here.post("/v1/revocations", {"ids": [made["id"]]}, "other")
    assert done.status_code == 200
    row = (await here.get("/v1/delegations", "read")).json()["delegations"][0]
    assert row["revoked_at"] is None
    lists = [(await here.get("/v1/revocations", tenant=name)).text for name in ("default", "other")]
    assert lists[0] != lists[1]


async def test_a_key_that_is_held_to_scopes_stays_within_them(here: Site) -> None:
    key = await here.add_key("held", "issue", "revoke", scopes=("deploy",), max_ttl=60)
    fine = await here.post("/v1/delegations", {"scopes": ["deploy.x"], "ttl": "1h"}, "held")
    assert fine.status_code == 201
    assert fine.json()["cut"] is True
    assert fine.json()["expires_at"] - here.service.clock() <= 60
    for body in ({"scopes": ["prod"]}, {"scopes": ["deploy.x", "prod"]}):
        answer = await here.post("/v1/delegations", body, "held")
        assert (answer.status_code, code(answer)) == (403, "KAN-SCOPE-001")
    others = await here.bundle("prod")
    assert (await here.post("/v1/revocations", {"ids": [others["id"]]}, "held")).status_code == 403
    mine = did_key(here.service.roots._signers["default"].root)
    assert (await here.post("/v1/revocations", {"keys": [mine]}, "held")).status_code == 403
    assert (
        await here.post("/v1/revocations", {"ids": [fine.json()["id"]]}, "held")
    ).status_code == 200
    # each refusal is in the audit chain, with who and what
    page = (await here.get("/v1/audit", "read")).json()
    denied = [line for line in page["lines"] if '"denied"' in line]
    assert len(denied) == 4
    assert all(f"key:{key.id}" in line for line in denied)


async def test_a_key_revoked_by_another_process_stops_in_this_one(here: Site) -> None:
    key = await here.add_key("soon-gone", "read")
    assert (await here.get("/v1/audit", "soon-gone")).status_code == 200
    what = Happening("key", "ok", details={"verb": "revoke"})
    await here.service.store.revoke_api_key("default", key.id, AuditEvent(1, what))
    # remembered until the store is asked again, which is no longer than a quarter of a second
    await here.service.reach.refresh()
    assert (await here.get("/v1/audit", "soon-gone")).status_code == 401
