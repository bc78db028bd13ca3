"""What holds for every chain and every text: authority never widens, parsing is total and strict."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from kanoniv_auth.core.access import Access
from kanoniv_auth.core.caveats import check_caveats
from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.durations import MAX_TTL, format_ttl, parse_ttl
from kanoniv_auth.core.encoding import MAX_INT, b64u, canonical, unb64u, uncanonical
from kanoniv_auth.core.errors import AuthError, ScopeViolation, TokenParseError, UsageError
from kanoniv_auth.core.keys import KeyPair, did_key, parse_did_key, parse_public, parse_secret
from kanoniv_auth.core.payload import encode_payload, link_id, link_message, read_payload
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.scopes import check_scope, check_wire, covers, parse_scopes, scope
from kanoniv_auth.core.token import parse
from kanoniv_auth.core.verification import prove, read_parent
from tests.core.authority import NOW, ROOT, ROOTS, TTL, ask, granted, key

KEYS = [key(f"agent {number}") for number in range(6)]
SEGMENT = st.sampled_from(["deploy", "test", "a", "b", "main%2eevil", "Deploy"])
SCOPE = st.lists(SEGMENT, min_size=1, max_size=3).map(".".join)
SCOPES = st.lists(SCOPE, min_size=1, max_size=3, unique=True).map(lambda s: tuple(sorted(s)))
CAVEAT = st.sampled_from(
    [("context", "ref", "main"), ("max_depth", 1), ("max_depth", 3), ("not_before", NOW)]
)
LINK = st.fixed_dictionaries(
    {
        "scopes": SCOPES,
        "ttl": st.sampled_from([None, 1, 60, TTL, 2 * TTL]),
        "caveats": st.lists(CAVEAT, max_size=2, unique=True),
        "iat": st.sampled_from([NOW, NOW - 500, NOW + 20]),
        "honest": st.sampled_from([True, True, True, False]),
    }
)
FACTS = {"ref": "main"}


def by_hand(parent: Chain | None, issuer: KeyPair, holder: KeyPair, link: dict[str, Any]) -> str:
    """A link that a dishonest issuer signs: whatever `link` says. The text of the grant."""
    caveats = check_caveats(link["caveats"])
    exp = None if link["ttl"] is None else NOW + link["ttl"]
    iss = b64u(issuer.public) if parent is None else None
    payload = encode_payload(
        b64u(holder.public), iss, link["scopes"], caveats, link["iat"], exp, b64u(bytes(16)), None
    )
    prev = bytes(32) if parent is None else parent.id
    text = b64u(issuer.sign(link_message(prev, payload)) + payload)
    return f"kd2.{text}" if parent is None else f"{parent.text}.{text}"


def within(child: Chain, parent: Chain) -> bool:
    """The child allows nothing that the parent does not."""
    later = parent.expires_at is not None and (
        child.expires_at is None or child.expires_at > parent.expires_at
    )
    return (
        all(covers(parent.granted, scope) for scope in child.scopes)
        and not later
        and set(parent.caveats) <= set(child.caveats)
        and child.deepest <= parent.deepest
        and child.root == parent.root
    )


@settings(max_examples=150)
@given(links=st.lists(LINK, min_size=1, max_size=5))
def test_authority_never_widens_whoever_signs(links: list[dict[str, Any]]) -> None:
    parent, issuer = None, ROOT
    for link, holder in zip(links, KEYS, strict=False):
        if parent is not None and link["honest"]:  # so that long chains come up at all
            link |= {"scopes": (f"{parent.scopes[0]}.x",), "ttl": 1, "caveats": []}
        try:
            chain = read_parent(
                by_hand(parent, issuer, holder, link), roots=ROOTS, now=NOW, revoked=None
            )
        except AuthError:
            return
        if parent is not None:
            assert within(chain, parent)
        parent, issuer = chain, holder


@settings(max_examples=100)
@given(links=st.lists(LINK, min_size=1, max_size=5), asked=SCOPE)
def test_what_is_issued_verifies_and_is_within_every_parent(
    links: list[dict[str, Any]], asked: str
) -> None:
    chain, holder = granted("a", "b", "deploy", "test", to=KEYS[0]), KEYS[0]
    for link, next_holder in zip(links, KEYS[1:], strict=False):
        if link["honest"]:
            link["scopes"] = chain.scopes[-2:]
        try:
            child = issue(
                holder, next_holder.public, parent=chain, scopes=link["scopes"], now=NOW,
                ttl=link["ttl"], entropy=bytes(16), caveats=link["caveats"],
            )  # fmt: skip
        except AuthError:
            break
        assert within(child, chain)
        chain, holder = child, next_holder
    token = seal(chain, holder, now=NOW)
    try:
        allowed = ask(token, asked, access=Access(asked, context=FACTS))
    except ScopeViolation:
        assert not covers(chain.granted, asked)
        return
    assert allowed.chain == chain
    assert covers(chain.granted, asked)
    assert covers({"a", "b", "deploy", "test"}, asked)


@pytest.mark.parametrize("ttl", [1, 59, 60, TTL, None])
def test_an_expiry_is_cut_to_the_parents(ttl: int | None) -> None:
    chain = granted("deploy", to=KEYS[0], ttl=60)
    child = issue(
        KEYS[0], KEYS[1].public, parent=chain, scopes=("deploy",), now=NOW, ttl=ttl,
        entropy=bytes(16),
    )  # fmt: skip
    assert child.expires_at == NOW + min(ttl or 60, 60)


# --------------------------------------------------------------------------------- total and strict


def refused(token: object) -> None:
    """No reader of tokens takes this, and none raises anything but an AuthError."""
    with pytest.raises(AuthError):
        ask(token)  # type: ignore[arg-type]
    with pytest.raises(AuthError):
        prove(token, roots=ROOTS, audience=None, now=NOW, once=None, revoked=None, cache=None)  # type: ignore[arg-type]


TOKEN = seal(granted("deploy"), key("agent"), now=NOW)
PIECES = st.sampled_from(
    [*"kd2.~sp-_A=\n ", "kd2.", "~s", "~p", "\ud800", "\u0410", TOKEN[4:], TOKEN]
)


@given(value=st.none() | st.integers() | st.binary() | st.lists(st.text()) | st.text())
def test_any_value_is_refused(value: object) -> None:
    refused(value)


@settings(max_examples=200)
@given(text=st.lists(PIECES | st.text(max_size=4), max_size=6).map("".join))
def test_any_text_of_a_tokens_pieces_is_refused(text: str) -> None:
    if text != TOKEN:
        refused(text)
    try:
        parse(text)
    except AuthError:
        pass


@settings(max_examples=200)
@given(data=st.binary(max_size=120))
def test_any_signed_bytes_are_a_payload_or_refused(data: bytes) -> None:
    text = "kd2." + b64u(ROOT.sign(link_message(bytes(32), data)) + data)
    with pytest.raises(AuthError):
        read_parent(text, roots=ROOTS, now=NOW, revoked=None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=150)
@given(changes=st.dictionaries(
    st.sampled_from(["aud", "cav", "exp", "iat", "iss", "jti", "nam", "scp", "zzz"]), JSON, max_size=3
))  # fmt: skip
def test_a_payload_is_read_as_it_would_be_written(changes: dict[str, object]) -> None:
    fields: dict[str, object] = {
        "aud": b64u(KEYS[0].public), "exp": NOW + 60, "iat": NOW, "iss": b64u(ROOT.public),
        "jti": b64u(bytes(16)), "scp": ["deploy"], **changes,
    }  # fmt: skip
    try:
        payload = canonical(fields)
    except TokenParseError:
        return
    try:
        link = read_payload(payload, bytes(32), None)
    except TokenParseError:
        return
    assert link.id == link_id(bytes(32), payload)
    assert payload == encode_payload(
        b64u(link.aud), b64u(link.issuer), link.scopes, link.caveats, link.issued_at,
        link.expires_at, link.jti, link.name,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------ encoders


@given(data=st.binary(max_size=200))
def test_base64url_comes_back(data: bytes) -> None:
    assert unb64u(b64u(data)) == data


@settings(max_examples=200)
@given(text=st.text(alphabet="AB-_9=+/ \n\u0410", max_size=9))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        data = unb64u(text)
    except TokenParseError:
        return
    assert b64u(data) == text


PLAIN = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"\\'), max_size=8
)
VALUE = st.recursive(
    PLAIN | st.integers(0, MAX_INT) | st.booleans(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(PLAIN, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=VALUE)
def test_canonical_json_comes_back(value: object) -> None:
    assert uncanonical(canonical(value)) == value


@settings(max_examples=200)
@given(data=st.text(alphabet='{}[]",:0189.eE-+ntrufalse\\ \n\x7f\xe9', max_size=14))
def test_json_has_one_spelling(data: str) -> None:
    raw = data.encode()
    try:
        value = uncanonical(raw)
    except TokenParseError:
        return
    assert canonical(value) == raw


@pytest.mark.parametrize(
    "value", [None, 1.0, float("nan"), -1, MAX_INT + 1, [], (), "a\nb", b"a", {"a": None}, "é"]
)
def test_what_canonical_json_does_not_have(value: object) -> None:
    with pytest.raises(TokenParseError):
        canonical(value)


@given(
    rows=st.permutations([("context", "a", "b"), ("max_depth", 2), ("audience", "x"), ("zone", 1)])
)
def test_caveats_have_one_order(rows: list[tuple[str | int, ...]]) -> None:
    once = check_caveats(rows)
    assert once == check_caveats([*rows, rows[0]])
    assert list(once) == sorted(rows, key=canonical)


@given(segments=st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5))
def test_scopes_come_back(segments: list[str]) -> None:
    made = scope(*segments)
    assert check_wire(made) == check_scope(made) == made
    again = [bytes_of(segment).decode() for segment in made.split(".")]
    assert again == segments


def bytes_of(segment: str) -> bytes:
    head, *rest = segment.split("%")
    return head.encode() + b"".join(bytes.fromhex(part[:2]) + part[2:].encode() for part in rest)


TRICKY = st.text(alphabet="ab./%*:-_ 2eE\u043e\u0301\n", min_size=1, max_size=8)


@settings(max_examples=200)
@given(one=TRICKY, other=TRICKY, tail=st.lists(TRICKY, max_size=2))
def test_no_branch_is_below_another(one: str, other: str, tail: list[str]) -> None:
    mine, theirs = scope("git", "push", one), scope("git", "push", other, *tail)
    assert covers({mine}, theirs) == (one == other)


@settings(max_examples=200)
@given(text=st.text(alphabet="aB9_-.%2e :/*\u00e9", max_size=8))
def test_a_typed_scope_is_one_or_refused(text: str) -> None:
    try:
        typed = check_scope(text)
    except UsageError as refusal:
        fix = refusal.facts.get("fix")
    else:
        fix = typed
        assert check_wire(typed) == typed == text.strip().replace(":", ".")
        assert parse_scopes(typed) == (typed,)
    assert fix is None or check_scope(str(fix)) == fix


@given(items=st.lists(SCOPE, min_size=1, max_size=6))
def test_scope_lists_are_sorted_and_unique(items: list[str]) -> None:
    assert parse_scopes(items) == parse_scopes(",".join(items)) == tuple(sorted(set(items)))
    assert parse_scopes(" \n".join([*items, ""])) == tuple(sorted(set(items)))


@pytest.mark.parametrize("value", ["", ",", "\n", [], ["a"] * 0, [f"s{n}" for n in range(65)]])
def test_too_few_or_too_many_scopes(value: Any) -> None:
    with pytest.raises(UsageError):
        parse_scopes(value)


@given(seconds=st.integers(1, MAX_TTL))
def test_seconds_are_a_ttl(seconds: int) -> None:
    assert parse_ttl(seconds) == parse_ttl(str(seconds)) == parse_ttl(f"{seconds}s") == seconds
    shown = parse_ttl(format_ttl(seconds))
    assert shown is not None
    # what is shown is cut to its two largest units, and never says more than there is
    assert 0 <= seconds - shown < (3600 if seconds >= 86400 else 60)


@settings(max_examples=200)
@given(text=st.text(alphabet="0123789dhms.+- ", max_size=7))
def test_a_ttl_is_read_one_way(text: str) -> None:
    try:
        seconds = parse_ttl(text, default=7)
    except UsageError:
        return
    typed = text.strip()
    if not typed:
        assert seconds == 7
    elif typed.isdecimal():
        assert seconds == int(typed)
    else:
        units = [letter for letter in typed if letter.isalpha()]
        assert units == sorted(set(units), key="dhms".index)
        assert typed[-1] in "dhms"


@given(seed=st.binary(min_size=32, max_size=32))
def test_keys_come_back_from_every_text_of_theirs(seed: bytes) -> None:
    pair = KeyPair.from_seed(seed)
    for text in (
        pair.secret_text(),
        pair.secret_text().rstrip("="),
        b64u(seed),
        seed.hex().upper(),
    ):
        assert parse_secret(f" {text}\n") == pair
    assert parse_did_key(did_key(pair.public)) == pair.public
    for text in (pair.did_key, b64u(pair.public), pair.public.hex()):
        assert parse_public(text) == pair.public


@settings(max_examples=200)
@given(text=st.text(alphabet='123456789ABCabcdef{}":-_=+/ \n\u00e9', max_size=70))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    said = ""
    for reader in (parse_secret, parse_public, parse_did_key):
        try:
            reader(text)
        except AuthError as refusal:
            said += str(refusal)
    assert len(text.strip()) < 12 or text.strip() not in said
