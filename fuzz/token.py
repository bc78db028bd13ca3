"""Tokens: `parse` and `verify`, judged by a second reader, and by whether the keys would have signed just that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from fuzz.changes import edited, varied, worn
from fuzz.ground import asked, judged, need, signed
from fuzz.links import changed, decoded, shuffled, signed_again, taken_apart
from kanoniv_auth.core import scopes, sodium, token, verification
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.chain import Chain, Link
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.payload import encode_payload, link_message
from kanoniv_auth.core.proof import Pop, Seal, seal_message
from kanoniv_auth.core.token import VerifiedToken
from tests.core import second_reader
from tests.core.vector_files import TOKENS, ask
from vectors import forge

CHECKS = ("verify", "verify", "prove", "parent")


class Tokens:
    """The input is a case as in vectors/: a token, and all that the verifier knows."""

    def __init__(self) -> None:
        self._warm = Cache()

    def seeds(self, *, honest: bool) -> Iterator[bytes]:
        """Every vector; or those that are allowed."""
        for vector in TOKENS:
            if type(vector.case["token"]) is str and (vector.expect == "allow" or not honest):
                yield asked(vector)

    def mutate(self, data: bytes, random: Random) -> bytes:
        """Change the links and sign them again, or the proof, or the text, or what is asked."""
        case = json.loads(data)
        kind = random.randrange(10)
        if kind < 6:
            case["token"] = _made_again(case, random)
        elif kind < 8:
            text, mark, proof = case["token"].partition("~")
            links = shuffled(text.removeprefix("kd2.").split("."), random)
            case["token"] = "kd2." + ".".join(links) + mark + proof
        elif kind == 8:
            case["token"] = worn(case["token"], random)
        if kind == 9 or random.random() < 0.2:
            case = _asked_otherwise(case, random)
        return json.dumps(case).encode("ascii")

    def check(self, data: bytes) -> None:
        """Core and the second reader agree, cold and warm; what is accepted was signed, byte for byte."""
        case = json.loads(data)
        size = len(case["token"])
        found = judged(size, lambda: ask(case))
        verdict = found.slug if isinstance(found, AuthError) else "allow"
        other = _second(case)
        if other is None:
            need(verdict != "allow", "a question that no bytes can say was answered with yes")
        else:
            need(verdict == other, f"core says {verdict}, the second reader {other}")
        # the second time, what the first has left in the cache answers
        for _ in range(2):
            again = judged(size, lambda: ask(case, self._warm))
            said = again.slug if isinstance(again, AuthError) else "allow"
            need(said == verdict, f"cold {verdict}, with a cache {said}")
        if isinstance(found, VerifiedToken):
            text = rebuilt(found.chain, case["token"]) + _proof(found, case)
            need(text == case["token"], "what was proven is not what was sent")
        elif isinstance(found, Chain):
            text = rebuilt(found, case["token"])
            need(text == case["token"].partition("~")[0], "the chain read is not the one sent")

    def plants(self) -> dict[str, Callable[[], None]]:
        """Bugs of the kinds that are looked for."""
        return {
            "signatures pass": lambda: setattr(sodium, "verify", lambda *_: None),
            "scopes widen": lambda: setattr(verification, "covers", lambda *_: True),
            "an error of Python": _plant_an_error,
        }


def _plant_an_error() -> None:
    flaw = scopes._escape_flaw  # noqa: SLF001 - a bug is planted where it hurts

    def other(text: str) -> str | None:
        if text.endswith("%"):
            raise IndexError(text)
        return flaw(text)

    scopes._escape_flaw = other  # noqa: SLF001 - as above


def _second(case: dict[str, Any]) -> str | None:
    """The second reader's word; None where it has none, since half a surrogate pair has no bytes."""
    try:
        second_reader.read_token(case)
    except second_reader.Refused as refusal:
        return str(refusal.args[0])
    except RecursionError:
        return "parse"
    except UnicodeEncodeError:
        return None
    return "allow"


