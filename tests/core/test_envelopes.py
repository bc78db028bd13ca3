"""Receipts made by the library: what goes in comes out, and any change of their text is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from kanoniv_auth.core.chain import Chain
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.encoding import escape, unescape
from kanoniv_auth.core.envelope import (
    FIRST,
    MAX_ENVELOPE,
    Envelope,
    check_stream,
    envelope_view,
    make_envelope,
    verify_envelope,
)
from kanoniv_auth.core.errors import AuthError, KeyInvalid, SignatureInvalid, TokenParseError
from kanoniv_auth.core.scopes import scope
from tests.core.authority import AGENT, NOW, PARENT, ROOT, ROOTS, granted


def receipt(chain: Chain | None = None, **changed: Any) -> str:
    values: dict[str, Any] = {
        "action": "deploy.staging", "target": "staging", "args_sha256": bytes(32), "result": "success",
        "facts": {}, "metadata": {}, "stream": bytes(16), "seq": 0, "prev": FIRST, "now": NOW,
        "nonce": bytes(16), **changed,
    }  # fmt: skip
    return make_envelope(chain or granted("deploy", "git"), AGENT, **values)


def verified(text: str) -> Envelope:
    return verify_envelope(text, roots=ROOTS, revoked=None)


@given(
    target=st.text(),
    result=st.text(),
    facts=st.dictionaries(st.text(), st.text(), max_size=3),
    metadata=st.dictionaries(
        st.text(), st.text() | st.integers(0, 2**53) | st.booleans(), max_size=3
    ),
)
def test_what_goes_in_comes_out(
    target: str, result: str, facts: dict[str, str], metadata: dict[str, str | int | bool]
) -> None:
    read = verified(receipt(target=target, result=result, facts=facts, metadata=metadata))
    assert (read.target, read.result, read.facts, read.metadata) == (
        target,
        result,
        facts,
        metadata,
    )
    assert {key: type(value) for key, value in read.metadata.items()} == {
        key: type(value) for key, value in metadata.items()
    }


@given(branch=st.text(min_size=1, max_size=20))
def test_every_scope_that_can_be_granted_can_stand_on_a_receipt(branch: str) -> None:
    action = scope("git", "push", branch)
    assert verified(receipt(action=action)).action == action
    assert envelope_view(verified(receipt(action=action)))["action"] == action


def test_only_the_holder_signs() -> None:
    with pytest.raises(KeyInvalid):
        make_envelope(
            granted("deploy"), PARENT, action="deploy", target="", args_sha256=bytes(32), result="",
            facts={}, metadata={}, stream=bytes(16), seq=0, prev=FIRST, now=NOW, nonce=bytes(16),
        )  # fmt: skip


@pytest.mark.parametrize(
    "flaw",
    [
        {"metadata": {"a": 1.5}},
        {"metadata": {"a": None}},
        {"metadata": {"a": -1}},
        {"target": "\ud800"},
        {"target": "x" * MAX_ENVELOPE},
    ],
)
def test_what_it_cannot_hold_is_not_signed(flaw: dict[str, Any]) -> None:
    with pytest.raises(TokenParseError):
        receipt(**flaw)


def test_any_changed_character_is_refused() -> None:
    text = receipt(facts={"ref": "main"}, metadata={"n": 1})
    verified(text)
    passed = []
    for place, letter in enumerate(text):
        for other in ("A", "B", "-", "~", ".", "=", "\n"):
            if other != letter:
                changed = text[:place] + other + text[place + 1 :]
                try:
                    verified(changed)
                    passed.append((place, other))
                except AuthError:
                    pass
    assert passed == []


@given(data=st.binary(max_size=200))
def test_any_text_is_refused_without_a_traceback(data: bytes) -> None:
    text = data.decode("latin-1")
    for candidate in (text, "kde2." + text, "kde2.~" + text, receipt() + text[:1]):
        if candidate != receipt():
            with pytest.raises(AuthError):
                verified(candidate)


def test_a_stream_is_one_holders_whatever_the_chain() -> None:
    first = verified(receipt())
    other = issue(
        PARENT, AGENT.public, parent=granted_to_parent(), scopes=("deploy",), now=NOW, ttl=60,
        entropy=bytes(16),
    )  # fmt: skip
    second = verified(receipt(other, seq=1, prev=first.id))
    check_stream([first, second])
    with pytest.raises(SignatureInvalid) as refusal:
        check_stream([second, first])
    assert refusal.value.facts["where"] == "envelope 1 of the stream"


def granted_to_parent() -> Chain:
    return issue(
        ROOT, PARENT.public, parent=None, scopes=("deploy",), now=NOW, ttl=60, entropy=bytes(16)
    )


@given(text=st.text())
def test_escaped_text_comes_back(text: str) -> None:
    assert unescape(escape(text)) == text
    assert all(" " <= letter <= "~" and letter not in '"\\' for letter in escape(text))


@given(text=st.text(alphabet="%0123456789abcdefABC \n\x7f\xe9"))
def test_unescape_takes_one_spelling(text: str) -> None:
    try:
        plain = unescape(text)
    except TokenParseError:
        return
    assert escape(plain) == text
