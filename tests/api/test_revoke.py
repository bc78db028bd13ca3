"""`revoke`: what is written down, under whose key, and that every way in asks for it afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api import auditing, delegation, pins, revocations, revoking, roots, verification
from kanoniv_auth.api.signing import authorise
from kanoniv_auth.api.tokens import read_links
from kanoniv_auth.core.encoding import b64u
from kanoniv_auth.core.errors import KeyPermissions, Revoked, StorageError, UsageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.payload import encode_payload
from kanoniv_auth.store.home import Home

OTHER = KeyPair.from_seed(b"\7" * 32)


@pytest.fixture
def root(home: Path) -> KeyPair:
    """The local root, remembered by nobody: homes and files decide."""
    del home
    return roots.create_root()[0]


def is_revoked(call: Callable[[], object]) -> bool:
    try:
        call()
    except Revoked:
        return True
    return False


def ended(token: str) -> bool:
    return is_revoked(lambda: verification.prove(token))


def key_file(name: str) -> str:
    return Home(os.environ["KANONIV_HOME"]).key(str(ka.resolve_name(name)))


def ways_in(token: str) -> dict[str, Callable[[], object]]:
    return {
        "verify": lambda: ka.verify("deploy", token),
        "prove": lambda: verification.prove(token),
        "exec": lambda: authorise("deploy", token),
        "sign": lambda: ka.sign("deploy", token),
        "delegate": lambda: ka.delegate("deploy", parent=token),
        "accept": lambda: delegation.accept(token.partition("~")[0]),
    }


@pytest.mark.usefixtures("root")
def test_every_way_in_refuses_it() -> None:
    token, other = ka.delegate("deploy"), ka.delegate("deploy")
    signed = ka.sign("deploy", token)
    before = {name: is_revoked(call) for name, call in ways_in(token).items()}
    assert before == dict.fromkeys(before, False)
    made = ka.revoke(token)
    assert (made.kind, made.already, made.seq) == ("id", False, 1)
    after = {name: is_revoked(call) for name, call in ways_in(token).items()}
    assert after == dict.fromkeys(after, True)
    # a receipt was true: that it is revoked now is a verdict of its own
    (receipt,) = auditing.audit([signed])
    assert set(auditing.revoked_among([receipt])) == {receipt.id}
    assert not any(is_revoked(call) for call in ways_in(other).values())


@pytest.mark.usefixtures("root")
def test_what_was_delegated_from_it_ends_too_and_what_it_came_from_does_not() -> None:
    parent = ka.delegate("deploy")
    middle = ka.delegate("deploy", parent=parent)
    child = ka.delegate("deploy", parent=middle)
    ka.revoke(middle)
    assert [ended(token) for token in (parent, middle, child)] == [
        False, True, True,
    ]  # fmt: skip


@pytest.mark.usefixtures("root")
def test_by_name_every_token_of_the_key_ends_with_all_below() -> None:
    first, second = ka.delegate("deploy", name="bob"), ka.delegate("test", name="bob")
    child = ka.delegate("deploy", parent=first, name="carol")
    by_carol = ka.delegate("deploy", name="carol")
    made = ka.revoke(agent="bob")
    assert (made.kind, made.agent_did) == ("key", ka.resolve_name("bob"))
    for token in (first, second, child):
        assert ended(token)
    assert not is_revoked(lambda: verification.prove(by_carol))
    assert is_revoked(lambda: ka.delegate("deploy", name="bob"))
    assert is_revoked(lambda: ka.delegate("deploy", to="bob"))


@pytest.mark.usefixtures("root")
def test_by_did_key_and_by_id() -> None:
    token = ka.delegate("deploy", name="bob")
    bob = ka.get_agent("bob")
    assert bob is not None
    by_id = ka.revoke(token)
    assert ka.revoke(id=by_id.what.upper()).already
    assert ka.revoke(holder=bob.did_key).what == bob.public.hex()
    assert [one.seq for one in revoking.lists()] == [2]


@pytest.mark.usefixtures("root")
def test_twice_is_once(home: Path) -> None:
    token = ka.delegate("deploy")
    ka.revoke(token)
    before = next((home / "revocations").iterdir()).read_bytes()
    made = ka.revoke(token)
    assert (made.already, made.seq) == (True, 1)
    assert next((home / "revocations").iterdir()).read_bytes() == before


@pytest.mark.usefixtures("root")
def test_saying_it_again_renews_a_list_that_is_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    token = ka.delegate("deploy", "never")
    ka.revoke(token)
    (old,) = revoking.lists()
    monkeypatch.setattr("time.time", lambda: float(old.expires_at))
    assert not ka.revoke(token).already
    (new,) = revoking.lists()
    assert (new.seq, new.ids, new.issued_at) == (2, old.ids, old.expires_at)


def test_nothing_is_forgotten(root: KeyPair) -> None:
    entries = {f"{number:064x}" for number in range(1, 30)}
    for entry in entries:
        ka.revoke(id=entry)
    (found,) = revoking.lists()
    assert ({entry.hex() for entry in found.ids}, found.seq) == (entries, 29)
    assert (found.root, found.keys) == (root.public, ())


@pytest.mark.usefixtures("root")
def test_an_expired_token_can_be_revoked(monkeypatch: pytest.MonkeyPatch) -> None:
    token = ka.delegate("deploy", 60)
    end = ka.verify("deploy", token).expires_at
    assert end is not None
    monkeypatch.setattr("time.time", lambda: float(end + 99))
    assert not ka.revoke(token).already


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("how", ["gone", "open to others", "damaged"])
def test_a_key_that_was_stolen_can_be_revoked_by_its_name(how: str) -> None:
    token = ka.delegate("deploy", name="bob")
    bob = ka.get_agent("bob")
    assert bob is not None
    path = Path(key_file("bob"))
    if how == "gone":
        path.unlink()
    elif how == "damaged":
        path.write_text("{}")
    else:
        path.chmod(0o644)
    assert ka.revoke(agent="bob").what == bob.public.hex()
    assert ended(token)


@pytest.mark.usefixtures("root")
def test_with_neither_key_nor_token_it_says_so(home: Path) -> None:
    ka.register_agent("bob")
    Path(key_file("bob")).unlink()
    with pytest.raises(StorageError):
        ka.revoke(agent="bob")
    assert not (home / "revocations").exists()


@pytest.mark.usefixtures("root")
def test_where_others_can_take_the_lists_away_nothing_is_believed(home: Path) -> None:
    """Also with roots from the environment, for which the home's folder was never asked."""
    token = ka.delegate("deploy")
    home.chmod(0o777)
    with pytest.raises(KeyPermissions):
        ka.verify("deploy", token, root_did=ka.load_root(home / "root.key").did)


