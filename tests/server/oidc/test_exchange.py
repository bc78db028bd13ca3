"""The exchange over HTTP: a workflow gets a link to its own key; whoever else asks, or for more, gets a refusal."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.core.exchange import exchange_audience
from kanoniv_auth.core.keys import KeyPair, parse_secret
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from kanoniv_server.routes.oidc import BURST
from tests.server.oidc.workflow import (
    EXCHANGE,
    KEY,
    OLD,
    PUBLIC,
    THIEF,
    ask,
    audience,
    audited,
    exchange,
    issued,
    keyless,
    old_audience,
    policy,
)
from tests.support.issuer import IssuerProcess
from tests.support.service import Site

pytestmark = pytest.mark.anyio


def problem(answer: Any, status: int, slug: str) -> dict[str, Any]:
    """A refusal, as it must be."""
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found["type"]) == (status, f"urn:kanoniv:error:{slug}"), found
    assert answer.headers["content-type"] == "application/problem+json"
    return found


def set_clock(found: Site, clock: Callable[[], int]) -> None:
    object.__setattr__(found.service, "clock", clock)


# ------------------------------------------------------------------------------------------------- what it is for


async def test_a_workflow_gets_a_grant_to_its_own_key_and_uses_it(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        token = issuer.token(audience())
        answer = await exchange(found, token, scopes=["read", "deploy.staging"], ttl=900)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        now = int(time.time())
        assert said["scopes"] == ["deploy.staging", "read"]
        assert said["policy"] == "deploy"
        assert 0 <= now + 900 - said["expires_at"] <= 5
        tenant = (await found.get("/v1/tenant")).json()
        assert (said["root_did"], said["root_key"]) == (tenant["root_did"], tenant["root_key"])
        roots = TrustedRoots(dids=(said["root_did"],))
        chain = read_parent(said["grant"], roots=roots, now=now, revoked=None)
        assert (chain.holder, chain.depth, chain.links[-1].name) == (
            KEY.public,
            1,
            "app-9876543210",
        )
        sealed = seal(chain, KEY, now=now)
        verdict = await found.post(
            "/v1/verify", {"token": sealed, "scope": "deploy.staging"}, "read"
        )
        assert verdict.status_code == 200, verdict.text


async def test_what_is_written_down_names_the_run_and_never_the_token(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        token = issuer.token(audience(), jti="the-jti")
        assert (await exchange(found, token)).status_code == 200
        record = (await audited(found))[0]
        assert (record["event"], record["result"], record["agent"]) == ("issue", "ok", KEY.did)
        noted = record["details"]
        assert noted["policy"] == "deploy"
        assert noted["jti"] == "the-jti"
        assert noted["repository_id"] == "123456"
        assert noted["run_id"] == "9876543210"
        assert noted["run_attempt"] == "1"
        row = (await found.service.store.delegations("default")).items[0]
        assert (row.by, row.name, row.holder_did) == ("oidc:repo:123456", "app-9876543210", KEY.did)
        await exchange(found, token)
        await exchange(found, issuer.token("wrong"))
        found.lines()
        kept = found.log.read_bytes() + b"".join(
            path.read_bytes() for path in tmp_path.iterdir() if path.is_file()
        )
        for secret in (*token.split("."), ask(token)["possession"], "octocat"):
            assert secret.encode() not in kept


# --------------------------------------------------------------------------------------------------------- replay


async def test_a_token_counts_once(tmp_path: Path, issuer: IssuerProcess) -> None:
    async with keyless(tmp_path, issuer) as found:
        token = issuer.token(audience())
        assert (await exchange(found, token)).status_code == 200
        problem(await exchange(found, token), 403, "replayed")
        # nor for less, nor with the same id in another token
        problem(await exchange(found, token, scopes=["read"], ttl=60), 403, "replayed")
        twin = issuer.token(audience(), jti="twin")
        assert (await exchange(found, twin)).status_code == 200
        problem(await exchange(found, issuer.token(audience(), jti="twin")), 403, "replayed")
        assert await issued(found) == 2
        assert (await audited(found))[0]["result"] == "denied"


async def test_two_issuers_may_use_the_same_id(tmp_path: Path, issuer: IssuerProcess) -> None:
    with IssuerProcess() as other:
        async with keyless(tmp_path, issuer, more=other.url) as found:
            # another issuer's word counts where a policy names it, and not before
            said = await exchange(found, other.token(audience(), jti="one"))
            assert problem(said, 403, "policy")["failed"] == []
            text = policy(other.url)
            (tmp_path / "policies" / "second.yaml").write_text(text, encoding="utf-8")
            for one in (issuer, other):
                good = await exchange(found, one.token(audience(), jti="one"))
                assert good.status_code == 200, good.text
                again = await exchange(found, one.token(audience(), jti="one"))
                problem(again, 403, "replayed")


async def test_a_token_counts_once_also_after_a_restart(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    token = issuer.token(audience())
    async with keyless(tmp_path, issuer) as found:
        assert (await exchange(found, token)).status_code == 200
    async with keyless(tmp_path, issuer) as found:
        problem(await exchange(found, token), 403, "replayed")


async def test_of_twenty_at_once_in_two_services_exactly_one_wins(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as one, keyless(tmp_path, issuer) as other:
        for _ in range(5):
            token = issuer.token(audience())
            asked = [exchange(site, token) for site in (one, other) for _ in range(10)]
            codes = sorted(answer.status_code for answer in await asyncio.gather(*asked))
            assert codes == [200] + [403] * 19
        assert await issued(one) == 5


async def test_a_refusal_uses_nothing_up(tmp_path: Path, issuer: IssuerProcess) -> None:
    async with keyless(tmp_path, issuer) as found:
        token = issuer.token(audience())
        problem(await exchange(found, token, scopes=["deploy.prod"]), 403, "policy")
        stolen = {**ask(token), "possession": b64u(THIEF.sign(b"x"))}
        problem(await found.post(EXCHANGE, stolen), 403, "holder_unproven")
        problem(await exchange(found, token, THIEF), 401, "oidc")
        assert (await exchange(found, token)).status_code == 200


# ------------------------------------------------------------------------------------------------- a stolen token


async def test_a_stolen_token_mints_nothing_for_another_key(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        token = issuer.token(audience(KEY))
        # with the thief's key: the audience names another one
        said = problem(await exchange(found, token, THIEF), 401, "oidc")
        assert said["failed"][0]["claim"] == "aud"
        # with the victim's key, which the thief does not have
        forged = ask(token, THIEF, public_key=KEY.did_key)
        problem(await found.post(EXCHANGE, forged), 403, "holder_unproven")
        assert await issued(found) == 0
        denied = (await audited(found))[0]
        assert (denied["event"], denied["result"]) == ("exchange", "denied")
        assert denied["details"]["repository_id"] == "123456"


@pytest.mark.parametrize(
    "change",
    [{"scopes": ["deploy.staging", "read"]}, {"scopes": ["read"]}, {"ttl": 901}, {"ttl": "1h"}],
)
async def test_a_request_that_was_changed_on_its_way_is_refused(
    tmp_path: Path, issuer: IssuerProcess, change: dict[str, Any]
) -> None:
    async with keyless(tmp_path, issuer) as found:
        body = {**ask(issuer.token(audience())), **change}
        problem(await found.post(EXCHANGE, body), 403, "holder_unproven")
        assert await issued(found) == 0


async def test_possession_of_another_token_is_none_of_this(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        first, second = issuer.token(audience()), issuer.token(audience())
        body = {**ask(first), "oidc_token": second}
        problem(await found.post(EXCHANGE, body), 403, "holder_unproven")


# ------------------------------------------------------------------------------------------------------- policies


@pytest.mark.parametrize(
    ("claims", "failed"),
    [
        ({"event_name": "pull_request_target"}, "event_name"),
        ({"event_name": "workflow_run"}, "event_name"),
        ({"event_name": "issue_comment"}, "event_name"),
        ({"event_name": None}, "event_name"),
        ({"ref": "refs/heads/main-2"}, "ref"),
        ({"ref": "refs/heads/Main"}, "ref"),
        ({"ref": None}, "ref"),
        ({"ref": ["refs/heads/main"]}, "ref"),
        # the old name, registered again by somebody else
        ({"repository_id": "999999"}, "repository_id"),
        ({"repository_id": 123456}, "repository_id"),
        ({"repository_id": None}, "repository_id"),
    ],
)
async def test_a_workflow_that_is_not_the_trusted_one_is_refused(
    tmp_path: Path, issuer: IssuerProcess, claims: dict[str, Any], failed: str
) -> None:
    async with keyless(tmp_path, issuer) as found:
        said = problem(await exchange(found, issuer.token(audience(), **claims)), 403, "policy")
        assert said["code"] == "KAN-POLICY-001"
        wrong = [{"policy": "deploy", "claim": failed}]
        assert [{k: row[k] for k in ("policy", "claim")} for row in said["failed"]] == wrong
        assert said["claims"]["repository"] == "octo-org/app"
        assert await issued(found) == 0


async def test_a_renamed_owner_and_repository_with_the_old_names_are_refused(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        reborn: dict[str, Any] = {"repository_id": "999999", "repository_owner_id": "8888888"}
        said = problem(await exchange(found, issuer.token(audience(), **reborn)), 403, "policy")
        # names are the same; and that there is a policy for the owner of before is not for this one
        assert said["claims"]["repository"] == "octo-org/app"
        assert said["failed"] == []
        assert said["detail"].endswith(": no policy is for repository_owner_id 8888888")
        # a new name under the old ids is still the one that is trusted
        moved: dict[str, Any] = {
            "repository": "acme/app2",
            "repository_owner": "acme",
            "actor": "somebody",
        }
        assert (await exchange(found, issuer.token(audience(), **moved))).status_code == 200


async def test_a_missing_claim_that_a_policy_names_is_refused(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    wanted = "{environment: {exact: production}, ref: {exact: refs/heads/main}}"
    async with keyless(tmp_path, issuer, conditions=wanted) as found:
        said = problem(await exchange(found, issuer.token(audience())), 403, "policy")
        assert said["failed"] == [{"policy": "deploy", "claim": "environment", "why": "absent"}]
        # what would do is not told
        assert "production" not in json.dumps(said)
        good = issuer.token(audience(), environment="production")
        assert (await exchange(found, good)).status_code == 200


@pytest.mark.parametrize(
    ("wish", "failed"),
    [
        ({"scopes": ["deploy"]}, "scopes"),
        ({"scopes": ["deploy.staging", "admin"]}, "scopes"),
        ({"scopes": ["deploy.stagingx"]}, "scopes"),
        ({"ttl": 3601}, "ttl"),
    ],
)
async def test_more_than_the_policy_gives_is_refused_and_not_cut(
    tmp_path: Path, issuer: IssuerProcess, wish: dict[str, Any], failed: str
) -> None:
    async with keyless(tmp_path, issuer) as found:
        said = problem(await exchange(found, issuer.token(audience()), **wish), 403, "policy")
        assert [row["claim"] for row in said["failed"]] == [failed]


async def test_a_link_without_an_end_is_not_to_be_had(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        body = {**ask(issuer.token(audience())), "ttl": "never"}
        problem(await found.post(EXCHANGE, body), 422, "usage")


@pytest.mark.parametrize(
    "changes",
    [
        {"repository_owner_id": '"*"'},
        {"repository_id": '"*"'},
        {"repository_owner_id": ""},
        {"repository_id": "123456"},
        {"conditions": '{sub: {glob: "repo:octo-org/*"}}'},
        {"conditions": "{ref: {regex: .*}}"},
        {"conditions": "{ref: refs/heads/main}"},
        {"conditions": "{actor: {exact: octocat}}"},
        {"surprise": "1"},
        {"scopes": "[]"},
        {"max_ttl": "never"},
    ],
)
async def test_a_policy_that_lets_too_many_in_stops_every_exchange(
    tmp_path: Path, issuer: IssuerProcess, changes: dict[str, str]
) -> None:
    async with keyless(tmp_path, issuer) as found:
        assert (await found.get("/readyz")).json()["policies"] == "ok"
        bad = tmp_path / "policies" / "wide.yaml"
        bad.write_text(policy(issuer.url, **changes), encoding="utf-8")
        said = problem(await exchange(found, issuer.token(audience())), 503, "bad_policy")
        assert "wide" not in json.dumps(said)
        assert any("wide.yaml" in line.get("detail", "") for line in found.lines())
        ready = await found.get("/readyz")
        assert (ready.status_code, ready.json()["policies"]) == (503, "away")
        bad.unlink()
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        assert (await found.get("/readyz")).status_code == 200


@pytest.mark.parametrize(
    "text", ["", "{", "a: *b", "issuer: a\nissuer: b\n", "[]", "\0", "é" * 70000]
)
async def test_a_file_that_is_no_policy_stops_every_exchange(
    tmp_path: Path, issuer: IssuerProcess, text: str
) -> None:
    async with keyless(tmp_path, issuer) as found:
        (tmp_path / "policies" / "a.yaml").write_text(text, encoding="utf-8")
        problem(await exchange(found, issuer.token(audience())), 503, "bad_policy")


async def test_policies_are_as_they_are_at_the_moment(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        file = tmp_path / "policies" / "deploy.yaml"
        # of the same length, in the same instant
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("heads/main", "heads/next"), encoding="utf-8")
        problem(await exchange(found, issuer.token(audience())), 403, "policy")
        os.utime(file, (1, 1))
        problem(await exchange(found, issuer.token(audience())), 403, "policy")
        file.write_text(text, encoding="utf-8")
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        file.unlink()
        problem(await exchange(found, issuer.token(audience())), 403, "policy")
        (tmp_path / "policies").rename(tmp_path / "gone")
        problem(await exchange(found, issuer.token(audience())), 503, "storage")


async def test_a_policy_that_everybody_may_write_is_none(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        (tmp_path / "policies" / "deploy.yaml").chmod(0o666)
        problem(await exchange(found, issuer.token(audience())), 503, "bad_policy")


@pytest.mark.parametrize("mode", [0o777, 0o1777])
async def test_a_folder_to_which_everybody_may_add_policies_has_none(
    tmp_path: Path, issuer: IssuerProcess, mode: int
) -> None:
    """Each file is its owner's alone, and one of them is a stranger's."""
    async with keyless(tmp_path, issuer, scopes="[read]") as found:
        problem(await exchange(found, issuer.token(audience())), 403, "policy")
        (tmp_path / "policies").chmod(mode)
        (tmp_path / "policies" / "mine.yaml").write_text(policy(issuer.url), encoding="utf-8")
        problem(await exchange(found, issuer.token(audience())), 503, "bad_policy")
        assert (await found.get("/readyz")).status_code == 503


async def test_each_tenant_has_its_own_policies(tmp_path: Path, issuer: IssuerProcess) -> None:
    async with keyless(tmp_path, issuer) as found:
        folder = tmp_path / "policies" / "other"
        problem(await exchange(found, issuer.token(audience()), tenant="other"), 403, "policy")
        folder.mkdir()
        (folder / "mine.yaml").write_text(policy(issuer.url, scopes="[other]"), encoding="utf-8")
        good = await exchange(found, issuer.token(audience()), tenant="other", scopes=["other"])
        assert good.status_code == 200
        other = (await found.get("/v1/tenant", tenant="other")).json()
        assert good.json()["root_did"] == other["root_did"]
        problem(await exchange(found, issuer.token(audience()), scopes=["other"]), 403, "policy")
        problem(await exchange(found, issuer.token(audience()), tenant="nobody"), 404, "not_found")
        problem(await exchange(found, issuer.token(audience()), tenant=".."), 404, "not_found")
        # one tenant's mistake is not the other's
        (folder / "mine.yaml").write_text("{", encoding="utf-8")
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        problem(await exchange(found, issuer.token(audience()), tenant="other"), 503, "bad_policy")
        assert (await found.get("/readyz")).status_code == 503


# ------------------------------------------------------------------------------------------------- the old route


async def test_the_old_route_is_not_there_unless_it_is_asked_for(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        answer = await found.post(OLD, {"oidc_token": issuer.token(old_audience())})
        problem(answer, 404, "not_found")


async def test_the_keyless_audience_is_refused_at_the_old_route_and_the_other_way_round(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer, old=True) as found:
        token = issuer.token(audience())
        said = problem(await found.post(OLD, {"oidc_token": token}), 401, "oidc")
        assert said["failed"][0]["claim"] == "aud"
        problem(await exchange(found, issuer.token(old_audience())), 401, "oidc")
        for other in (PUBLIC, f"{PUBLIC}:", "https://github.com/octo-org"):
            answer = await found.post(OLD, {"oidc_token": issuer.token(other)})
            problem(answer, 401, "oidc")
        assert await issued(found) == 0
        assert (await exchange(found, token)).status_code == 200


async def test_the_old_route_hands_out_an_ephemeral_key_with_its_link_and_no_root(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer, old=True) as found:
        token = issuer.token(old_audience())
        answer = await found.post(OLD, {"oidc_token": token})
        assert answer.status_code == 200, answer.text
        said, now = answer.json(), int(time.time())
        key = parse_secret(said["root_key"])
        root = await found.service.roots.signer((await found.service.store.tenants())[0])
        assert key.public != root.root
        roots = TrustedRoots(dids=(said["root_did"],))
        chain = read_parent(said["parent_token"], roots=roots, now=now, revoked=None)
        assert (chain.holder, chain.scopes) == (key.public, ("deploy.staging", "read"))
        assert 3590 <= said["expires_at"] - now <= 3600
        assert said["grant"] == said["parent_token"]
        child = issue(
            key, KEY.public, parent=chain, scopes=("read",), now=now, ttl=60, entropy=bytes(16)
        )
        assert read_parent(child.text, roots=roots, now=now, revoked=None).depth == 2
        # taken for a root, it makes what nobody trusts
        alone = issue(
            key, KEY.public, parent=None, scopes=("read",), now=now, ttl=60, entropy=bytes(16)
        )
        verdict = await found.post(
            "/v1/verify", {"token": seal(alone, KEY, now=now), "scope": "read"}, "read"
        )
        problem(verdict, 403, "untrusted_root")
        problem(await found.post(OLD, {"oidc_token": token}), 403, "replayed")
        # it is nowhere but in the answer
        found.lines()
        for path in tmp_path.iterdir():
            if path.is_file():
                for secret in (key.seed, key.seed.hex().encode(), said["root_key"].encode()):
                    assert secret not in path.read_bytes()


async def test_the_old_route_gives_four_hours_at_most(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer, old=True, max_ttl="12h") as found:
        answer = await found.post(OLD, {"oidc_token": issuer.token(old_audience())})
        assert answer.json()["expires_at"] - int(time.time()) in range(4 * 3600 - 10, 4 * 3600 + 1)


async def test_a_policy_with_an_audience_counts_for_the_exchange_alone(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer, old=True, audience=f'"{PUBLIC}"') as found:
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        answer = await found.post(OLD, {"oidc_token": issuer.token(old_audience())})
        assert [row["claim"] for row in problem(answer, 403, "policy")["failed"]] == ["aud"]


async def test_the_old_route_gives_nothing_where_no_policy_fits(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer, old=True) as found:
        token = issuer.token(old_audience(), ref="refs/heads/other")
        said = problem(await found.post(OLD, {"oidc_token": token}), 403, "policy")
        assert [row["claim"] for row in said["failed"]] == ["ref"]
        assert await issued(found) == 0


# ------------------------------------------------------------------------------------- what it stands on is away


@pytest.mark.parametrize("how", ["dead", "junk", "empty", "error", "big"])
async def test_without_the_issuers_keys_nobody_is_let_in(
    tmp_path: Path, issuer: IssuerProcess, how: str
) -> None:
    issuer.serve(how)
    async with keyless(tmp_path, issuer) as found:
        said = problem(await exchange(found, issuer.token(audience())), 503, "storage")
        # the operator's address book is not for everybody
        assert issuer.url not in json.dumps(said)
        assert any(issuer.url in line.get("detail", "") for line in found.lines())
        assert await issued(found) == 0


async def test_when_nobody_can_tell_what_was_used_nobody_is_let_in(
    tmp_path: Path, issuer: IssuerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> bool:
        raise StorageError("storage", detail="gone")

    async with keyless(tmp_path, issuer) as found:
        monkeypatch.setattr(type(found.service.once), "spend", away)
        problem(await exchange(found, issuer.token(audience())), 503, "storage")
        assert await issued(found) == 0


async def test_what_cannot_be_written_down_is_not_given(
    tmp_path: Path, issuer: IssuerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise StorageError("storage", detail="full")

    async with keyless(tmp_path, issuer) as found:
        monkeypatch.setattr(type(found.service.store), "add_delegation", full)
        answer = await exchange(found, issuer.token(audience()))
        assert "kd2." not in answer.text
        problem(answer, 503, "storage")


async def test_a_key_that_was_revoked_gets_nothing(tmp_path: Path, issuer: IssuerProcess) -> None:
    async with keyless(tmp_path, issuer) as found:
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        done = await found.post("/v1/revocations", {"keys": [KEY.did_key]}, "all")
        assert done.status_code in {200, 201}, done.text
        problem(await exchange(found, issuer.token(audience())), 403, "revoked")
        other = issuer.token(audience(THIEF))
        assert (await exchange(found, other, THIEF)).status_code == 200


async def test_a_rotation_in_the_middle_works(tmp_path: Path, issuer: IssuerProcess) -> None:
    old = issuer.token(audience())
    issuer.rotate()
    async with keyless(tmp_path, issuer) as found:
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        assert (await exchange(found, old)).status_code == 200
        assert issuer.fetches() == 1


# --------------------------------------------------------------------------------------------- clocks and floods


async def test_a_clock_that_jumps_lets_nothing_old_in(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        now = int(time.time())
        old = issuer.token(audience(), now=now - 3600)
        problem(await exchange(found, old), 401, "oidc")
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        # an hour back: the old one would count again
        set_clock(found, lambda: now - 3600)
        problem(await exchange(found, old), 503, "storage")
        # an hour ahead: everything has expired, nothing is forgotten
        set_clock(found, lambda: now + 3600)
        problem(await exchange(found, issuer.token(audience())), 401, "oidc")
        set_clock(found, lambda: int(time.time()))
        assert (await exchange(found, issuer.token(audience()))).status_code == 200


async def test_one_repository_cannot_keep_the_others_out(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        codes = []
        for _ in range(int(BURST) + 20):
            noise = issuer.token(audience(THIEF), repository_id="31337")
            codes.append((await exchange(found, noise, THIEF)).status_code)
        assert set(codes) == {403, 429}
        assert codes[: int(BURST)] == [403] * int(BURST)
        last = await exchange(found, issuer.token(audience(THIEF), repository_id="31337"), THIEF)
        assert int(last.headers["retry-after"]) >= 1
        assert (await exchange(found, issuer.token(audience()))).status_code == 200


async def test_strangers_together_do_not_fill_the_audit_chain(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    """Anybody has as many repositories, and so true tokens for this service, as they like."""
    async with keyless(tmp_path, issuer) as found:
        codes = []
        for n in range(90):
            owner: dict[str, Any] = {"repository_id": f"9{n}", "repository_owner_id": f"8{n}"}
            noise = issuer.token(audience(THIEF), **owner)
            codes.append((await exchange(found, noise, THIEF)).status_code)
        assert set(codes) == {403, 429}
        refused = [row for row in await audited(found) if row["event"] == "exchange"]
        assert len(refused) == codes.count(403) < 60
        # those whom a policy is for do not notice, nor does another tenant
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        near = issuer.token(audience(THIEF), repository_id="31337")
        problem(await exchange(found, near, THIEF), 403, "policy")


async def test_a_flood_of_unknown_kids_asks_the_issuer_once(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        assert (await exchange(found, issuer.token(audience()))).status_code == 200
        forged = issuer.token(audience()).split(".", 1)[1]
        for number in range(100):
            header = b64u(json.dumps({"alg": "RS256", "kid": f"kid-{number}"}).encode())
            problem(await exchange(found, f"{header}.{forged}"), 503, "storage")
        assert issuer.fetches() == 1
        assert (await exchange(found, issuer.token(audience()))).status_code == 200


# --------------------------------------------------------------------------------------------------------- bodies


async def test_ten_megabytes_are_refused(tmp_path: Path, issuer: IssuerProcess) -> None:
    async with keyless(tmp_path, issuer, old=True) as found:
        for route in (EXCHANGE, OLD):
            large = {**ask("a.b.c"), "oidc_token": "A" * 10_000_000}
            problem(await found.post(route, large), 413, "too_long")
        body = {**ask("a.b.c"), "oidc_token": "A" * 17000}
        problem(await found.post(EXCHANGE, body), 400, "too_large")


@pytest.mark.parametrize(
    "change",
    [
        {"public_key": KEY.did},
        {"public_key": "did:key:z" + "1" * 48},
        {"possession": "A" * 85},
        {"possession": "=" * 86},
        {"possession": None},
        {"scopes": []},
        {"scopes": ["*"]},
        {"scopes": [1]},
        {"ttl": 0},
        {"ttl": -1},
        {"ttl": 1.5},
        {"ttl": True},
        {"ttl": None},
        {"tenant": "../default"},
        {"oidc_token": ["a.b.c"]},
        {"oidc_token": ""},
        {"surprise": 1},
    ],
)
async def test_a_field_that_cannot_be_used_is_refused(
    tmp_path: Path, issuer: IssuerProcess, change: dict[str, Any]
) -> None:
    async with keyless(tmp_path, issuer) as found:
        answer = await found.post(EXCHANGE, {**ask(issuer.token(audience())), **change})
        assert answer.status_code in {400, 422}, answer.text
        assert issuer.fetches() == 0


async def test_every_field_is_needed(tmp_path: Path, issuer: IssuerProcess) -> None:
    async with keyless(tmp_path, issuer) as found:
        whole = ask(issuer.token(audience()))
        for name in whole:
            part = {key: value for key, value in whole.items() if key != name}
            problem(await found.post(EXCHANGE, part), 422, "invalid")
        assert (await found.post(EXCHANGE, whole)).status_code == 200


async def test_an_audience_is_the_full_key_and_the_whole_address(
    tmp_path: Path, issuer: IssuerProcess
) -> None:
    async with keyless(tmp_path, issuer) as found:
        for other in (
            exchange_audience("http://localhost:7401", KEY.did),
            exchange_audience("https://localhost:7400", KEY.did),
            f"{PUBLIC}/:{KEY.did}",
            f"{PUBLIC}:{KEY.did_key}",
            f"{PUBLIC}:{KEY.did[:-1]}",
            [audience()],
        ):
            problem(await exchange(found, issuer.token("x", aud=other)), 401, "oidc")


def test_the_keys_of_these_tests_differ() -> None:
    assert KeyPair(bytes(range(32))).public == KEY.public != THIEF.public
