"""Rotations: who may say which root comes next, and what a root that has ended can still do.

Mallory has a stolen old root key, or none at all, and wants her own key among the trusted roots; or a root that was
retired to count again. Texts are put together by hand from docs/spec/token.md §7.2.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from kanoniv_auth.api import pins
from kanoniv_auth.core.errors import AuthError, StorageError
from kanoniv_auth.core.rotation import read_rotation
from kanoniv_auth.store import roots as stored
from kanoniv_auth.store.home import Home
from tests.advisories.attacker import (
    ALICE,
    LINK_TAG,
    MALLORY,
    NOW,
    OTHER_ROOT,
    ROOT,
    Key,
    Links,
    b64,
    canonical,
    honest,
)
from tests.advisories.terminal import Terminal
from tests.advisories.verifier import ACCEPTED, verdict

TAG = b"kanoniv-auth/2 root\0"
DAY = 86400
NEW = OTHER_ROOT


def wrap(payload: bytes, old: Key = ROOT, new: Key = NEW, tag: bytes = TAG) -> str:
    return "kdx2." + b64(old.sign(tag + payload) + new.sign(tag + payload) + payload)


def payload_of(old: Key = ROOT, new: Key = NEW, /, **given: Any) -> bytes:
    fields = {
        "iat": NOW - 10,
        "new": b64(new.public),
        "old": b64(old.public),
        "seq": 1,
        "until": NOW + DAY,
        **given,
    }
    return canonical({name: value for name, value in fields.items() if value is not None})


def rotation(old: Key = ROOT, new: Key = NEW, **given: Any) -> str:
    return wrap(payload_of(old, new, **given), old, new)


def answer(text: str) -> str:
    try:
        read_rotation(text)
    except AuthError as error:
        return error.slug
    return ACCEPTED


def test_both_have_to_sign() -> None:
    payload = payload_of()
    assert answer(wrap(payload)) == ACCEPTED
    for pair in ((MALLORY, NEW), (ROOT, MALLORY), (NEW, ROOT), (ROOT, ROOT), (NEW, NEW)):
        assert answer(wrap(payload, *pair)) == "bad_signature", pair
    raw = ROOT.sign(TAG + payload) + payload
    assert answer("kdx2." + b64(raw)) in {"parse", "bad_signature"}


@pytest.mark.parametrize("tag", [LINK_TAG, b"kanoniv-auth/2 revoked\0", b""])
def test_what_they_signed_for_something_else_is_no_rotation(tag: bytes) -> None:
    assert answer(wrap(payload_of(), tag=tag)) == "bad_signature"


def test_every_byte_is_signed() -> None:
    payload = payload_of()
    raw = ROOT.sign(TAG + payload) + NEW.sign(TAG + payload) + payload
    for at in range(len(raw)):
        changed = bytearray(raw)
        changed[at] ^= 1
        assert answer("kdx2." + b64(bytes(changed))) in {"bad_signature", "parse"}, at


@pytest.mark.parametrize("name", ["old", "new"])
def test_a_key_that_signs_for_everybody(name: str) -> None:
    weak = b"\1" + bytes(31)
    payload = payload_of(**{name: b64(weak)})
    forged = weak + bytes(32)
    pair = (
        [forged, NEW.sign(TAG + payload)] if name == "old" else [ROOT.sign(TAG + payload), forged]
    )
    assert answer("kdx2." + b64(b"".join([*pair, payload]))) == "parse"


@pytest.mark.parametrize(
    "given",
    [{"seq": 0}, {"seq": True}, {"until": "never"}, {"iat": None}, {"until": None}, {"scp": ["deploy"]},
     {"new": b64(ROOT.public)}],
    ids=str,
)  # fmt: skip
def test_in_one_form_alone(given: dict[str, Any]) -> None:
    new = ROOT if "new" in given else NEW
    assert answer(wrap(payload_of(**given), new=new)) == "parse"


def test_it_does_not_end_before_it_was_said() -> None:
    assert answer(rotation(until=NOW - 11)) == "bad_bounds"
    assert answer(rotation(until=NOW - 10)) == ACCEPTED


# ----------------------------------------------------------------------------- in a home


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home that has pinned ROOT as `company`, in which it is `NOW`."""
    monkeypatch.setattr("time.time", lambda: float(NOW))
    pins.add("company", ROOT.public.hex())
    return Home(str(home))


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    monkeypatch.setattr("time.time", lambda: float(NOW + seconds))


def refused(text: str) -> str:
    with pytest.raises(AuthError) as caught:
        pins.add_rotation(text)
    return caught.value.slug


def test_it_takes_effect(place: Home) -> None:
    _, new, _ = pins.add_rotation(rotation())
    roots = stored.from_home(place)
    assert (new, set(roots.keys)) == (True, {ROOT.public, NEW.public})
    assert roots.retired == {ROOT.did: NOW + DAY}
    old = Links(until=NOW + 9 * DAY).grow(ALICE, exp=NOW + 9 * DAY).sealed()
    fresh = Links(holder=NEW).grow(ALICE).sealed()
    assert (verdict(old, roots=roots), verdict(fresh, roots=roots)) == (ACCEPTED, ACCEPTED)
    assert verdict(old, roots=roots, now=NOW + DAY - 1) == ACCEPTED
    assert verdict(old, roots=roots, now=NOW + DAY) == "untrusted_root"