# ------------------------------------------------------------------------------ whose key


@pytest.mark.usefixtures("root")
def test_another_roots_token_needs_that_roots_key(home: Path, root: KeyPair) -> None:
    token = ka.delegate("deploy", root=OTHER)
    for given in ({"token": token}, {"id": token_id(token)}):
        with pytest.raises(UsageError) as caught:
            ka.revoke(**given)
        assert OTHER.did in str(caught.value)
        assert root.did in str(caught.value)
    assert not (home / "revocations").exists()
    assert ka.revoke(token, root=OTHER).root_dids == (OTHER.did,)
    assert is_revoked(lambda: ka.verify("deploy", token, root=OTHER))


def token_id(token: str) -> str:
    return str(read_links(token)[-1].id.hex())


@pytest.mark.usefixtures("root")
def test_a_key_that_other_roots_have_granted_to_is_said() -> None:
    ka.delegate("deploy", name="bob")
    ka.delegate("deploy", name="bob", root=OTHER)
    assert ka.revoke(agent="bob").not_by == (OTHER.did,)


# ------------------------------------------------------------------------------ what lies about in tokens/


def unsigned(issuer: bytes, aud: bytes) -> str:
    """A link of the right form that nobody signed: whoever can write a file can write this."""
    payload = encode_payload(
        b64u(aud), b64u(issuer), ("deploy",), (), 1, None, b64u(bytes(16)), None
    )
    return "kd2." + b64u(bytes(64) + payload)


@pytest.mark.usefixtures("root")
def test_a_file_that_nobody_signed_decides_nothing(home: Path) -> None:
    token = ka.delegate("deploy", name="bob")
    bob = ka.get_agent("bob")
    assert bob is not None
    for at, aud in enumerate((bytes.fromhex(token_id(token)), bob.public)):
        planted = unsigned(OTHER.public, aud)
        assert read_links(planted)[0].aud == aud
        (home / "tokens" / f"{at}.token").write_text(planted)
    assert not ka.revoke(id=token_id(token)).already
    assert ka.revoke(token).already
    assert ended(token)
    # and says nothing about a key, either
    assert ka.revoke(agent="bob").not_by == ()


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def _huge(path: Path) -> None:
    path.write_bytes(b"x" * (9 << 20))


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("plant", [_fifo, Path.mkdir, _dangling, _huge])
@pytest.mark.parametrize("by", ["id", "token", "agent", "holder"])
def test_a_file_that_cannot_be_read_stops_no_revocation(
    home: Path, plant: Callable[[Path], None], by: str
) -> None:
    token = ka.delegate("deploy", name="bob")
    bob = ka.get_agent("bob")
    assert bob is not None
    planted = home / "tokens" / "x.token"
    plant(planted)
    given = {"id": token_id(token), "token": token, "agent": "bob", "holder": bob.did_key}
    made = ka.revoke(**{by: given[by]})
    assert made.unread == (str(planted),)
    assert ended(token)


