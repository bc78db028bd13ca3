"""What people read when core refuses: every different sentence, with the facts that hints are made from.

`python -m tests.core.sentences > tests/core/sentences.txt` writes them anew; read the difference before it is kept.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from kanoniv_auth.core import foreign_json
from kanoniv_auth.core.caveats import check_caveats
from kanoniv_auth.core.delegation import bundle, issue, parse_bundle
from kanoniv_auth.core.durations import parse_ttl
from kanoniv_auth.core.encoding import canonical, escape, scan, uncanonical, unescape
from kanoniv_auth.core.envelope import make_envelope, verify_envelope
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.jcs import jcs
from kanoniv_auth.core.keys import (
    KeyPair,
    check_did,
    check_point,
    check_public,
    parse_public,
    parse_secret,
)
from kanoniv_auth.core.payload import check_name, encode_payload
from kanoniv_auth.core.proof import MAX_SEAL, check_audience, pop, seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.scopes import check_scope, check_wire, parse_scopes, scope
from tests.advisories.attacks_v1_calls import ATTACKS
from tests.advisories.verifier_v1 import take_call
from tests.core import vector_files
from tests.core.authority import AGENT, CHILD, NOW, PARENT, ROOT, ROOTS, granted, key, passed_on
from tests.core.vector_files import Vector

Ask = Callable[[], object]
DEPLOY = granted("deploy")
LIMITED = granted("deploy", to=PARENT, caveats=[("max_depth", 0)])
SEED = "11" * 32
PEM = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"

# whole keys, and none of ours: one behind a passphrase, one of another algorithm
UNUSABLE = (
    Ed25519PrivateKey.from_private_bytes(AGENT.seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")
    ).decode("ascii"),
    X25519PrivateKey.from_private_bytes(AGENT.seed).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ).decode("ascii"),
)  # fmt: skip


def asked(vector: Vector) -> Iterator[Ask]:
    """What one vector asks, whatever kind it is."""
    case = vector.case
    roots = vector_files.trusted(case["roots"])
    if "token" in case:
        yield lambda: vector_files.ask(case)
    elif "stream" in case:
        revoked = vector_files.revocations(case)
        for text in case["stream"]:
            yield lambda text=text: verify_envelope(text, roots=roots, revoked=revoked)  # type: ignore[misc]
    elif vector in vector_files.LISTS:
        yield lambda: vector_files.take_list(case)
    else:
        yield lambda: vector_files.take_rotation(case)


def _issued(**flaw: Any) -> Ask:
    values: dict[str, Any] = {
        "issuer": AGENT, "delegate": CHILD.public, "parent": DEPLOY, "scopes": ("deploy",), "now": NOW,
        "ttl": 60, "entropy": bytes(16), **flaw,
    }  # fmt: skip
    issuer, delegate = values.pop("issuer"), values.pop("delegate")
    return lambda: issue(issuer, delegate, **values)


def _popped(**flaw: Any) -> Ask:
    values: dict[str, Any] = {
        "action": "deploy", "args_sha256": bytes(32), "audience": "", "now": NOW, "nonce": bytes(16), **flaw,
    }  # fmt: skip
    holder = values.pop("holder", AGENT)
    return lambda: pop(DEPLOY, holder, **values)


def _receipt(**flaw: Any) -> Ask:
    values: dict[str, Any] = {
        "action": "deploy", "target": "t", "args_sha256": bytes(32), "result": "ok", "facts": {},
        "metadata": {}, "stream": bytes(16), "seq": 0, "prev": bytes(32), "now": NOW, "nonce": bytes(16), **flaw,
    }  # fmt: skip
    holder = values.pop("holder", AGENT)
    return lambda: make_envelope(DEPLOY, holder, **values)


def _each(function: Callable[[Any], object], *values: object) -> list[Ask]:
    return [lambda value=value: function(value) for value in values]  # type: ignore[misc]


NEST: list[object] = []
for _ in range(100_000):
    NEST = [NEST]
WIDE = granted(*(f"{number:02}" + "x" * 190 for number in range(50)))
# theme -> what is asked beyond the vectors
MORE: dict[str, list[Ask]] = {
    "made links": [
        _issued(scopes=("prod",)), _issued(now=NOW + 3600), _issued(issuer=CHILD), _issued(entropy=bytes(15)),
        _issued(delegate=bytes(31)), _issued(delegate=b"\1" + bytes(31)), _issued(ttl=0), _issued(scopes=()),
        _issued(scopes=("b", "a"), parent=None), _issued(scopes=("a b",), parent=None), _issued(name="CI agent"),
        _issued(now=-1), _issued(caveats=[("context", "a")]), _issued(caveats=[("max_depth", "x")]),
        _issued(caveats=[()]), _issued(caveats=[(1,)]), _issued(caveats=[("resource", "a//b")]),
        _issued(caveats=[("context", f"k{n}", "v") for n in range(65)]),
        lambda: passed_on(LIMITED, PARENT, AGENT, "deploy"), lambda: passed_on(WIDE, AGENT, CHILD, *WIDE.scopes),
        *_each(check_caveats, [[]], ["x"], [("x", "")]),
        lambda: encode_payload("", None, ("a",), (), 0, 2**53 + 1, "", None),
    ],
    "made proofs": [
        lambda: seal(DEPLOY, CHILD, now=NOW), lambda: seal(DEPLOY, AGENT, now=NOW + 3600),
        lambda: seal(granted("a", ttl=None), AGENT, now=NOW, expires_at=NOW), _popped(holder=CHILD),
        lambda: seal(granted("a", ttl=MAX_SEAL), AGENT, now=NOW, expires_at=NOW - 1),
        _popped(nonce=bytes(15)), _popped(args_sha256=bytes(31)), _popped(audience="a b"), _popped(audience='"'),
        *_each(check_audience, "a" * 256, "é"), *_each(check_name, "", "a b", 1),
        lambda: bundle(CHILD.seed, DEPLOY),
        *_each(parse_bundle, "x", "kdb2." + "A" * 20000, "kdb2.AAAA.x", bundle(AGENT.seed, DEPLOY) + "~sA"),
    ],
    "made receipts": [
        _receipt(holder=CHILD), _receipt(metadata={"a": 1.5}), _receipt(target="\ud800"), _receipt(now=-1),
        _receipt(target="x" * 60000),
    ],
    "durations": _each(
        parse_ttl, "x", "1x", "1h1h", "30m1h", "-1h", "1.5h", "0", "0s", "3661d", 0, -1, 1e300, 316224001, True,
        [], "1h30", "99999999999s", "99999999999",
        2.0**53, 2.0**53 - 1, -(2.0**53), float("nan"),
    ),
    "typed scopes": [
        *_each(check_scope, 1, "", "a b", "é", "a..b", "%", "a%2E", "a%41", "\ud800", ".".join("x" * 17), "x" * 201,
               "a%zz", "a b.c/d"),
        *_each(check_wire, "*", "a:b"), *_each(parse_scopes, "", ",", [], [f"s{n}" for n in range(65)]),
        scope, lambda: scope(""), lambda: scope("\ud800"), lambda: scope("x" * 201),
    ],
    "keys": [
        *_each(check_public, bytes(31), b"\1" + bytes(31), b"\xff" * 32), *_each(check_point, b"\2" + bytes(31)),
        *_each(check_did, "x", "did:agent:", "did:agent:" + "A" * 32),
        *_each(parse_public, "", "x", "did:key:z", "did:key:z" + "1" * 65, "did:key:zabc", "did:key:z0", "A" * 16385),
        *_each(parse_public, SEED[:-2], SEED * 2, "did:agent:x", "did:key:z6Mk", "é"),
        *_each(parse_secret, "", "x", "!", "A" * 16385, SEED[:-2], SEED * 2, SEED * 2 + "11", "{", "{}", "[]"),
        *_each(parse_secret, '{"private_key":1}', '{"private_key":""}', '{"private_key":"x"}', "AAAA", "é" * 9),
        *_each(parse_secret, PEM.format("AAAA"), PEM.format("A" * 1024), "-----BEGIN OPENSSH PRIVATE KEY-----"),
        *_each(KeyPair, bytes(31), "x" * 32),
        *_each(check_did, "did:agent:" + "X" * 32), *_each(parse_public, "X" * 64, "A" * 16384, AGENT.did_key + "X"),
        *_each(parse_public, "did:key:z2", "did:key:z" + "2" * 64, "did:key:z" + "2" * 65),
        *_each(parse_secret, "X" * 64, "A" * 16384, AGENT.secret_text().rstrip("=") + "X", "-----BEGIN \ud800-----"),
        *_each(parse_secret, PEM.format("A" * 970), PEM.format("A" * 971), *UNUSABLE),
    ],
    "encoding": [
        *_each(canonical, "é", '"', "\\", -1, 2**53 + 1, [], None, 1.5, {"é": 1}),
        *_each(scan, b"", b"[", b"1.5", b"1 ", b"\xff", b"NaN", b"[" * 100_000),
        *_each(uncanonical, b'{"a": 1}', b"[]", b"[" * 900 + b"1" + b"]" * 900), *_each(escape, "\ud800"),
        *_each(unescape, "%", "%4", "%zz", "%41", "é", "%ff"),
    ],
    "JSON of others": [
        *_each(foreign_json.read, b"", b"x", b"1 2", b"\xff", b'{"a":1,"a":1}', b'"\\ud800"', b"[" * 100 + b"]" * 100),
        lambda: foreign_json.read(b" " * (foreign_json.LARGEST + 1)),
        *_each(jcs, 2**53, float("nan"), "\ud800", {1: 1}, b"", NEST),
    ],
    "calls of version 1": [
        *[lambda proof=proof, more=more: take_call(proof, **more) for proof, more, _ in ATTACKS.values()],
        lambda: take_call(ATTACKS["of another server"][0], once=lambda *_: False),
    ],
    "pinned roots": [
        lambda: TrustedRoots().require(ROOT.public, NOW),
        lambda: TrustedRoots([AGENT.public, CHILD.public], [PARENT.did]).require(ROOT.public, NOW),
        lambda: TrustedRoots([ROOT.public], retired={ROOT.did: NOW}).require(ROOT.public, NOW),
        lambda: TrustedRoots([ROOT.public], retired={"root": NOW}),
        lambda: verify_envelope("kde2.x", roots=ROOTS, revoked=None),
        lambda: verify_envelope(key("k").did, roots=ROOTS, revoked=None),
    ],
}  # fmt: skip
THEMES: dict[str, list[Ask]] = {}
for _vector in (
    *vector_files.TOKENS, *vector_files.ENVELOPES, *vector_files.LISTS, *vector_files.ROTATIONS,
):  # fmt: skip
    THEMES.setdefault(_vector.id.partition(":")[0], []).extend(asked(_vector))
THEMES |= MORE


def line(refusal: AuthError) -> str:
    """A refusal as one line: its code, its sentence, and what else it knows."""
    text = refusal.reason.text
    more = {name: fact for name, fact in sorted(refusal.facts.items()) if f"{{{name}" not in text}
    whole = f"{refusal.slug}: {refusal}" + "".join(f" | {n}={fact!r}" for n, fact in more.items())
    whole = whole.encode("ascii", "backslashreplace").decode()
    # what was sent is repeated in full, and may be long
    return whole if len(whole) <= 400 else f"{whole[:300]} … {len(whole)} characters"


def told(theme: str) -> list[str]:
    """The different lines of one theme, sorted, with how often each is said. What is not refused says nothing."""
    found: Counter[str] = Counter()
    for ask in THEMES[theme]:
        try:
            ask()
        except AuthError as refusal:
            found[line(refusal)] += 1
    return [f"{found[one]:3} {one}" for one in sorted(found)]


if __name__ == "__main__":
    for _theme in THEMES:
        sys.stdout.write(f"\n## {_theme}\n" + "".join(f"{one}\n" for one in told(_theme)))
