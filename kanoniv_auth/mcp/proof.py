"""The proof that comes with one call: a pop of ours, or the published product's object. docs/spec/mcp-proof.md.

A token that proves any call is none: what a model writes into arguments stands in transcripts.
"""

from __future__ import annotations

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.errors import AudienceMismatch, HolderUnproven, TokenParseError
from kanoniv_auth.core.jcs import args_sha256
from kanoniv_auth.core.verification import verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kanoniv_auth.core.cache import Cache
    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.revocation import Revocations
    from kanoniv_auth.core.roots import TrustedRoots
    from kanoniv_auth.mcp.guard import Call


def verify_proof(
    proof: object,
    call: Call,
    *,
    roots: TrustedRoots,
    names: tuple[str | None, str | None],
    now: int,
    once: Callable[[bytes, int], bool],
    revoked: Revocations | None,
    cache: Cache,
) -> Chain:
    """Decide whether this proof grants this call.

    names: this proxy's audience as it was given, and else its server's name · once, cache: as `verify` has them.
    Returns: the proven chain. Raises: AuthError.
    """
    audience, server = names
    if isinstance(proof, dict):
        from kanoniv_auth.core.legacy_v1_invocation import verify_invocation  # noqa: PLC0415 - seldom, and `json`

        if audience is not None:
            fix = f"prove the call with kanoniv-auth prove --audience {audience}"
            raise AudienceMismatch("audience", want=audience, got="", fix=fix)
        return verify_invocation(
            proof,
            tool=call.tool,
            args=call.arguments,
            roots=roots,
            access=Access(call.scope),
            now=now,
            once=once,
            revoked=revoked,
        )
    if type(proof) is not str:
        raise TokenParseError("parse", detail="a proof is a text or an object")
    if "~s" in proof:
        detail = "this token is good for any call, and a proof is for one: kanoniv-auth prove"
        raise HolderUnproven("holder_unproven", detail=detail)
    verified = verify(
        proof,
        roots=roots,
        audience=server if audience is None else audience,
        access=Access(call.scope, args_sha256=args_sha256(call.arguments)),
        now=now,
        once=once,
        revoked=revoked,
        cache=cache,
    )
    return verified.chain
