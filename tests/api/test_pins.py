"""Roots pinned, removed and rotated: what is refused, and that no interruption takes away what was trusted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api import pins, roots
from kanoniv_auth.core.errors import AuthError, KeyInvalid, StorageError, UsageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.rotation import make_rotation
from kanoniv_auth.store import pins as stored_pins, roots as stored
from kanoniv_auth.store.home import Home

COMPANY, SECOND, THIRD = (KeyPair.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
DAY = 86400


def labels() -> dict[str, str]:
    return {one.label: one.did for one in pins.listed()}


# ------------------------------------------------------------------------------ add and remove


@pytest.mark.parametrize("form", [COMPANY.did_key, COMPANY.public.hex(), f" {COMPANY.did_key}\n"])
def test_a_root_in_every_form(home: Path, form: str) -> None:
    one, new = pins.add("company", form)
    assert (one.label, one.did, new) == ("company", COMPANY.did, True)
    assert labels() == {"company": COMPANY.did}
    assert ka.verify("x", ka.delegate("x", root=COMPANY)).root_did == COMPANY.did
    assert (home / "trusted_roots/company.pub").stat().st_mode & 0o777 == 0o600


def test_the_same_again_is_fine_and_another_key_is_not() -> None:
    pins.add("company", COMPANY.did_key)
    assert pins.add("company", COMPANY.did_key)[1] is False
    with pytest.raises(UsageError) as caught:
        pins.add("company", SECOND.did_key)
    assert "kanoniv-auth roots remove company" in str(caught.value.facts["fix"])
    assert labels() == {"company": COMPANY.did}


@pytest.mark.parametrize(
    "label",
    ["local", "Local", "LOCAL", "", ".hidden", "-rf", "a/b", "../x", "a b", "a" * 65, "é", "a\n", "a\0"],
)  # fmt: skip
def test_labels_have_a_grammar(home: Path, label: str) -> None:
    with pytest.raises(UsageError):
        pins.add(label, COMPANY.did_key)
    with pytest.raises(UsageError):
        pins.remove(label)
    assert not (home / "trusted_roots").exists()


def test_labels_that_are_one_file_elsewhere_are_one_label() -> None:
    pins.add("team", COMPANY.did_key)
    with pytest.raises(UsageError):
        pins.add("Team", SECOND.did_key)


@pytest.mark.parametrize("text", [COMPANY.did, "", "xyz", "00" * 31, (b"\1" + bytes(31)).hex()])
def test_what_is_no_key_is_not_trusted(home: Path, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        pins.add("company", text)
    assert caught.value.facts["fix"]
    assert not (home / "trusted_roots").exists()


@pytest.mark.parametrize("target", ["there", "nowhere", "the same key"])
def test_nothing_is_written_through_a_link(home: Path, tmp_path: Path, target: str) -> None:
    pins.add("first", COMPANY.did_key)
    victim = tmp_path / "victim"
    if target == "there":
        victim.write_text("precious")
    elif target == "the same key":
        victim.write_text(SECOND.public.hex())
    link = home / "trusted_roots/company.pub"
    link.symlink_to(victim)
    with pytest.raises(AuthError):
        pins.add("company", SECOND.did_key)
    assert link.is_symlink()
    assert not victim.exists() or victim.read_text() in {"precious", SECOND.public.hex()}


def test_nor_into_a_folder_behind_one(home: Path, tmp_path: Path) -> None:
    home.mkdir(mode=0o700)
    (tmp_path / "elsewhere").mkdir()
    (home / "trusted_roots").symlink_to(tmp_path / "elsewhere")
    for call in (lambda: pins.add("x", COMPANY.did_key), lambda: pins.remove("x")):
        with pytest.raises(StorageError):
            call()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_removing() -> None:
    token = ka.delegate("x", root=COMPANY)
    pins.add("company", COMPANY.did_key)
    pins.add("second", SECOND.did_key)
    ka.verify("x", token)
    pins.remove("company")
    with pytest.raises(AuthError) as caught:
        ka.verify("x", token)
    assert caught.value.slug == "untrusted_root"
    with pytest.raises(UsageError):
        pins.remove("company")
    assert labels() == {"second": SECOND.did}


def test_the_local_root_comes_first() -> None:
    pins.add("aaa", COMPANY.did_key)
    roots.create_root()
    assert list(labels()) == ["local", "aaa"]


# ------------------------------------------------------------------------------ rotations


def test_after_a_rotation_both_count_and_the_new_one_signs(home: Path) -> None:
    first = roots.create_root()[0]
    old = ka.delegate("x")
    done = pins.rotate(DAY)
    new = ka.delegate("x")
    assert (done.old_did, done.path) == (first.did, str(home / "root.key"))
    assert [str(ka.verify("x", token).root_did) for token in (old, new)] == [
        first.did,
        done.new_did,
    ]
    assert done.kept is not None
    assert roots.read_root(done.kept) == first
    assert {oct(p.stat().st_mode & 0o777) for p in home.rglob("*") if p.is_file()} == {"0o600"}
    ends = {one.did: (one.until, one.successor) for one in pins.listed()}
    assert ends == {done.new_did: (None, None), first.did: (done.until, done.new_did)}


def test_again_and_again() -> None:
    keys = [roots.create_root()[0].did]
    tokens = [ka.delegate("x")]
    for _ in range(4):
        keys.append(pins.rotate(DAY).new_did)
        tokens.append(ka.delegate("x"))
    assert [str(ka.verify("x", token).root_did) for token in tokens] == keys
    assert len(set(keys)) == 5


def test_the_end_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    roots.create_root()
    old = ka.delegate("x", "never")
    done = pins.rotate(DAY)
    monkeypatch.setattr("time.time", lambda: float(done.until - 1))
    ka.verify("x", old)
    monkeypatch.setattr("time.time", lambda: float(done.until))
    with pytest.raises(AuthError) as caught:
        ka.verify("x", old)
    assert caught.value.slug == "untrusted_root"


def test_without_a_key_there_is_nothing_to_rotate(home: Path) -> None:
    with pytest.raises(AuthError) as caught:
        pins.rotate(DAY)
    assert caught.value.slug == "no_root_key"
    assert not (home / "trusted_roots").exists()


def test_a_key_in_the_environment_would_go_on_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    first = roots.create_root()[0]
    monkeypatch.setenv("KANONIV_ROOT_KEY", SECOND.secret_text())
    with pytest.raises(UsageError):
        pins.rotate(DAY)
    monkeypatch.setenv("KANONIV_ROOT_KEY", "no key")
    with pytest.raises(KeyInvalid):
        pins.rotate(DAY)
    monkeypatch.setenv("KANONIV_ROOT_KEY", first.secret_text())
    assert pins.rotate(DAY).old_did == first.did


def test_a_verifier_takes_it_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = roots.create_root()[0]
    done = pins.rotate(DAY)
    new = ka.delegate("x")
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "verifier"))
    pins.add("company", first.did_key)
    with pytest.raises(AuthError):
        ka.verify("x", new)
    found, is_new, again = pins.add_rotation(done.statement)
    assert (found.new_did, is_new, again) == (done.new_did, True, False)
    assert ka.verify("x", new).root_did == done.new_did
    assert labels() == {"company": first.did, f"root-{done.new_did[10:22]}": done.new_did}


def test_a_label_that_is_taken_is_not_overwritten(home: Path) -> None:
    pins.add("company", COMPANY.did_key)
    text = make_rotation(COMPANY, SECOND, seq=1, now=1, until=2**40)
    with pytest.raises(UsageError):
        pins.add_rotation(text, "company")
    assert stored.from_home(Home(str(home))).retired == {}
    pins.add_rotation(text, "company-2")
    assert labels() == {"company": COMPANY.did, "company-2": SECOND.did}


# ------------------------------------------------------------------------------ interrupted


class Killed(BaseException):
    """Stands for the moment a process dies: no handler of ours catches it."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, bool], None]]:
    """Die at the nth change of a name on the disk, before it or right after it."""
    state = {"left": -1, "after": False}

    def count(real: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **more: object) -> object:
            state["left"] -= 1
            if state["left"] == 0 and not state["after"]:
                raise Killed
            answer = real(*args, **more)
            if state["left"] == 0:
                raise Killed
            return answer

        return step

    monkeypatch.setattr(os, "replace", count(os.replace))
    monkeypatch.setattr(os, "link", count(os.link))
    monkeypatch.setattr(stored_pins, "remove", count(stored_pins.remove))

    def arm(steps: int, after: bool) -> None:
        state.update(left=steps, after=after)

    yield arm
    state["left"] = -1


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 8))
def test_a_rotation_that_dies_anywhere(
    home: Path, kill_at: Callable[[int, bool], None], step: int, after: bool
) -> None:
    first = roots.create_root()[0]
    token = ka.delegate("x")
    kill_at(step, after)
    with pytest.raises(Killed):
        pins.rotate(DAY)
    kill_at(-1, False)
    assert pins.is_interrupted() == (step + after > 1 and step + after < 8)
    # what was verified before is verified now
    assert ka.verify("x", token).root_did == first.did
    made = ka.delegate("x")
    ka.verify("x", made)
    # and the next one finishes it: one new root, no key lost
    done = pins.rotate(DAY)
    assert roots.read_root(home / "root.key").did == done.new_did
    assert not (home / "root.key.next").exists()
    ends = {one.did: one.successor for one in pins.listed()}
    assert ends[done.new_did] is None
    assert ends[first.did] is not None
    for text in (token, made, ka.delegate("x")):
        ka.verify("x", text)
    # every root that ends still has its key, so that its tokens can be revoked
    assert set(ka.revoke(agent=named(home)).root_dids) == set(ends)


