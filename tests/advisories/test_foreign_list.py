"""Revocation lists that somebody else made, altered, kept back or sent again.

A list that is taken up wrongly either kills another root's agents or, worse, brings a revoked one back to life: both
are one message to whoever imports lists. Texts are put together by hand from docs/spec/token.md §7.1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.api import revocations, revoking
from kanoniv_auth.core.errors import AuthError, ListRefused, StorageError
from kanoniv_auth.core.revocation import Revocations
from kanoniv_auth.core.revocation_list import (
    RevocationList,
    in_force,
    read_list,
    require_newer,
    require_past,
)
from kanoniv_auth.store.home import Home
from kanoniv_ci.faults import of_core
from tests.advisories.attacker import (
    ALICE,
    BOB,
    LINK_TAG,
    MALLORY,
    NOW,
    ORDER,
    OTHER_ROOT,
    ROOT,
    Key,
    b64,
    canonical,
    honest,
)
from tests.advisories.verifier import ACCEPTED, verdict

TAG = b"kanoniv-auth/2 revoked\0"
DAY = 86400
CHAIN = honest()


def payload_of(root: Key = ROOT, **given: Any) -> bytes:
    fields = {"exp": NOW + DAY, "iat": NOW - 10, "root": b64(root.public), "seq": 1, **given}
    return canonical({name: value for name, value in fields.items() if value is not None})


def wrap(payload: bytes, signer: Key = ROOT, tag: bytes = TAG) -> str:
    return "kdr2." + b64(signer.sign(tag + payload) + payload)


def listed(root: Key = ROOT, **given: Any) -> str:
    return wrap(payload_of(root, **given), root)


def answer(text: str) -> str:
    try:
        read_list(text)
    except AuthError as error:
        return error.slug
    return ACCEPTED


def in_force_now(*texts: str, now: int = NOW, max_staleness: int | None = None) -> Revocations:
    return in_force(map(read_list, texts), now=now, max_staleness=max_staleness)


def of(*keys: Key) -> list[str]:
    return sorted(b64(key.public) for key in keys)


def test_a_list_revokes_what_it_names() -> None:
    assert verdict(CHAIN.sealed(), revoked=in_force_now(listed(keys=of(BOB)))) == "revoked"
    assert verdict(CHAIN.sealed(), revoked=in_force_now(listed(ids=[b64(CHAIN.id)]))) == "revoked"
    assert verdict(CHAIN.sealed(), revoked=in_force_now(listed())) == ACCEPTED


def test_another_roots_list_kills_nobody_here() -> None:
    """Mallory runs a root that is trusted for her own things, and lists our agents on it."""
    ids = sorted(b64(entry) for entry in CHAIN.ids)
    foreign = listed(OTHER_ROOT, keys=of(ALICE, BOB, ROOT), ids=ids)
    ours = listed(keys=of(MALLORY))
    for texts in ((foreign,), (foreign, ours), (ours, foreign)):
        assert verdict(CHAIN.sealed(), revoked=in_force_now(*texts)) == ACCEPTED


@pytest.mark.parametrize("signer", [MALLORY, ALICE, BOB, OTHER_ROOT], ids=lambda key: key.name)
def test_nobody_signs_in_the_roots_name(signer: Key) -> None:
    assert answer(wrap(payload_of(), signer)) == "bad_signature"


@pytest.mark.parametrize("tag", [LINK_TAG, b"kanoniv-auth/2 root\0", b"kanoniv-auth/2 seal\0", b""])
def test_what_a_root_signed_for_something_else_is_no_list(tag: bytes) -> None:
    assert answer(wrap(payload_of(), ROOT, tag)) == "bad_signature"


def test_every_byte_of_a_list_is_signed() -> None:
    payload = payload_of(keys=of(BOB))
    raw = ROOT.sign(TAG + payload) + payload
    for at in range(len(raw)):
        changed = bytearray(raw)
        changed[at] ^= 1
        assert answer("kdr2." + b64(bytes(changed))) in {"bad_signature", "parse"}, at


def test_a_key_that_signs_for_everybody() -> None:
    neutral = b"\1" + bytes(31)
    payload = canonical({"exp": NOW + DAY, "iat": NOW, "root": b64(neutral), "seq": 1})
    assert answer("kdr2." + b64(neutral + bytes(32) + payload)) == "parse"


def test_the_same_signature_in_another_number() -> None:
    payload = payload_of()
    signature = ROOT.sign(TAG + payload)
    s = int.from_bytes(signature[32:], "little") + ORDER
    again = signature[:32] + s.to_bytes(32, "little")
    assert answer("kdr2." + b64(again + payload)) == "bad_signature"


def test_the_key_that_is_asked_is_the_key_that_is_meant() -> None:
    """A reader that finds a key by search and another by decoding would be told two stories."""
    inner = canonical({"root": b64(MALLORY.public)}).decode()
    for text in (
        payload_of().replace(b'"seq":1', b'"seq":1,"zzz":' + inner.encode()),
        payload_of().replace(b'"seq":1', f'"root":"{b64(MALLORY.public)}","seq":1'.encode()),
    ):
        assert answer(wrap(text, MALLORY)) == "parse"
    quoted = payload_of(ids=['"root":"' + b64(MALLORY.public)])
    assert answer(wrap(quoted, MALLORY)) == "bad_signature"
    assert answer(wrap(quoted, ROOT)) == "parse"


@pytest.mark.parametrize(
    "given",
    [
        {"seq": 0}, {"seq": True}, {"seq": "1"}, {"seq": None}, {"exp": None}, {"iat": None}, {"exp": "9"},
        {"ids": []}, {"keys": []}, {"ids": "x"}, {"ids": [1]}, {"ids": [b64(bytes(31))]}, {"ids": [b64(bytes(33))]},
        {"keys": of(ALICE, BOB)[::-1]}, {"keys": of(ALICE, ALICE)}, {"ids": of(ALICE, BOB)[::-1]}, {"all": True},
        {"keys": [BOB.public.hex()]}, {"keys": [BOB.did]}, {"keys": {b64(BOB.public): 1}},
    ],
    ids=str,
)  # fmt: skip
def test_an_entry_in_another_form_would_revoke_nothing(given: dict[str, Any]) -> None:
    assert answer(listed(**given)) == "parse"


@pytest.mark.parametrize("form", ['{ "exp"', '{"exp" ', '{"\\u0065xp"'])
def test_one_list_has_one_spelling(form: str) -> None:
    assert answer(wrap(payload_of().replace(b'{"exp"', form.encode()))) == "parse"


@pytest.mark.parametrize("prefix", ["kdx2.", "KDR2.", "kdr1.", "", " kdr2.", "kd2."])
def test_under_another_prefix_it_is_no_list(prefix: str) -> None:
    assert answer(prefix + listed().removeprefix("kdr2.")) == "parse"


def test_a_list_ends_after_it_began() -> None:
    assert answer(listed(exp=NOW - 10)) == "bad_bounds"


def test_too_long_is_not_read_at_all() -> None:
    entries = sorted(b64(number.to_bytes(32, "big")) for number in range(17_000))
    assert answer(listed(ids=entries)) == "parse"


def test_an_expired_list_goes_on_revoking() -> None:
    """Who holds back newer lists must not bring anybody back to life."""
    old = read_list(listed(keys=of(BOB), iat=NOW - 9 * DAY, exp=NOW - DAY))
    assert old.is_stale(NOW)
    assert old.is_stale(NOW - DAY)
    assert not old.is_stale(NOW - DAY - 1)
    assert (
        verdict(CHAIN.sealed(), revoked=in_force([old], now=NOW, max_staleness=None)) == "revoked"
    )


def known(*seqs: int, **given: Any) -> list[RevocationList]:
    return [read_list(listed(seq=seq, **given)) for seq in seqs]


def test_an_older_list_brings_nobody_back() -> None:
    (one, two), (other,) = known(1, 2), known(2, keys=of(BOB))
    for late in (one, other):
        with pytest.raises(ListRefused) as caught:
            require_newer(late, two)
        assert (caught.value.slug, caught.value.facts["root_did"]) == ("rolled_back", ROOT.did)
    require_newer(two, two)
    require_newer(two, one)
    require_newer(two, None)


def test_a_list_from_the_future_would_shut_out_all_that_come_before_it() -> None:
    (found,) = known(1, iat=NOW + 31, exp=NOW + DAY)
    with pytest.raises(AuthError) as caught:
        require_past(found, NOW)
    assert caught.value.slug == "not_yet_valid"
    require_past(found, NOW + 1)


# ----------------------------------------------------------------------------- in a home


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home that trusts ROOT and OTHER_ROOT, in which it is `NOW`."""
    monkeypatch.setenv("KANONIV_ROOT_DID", f"{ROOT.did},{OTHER_ROOT.did}")
    monkeypatch.setattr("time.time", lambda: float(NOW))
    return Home(str(home))