@pytest.mark.parametrize("iat", [1, NOW - 9 * DAY, NOW - 10])
def test_a_retired_root_that_dates_its_links_back(place: Home, iat: int) -> None:
    pins.add_rotation(rotation(until=NOW - 10))
    token = Links().grow(ALICE, iat=iat).sealed()
    assert verdict(token, roots=stored.from_home(place)) == "untrusted_root"


def test_a_stranger_appoints_nobody(place: Home) -> None:
    assert refused(rotation(MALLORY, NEW)) == "untrusted_root"
    assert refused(rotation(NEW, MALLORY)) == "untrusted_root"
    assert stored.from_home(place).keys == {ROOT.public}


def test_a_retired_root_appoints_nobody(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mallory finds the old key in a backup: she can sign what she likes, and date it as she likes."""
    pins.add_rotation(rotation())
    later(monkeypatch, DAY)
    for seq, iat in ((2, NOW - 10), (2, NOW + DAY), (9, 1)):
        text = rotation(ROOT, MALLORY, seq=seq, iat=iat, until=NOW + 9 * DAY)
        assert refused(text) == "untrusted_root"
    assert MALLORY.public not in stored.from_home(place).keys


def test_an_end_is_not_put_off(place: Home) -> None:
    pins.add_rotation(rotation())
    assert refused(rotation(seq=2, until=NOW + DAY + 1)) == "rolled_back"
    assert refused(rotation(until=NOW + DAY - 1)) == "rolled_back"
    assert refused(rotation(ROOT, MALLORY)) == "rolled_back"
    assert stored.from_home(place).retired == {ROOT.did: NOW + DAY}
    pins.add_rotation(rotation(seq=2, until=NOW + 1))
    assert stored.from_home(place).retired == {ROOT.did: NOW + 1}
    assert refused(rotation()) == "rolled_back"


def test_and_no_way_back(place: Home) -> None:
    pins.add_rotation(rotation())
    assert refused(rotation(NEW, ROOT)) == "rolled_back"


def test_from_the_future(place: Home) -> None:
    assert refused(rotation(iat=NOW + 31)) == "not_yet_valid"


def test_taken_up_twice_is_taken_up_once(place: Home) -> None:
    assert pins.add_rotation(rotation())[1] is True
    assert pins.add_rotation(rotation())[1] is False


def test_one_that_was_removed_comes_back_only_by_hand_and_that_is_said(place: Home) -> None:
    """A person may decide so; nothing else reads a rotation for a pin, and a replay does not pass for something new."""
    assert pins.add_rotation(rotation(), "company-2")[1:] == (True, False)
    pins.remove("company-2")
    assert NEW.public not in stored.from_home(place).keys
    assert pins.add_rotation(rotation())[1:] == (True, True)
    assert NEW.public in stored.from_home(place).keys
    assert pins.add_rotation(rotation())[1:] == (False, False)


def test_the_environment_stays_the_whole_set(place: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotation in the home adds nothing to what the environment names, and is not allowed by it either."""
    pins.add_rotation(rotation())
    named = {"KANONIV_ROOT_DID": ROOT.did}
    roots = stored.trusted(place, named, None)
    assert (set(roots.keys), set(roots.dids), roots.retired) == (set(), {ROOT.did}, {})
    monkeypatch.setenv("KANONIV_ROOT_DID", MALLORY.did)
    assert refused(rotation(MALLORY, ALICE)) == "untrusted_root"


def test_removing_the_successor_does_not_bring_its_predecessor_back(place: Home) -> None:
    pins.add_rotation(rotation(until=NOW), "company-2")
    pins.remove("company-2")
    assert verdict(honest().sealed(), roots=stored.from_home(place)) == "untrusted_root"


@pytest.mark.parametrize("what", ["cut", "another's", "signed by mallory", "no text"])
def test_a_rotation_that_was_tampered_with_stops_everything(place: Home, what: str) -> None:
    """Left out, it would retire nobody."""
    text = rotation(until=NOW)
    pins.add_rotation(text)
    path = Path(place.rotation(ROOT.did))
    path.write_bytes(
        {
            "cut": text[:-4].encode(),
            "another's": rotation(MALLORY, ALICE).encode(),
            "signed by mallory": wrap(payload_of(), MALLORY).encode(),
            "no text": b"\xff",
        }[what]
    )
    with pytest.raises(StorageError) as caught:
        stored.from_home(place)
    assert str(path) in str(caught.value)


# ----------------------------------------------------------------------------- on the command line


def test_the_old_key_after_the_overlap(terminal: Terminal) -> None:
    terminal.done("init")
    terminal.done("delegate", "-s", "deploy", "-n", "before")
    terminal.done("roots", "rotate", "--overlap", "1s")
    kept = next(terminal.home.glob("root.key.*.old"))
    time.sleep(1.1)
    old = terminal.run("verify", "-s", "deploy", "-a", "before")
    assert (old.status, old.slug) == (1, "untrusted_root")
    # dated back or not, what the old key signs now counts no more
    fresh = terminal.done("delegate", "-s", "deploy", "-k", str(kept), "-n", "after")
    said = terminal.run("verify", "-s", "deploy", KANONIV_TOKEN=fresh)
    assert (said.status, said.slug) == (1, "untrusted_root")
    ours = terminal.done("delegate", "-s", "deploy")
    assert terminal.run("verify", "-s", "deploy", KANONIV_TOKEN=ours).status == 0
