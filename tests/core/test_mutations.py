"""Any changed character or byte of a token is refused, warm and cold; and a warm cache is not fooled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.delegation import issue
from kanoniv_auth.core.encoding import b64u, unb64u
from kanoniv_auth.core.errors import AuthError, SignatureInvalid, TokenParseError
from kanoniv_auth.core.proof import seal
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.scopes import check_wire
from tests.core.authority import AGENT, CHILD, NOW, PARENT, ROOT, ask, granted, passed_on, warm

CHAIN = passed_on(granted("deploy", to=PARENT), PARENT, AGENT, "deploy.staging")
TOKEN = seal(CHAIN, AGENT, now=NOW, audience="deploys.example")
SUBSTITUTES = "AB-9~.= "


def refusal(token: str, **more: Any) -> str:
    try:
        ask(token, audience="deploys.example", **more)
    except AuthError as error:
        return error.slug
    return "allow"


def with_letter_changed() -> Iterator[str]:
    for place, letter in enumerate(TOKEN):
        for other in (*SUBSTITUTES, letter.swapcase()):
            if other != letter:
                yield TOKEN[:place] + other + TOKEN[place + 1 :]
        yield TOKEN[:place] + TOKEN[place + 1 :]
        yield TOKEN[:place] + letter + TOKEN[place:]


def with_byte_changed() -> Iterator[str]:
    head, _, proof = TOKEN.partition("~s")
    parts = [*head.split(".")[1:], proof]
    for index, part in enumerate(parts):
        raw = unb64u(part)
        for place in range(len(raw)):
            for change in (1, 0x20, 0x80):
                byte = bytes([raw[place] ^ change])
                changed = [*parts]
                changed[index] = b64u(raw[:place] + byte + raw[place + 1 :])
                yield f"kd2.{'.'.join(changed[:-1])}~s{changed[-1]}"


def test_the_token_itself_passes() -> None:
    assert refusal(TOKEN) == "allow"


@pytest.mark.parametrize("changed", [with_letter_changed, with_byte_changed])
def test_any_change_is_refused(changed: Callable[[], Iterator[str]]) -> None:
    cache = warm(seal(CHAIN, AGENT, now=NOW))
    ask(TOKEN, audience="deploys.example", cache=cache)
    passed, count = [], 0
    for token in changed():
        count += 1
        cold, warmed = refusal(token), refusal(token, cache=cache)
        if cold == "allow" or warmed != cold:
            passed.append((token, cold, warmed))
    assert passed == []
    assert count > 1200
    assert refusal(TOKEN, cache=cache) == "allow"


def test_scopes_are_never_folded() -> None:
    for text in ("deploy.Staging", "deploy.staging\u200b", "deploy.sta\u0301ging"):
        with pytest.raises(AuthError):
            ask(TOKEN, check_text(text), audience="deploys.example")


def check_text(text: str) -> str:
    try:
        return check_wire(text)
    except TokenParseError:
        return text


# -------------------------------------------------------------------------------------- warm caches


def test_a_cache_of_one_pin_is_no_pin_of_another() -> None:
    token = seal(CHAIN, AGENT, now=NOW)
    cache = warm(token)
    for roots in (
        TrustedRoots([CHILD.public]),
        TrustedRoots([ROOT.public], retired={ROOT.did: NOW}),
    ):
        with pytest.raises(SignatureInvalid) as error:
            ask(token, roots=roots, cache=cache)
        assert error.value.slug == "untrusted_root"


def test_a_warm_prefix_vouches_for_its_own_bytes_alone() -> None:
    token = seal(CHAIN, AGENT, now=NOW)
    cache = warm(token)
    first, rest = CHAIN.text.removeprefix("kd2.").split(".")
    noise = b64u(bytes(range(64)) + unb64u(first)[64:])
    forged = token.replace(first, noise)
    with pytest.raises(SignatureInvalid):
        ask(forged, cache=cache)
    other = seal(passed_on(granted("deploy", to=PARENT), PARENT, CHILD, "deploy"), CHILD, now=NOW)
    assert ask(other, "deploy", cache=cache).chain.holder == CHILD.public
    spliced = f"kd2.{rest}.{first}~{token.partition('~')[2]}"
    with pytest.raises(AuthError):
        ask(spliced, cache=cache)


def test_one_root_cannot_evict_another() -> None:
    token = seal(CHAIN, AGENT, now=NOW)
    cache = Cache(limit=3)
    ask(token, cache=cache)
    both = TrustedRoots([ROOT.public, CHILD.public])
    for number in range(10):
        chain = issue(
            CHILD, AGENT.public, parent=None, scopes=("deploy",), now=NOW, ttl=60,
            entropy=bytes([number]) * 16,
        )  # fmt: skip
        ask(seal(chain, AGENT, now=NOW), roots=both, cache=cache)
    assert cache.get(token) is not None


def test_a_cache_that_could_keep_nothing_is_refused() -> None:
    for limit in (0, -1):
        with pytest.raises(ValueError, match="at least one"):
            Cache(limit=limit)
    assert ask(TOKEN, audience="deploys.example", cache=Cache(limit=1)).chain == CHAIN
