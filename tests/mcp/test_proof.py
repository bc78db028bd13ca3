"""The proof of one call: for that call, once, now; whatever else it is held against refuses it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.jcs import args_sha256
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.proof import pop, seal
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import verify
from kanoniv_auth.mcp.guard import Call
from kanoniv_auth.mcp.proof import verify_proof
from kanoniv_auth.once.memory import MemoryOnce
from tests.advisories.attacker import ALICE, BOB, MALLORY, NOW, ROOT, Key
from tests.advisories.forge_v1 import ARGS, invoked, link
from tests.support.published import installed

ROOTS = TrustedRoots([ROOT.public])


def pair(key: Key) -> KeyPair:
    return KeyPair.from_seed(key.seed)


def judged(
    proof: object, *, tool: str = "resolve", args: dict[str, Any] | None = None, **more: Any
) -> str:
    """What is said of a proof: `allowed` or the reason."""
    once: MemoryOnce = more.pop("once") if "once" in more else MemoryOnce()
    call = Call(tool, more.pop("scope", tool), ARGS if args is None else args)
    values: dict[str, Any] = {
        "roots": ROOTS, "names": (None, None), "now": NOW, "revoked": None, "cache": Cache(),
        "once": lambda key, seconds: once.spend("pop", key, seconds), **more,
    }  # fmt: skip
    try:
        verify_proof(proof, call, **values)
    except AuthError as error:
        return error.slug
    return "allowed"


# --------------------------------------------------------------------------------------- our own

CHAIN = issue(
    pair(ROOT),
    pair(BOB).public,
    parent=None,
    scopes=("resolve",),
    now=NOW,
    ttl=900,
    entropy=bytes(16),
)


def popped(**more: Any) -> str:
    values: dict[str, Any] = {
        "action": "resolve", "args_sha256": args_sha256(ARGS), "audience": "", "now": NOW,
        "nonce": bytes(16), **more,
    }  # fmt: skip
    return pop(CHAIN, pair(BOB), **values)


def test_a_pop_grants_its_call() -> None:
    assert judged(popped()) == "allowed"
    assert judged(popped(), args={"rate": 5e-1, "who": "Zoë", "id": 7.0}) == "allowed"
    assert judged(popped(audience="crm"), names=(None, "crm")) == "allowed"
    assert judged(popped(audience="a"), names=("a", "crm")) == "allowed"


@pytest.mark.parametrize(
    ("proof", "more", "slug"),
    [
        (popped(), {"tool": "merge"}, "bad_signature"),
        (popped(), {"args": {**ARGS, "id": 8}}, "bad_signature"),
        (popped(), {"args": {}}, "bad_signature"),
        (popped(), {"scope": "mcp.crm.resolve"}, "bad_signature"),
        (popped(), {"names": (None, "crm")}, "bad_signature"),
        (popped(audience="crm"), {"names": ("other", "crm")}, "bad_signature"),
        (popped(audience="crm"), {}, "bad_signature"),
        (popped(action="merge"), {"tool": "merge"}, "scope"),
        (popped(now=NOW - 61), {}, "proof_expired"),
        (popped(now=NOW + 61), {}, "proof_expired"),
        (popped(), {"roots": TrustedRoots([MALLORY.public])}, "untrusted_root"),
        (popped(), {"now": NOW + 901}, "proof_expired"),
        (popped().replace("~p", "~s"), {}, "holder_unproven"),
        (seal(CHAIN, pair(BOB), now=NOW), {}, "holder_unproven"),
        (CHAIN.text, {}, "holder_unproven"),
        (popped()[:-4], {}, "parse"),
        ("", {}, "unknown_version"),
        ("kd2.", {}, "parse"),
        (None, {}, "parse"),
        (7, {}, "parse"),
        ([], {}, "parse"),
        ({}, {}, "parse"),
        (popped(), {"args": {"n": 2**53}}, "parse"),
    ],
)
def test_and_nothing_else(proof: object, more: dict[str, Any], slug: str) -> None:
    assert judged(proof, **more) == slug


def test_a_pop_counts_once_and_a_bad_one_uses_nothing_up() -> None:
    once, good = MemoryOnce(), popped()
    assert judged(good, tool="merge", once=once) == "bad_signature"
    assert len(once) == 0
    assert judged(good, once=once) == "allowed"
    assert judged(good, once=once) == "replayed"
    # the same nonce under another time or another call is the same use
    assert judged(popped(now=NOW - 5), once=once) == "replayed"
    assert judged(popped(nonce=bytes(15) + b"1"), once=once) == "allowed"


def test_a_warm_cache_decides_nothing() -> None:
    cache = Cache()
    sealed = seal(CHAIN, pair(BOB), now=NOW)
    facts: dict[str, Any] = {"audience": None, "now": NOW, "once": None, "revoked": None}
    verify(sealed, roots=ROOTS, access=Access("resolve"), cache=cache, **facts)
    assert judged(sealed, cache=cache) == "holder_unproven"
    assert judged(popped(), cache=cache, tool="merge") == "bad_signature"
    assert judged(popped(), cache=cache) == "allowed"
    assert judged(popped(), cache=cache, roots=TrustedRoots([MALLORY.public])) == "untrusted_root"


# ------------------------------------------------------------------------- the published product's


GIVEN = link(ROOT, BOB, "resolve")
PARENT = link(ROOT, ALICE, "resolve", "merge")
CHILD = link(ALICE, BOB, "resolve", after=PARENT)


def test_an_invocation_grants_its_call() -> None:
    assert judged(invoked()) == "allowed"
    assert judged(invoked(PARENT, CHILD)) == "allowed"
    assert judged(invoked(), names=(None, "crm")) == "allowed"


# what else was done to it: tests/advisories/attacks_v1_calls.py
ATTACKS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a stolen delegation": (invoked({**GIVEN, "delegate_did": MALLORY.did}, by=MALLORY), {}, "bad_signature"),
    "for another tool": (invoked(), {"tool": "merge", "scope": "resolve"}, "holder_unproven"),
    "for other arguments": (invoked(), {"args": {**ARGS, "id": 8}}, "holder_unproven"),
    "outside its scopes": (invoked(action="merge"), {"tool": "merge"}, "scope"),
    "of another server": (invoked(), {"scope": "mcp.crm.resolve"}, "scope"),
    "too old": (invoked(), {"now": NOW + 61}, "proof_expired"),
    "of a revoked holder": (
        invoked(PARENT, CHILD), {"revoked": Revocations({ROOT.public: [ALICE.public]})}, "revoked",
    ),
    "another root": (invoked(), {"roots": TrustedRoots([MALLORY.public])}, "untrusted_root"),
    "for a proxy with a name of its own": (invoked(), {"names": ("crm", None)}, "audience"),
    "one field more": ({**invoked(), "x": 1}, {}, "parse"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_it_grants_nothing_else(name: str) -> None:
    proof, more, slug = ATTACKS[name]
    assert judged(proof, **more) == slug


def test_a_delegation_that_goes_on_for_ever_ends() -> None:
    proof = invoked()
    deep: dict[str, Any] = dict(GIVEN)
    for _ in range(40):
        deep = {**GIVEN, "parent_proof": deep}
    proof["invocation"]["delegation"] = deep
    assert judged(proof) == "too_deep"
    proof["invocation"]["args"] = {"x": "y" * 70_000}
    assert judged(proof) == "too_large"


def test_an_invocation_counts_once_and_a_bad_one_uses_nothing_up() -> None:
    once = MemoryOnce()
    assert judged(invoked(), tool="merge", once=once) == "holder_unproven"
    assert len(once) == 0
    assert judged(invoked(), once=once) == "allowed"
    assert judged(invoked(), once=once) == "replayed"
    assert judged(invoked(at=NOW - 1), once=once) == "replayed"
    assert judged(invoked(nonce="n-2"), once=once) == "allowed"


_CREATE = """
import json, sys
from kanoniv_agent_auth import AgentKeyPair, Delegation, McpProof, inject_mcp_proof
ask = json.load(sys.stdin)
root, alice, bob = (AgentKeyPair.from_bytes(bytes.fromhex(ask[n])) for n in ("root", "alice", "bob"))
scopes = json.dumps([{"type": "action_scope", "value": ["resolve"]}])
straight = Delegation.create_root(root, bob.identity().did, scopes)
above = Delegation.create_root(root, alice.identity().did, scopes)
below = Delegation.delegate(alice, bob.identity().did, scopes, above)
out = []
for delegation in (straight, below):
    for args in ask["args"]:
        proof = McpProof.create(bob, "resolve", json.dumps(args), delegation)
        out.append(json.loads(inject_mcp_proof(proof, json.dumps(args))))