def test_a_list_of_a_root_that_is_not_trusted_is_not_taken_up(place: Home) -> None:
    with pytest.raises(AuthError) as caught:
        revoking.import_list(listed(MALLORY, keys=of(BOB)))
    assert caught.value.slug == "untrusted_root"
    assert not Path(place.revocations).exists()


def test_a_list_from_the_future_is_not_taken_up(place: Home) -> None:
    with pytest.raises(AuthError) as caught:
        revoking.import_list(listed(iat=NOW + 31, exp=NOW + DAY))
    assert caught.value.slug == "not_yet_valid"
    assert not Path(place.revocations).exists()


def test_importing_keeps_each_roots_own(place: Home) -> None:
    revoking.import_list(listed(OTHER_ROOT, keys=of(ALICE, BOB)))
    assert verdict(CHAIN.sealed(), revoked=revocations.known(place)) == ACCEPTED
    revoking.import_list(listed(keys=of(BOB)))
    assert verdict(CHAIN.sealed(), revoked=revocations.known(place)) == "revoked"


def test_importing_an_older_one_is_refused_and_the_newer_stays(place: Home) -> None:
    revoking.import_list(listed(seq=7, keys=of(BOB)))
    for text in (listed(seq=6), listed(seq=7), listed(seq=7, keys=of(ALICE))):
        with pytest.raises(ListRefused) as caught:
            revoking.import_list(text)
        assert caught.value.slug == "rolled_back"
    assert verdict(CHAIN.sealed(), revoked=revocations.known(place)) == "revoked"
    assert revoking.import_list(listed(seq=7, keys=of(BOB)))[1] is False


