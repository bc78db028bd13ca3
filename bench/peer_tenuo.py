"""The worker for `tenuo`: its Rust core, warrants in a stack, with its proof of possession."""

from __future__ import annotations

import importlib
import importlib.metadata
import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from bench.worker import Subject, repeat, serve

if TYPE_CHECKING:
    from typing import Any

tenuo = importlib.import_module("tenuo_core")
ARGUMENTS = {"env": "staging"}
PROOF_SECONDS = 20


class Presented:
    """A stack of warrants and a proof, which is signed again before its window of time ends."""

    def __init__(self, authorizer: Any, warrants: list[Any], holder: Any) -> None:
        self.text: str = tenuo.encode_warrant_stack(warrants)
        self._authorizer, self._leaf, self._holder = authorizer, warrants[-1], holder
        self._signed_at, self._proof = 0.0, b""

    def verify(self) -> None:
        """Decode, check the chain and the proof, and authorize one action."""
        chain = tenuo.decode_warrant_stack_base64(self.text)
        self._authorizer.check_chain(chain, "deploy", ARGUMENTS, self._proof)

    def prove(self) -> None:
        """Sign the proof again when it is old."""
        if time.monotonic() - self._signed_at > PROOF_SECONDS:
            self._signed_at = time.monotonic()
            self._proof = self._leaf.sign(self._holder, "deploy", ARGUMENTS, int(time.time()))


def main() -> None:
    """Serve rounds."""
    root, holders = tenuo.SigningKey.generate(), [tenuo.SigningKey.generate() for _ in range(8)]
    grant = {"deploy": {"env": tenuo.Exact("staging")}}
    authorizer = tenuo.Authorizer()
    authorizer.add_trusted_root(root.public_key)
    first = tenuo.Warrant.issue(
        root, capabilities=grant, ttl_seconds=3600, holder=holders[0].public_key
    )
    stack = [first]
    for issuer, holder in itertools.pairwise(holders):
        stack.append(stack[-1].attenuate(grant, issuer, ttl_seconds=3600, holder=holder.public_key))
    shown = {n: Presented(authorizer, stack[:n], holders[n - 1]) for n in (1, 4, 8)}
    subjects = {f"cold{n}": _proved(each) for n, each in shown.items()}
    issue = partial(
        stack[2].attenuate, grant, holders[2], ttl_seconds=3600, holder=holders[3].public_key
    )
    sizes = {f"d{n}": len(each.text) for n, each in shown.items()}
    version = importlib.metadata.version("tenuo")
    serve({**subjects, "issue": repeat(issue)}, {"version": version, "sizes": sizes})


def _proved(presented: Presented) -> Subject:
    verify = repeat(presented.verify)

    def batch(calls: int) -> Callable[[], object]:
        presented.prove()
        return verify(calls)

    return batch


if __name__ == "__main__":
    main()
