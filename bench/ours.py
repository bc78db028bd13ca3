"""The worker for this project's core: chains, seals, pops, the cache, issuing, sizes."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bench.worker import LINK_MESSAGE, Subject, bytes_of, each, repeat, serve
from kanoniv_auth.core.access import Access
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.keys import KeyPair, did
from kanoniv_auth.core.payload import link_message, split_link
from kanoniv_auth.core.proof import pop, seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.token import parse
from kanoniv_auth.core.verification import verify

if TYPE_CHECKING:
    from kanoniv_auth.core.chain import Chain

NOW = int(time.time())
ROOT = KeyPair(bytes_of("root"))
PINNED = TrustedRoots([ROOT.public])
SCOPES = ("deploy.staging",)
ACCESS = Access("deploy.staging")
DEPTHS = (1, 2, 4, 8)
VARIETY = 8


def key(label: str) -> KeyPair:
    """A key pair that is the same in every run."""
    return KeyPair(bytes_of(f"key {label}"))


def extend(parent: Chain | None, issuer: KeyPair, holder: KeyPair, label: str) -> Chain:
    """One more link, from `issuer` to `holder`."""
    return issue(
        issuer,
        holder.public,
        parent=parent,
        scopes=SCOPES,
        now=NOW,
        ttl=14400,
        entropy=bytes_of(f"jti {label}", 16),
    )


def chain(depth: int, label: str = "") -> tuple[Chain, KeyPair]:
    """A chain of `depth` links and the key that holds it."""
    made, holder = None, ROOT
    for index in range(depth):
        issuer, holder = holder, key(f"{label} {index}")
        made = extend(made, issuer, holder, f"{label} {index}")
    assert made is not None
    return made, holder


def once(_key: bytes, _seconds: int) -> bool:
    """A memory that has seen nothing: what it costs is not what is measured."""
    return True


def check(token: str, cache: Cache | None = None, roots: TrustedRoots = PINNED) -> object:
    """The call that everything here is about."""
    return verify(
        token,
        roots=roots,
        audience=None,
        access=ACCESS,
        now=NOW + 1,
        once=once,
        revoked=None,
        cache=cache,
    )


def sealed(depth: int, label: str = "") -> str:
    """A sealed token of `depth` links."""
    made, holder = chain(depth, label)
    return seal(made, holder, now=NOW)


def cold(depth: int) -> Subject:
    """Tokens that nobody has seen, without a cache."""
    tokens = [sealed(depth, f"cold {number}") for number in range(VARIETY)]
    return each([partial(check, token) for token in tokens])


def warm(depth: int, *, fresh: bool = False, roots: TrustedRoots = PINNED) -> Subject:
    """A token the cache knows; `fresh`: in a new str object each time, as a server would read it."""
    token, cache = sealed(depth), Cache()
    check(token, cache)
    again = partial(check, cache=cache, roots=roots)
    if not fresh:
        return repeat(partial(again, token))
    raw = token.encode("ascii")
    return repeat(lambda: again(raw.decode("ascii")))


def warm_pop(depth: int) -> Subject:
    """A proof for one request over a chain the cache knows."""
    made, holder = chain(depth)
    cache, nonces = Cache(), [bytes_of(f"nonce {number}", 16) for number in range(VARIETY)]
    check(seal(made, holder, now=NOW), cache)
    pops = [
        pop(
            made,
            holder,
            action=ACCESS.action,
            args_sha256=ACCESS.args_sha256,
            audience="",
            now=NOW,
            nonce=nonce,
        )
        for nonce in nonces
    ]
    return each([partial(check, token, cache) for token in pops])


def new_leaf(depth: int) -> Subject:
    """One link more than the cache knows, and its seal; every token is new to it."""
    parent, holder = chain(depth - 1)
    known = seal(parent, holder, now=NOW)
    leaves = [
        seal(
            extend(parent, holder, key(f"leaf {number}"), f"leaf {number}"),
            key(f"leaf {number}"),
            now=NOW,
        )
        for number in range(64)
    ]

    def batch(calls: int) -> Callable[[], object]:
        tokens, cache = [leaves[index % len(leaves)] for index in range(calls)], Cache()
        assert calls <= len(leaves), "a token would come twice"
        check(known, cache)

        def run() -> None:
            for token in tokens:
                check(token, cache)

        return run

    return batch


def issuing() -> dict[str, Subject]:
    """Signing a link, and a link and its seal, for a key pair that is at hand."""
    parent, issuer = chain(3)
    holder = key("new agent")
    return {
        "issue": repeat(partial(extend, parent, issuer, holder, "issue")),
        "issue_seal": repeat(
            lambda: seal(extend(parent, issuer, holder, "issue"), holder, now=NOW)
        ),
    }


def sizes() -> dict[str, int]:
    """Characters of links and tokens."""
    text = chain(8)[0].text
    first, *later = parse(text).links
    return {
        "link0": len(first),
        "link": max(len(link) for link in later),
        **{f"d{depth}": len(sealed(depth)) for depth in DEPTHS},
    }


def main() -> None:
    """Serve rounds."""
    links = parse(chain(2)[0].text).links
    length = len(link_message(bytes(32), split_link(links[1])[1]))
    assert length == LINK_MESSAGE, f"a link's message has {length} bytes"
    by_label = TrustedRoots(dids=[did(ROOT.public)])
    subjects = {
        **{f"cold{depth}": cold(depth) for depth in DEPTHS},
        **{f"warm{depth}": warm(depth) for depth in DEPTHS},
        "warm8_fresh": warm(8, fresh=True),
        "warm8_label": warm(8, fresh=True, roots=by_label),
        "pop1": warm_pop(1),
        "pop8": warm_pop(8),
        "leaf4": new_leaf(4),
        **issuing(),
    }
    facts = {"version": importlib.metadata.version("kanoniv-auth"), "sizes": sizes()}
    serve(subjects, facts)


if __name__ == "__main__":
    main()
