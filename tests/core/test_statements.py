"""What a root says of itself: lists and rotations are written, read again, and put in force."""

from __future__ import annotations

import pytest

from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import ListRefused, Revoked, SignatureInvalid, TokenParseError
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.revocation_list import LIST_TTL, in_force, make_list, read_list
from kanoniv_auth.core.rotation import MAX_ROTATION, make_rotation, read_rotation, require_newer
from tests.core.authority import AGENT, CHILD, NOW, PARENT, ROOT, granted, key

CHAIN = granted("deploy")
OTHER = key("another root")


def test_a_list_says_what_was_put_into_it() -> None:
    entries = [bytes([n]) * 32 for n in (200, 7, 7, 90)]
    text = make_list(ROOT, seq=3, now=NOW, ids=entries, keys=[CHILD.public])
    found = read_list(text)
    assert text.startswith("kdr2.")
    assert (found.root, found.seq, found.text) == (ROOT.public, 3, text)
    assert (found.issued_at, found.expires_at) == (NOW, NOW + LIST_TTL)
    assert found.ids == tuple(sorted({*entries}, key=b64u))
    assert found.keys == (CHILD.public,)
    assert found.root_did == ROOT.did
    bare = read_list(make_list(ROOT, seq=1, now=NOW))
    assert (bare.ids, bare.keys) == ((), ())


def test_a_list_is_stale_from_its_end_on() -> None:
    found = read_list(make_list(ROOT, seq=1, now=NOW))
    times = (NOW + LIST_TTL - 1, NOW + LIST_TTL, NOW + LIST_TTL + 1)
    assert [found.is_stale(now) for now in times] == [False, True, True]


@pytest.mark.parametrize("flaw", [{"seq": 0}, {"seq": -1}, {"now": -1}, {"ids": [bytes(31)]}])
def test_no_list_is_signed_that_no_reader_takes(flaw: dict[str, object]) -> None:
    with pytest.raises(TokenParseError):
        make_list(ROOT, **{"seq": 1, "now": NOW, **flaw})  # type: ignore[arg-type]


def test_what_any_list_of_a_root_names_is_revoked_and_another_roots_list_is_about_its_own() -> None:
    lists = [
        read_list(make_list(ROOT, seq=1, now=NOW, ids=[CHAIN.id])),
        read_list(make_list(ROOT, seq=2, now=NOW, keys=[CHILD.public])),
        read_list(make_list(OTHER, seq=1, now=NOW, keys=[PARENT.public])),
    ]
    revoked = in_force(lists, now=NOW, max_staleness=None)
    assert revoked.by_root == {
        ROOT.public: {CHAIN.id, CHILD.public},
        OTHER.public: {PARENT.public},
    }
    for chain in (CHAIN, granted("deploy", to=CHILD)):
        with pytest.raises(Revoked):
            revoked.enforce(chain)
    revoked.enforce(granted("deploy", to=PARENT))
    with pytest.raises(TypeError, match=r"^roots, ids and keys are 32 bytes each$"):
        Revocations({ROOT.public: [b"x"]})


def test_a_list_must_be_as_recent_as_is_wanted() -> None:
    lists = [read_list(make_list(ROOT, seq=seq, now=NOW - age)) for seq, age in ((2, 50), (1, 99))]
    in_force(lists, now=NOW, max_staleness=50).enforce(CHAIN)
    in_force([], now=NOW, max_staleness=None).enforce(CHAIN)
    first = in_force([read_list(make_list(ROOT, seq=1, now=0))], now=0, max_staleness=0)
    assert (first.issued, first.earliest) == ({ROOT.public: 0}, 0)
    in_force(lists[:1], now=0, max_staleness=0).enforce(CHAIN)
    for known, detail in (
        (lists, f"issued at {NOW - 50}, wanted since {NOW - 49}"),
        ([], "none is known"),
    ):
        with pytest.raises(ListRefused) as refusal:
            in_force(known, now=NOW, max_staleness=49).enforce(CHAIN)
        assert refusal.value.facts == {"root_did": ROOT.did, "detail": detail}


def test_a_rotation_says_who_follows_whom_and_when() -> None:
    text = make_rotation(ROOT, OTHER, seq=4, now=NOW, until=NOW + 5)
    found = read_rotation(text)
    assert text.startswith("kdx2.")
    assert (found.old, found.new, found.seq) == (ROOT.public, OTHER.public, 4)
    assert (found.issued_at, found.until, found.text) == (NOW, NOW + 5, text)
    assert (found.old_did, found.new_did) == (ROOT.did, OTHER.did)
    assert read_rotation(make_rotation(ROOT, OTHER, seq=1, now=NOW, until=NOW)).until == NOW


def test_no_rotation_is_signed_that_no_reader_takes() -> None:
    for new, seq, until, kind in (
        (ROOT, 1, NOW, TokenParseError), (AGENT, 0, NOW, TokenParseError), (AGENT, 1, NOW - 1, SignatureInvalid),
    ):  # fmt: skip
        with pytest.raises(kind):
            make_rotation(ROOT, new, seq=seq, now=NOW, until=until)


def test_an_end_stands_or_comes_earlier() -> None:
    first = read_rotation(make_rotation(ROOT, OTHER, seq=1, now=NOW, until=NOW + 5))
    for until, holds in ((NOW + 4, True), (NOW + 5, True), (NOW + 6, False)):
        later = read_rotation(make_rotation(ROOT, AGENT, seq=2, now=NOW, until=until))
        if holds:
            require_newer(later, [first])
        else:
            with pytest.raises(ListRefused, match="never put off"):
                require_newer(later, [first])


def test_a_text_as_long_as_a_rotation_may_be_is_read_before_it_is_refused() -> None:
    for size, words in ((MAX_ROTATION, "not base64url"), (MAX_ROTATION + 1, "1025 characters")):
        with pytest.raises(TokenParseError, match=words):
            read_rotation("kdx2." + "!" * (size - 5))
