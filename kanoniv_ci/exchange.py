"""The exchange of an OIDC token for a grant: what is sent, what of the answer is used, how a refusal is told.

Pure. The answer is a stranger's until its grant was verified here: for our key, under the root it names, and not a
scope or a second wider than what was asked for.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.exchange import exchange_message
from kanoniv_auth.core.keys import check_did
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.redaction import redact
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.scopes import covers
from kanoniv_auth.core.token import parse
from kanoniv_auth.core.verification import CLOCK_SKEW, prove, read_parent
from kanoniv_ci.commands import one_line
from kanoniv_ci.faults import Problem, Refusal, problem
from kanoniv_ci.minting import Minted
from kanoniv_ci.retry import is_passing

if TYPE_CHECKING:
    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.keys import KeyPair

ROUTE = "/v1/auth/oidc/exchange"
_SAID, _MOST = 300, 20
# no word of a sentence; perhaps a part of what we have sent
_LONG = re.compile(r"[A-Za-z0-9_+/=-]{40,}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of which service. ttl: seconds · root_did: the only root that will do, "" for any."""

    endpoint: str
    scopes: tuple[str, ...]
    ttl: int
    root_did: str


def body(oidc_token: str, agent: KeyPair, asked: Asked) -> bytes:
    """The request: the key itself stays here, its signature over token, scopes and TTL goes."""
    message = exchange_message(oidc_token, asked.scopes, asked.ttl)
    fields = {
        "oidc_token": oidc_token,
        "public_key": agent.did_key,
        "possession": b64u(agent.sign(message)),
        "scopes": list(asked.scopes),
        "ttl": asked.ttl,
    }
    return json.dumps(fields).encode("ascii")


def accept(data: bytes, agent: KeyPair, asked: Asked, now: int) -> Minted:
    """Make a token of the answer's grant, all of it verified. now: unix seconds.

    Raises: Refusal (KAN-OIDC-009).
    """
    grant, root_did = _fields(data, asked)
    if asked.root_did not in ("", root_did):
        detail = f"its root is {root_did}, expected_root_did says {asked.root_did}"
        raise unusable(detail, asked)
    roots = TrustedRoots(dids=[root_did])
    try:
        if parse(grant).proof is not None:
            raise unusable("it is a token of somebody's and no grant", asked)
        chain = read_parent(grant, roots=roots, now=now, revoked=None)
        _check(chain, agent, asked, now)
        token = seal(chain, agent, now=now)
        verified = prove(
            token, roots=roots, audience=None, now=now, once=None, revoked=None, cache=None
        )
    except AuthError as error:
        raise unusable(str(error), asked) from None
    link = chain.links[-1]
    lives = 0 if link.expires_at is None else link.expires_at - link.issued_at
    cut = lives < asked.ttl or chain.expires_at != link.expires_at
    return Minted(token, agent, verified, cut, now)


def refused(status: int, detail: str, answer: bytes, asked: Asked) -> Refusal:
    """Say why there is no grant. status: HTTP's, 0 for no answer · answer: the refusal's body, a stranger's."""
    if not is_passing(status) and not 400 <= status < 500:
        return unusable(detail, asked)
    code, why, fix = _problem_of(answer)
    said = f"{detail} {code}".rstrip() + (f', it says "{why}"' if why else "")
    row = "KAN-OIDC-007" if is_passing(status) else "KAN-OIDC-008"
    told = problem(row, endpoint=asked.endpoint, detail=said)
    if fix:
        told = Problem(told.code, told.cause, f'{told.fix}; it says "{fix}"', told.exit)
    return Refusal([told])


def failed(answer: bytes) -> list[str]:
    """Which conditions did not hold, as the service tells them: a line each."""
    try:
        rows = json.loads(answer)["failed"]
        told = [[_said(row.get(name)) for name in ("policy", "claim", "why")] for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    return [f'policy "{policy}", claim "{claim}": {why}' for policy, claim, why in told[:_MOST]]


def unusable(detail: str, asked: Asked) -> Refusal:
    """An answer that is not what was asked for."""
    return Refusal([problem("KAN-OIDC-009", endpoint=asked.endpoint, detail=detail)])


def _fields(data: bytes, asked: Asked) -> tuple[str, str]:
    """The grant and the root's label of an answer."""
    try:
        found = json.loads(data)
        grant, root_did = found["grant"], found["root_did"]
        if type(grant) is not str or type(root_did) is not str:
            raise ValueError("not text")
        return grant, check_did(root_did)
    except (ValueError, KeyError, TypeError, RecursionError, AuthError):
        raise unusable("it is not an answer of this service's form", asked) from None


def _check(chain: Chain, agent: KeyPair, asked: Asked, now: int) -> None:
    link = chain.links[-1]
    if chain.holder != agent.public:
        raise unusable("its grant is for another key", asked)
    wider = [scope for scope in chain.scopes if not covers(frozenset(asked.scopes), scope)]
    if wider:
        raise unusable(f"it grants {wider[0]}, which was not asked for", asked)
    end = link.expires_at
    if end is None or end - link.issued_at > asked.ttl or end > now + asked.ttl + CLOCK_SKEW:
        raise unusable("its grant lives longer than was asked for", asked)


def _problem_of(answer: bytes) -> tuple[str, str, str]:
    """Code, detail and fix of a problem document (RFC 9457); "" for what is not there."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return "", "", ""
    if type(found) is not dict:
        return "", "", ""
    code, why, fix = (_said(found.get(name)) for name in ("code", "detail", "fix"))
    return (code if re.fullmatch(r"KAN-[A-Z]{1,12}-[0-9]{3}", code) else ""), why, fix


def _said(text: object) -> str:
    """A stranger's sentence: one line, short, without anything that could be a secret of ours."""
    if type(text) is not str:
        return ""
    shown = _LONG.sub("…", redact(one_line(text))).replace('"', "'").strip()
    return shown[:_SAID] + ("…" if len(shown) > _SAID else "")
