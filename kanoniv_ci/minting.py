"""Minting: a root key (or a parent token and its holder's key) gives a fresh agent key its scopes, and it is verified.

Pure: clock and entropy are arguments. Nothing leaves here that the verifier did not accept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent, verify
from kanoniv_ci.faults import Refusal, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.token import VerifiedToken
    from kanoniv_ci.inputs import ActionInputs


@dataclass(frozen=True, slots=True)
class Minted:
    """A minted token, the key that holds it, and what the verifier says about it. at: unix seconds."""

    token: str = field(repr=False)
    agent: KeyPair = field(repr=False)
    verified: VerifiedToken
    shortened: bool
    at: int

    @property
    def chain(self) -> Chain:
        """The links, checked."""
        return self.verified.chain


def mint(inputs: ActionInputs, now: int, entropy: Callable[[int], bytes]) -> Minted:
    """Issue, seal and verify. entropy: that many fresh random bytes.

    Raises: Refusal (KAN-PARENT-001); AuthError for a parent that is not valid or would be widened.
    """
    issuer = inputs.root
    if issuer is None:
        raise Refusal([problem("KAN-INPUT-002", input="root_key", example="a secret")])
    roots = TrustedRoots(keys=[issuer.public])
    parent = None
    if inputs.parent_token:
        # the parent's own word about its root proves nothing: the repository's pin does
        roots = TrustedRoots(dids=[inputs.expected_root_did])
        parent = read_parent(inputs.parent_token, roots=roots, now=now, revoked=None)
        if parent.holder != issuer.public:
            raise Refusal([problem("KAN-PARENT-001", found=issuer.did, wanted=parent.holder_did)])
    agent = KeyPair.generate(entropy(32))
    chain = issue(
        issuer,
        agent.public,
        parent=parent,
        scopes=inputs.scopes,
        now=now,
        ttl=inputs.ttl,
        entropy=entropy(16),
        name=inputs.agent_name,
    )
    token = seal(chain, agent, now=now)
    wished = None if inputs.ttl is None else now + inputs.ttl
    verified = _checked(token, inputs, roots, now)
    return Minted(token, agent, verified, chain.expires_at != wished, now)


def _checked(token: str, inputs: ActionInputs, roots: TrustedRoots, now: int) -> VerifiedToken:
    verified = None
    for scope in inputs.scopes:
        verified = verify(
            token,
            roots=roots,
            audience=None,
            access=Access(scope),
            now=now,
            once=None,
            revoked=None,
            cache=None,
        )
    if verified is None:
        raise Refusal([problem("KAN-INPUT-002", input="scopes", example="deploy.staging")])
    return verified
