"""Receipts: `verify_envelope` and `check_stream`, judged by a second reader and by what the keys would have signed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from fuzz.changes import bent, edited, spelled, worn
from fuzz.ground import asked, judged, need, signed
from fuzz.links import changed, decoded, parsed, shuffled, signed_again, taken_apart
from fuzz.token import rebuilt
from kanoniv_auth.core import sodium
from kanoniv_auth.core.envelope import Envelope, check_stream, verify_envelope
from kanoniv_auth.core.errors import AuthError
from tests.core import second_reader, second_reader_receipts
from tests.core.vector_files import ENVELOPES, revocations, trusted
from vectors import forge
from vectors.themes import envelopes


class Envelopes:
    """The input is a case as in vectors/envelopes.json: some receipts, and all that the verifier knows."""

    def seeds(self, *, honest: bool) -> Iterator[bytes]:
        """Every vector; or those that are allowed."""
        for vector in ENVELOPES:
            stream = vector.case["stream"]
            whole = stream and all(type(text) is str for text in stream)
            if whole and (vector.expect == "allow" or not honest):
                yield asked(vector)
        yield json.dumps(_with_a_cost()).encode("ascii")

    def mutate(self, data: bytes, random: Random) -> bytes:
        """Change one receipt and sign it again, or its links, or the order of all."""
        case = json.loads(data)
        stream = case["stream"]
        at, kind = random.randrange(len(stream)), random.randrange(10)
        if kind < 7:
            stream[at] = _made_again(stream[at], random)
        elif kind == 7:
            stream[at] = worn(stream[at], random)
        elif kind == 8 and len(stream) > 1:
            random.shuffle(stream)
        elif len(stream) < 4:
            stream.append(random.choice(stream))
        return json.dumps(case).encode("ascii")

    def check(self, data: bytes) -> None:
        """Core and the second reader agree; what is accepted was signed, byte for byte."""
        case = json.loads(data)
        size = sum(map(len, case["stream"]))
        found = judged(size, lambda: _ask(case))
        verdict = found.slug if isinstance(found, AuthError) else "allow"
        other = _second(case)
        need(verdict == other, f"core says {verdict}, the second reader {other}")
        if not isinstance(found, AuthError):
            for receipt in found:
                need(_rebuilt(receipt) == receipt.text, "what was proven is not what was sent")

    def plants(self) -> dict[str, Callable[[], None]]:
        """Bugs of the kinds that are looked for."""
        return {
            "signatures pass": lambda: setattr(sodium, "verify", lambda *_: None),
        }


def _with_a_cost() -> dict[str, Any]:
    """A receipt whose cost is as large as a cost can be, and a ceiling just there."""
    chain = forge.begin(forge.CI, ["deploy.staging"], cav=[["max_cost", "USD", 2**53]])
    text = envelopes.made(chain, fct={"cost": f"USD {2**53}"})
    return envelopes.case("", "allow", "", "", text)


def _ask(case: dict[str, Any]) -> list[Envelope]:
    roots, revoked = trusted(case["roots"]), revocations(case)
    found = [verify_envelope(text, roots=roots, revoked=revoked) for text in case["stream"]]
    check_stream(found)
    return found


def _second(case: dict[str, Any]) -> str:
    try:
        second_reader_receipts.read_stream(case)
    except second_reader.Refused as refusal:
        return str(refusal.args[0])
    except RecursionError:
        return "parse"
    return "allow"


def _rebuilt(receipt: Envelope) -> str:
    body, _, links = receipt.text.removeprefix("kde2.").partition("~")
    signature = decoded(body)[:64]
    nonce = parsed(decoded(body)[64:])["non"]
    table: dict[str, Any] = {
        "act": _escaped(receipt.action), "arg": forge.b64u(receipt.args_sha256),
        "cid": forge.b64u(receipt.chain.id), "iat": receipt.issued_at, "non": nonce,
        "prv": forge.b64u(receipt.prev), "res": _escaped(receipt.result), "seq": receipt.seq,
        "str": forge.b64u(receipt.stream), "tgt": _escaped(receipt.target),
    }  # fmt: skip
    for name, rows in (("fct", receipt.facts), ("met", receipt.metadata)):
        if rows:
            table[name] = {
                _escaped(key): _escaped(item) if type(item) is str else item
                for key, item in rows.items()
            }
    payload = forge.canonical(table)
    signed(receipt.chain.holder, signature, forge.ENV + payload, "receipt")
    chain = rebuilt(receipt.chain, "kd2." + links).removeprefix("kd2.")
    return f"kde2.{forge.b64u(signature + payload)}~{chain}"


def _escaped(text: str) -> str:
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\%' else f"%{byte:02x}"
        for byte in text.encode()
    )


def _made_again(text: str, random: Random) -> str:
    body, _, links = text.removeprefix("kde2.").partition("~")
    payload = decoded(body)[64:] if body.isascii() else b""
    chain = signed_again(taken_apart(links), random)
    sent = links
    kind = random.randrange(10)
    if kind == 0:
        sent = ".".join(shuffled(links.split("."), random))
    elif kind == 1:
        chain = signed_again(changed(taken_apart(links), random), random)
        sent = ".".join(chain.links)
    table = parsed(payload)
    if type(table) is dict:
        if sent != links:
            table["cid"] = forge.b64u(chain.id)
        for _ in range(random.choice((0, 1, 1, 2))):
            table = edited(table, random)
        payload = spelled(table, random)
    if kind == 2:
        payload = bent(payload, random)
    key = random.choice((forge.EVE, forge.CI)) if kind == 3 else chain.holder
    tag = random.choice((forge.LINK, forge.SEAL)) if kind == 4 else forge.ENV
    return f"kde2.{forge.b64u(key.sign(tag + payload) + payload)}~{sent}"