def named(home: Path) -> str:
    del home
    ka.register_agent("bob")
    return "bob"


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", [1, 2])
def test_taking_one_up_that_dies_anywhere(
    home: Path, kill_at: Callable[[int, bool], None], step: int, after: bool
) -> None:
    pins.add("company", COMPANY.did_key)
    token = ka.delegate("x", root=COMPANY)
    text = make_rotation(COMPANY, SECOND, seq=1, now=1, until=2**40)
    kill_at(step, after)
    with pytest.raises(Killed):
        pins.add_rotation(text)
    kill_at(-1, False)
    ka.verify("x", token)
    pins.add_rotation(text)
    found = stored.from_home(Home(str(home)))
    assert (set(found.keys), found.retired) == (
        {COMPANY.public, SECOND.public},
        {COMPANY.did: 2**40},
    )


def test_a_key_left_over_from_another_roots_rotation_is_not_used(home: Path) -> None:
    roots.create_root()
    done = pins.rotate(DAY)
    (home / "root.key.next").write_bytes((home / "root.key").read_bytes())
    (home / "root.key.next").chmod(0o600)
    roots.create_root(force=True)
    with pytest.raises(StorageError) as caught:
        pins.rotate(DAY)
    assert "root.key.next" in str(caught.value.facts["fix"])
    assert labels()["local"] != done.new_did
