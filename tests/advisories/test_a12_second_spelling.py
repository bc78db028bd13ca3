"""A12: the same JSON, written another way, by the key that may sign it.

Two texts with one meaning have two ids, so one of them is not the one that was revoked, counted or logged. Decoding,
encoding again and comparing bytes leaves one spelling.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.errors import TokenParseError
from kanoniv_auth.core.keys import KeyPair
from tests.advisories.attacker import ALICE, BOB, NOW, Links, envelope, envelope_payload, honest
from tests.advisories.verifier import ACCEPTED, envelope_verdict, verdict

PARENT = Links().grow(ALICE)
GOOD = PARENT.payload(BOB, scp=["deploy.staging", "deploy.test"], cav=[["context", "a", "b"]])
FIELDS: dict[str, Any] = json.loads(GOOD)


def dump(fields: object, **how: Any) -> bytes:
    return json.dumps(fields, **{"sort_keys": True, "separators": (",", ":"), **how}).encode()


SPELLINGS = {
    "spaces": dump(FIELDS, separators=(", ", ": ")),
    "indented": dump(FIELDS, indent=1),
    "keys in another order": dump(dict(reversed(FIELDS.items())), sort_keys=False),
    "escaped letter": GOOD.replace(b"deploy.test", b"deploy.t\\u0065st"),
    "escaped slash": GOOD.replace(b'"b"', b'"b\\/"'),
    "a space behind": GOOD + b" ",
    "a newline before": b"\n" + GOOD,
    "a zero byte behind": GOOD + b"\0",
    "more JSON behind": GOOD + b"{}",
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
    "UTF-16": GOOD.decode().encode("utf-16"),
    "scopes in another order": dump({**FIELDS, "scp": ["deploy.test", "deploy.staging"]}),
    "a scope twice": dump({**FIELDS, "scp": ["deploy.test", "deploy.test"]}),
    "caveats in another order": dump({**FIELDS, "cav": [["max_depth", 1], ["context", "a", "b"]]}),
    "a caveat twice": dump({**FIELDS, "cav": [["max_depth", 1], ["max_depth", 1]]}),
    "no expiry as null": dump({**FIELDS, "exp": None}),
    "no caveats as null": dump({**FIELDS, "cav": None}),
    "no caveats as a list": dump({**FIELDS, "cav": []}),
    "no name as null": dump({**FIELDS, "nam": None}),
    "no root as null": dump({**FIELDS, "iss": None}),
    "an unknown field": dump({**FIELDS, "v": 2}),
    "a field in capitals": dump(
        {**{k: v for k, v in FIELDS.items() if k != "jti"}, "JTI": FIELDS["jti"]}
    ),
    "a list": dump([FIELDS]),
    "text": dump(GOOD.decode()),
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "nothing in it": b"{}",
    "not closed": GOOD[:-1],
    "not JSON": b"deploy",
    "one letter": b"x",
    "single quotes": GOOD.replace(b'"', b"'"),
    "a comment": GOOD[:-1] + b"/**/}",
    "a comma too many": GOOD[:-1] + b",}",
    "not ASCII": GOOD.replace(b'"b"', '"é"'.encode()),
    "a raw control character": GOOD.replace(b'"b"', b'"b\x1f"'),
    "a lone surrogate": GOOD.replace(b'"b"', b'"\\ud800"'),
}


def test_the_control_passes() -> None:
    assert verdict(PARENT.grow(BOB, raw=GOOD).sealed(), context={"a": "b"}) == ACCEPTED


@pytest.mark.parametrize("payload", SPELLINGS.values(), ids=list(SPELLINGS))
def test_another_spelling_of_a_payload(payload: bytes) -> None:
    assert payload != GOOD
    token = PARENT.grow(BOB, raw=payload).sealed()
    assert verdict(token, after=[PARENT.sealed()], context={"a": "b"}) == "parse"


@pytest.mark.parametrize("field", ["aud", "iat", "jti", "scp"])
def test_a_payload_without_a_field_it_needs(field: str) -> None:
    payload = dump({name: value for name, value in FIELDS.items() if name != field})
    assert verdict(PARENT.grow(BOB, raw=payload).sealed(), context={"a": "b"}) == "parse"


NAMES: list[object] = ["", "a b", "é", "a\n", "a" * 65, "../x", "a/b", 1, ["a"], "a:b", "<b>"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_label_outside_its_grammar(name: object) -> None:
    assert verdict(PARENT.grow(BOB, nam=name).sealed()) == "parse"


@pytest.mark.parametrize(
    "jti", ["", "A" * 21, "A" * 23, "A" * 24, "A" * 21 + "B", "A" * 20 + "==", 0, ["A"]], ids=repr
)
def test_a_number_of_another_form(jti: object) -> None:
    assert verdict(PARENT.grow(BOB, jti=jti).sealed()) == "parse"


@pytest.mark.parametrize(
    "payload",
    [
        envelope_payload(honest()) + b" ",
        json.dumps(json.loads(envelope_payload(honest()))).encode(),
        b"[]",
        b'["a"]',
        b'"a"',
        b"1",
        b"true",
        b"{}",
        envelope_payload(honest(), extra=1),
        envelope_payload(honest(), seq=None),
        envelope_payload(honest(), met={}),
        envelope_payload(honest(), fct=[]),
        envelope_payload(honest(), fct={"a": 1}),
        envelope_payload(honest(), met={"a": {"b": 1}}),
        envelope_payload(honest(), met={"a": []}),
        envelope_payload(honest(), tgt="%41"),
        envelope_payload(honest(), tgt="%0A"),
        envelope_payload(honest(), tgt="100%"),
        envelope_payload(honest(), tgt="%c3"),
        envelope_payload(honest(), tgt=1),
        envelope_payload(honest(), iat=True),
        envelope_payload(honest(), seq="0"),
        envelope_payload(honest(), non="AAAA"),
        envelope_payload(honest(), prv=""),
        envelope_payload(honest(), str="A" * 21),
        envelope_payload(honest(), arg=0),
    ],
)
def test_another_spelling_of_a_receipt(payload: bytes) -> None:
    assert envelope_verdict(envelope(honest(), raw=payload)) == "parse"


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_our_issuer_signs_no_number_of_another_form(size: int) -> None:
    key = KeyPair.from_seed(ALICE.seed)
    with pytest.raises(TokenParseError) as caught:
        issue(
            key, BOB.public, parent=None, scopes=("deploy",), now=NOW, ttl=60, entropy=bytes(size)
        )
    assert caught.value.slug == "parse"