json.dump(out, sys.stdout)
"""


@pytest.fixture(scope="module")
def made_by_the_library(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Any]], Any]:
    rust = installed("published-rust", tmp_path_factory.mktemp("rust"))
    keys = {"root": ROOT.seed.hex(), "alice": ALICE.seed.hex(), "bob": BOB.seed.hex()}
    return lambda args: rust.run(_CREATE, {**keys, "args": args})


def test_what_the_published_library_makes_is_accepted(
    made_by_the_library: Callable[[list[Any]], Any],
) -> None:
    every = [{}, ARGS, {"z": [1, 2.5, None, True], "a": {"\u20ac": '\U0001f600\x7f\u2028"\\\n'}}]
    found = made_by_the_library(every)
    assert len(found) == 6
    now = int(time.time())
    for arguments in found:
        proof = arguments.pop("_proof")
        assert judged(proof, args=arguments, now=now) == "allowed", arguments
        assert judged(proof, args={**arguments, "more": 1}, now=now) == "holder_unproven"


# ----------------------------------------------------------------------------- the commands together


def test_prove_and_the_proxy(wrapped: Any) -> None:
    wrapped.token("mcp.crm.echo")
    none = wrapped.shell.place / "nothing"
    words = ("--tool", "echo", "--name", "crm", "--args", '{"a": 1.0}')
    proof = wrapped.prove(*words)
    quiet = {"KANONIV_TOKEN": ""}  # so that nothing but the proof can grant
    with wrapped.open("--name", "crm", **quiet) as session:
        assert "result" in session.call(1, "echo", a=1, _proof=proof)
        assert session.call(2, "echo", a=1, _proof=proof)["error"]["data"]["code"] == "replayed"
        again = wrapped.prove(*words)
        assert session.call(3, "echo", a=2, _proof=again)["error"]["data"]["code"] == "bad_signature"  # fmt: skip
        meta = {"name": "echo", "arguments": {"a": 1}, "_meta": {"com.kanoniv/proof": again}}
        assert "result" in session.ask(4, "tools/call", meta)
        # the higher source decides, and a bad one is an end
        meta["_meta"] = {"com.kanoniv/proof": "kd2.x"}
        meta["arguments"] = {"a": 1, "_proof": wrapped.prove(*words)}
        assert "error" in session.ask(5, "tools/call", meta)
    with wrapped.open("--name", "crm") as session:
        assert "error" in session.call(1, "echo", a=1, _proof="kd2.x")
        assert "error" in session.call(2, "echo", a=1, _proof=None)
        assert "result" in session.call(3, "echo", a=1)
    for call in wrapped.reached():
        assert call["params"] == {"name": "echo", "arguments": {"a": 1}}
    assert wrapped.records()[0]["details"]["proof"] is True
    assert wrapped.records()[0]["agent"].startswith("did:agent:")
    assert not none.exists()


def test_prove_says_what_it_signed(wrapped: Any) -> None:
    wrapped.token("echo,mcp.crm.echo")
    words = ("-s", "echo", "--args", "-", "--audience", "me", "--json")
    said = wrapped.shell.kanoniv("prove", *words, stdin='{"b":1,"a":"\u00e9"}')
    facts = json.loads(said.out)
    assert (facts["action"], facts["audience"]) == ("echo", "me")
    assert facts["args_sha256"] == hashlib.sha256('{"a":"\u00e9","b":1}'.encode()).hexdigest()
    assert "~p" in facts["proof"]
    assert abs(facts["until"] - time.time() - 60) < 5
    log = (wrapped.shell.home / "audit.jsonl").read_text(encoding="ascii")
    assert facts["proof"] not in log
    assert '"event":"prove"' in log


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["-s", "merge"], 1, "[scope]"),
        ([], 2, "--scope or --tool"),
        (["-s", "echo", "--tool", "echo"], 2, "--scope or --tool"),
        (["-s", "echo", "--name", "crm"], 2, "whole scope"),
        (["-s", "echo", "--args", "[]"], 2, "no JSON object"),
        (["-s", "echo", "--args", '{"a":1,"a":2}'], 2, "--args"),
        (["-s", "echo", "--args", '{"a":9007199254740992}'], 2, "2^53"),
        (["-s", "echo", "--audience", "a b"], 2, "[parse]"),
        (["-s", "echo", "-t", "kd2.x"], 2, "[parse]"),
    ],
)
def test_prove_refuses(wrapped: Any, words: list[str], status: int, said: str) -> None:
    wrapped.token("echo")
    answer = wrapped.shell.kanoniv("prove", *words)
    assert (answer.status, said in answer.err, answer.out) == (status, True, ""), answer


def test_prove_needs_the_holders_key(wrapped: Any) -> None:
    token = wrapped.token("echo")
    for key in Path(wrapped.shell.home / "keys").iterdir():
        key.unlink()
    said = wrapped.shell.kanoniv("prove", "-s", "echo", KANONIV_TOKEN=token)
    assert (said.status, "[holder_unproven]" in said.err) == (1, True)
