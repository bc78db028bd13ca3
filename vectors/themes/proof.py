"""Seals and pops: for whom, for which request, when, and how often."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from vectors.forge import BUILDER, CI, NOW, ONE, TWO, case

NONCE = bytes(range(16))
USED = (BUILDER.public + NONCE).hex()


def cases() -> Iterator[dict[str, Any]]:
    """The cases of this theme."""
    yield from _audience()
    yield from _request()
    yield from _once()
    yield from _clock()


def _audience() -> Iterator[dict[str, Any]]:
    here, there = "deploys.example", "billing.example"
    yield case(
        "sealed for us",
        "allow",
        "A26",
        "the verifier is the one it is for",
        TWO.seal(audience=here),
        audience=here,
    )
    yield case(
        "no audience, no name",
        "allow",
        "A26",
        "a verifier without a name takes seals for none",
        TWO.seal(),
    )
    yield case("an empty name", "allow", "A26", "an empty name is none", TWO.seal(), audience="")
    other = {
        "sealed for another": (there, here, "replayed from one verifier to another"),
        "sealed for somebody, we have no name": (
            there,
            None,
            "a verifier without a name is not the one",
        ),
        "sealed for nobody": ("", here, "a verifier with a name takes its own alone"),
        "sealed for a longer name": (here + ".evil", here, "a name that begins like ours"),
        "sealed for a shorter name": (here[:-1], here, "a name that ours begins with"),
        "sealed for a capital": (here.upper(), here, "names are not folded"),
    }
    for name, (meant, ours, why) in other.items():
        yield case(name, "audience", "A26", why, TWO.seal(audience=meant), audience=ours)
        yield case(
            f"{name}, prove",
            "audience",
            "A26",
            f"{why}; also without an action",
            TWO.seal(audience=meant),
            audience=ours,
            check="prove",
        )


def _request() -> Iterator[dict[str, Any]]:
    good: dict[str, Any] = {"audience": "deploys.example", "args": b"--to eu", "seen": []}
    token = TWO.pop(audience="deploys.example", args=b"--to eu")
    yield case(
        "one request", "allow", "A27", "its action, its arguments, its verifier, now", token, **good
    )
    yield case(
        "a request without audience",
        "allow",
        "A27",
        "a verifier without a name",
        TWO.pop(),
        seen=[],
    )
    yield case(
        "a request by a first delegate",
        "allow",
        "A27",
        "a chain of one link",
        ONE.pop("test"),
        action="test",
        seen=[],
    )
    below = TWO.pop("deploy.staging.eu")
    yield case(
        "a request below the scope",
        "allow",
        "A22 A27",
        "the action is covered, and named",
        below,
        action="deploy.staging.eu",
        seen=[],
    )
    changed: dict[str, dict[str, Any]] = {
        "other arguments": {"args": b"--to us"},
        "no arguments": {"args": b""},
        "another action": {"action": "deploy.staging.eu"},
        "another verifier": {"audience": "billing.example"},
        "a verifier without a name": {"audience": None},
    }
    for name, change in changed.items():
        yield case(
            f"pop for {name}",
            "bad_signature",
            "A27",
            f"the pop names something else: {name}",
            token,
            **{**good, **change},
        )
    split = {
        "to the left": ("ci.deploy", "staging"),
        "to the right": ("c", "i.deploy.staging"),
        "all in the action": ("", "ci.deploy.staging"),
        "all in the audience": ("ci.deploy.staging", ""),
    }
    for name, (audience, action) in split.items():
        yield case(
            f"split {name}",
            "bad_signature",
            "A27",
            f"the same letters of audience and action, split {name}",
            TWO.pop(action, audience),
            audience="ci.",
            action="deploy.staging",
            seen=[],
        )
    yield case(
        "without lengths",
        "bad_signature",
        "A27",
        "audience and action signed in one piece",
        TWO.pop(audience="ci", framed=False),
        audience="ci",
        seen=[],
    )
    yield case(
        "a pop to prove a name",
        "holder_unproven",
        "A27",
        "no request was named, so it proves none",
        TWO.pop(),
        check="prove",
        seen=[],
    )
    yield case(
        "a pop as parent",
        "allow",
        "",
        "its links are what is read",
        TWO.pop(at=NOW - 9999),
        check="parent",
    )


def _once() -> Iterator[dict[str, Any]]:
    yield case(
        "no memory",
        "holder_unproven",
        "A27",
        "a verifier that cannot remember takes no pop",
        TWO.pop(),
    )
    yield case(
        "used before", "replayed", "A27", "the same proof a second time", TWO.pop(), seen=[USED]
    )
    again = TWO.pop(args=b"other")
    yield case(
        "nonce used before",
        "replayed",
        "A27",
        "a nonce counts once, whatever it was for",
        again,
        args=b"other",
        seen=[USED],
    )
    yield case(
        "another key's nonce",
        "allow",
        "A27",
        "nonces of two holders do not meet",
        TWO.pop(),
        seen=[(CI.public + NONCE).hex()],
    )
    yield case(
        "another nonce",
        "allow",
        "A27",
        "the holder's next request",
        TWO.pop(nonce=NONCE[::-1]),
        seen=[USED],
    )
    yield case(
        "a seal is for many uses",
        "allow",
        "A27",
        "a memory does not bind seals",
        TWO.seal(),
        seen=[USED],
    )
    for number in range(3):
        other = hashlib.sha256(b"%d" % number).digest()[:16]
        seen = [
            (BUILDER.public + hashlib.sha256(b"%d" % past).digest()[:16]).hex()
            for past in range(number)
        ]
        yield case(
            f"request {number} of a series",
            "allow",
            "A27",
            f"after {number} others",
            TWO.pop(nonce=other),
            seen=seen,
        )


def _clock() -> Iterator[dict[str, Any]]:
    for seconds in (-60, 60):
        yield case(
            f"pop {seconds:+} s",
            "allow",
            "A27 A28",
            f"signed {seconds:+} s from now, the limit",
            TWO.pop(at=NOW + seconds),
            seen=[],
        )
    for seconds in (-61, 61, -86400, 86400):
        yield case(
            f"pop {seconds:+} s",
            "proof_expired",
            "A27 A28",
            f"signed {seconds:+} s from now, beyond the limit",
            TWO.pop(at=NOW + seconds),
            seen=[],
        )
    yield case(
        "pop at the end of time",
        "proof_expired",
        "A13 A27",
        "the greatest number that eight bytes hold",
        TWO.pop(at=2**64 - 1),
        seen=[],
    )
    yield case("pop in 1970", "proof_expired", "A27", "signed at zero", TWO.pop(at=0), seen=[])
    yield case(
        "late and without memory",
        "proof_expired",
        "A27 A40",
        "the clock is asked first",
        TWO.pop(at=NOW - 61),
    )