@pytest.mark.parametrize(
    "what", ["cut", "emptied", "another root's", "signed by mallory", "no text", "a folder"]
)
def test_a_list_that_was_tampered_with_stops_everything(place: Home, what: str) -> None:
    """Left out, it would revoke nothing: that is what whoever damaged it wants."""
    text = listed(keys=of(BOB))
    revoking.import_list(text)
    path = Path(place.revocation_list(ROOT.did))
    damaged = {
        "cut": text[:-4].encode(),
        "emptied": b"",
        "another root's": listed(OTHER_ROOT).encode(),
        "signed by mallory": wrap(payload_of(), MALLORY).encode(),
        "no text": b"\xff\xfe",
    }
    if what == "a folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(damaged[what])
    with pytest.raises(StorageError) as caught:
        revocations.known(place)
    assert str(path) in str(caught.value)
    assert caught.value.facts["fix"]


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o702])
def test_a_folder_that_others_can_empty_is_not_believed(place: Home, mode: int) -> None:
    revoking.import_list(listed(keys=of(BOB)))
    folder = Path(place.revocations)
    Path(place.revocation_list(ROOT.did)).unlink()
    folder.chmod(mode)
    with pytest.raises(AuthError) as caught:
        revocations.known(place)
    assert (caught.value.slug, caught.value.facts["path"]) == ("key_permissions", str(folder))
    assert str(caught.value).startswith(f"folder {folder} is open to others")
    # what is said to do about it in a job leaves a folder that can be entered
    assert "600" not in of_core(caught.value).fix


def test_a_folder_that_leads_nowhere_is_not_no_folder(place: Home) -> None:
    Path(place.path).mkdir(mode=0o700)
    Path(place.revocations).symlink_to("/nowhere/at/all")
    with pytest.raises(StorageError):
        revocations.known(place)