@pytest.mark.usefixtures("root")
def test_a_file_that_cannot_be_read_does_not_hide_the_others(home: Path) -> None:
    token = ka.delegate("deploy", root=OTHER)
    (home / "tokens" / "0.token").mkdir()
    with pytest.raises(UsageError, match=OTHER.did):
        ka.revoke(id=token_id(token))


@pytest.mark.usefixtures("root")
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_said(home: Path) -> None:
    token = ka.delegate("deploy")
    (home / "tokens").chmod(0o300)
    try:
        assert ka.revoke(token).unread == (str(home / "tokens"),)
    finally:
        (home / "tokens").chmod(0o700)


# ------------------------------------------------------------------------------ whose key, rotated


def test_after_a_rotation_the_old_tokens_end_too(root: KeyPair) -> None:
    """Else an agent that is revoked during the overlap would go on under the old root."""
    old, loose = ka.delegate("deploy", name="bob"), ka.delegate("deploy")
    rotated = pins.rotate(3600)
    new = ka.delegate("deploy", name="bob")
    made = ka.revoke(agent="bob")
    assert set(made.root_dids) == {root.did, rotated.new_did}
    for token in (old, new):
        assert ended(token)
    assert not is_revoked(lambda: ka.verify("deploy", loose))
    assert ka.revoke(loose).root_dids == (root.did,)
    assert is_revoked(lambda: ka.verify("deploy", loose))


def test_the_root_itself_is_not_revoked_by_mistake(root: KeyPair) -> None:
    with pytest.raises(UsageError):
        ka.revoke(holder=root.did_key)


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    "given",
    [{"id": "00"}, {"id": "x" * 64}, {"id": ""}, {"holder": OTHER.did}, {"holder": ""}, {"agent": "nobody"},
     {"agent": "a b"}],
    ids=str,
)  # fmt: skip
def test_what_names_nothing_is_refused(home: Path, given: dict[str, str]) -> None:
    with pytest.raises(UsageError) as caught:
        ka.revoke(**given)
    assert caught.value.facts["fix"]
    assert not (home / "revocations").exists()


def test_two_names_are_a_mistake_in_the_program() -> None:
    with pytest.raises(TypeError):
        ka.revoke("kd2.x", agent="bob")


# ------------------------------------------------------------------------------ lists, in and out


@pytest.mark.usefixtures("root")
def test_a_list_travels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: KeyPair) -> None:
    token = ka.delegate("deploy")
    ka.revoke(token)
    text = revoking.export_list().text
    assert revoking.export_list(root.did_key).text == revoking.export_list(root.did).text == text
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "verifier"))
    pins.add("company", root.did_key)
    assert not is_revoked(lambda: ka.verify("deploy", token))
    assert revoking.import_list(text)[1:] == (True, 0)
    assert is_revoked(lambda: ka.verify("deploy", token))
    assert revoking.import_list(text)[1:] == (False, 0)


@pytest.mark.usefixtures("root")
def test_a_list_that_forgets_says_how_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines with one root key, each with a list of its own: the one that is imported counts alone."""
    key = (tmp_path / "home" / "root.key").read_text()
    for number in range(3):
        ka.revoke(id=f"{number + 1:064x}")
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "second"))
    for number in range(2, 6):
        ka.revoke(id=f"{number + 1:064x}", root=key)
    text = revoking.export_list().text
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    assert revoking.import_list(text)[1:] == (True, 2)


@pytest.mark.usefixtures("root")
def test_which_list_is_meant() -> None:
    with pytest.raises(UsageError):
        revoking.export_list()
    ka.revoke(id="1" * 64)
    ka.revoke(id="1" * 64, root=OTHER)
    with pytest.raises(UsageError) as caught:
        revoking.export_list()
    assert OTHER.did in str(caught.value)
    assert revoking.export_list(OTHER.did).root == OTHER.public
    for wrong in ("x", "did:agent:" + "0" * 32, KeyPair.from_seed(b"\3" * 32).did_key):
        with pytest.raises(UsageError):
            revoking.export_list(wrong)


@pytest.mark.usefixtures("root")
def test_a_full_list_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    ka.revoke(id="1" * 64)
    (found,) = revoking.lists()
    monkeypatch.setattr("kanoniv_auth.core.revocation_list.MAX_LIST", len(found.text) + 10)
    with pytest.raises(UsageError) as caught:
        ka.revoke(id="2" * 64)
    assert "full" in str(caught.value)
    assert [one.text for one in revoking.lists()] == [found.text]


def test_a_home_without_lists_costs_one_look(home: Path) -> None:
    assert revocations.known(Home(str(home))) is None