def rebuilt(chain: Chain, sent: str) -> str:
    """`kd2.` and the links that the keys named in a chain make of what was read from it."""
    texts = []
    previous = bytes(32)
    for index, (link, text) in enumerate(zip(chain.links, sent[4:].partition("~")[0].split("."))):  # noqa: B905
        payload = _payload(link, first=index == 0)
        signature = decoded(text)[:64]
        signed(link.issuer, signature, link_message(previous, payload), f"link {index}")
        texts.append(b64u(signature + payload))
        previous = link.id
    return token.PREFIX + ".".join(texts)


def _payload(link: Link, *, first: bool) -> bytes:
    return encode_payload(
        b64u(link.aud), b64u(link.issuer) if first else None, link.scopes, link.caveats,
        link.issued_at, link.expires_at, link.jti, link.name,
    )  # fmt: skip


def _proof(found: VerifiedToken, case: dict[str, Any]) -> str:
    chain, proof = found.chain, found.proof
    if isinstance(proof, Seal):
        message = seal_message(chain.id, proof.expires_at, proof.audience)
        signed(chain.holder, proof.signature, message, "seal")
        return f"~s{b64u(proof.signature + message[len(forge.SEAL) + 32 :])}"
    assert isinstance(proof, Pop)  # noqa: S101 - there is no third kind
    rest = proof.issued_at.to_bytes(8, "big") + proof.nonce
    parts = [forge.POP, chain.id]
    for text in (case["audience"] or "", case["access"]["action"]):
        parts += [len(text).to_bytes(2, "big"), text.encode()]
    message = b"".join((*parts, bytes.fromhex(case["access"]["args_sha256"]), rest))
    signed(chain.holder, proof.signature, message, "pop")
    return f"~p{b64u(proof.signature + rest)}"


def _made_again(case: dict[str, Any], random: Random) -> str:
    text, _, proof = case["token"].partition("~")
    payloads = changed(taken_apart(text.removeprefix("kd2.")), random)
    chain = signed_again(payloads, random)
    raw = decoded(proof[1:]) if proof.isascii() else b""
    kind = random.randrange(10)
    if kind == 0:
        return chain.grant
    by = random.choice((forge.EVE, forge.CI)) if kind == 1 else None
    if kind == 2 or proof.startswith("p"):
        at = case["now"] + random.choice((0, 0, 0, -60, -61, 60, 61))
        action = case["access"]["action"].encode("ascii", "replace").decode()
        audience = (case["audience"] or "").encode("ascii", "replace").decode()
        return chain.pop(action, audience, at=at % 2**64, nonce=random.randbytes(16), by=by)
    until = int.from_bytes(raw[64:72], "big") if kind > 3 else varied(forge.EXPIRES, random)
    until = until if type(until) is int else 0
    audience = raw[72:].decode("latin-1") if kind > 4 else case["audience"] or ""
    sent = audience.encode("latin-1", "replace").decode("latin-1")
    return chain.seal(until % 2**64, sent, by=by)


def _asked_otherwise(case: dict[str, Any], random: Random) -> dict[str, Any]:
    kind = random.randrange(5)
    if kind == 0:
        case["now"] += random.choice(
            (-(10**9), -3600, -31, -30, -1, 1, 60, 61, 2999, 3000, 3001, 90 * 86400)
        )
        case["now"] = max(case["now"], 0)
    elif kind == 1:
        case["check"] = random.choice(CHECKS)
    elif kind == 2:
        case["audience"] = random.choice((None, "a.example", "b.example", "deploys.example"))
    elif kind == 3:
        action = varied(case["access"]["action"], random)
        case["access"]["action"] = action if type(action) is str else "deploy.staging"
    else:
        context = edited(case["access"]["context"], random)
        case["access"]["context"] = {str(k): v for k, v in context.items() if type(v) is str}
    return case
