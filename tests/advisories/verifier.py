"""The side that is attacked: our verifier with plain arguments, and its verdict as one word."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.envelope import Envelope, verify_envelope
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.token import VerifiedToken
from kanoniv_auth.core.verification import prove, read_parent, verify
from tests.advisories.attacker import NOW, ROOT

PINNED = TrustedRoots(keys=[ROOT.public])
ACCEPTED = "accepted"
Once = Callable[[bytes, int], bool]


def always_new(key: bytes, seconds: int) -> bool:
    """A verifier that remembers no pop: for tests about something else."""
    return True


class Memory:
    """A verifier that remembers pops for as long as it is asked to; `now` is turned by hand."""

    def __init__(self) -> None:
        self.now, self._until = NOW, dict[bytes, int]()

    def __call__(self, key: bytes, seconds: int) -> bool:
        if self._until.get(key, 0) > self.now:
            return False
        self._until[key] = self.now + seconds
        return True


def run(
    token: object,
    action: str = "deploy.staging",
    *,
    roots: TrustedRoots = PINNED,
    audience: str | None = None,
    now: int = NOW,
    once: Once | None = always_new,
    revoked: Revocations | None = None,
    cache: Cache | None = None,
    args: bytes = b"",
    context: Mapping[str, str] | None = None,
    resource: str | None = None,
    cost: tuple[str, int] | None = None,
) -> VerifiedToken:
    access = Access(
        action,
        context=context,
        resource=resource,
        cost=cost,
        args_sha256=hashlib.sha256(args).digest(),
    )
    return verify(
        token,  # type: ignore[arg-type]
        roots=roots, audience=audience, access=access, now=now, once=once, revoked=revoked, cache=cache,
    )  # fmt: skip


def word_for(call: Callable[[], object]) -> str:
    """`accepted`, or the reason code. Anything but an AuthError is a traceback and fails the test."""
    try:
        call()
    except AuthError as error:
        # the sentence can be made from the facts, or this is a traceback
        return error.slug if str(error) else "a refusal without a sentence"
    return ACCEPTED


def once_over(token: object, action: str = "deploy.staging", **given: object) -> str:
    """One call, one word."""
    return word_for(lambda: run(token, action, **given))  # type: ignore[arg-type]


def verdict(
    token: object, action: str = "deploy.staging", *, after: Iterable[str] = (), **given: object
) -> str:
    """The word that a cold verifier and a warm one agree on.

    after: honest tokens the warm one has seen. It is asked twice, so that a cache which remembers the attack shows.
    """
    cache = Cache()
    for seen in after:
        assert once_over(seen, action, cache=cache, **given) == ACCEPTED
    words = [
        once_over(token, action, **given),
        once_over(token, action, cache=cache, **given),
        once_over(token, action, cache=cache, **given),
    ]
    return (
        words[0] if len(set(words)) == 1 else f"cold {words[0]}, warm {words[1]}, again {words[2]}"
    )


def proven(
    token: object,
    *,
    roots: TrustedRoots = PINNED,
    now: int = NOW,
    revoked: Revocations | None = None,
) -> str:
    """The word of `prove`, which asks for no action."""
    return word_for(
        lambda: prove(
            token,  # type: ignore[arg-type]
            roots=roots, audience=None, now=now, once=always_new, revoked=revoked, cache=None,
        )
    )  # fmt: skip


def parent_verdict(
    token: object, *, roots: TrustedRoots = PINNED, now: int = NOW, revoked: Revocations | None = None,
    cache: Cache | None = None,
) -> str:  # fmt: skip
    """The word of the check before a token is delegated from, signed with or accepted."""
    return word_for(
        lambda: read_parent(token, roots=roots, now=now, revoked=revoked, cache=cache)  # type: ignore[arg-type]
    )


def receive(
    text: object, *, roots: TrustedRoots = PINNED, revoked: Revocations | None = None
) -> Envelope:
    return verify_envelope(text, roots=roots, revoked=revoked)  # type: ignore[arg-type]


def envelope_verdict(
    text: object, *, roots: TrustedRoots = PINNED, revoked: Revocations | None = None
) -> str:
    """The word about a receipt."""
    return word_for(lambda: receive(text, roots=roots, revoked=revoked))
