"""An answer that is not the grant asked for, wider, longer, another key's, another root's, or junk: never exported."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from kanoniv_auth.core.delegation import bundle, issue
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent
from tests.action.standin import SERVICE_ROOT, Answers, Heard, Reply, Scene, exchanges, grant

OTHER = KeyPair.from_seed(b"\7" * 32)
JSON = {"Content-Type": "application/json"}


def changed(change: Callable[[dict[str, object]], object]) -> Answers:
    """An honest answer with something changed in its document."""

    def answer(heard: Heard) -> Reply:
        document = json.loads(grant(heard).body)
        return Reply(body=json.dumps(change(document)).encode(), headers=JSON)

    return answer


def sealed_by_another(heard: Heard) -> Reply:
    """A token that works, for a holder that is not us."""
    document = json.loads(grant(heard, to=OTHER.public).body)
    now, roots = int(time.time()), TrustedRoots(keys=[SERVICE_ROOT.public])
    chain = read_parent(document["grant"], roots=roots, now=now, revoked=None)
    document["grant"] = seal(chain, OTHER, now=now)
    return Reply(body=json.dumps(document).encode(), headers=JSON)


def with_its_key(heard: Heard) -> Reply:
    """A bundle brings a private key that somebody else has, too."""
    document = json.loads(grant(heard, to=OTHER.public).body)
    now, roots = int(time.time()), TrustedRoots(keys=[SERVICE_ROOT.public])
    chain = read_parent(document["grant"], roots=roots, now=now, revoked=None)
    document["grant"] = bundle(OTHER.seed, chain)
    return Reply(body=json.dumps(document).encode(), headers=JSON)


def longer_than_its_parent(heard: Heard) -> Reply:
    """A chain whose first link has no end, its last one the wrong one."""
    public = json.loads(grant(heard).body)
    now = int(time.time())
    first = issue(
        SERVICE_ROOT,
        OTHER.public,
        parent=None,
        scopes=("build",),
        now=now,
        ttl=None,
        entropy=b"\1" * 16,
    )
    last = issue(
        OTHER,
        SERVICE_ROOT.public,
        parent=first,
        scopes=("build",),
        now=now,
        ttl=60,
        entropy=b"\2" * 16,
    )
    return Reply(body=json.dumps({**public, "grant": last.text}).encode(), headers=JSON)


def flip(text: object) -> str:
    grant_text = str(text)
    return grant_text[:-40] + ("A" if grant_text[-40] != "A" else "B") + grant_text[-39:]


WRONG: dict[str, Answers] = {
    "wider": lambda heard: grant(heard, scopes=("build", "deploy")),
    "other scopes": lambda heard: grant(heard, scopes=("admin",)),
    "longer": lambda heard: grant(heard, ttl=901),
    "endless": lambda heard: grant(heard, ttl=None),
    "from the future": lambda heard: grant(heard, at=int(time.time()) + 120),
    "over already": lambda heard: grant(heard, at=int(time.time()) - 1000),
    "for another key": lambda heard: grant(heard, to=OTHER.public),
    "for another key, two links": longer_than_its_parent,
    "a token of somebody's": sealed_by_another,
    "a bundle": with_its_key,
    "another root signed": lambda heard: grant(heard, root=OTHER, root_did=SERVICE_ROOT.did),
    "another root is named": lambda heard: grant(heard, root_did=OTHER.did),
    "a bit of it": changed(lambda d: {**d, "grant": flip(d["grant"])}),
    "cut": changed(lambda d: {**d, "grant": str(d["grant"])[:-20]}),
    "version 1": changed(lambda d: {**d, "grant": "eyJhIjoxfQ"}),
    "empty": changed(lambda d: {**d, "grant": ""}),
    "no grant": changed(lambda d: {"root_did": d["root_did"]}),
    "no root": changed(lambda d: {"grant": d["grant"]}),
    "root is no did": changed(lambda d: {**d, "root_did": "::warning::x"}),
    "grant is a list": changed(lambda d: {**d, "grant": [d["grant"]]}),
    "a list": changed(lambda d: [d]),
    "html": lambda _: Reply(
        body=b"<html><body>502 but with 200</body></html>", headers={"Content-Type": "text/html"}
    ),
    "nothing": lambda _: Reply(),
    "null": lambda _: Reply(body=b"null"),
    "deep": lambda _: Reply(body=b"[" * 60000),
    "not utf-8": lambda _: Reply(body=b'{"grant": "\xff\xfe"}'),
    "201": lambda heard: Reply(201, grant(heard).body, JSON),
    "204": lambda _: Reply(204),
}


WHY = {
    "wider": "it grants deploy, which was not asked for",
    "longer": "its grant lives longer than was asked for",
    "endless": "its grant lives longer than was asked for",
    "for another key": "its grant is for another key",
    "a token of somebody's": "it is a token of somebody's and no grant",
}


@pytest.mark.parametrize("how", WRONG)
def test_it_is_not_used(keyless: Scene, how: str) -> None:
    keyless.service = WRONG[how]
    refused = keyless.mint(max_attempts="3")
    assert (refused.exit, refused.codes) == (1, ["KAN-OIDC-009"])
    assert len(exchanges(keyless.server.heard)) == 1
    assert WHY.get(how, "is not used: ") in "".join(refused.lines)
    keyless.nothing_left(refused)


def test_ten_megabytes(keyless: Scene) -> None:
    keyless.service = lambda heard: Reply(body=grant(heard).body + b" " * 10_000_000, headers=JSON)
    refused = keyless.mint()
    assert (refused.exit, refused.codes) == (2, ["KAN-OIDC-007"])
    assert "an answer of more than 65536 bytes" in "".join(refused.lines)
    keyless.nothing_left(refused)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(keyless: Scene, status: int) -> None:
    """Neither to another host nor to itself: the OIDC token and the API key go to one address."""
    keyless.service = lambda heard: (
        grant(heard)
        if "elsewhere" in heard.path
        else Reply(status, headers={"Location": f"{keyless.server.url}/elsewhere"})
    )
    refused = keyless.mint(api_key="kas_" + "k" * 43)
    assert (refused.exit, refused.codes) == (1, ["KAN-OIDC-009"])
    assert "no redirect is followed" in "".join(refused.lines)
    assert not [one for one in keyless.server.heard if "elsewhere" in one.path]
    keyless.nothing_left(refused)


def test_the_root_is_pinned(keyless: Scene) -> None:
    """Whoever answers at the address signs with a root of its own; the pin in the workflow tells."""
    keyless.service = lambda heard: grant(heard, root=OTHER)
    assert keyless.mint().exit == 0
    fresh = Scene(keyless.job.again(), keyless.server, keyless.service)
    fresh.job.environ |= {
        name: keyless.job.environ[name]
        for name in keyless.job.environ
        if name.startswith("ACTIONS")
    }
    refused = fresh.mint(expected_root_did=SERVICE_ROOT.did)
    assert (refused.exit, refused.codes) == (1, ["KAN-OIDC-009"])
    assert f"its root is {OTHER.did}, expected_root_did says {SERVICE_ROOT.did}" in refused.stdout
    fresh.nothing_left(refused)
