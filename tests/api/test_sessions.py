"""A session's authority: given, changed and taken back by a person; attacks on what lies in its file."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api import sessions
from kanoniv_auth.api.revoking import revoke
from kanoniv_auth.core.errors import (
    AuthError,
    KeyPermissions,
    NoRootKey,
    Revoked,
    SignatureInvalid,
    TokenExpired,
    TokenParseError,
    UsageError,
)
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.store.home import Home

ID = "88b6a26f-fbbe-411f-a795-4814186c4f06"


@pytest.fixture
def mine(home: Path) -> Home:
    """A home with a root key."""
    ka.init_root()
    return Home(str(home))


def file_of(home: Home) -> Path:
    return Path(home.path) / "sessions" / ID


def logged(home: Home) -> list[dict[str, Any]]:
    lines = Path(home.audit).read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row.get("event") == "delegate"]


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: now)


def test_a_session_has_what_it_was_given(mine: Home) -> None:
    assert sessions.load(mine, ID) is None
    made = sessions.start(mine, ID, "code.edit,test.run", "4h")
    assert (made.name, made.scopes) == ("claude-code", ("code.edit", "test.run"))
    assert 4 * 3600 - 5 <= made.ttl_remaining <= 4 * 3600
    text = sessions.load(mine, ID)
    assert text is not None
    assert ka.verify("code.edit.x", text).agent_did == made.agent_did
    with pytest.raises(AuthError, match=r"git\.push"):
        ka.verify("git.push", text)
    assert stat.S_IMODE(file_of(mine).stat().st_mode) == 0o600
    assert stat.S_IMODE(file_of(mine).parent.stat().st_mode) == 0o700
    again = sessions.show(mine, ID)
    assert (again.id, again.scopes, again.expires_at) == (made.id, made.scopes, made.expires_at)
    # one session's token is nobody else's, nor what a terminal uses when none is named
    assert not Path(mine.latest).exists()
    assert sessions.load(mine, "other") is None


def test_the_same_name_is_the_same_agent_in_the_next_session(mine: Home) -> None:
    one = sessions.start(mine, "one", "build", name="bot")
    two = sessions.start(mine, "two", "build", name="bot")
    assert one.agent_did == two.agent_did == ka.resolve_name("bot")
    assert one.agent_did != sessions.start(mine, "three", "build").agent_did


def test_scopes_change_and_the_end_stays(mine: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sessions.start(mine, ID, "code.edit", "1h", "bot")
    later(monkeypatch, 600)
    second = sessions.change_scopes(mine, ID, "code.edit,git.push")
    assert second.scopes == ("code.edit", "git.push")
    assert abs(second.expires_at - first.expires_at) <= 1
    assert (second.name, second.agent_did) == (first.name, first.agent_did)
    assert sessions.change_scopes(mine, ID, "test.run").scopes == ("test.run",)


def test_time_changes_and_the_scopes_stay_also_after_the_end(
    mine: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions.start(mine, ID, "code.edit", "1h")
    later(monkeypatch, 2 * 3600)
    assert sessions.show(mine, ID).ttl_remaining < 0
    with pytest.raises(TokenExpired) as caught:
        sessions.change_scopes(mine, ID, "git.push")
    assert "/kanoniv:ttl" in str(caught.value.facts["fix"])
    assert sessions.show(mine, ID).scopes == ("code.edit",)
    longer = sessions.change_ttl(mine, ID, "2h")
    assert longer.scopes == ("code.edit",)
    assert 2 * 3600 - 5 <= longer.ttl_remaining <= 2 * 3600
    shorter = sessions.change_ttl(mine, ID, "1m")
    assert 55 <= shorter.ttl_remaining <= 60


def test_everything_is_written_down(mine: Home) -> None:
    sessions.start(mine, ID, "code.edit", "1h")
    sessions.change_scopes(mine, ID, "git.push")
    sessions.change_ttl(mine, ID, "2h")
    assert sessions.end(mine, ID)
    assert not sessions.end(mine, ID)
    rows = logged(mine)
    assert [row["details"]["verb"] for row in rows] == ["start", "scopes", "ttl", "end"]
    assert {row["details"]["session"] for row in rows} == {ID}
    assert [row["details"].get("scopes") for row in rows] == [
        "code.edit",
        "git.push",
        "git.push",
        None,
    ]
    text = "\n".join(map(json.dumps, rows))
    assert "kd2." not in text


def test_an_ended_session_has_nothing(mine: Home) -> None:
    sessions.start(mine, ID, "code.edit")
    sessions.end(mine, ID)
    assert sessions.load(mine, ID) is None
    for change in (sessions.change_scopes, sessions.change_ttl):
        with pytest.raises(UsageError) as caught:
            change(mine, ID, "build" if change is sessions.change_scopes else "1h")
        assert caught.value.slug == "no_token"


@pytest.mark.parametrize(
    "bad", ["", "..", "a/b", "../root.key", "a.b", "a\0", "é", "x" * 129, "a\n", " ", None, 7]
)
def test_an_id_that_is_none(mine: Home, bad: Any) -> None:
    before = sorted(os.walk(mine.path))
    for act in (
        lambda: sessions.start(mine, bad, "build"),
        lambda: sessions.load(mine, bad),
        lambda: sessions.end(mine, bad),
        lambda: sessions.change_ttl(mine, bad, "1h"),
    ):
        with pytest.raises(UsageError, match="session's id"):
            act()
    assert sorted(os.walk(mine.path)) == before


@pytest.mark.parametrize(
    "scopes",
    [
        "",
        ",",
        "git.*",
        "*",
        "code edit",
        "git..push",
        "x" * 300,
        "a" + ".a" * 20,
        "git.push.{repo}",
    ],
)
def test_scopes_that_are_none_change_nothing(mine: Home, scopes: str) -> None:
    sessions.start(mine, ID, "code.edit")
    before = file_of(mine).read_bytes()
    for act in (sessions.start, sessions.change_scopes):
        with pytest.raises(UsageError):
            act(mine, ID, scopes)
    assert file_of(mine).read_bytes() == before


@pytest.mark.parametrize("ttl", ["never", "0", "-1h", "1y", "4h4h", "99999999999999", "1h x"])
def test_times_that_are_none_change_nothing(mine: Home, ttl: str) -> None:
    sessions.start(mine, ID, "code.edit")
    before = file_of(mine).read_bytes()
    with pytest.raises(UsageError):
        sessions.start(mine, ID, "git.push", ttl)
    with pytest.raises(UsageError):
        sessions.change_ttl(mine, ID, ttl)
    assert file_of(mine).read_bytes() == before


def test_without_a_root_key_nothing_is_given(home: Path) -> None:
    with pytest.raises(NoRootKey):
        sessions.start(Home(str(home)), ID, "build")
    assert not (home / "sessions").exists()


def test_no_other_root_of_the_process_or_environment_signs(
    mine: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = KeyPair.generate(os.urandom(32))
    monkeypatch.setenv("KANONIV_ROOT_KEY", other.seed.hex())
    sessions.start(mine, ID, "build")
    text = sessions.load(mine, ID)
    assert text is not None
    with pytest.raises(SignatureInvalid):
        ka.verify("build", text, root_did=other.did)


def test_a_root_that_the_hook_does_not_trust_gives_nothing(mine: Home) -> None:
    other = KeyPair.generate(os.urandom(32))
    with pytest.raises(SignatureInvalid) as caught:
        sessions.start(mine, ID, "build", root_did=other.did)
    assert caught.value.slug == "untrusted_root"
    assert sessions.load(mine, ID) is None


def _foreign(mine: Home) -> str:
    other = KeyPair.generate(os.urandom(32))
    return ka.delegate("git.push", root=other)


def _widened(mine: Home) -> str:
    sessions.start(mine, "wide", "git.push")
    wide = (Path(mine.path) / "sessions" / "wide").read_text(encoding="ascii")
    mark = wide.index("~")
    return wide[: mark - 4] + "AAAA" + wide[mark:]


def _grant(mine: Home) -> str:
    return ka.delegate("git.push").partition("~")[0]


def _acts(mine: Home) -> tuple[Callable[[], object], ...]:
    """Whatever reads a session's token before it makes another."""
    return (
        lambda: sessions.show(mine, ID),
        lambda: sessions.change_ttl(mine, ID, "8h"),
        lambda: sessions.change_scopes(mine, ID, "code.edit"),
    )


@pytest.mark.parametrize("forge", [_foreign, _widened, _grant, lambda _: "kd2.", lambda _: "eyJ0"])
def test_what_no_root_signed_is_never_signed_anew(
    mine: Home, forge: Callable[[Home], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can write the file must not gain by it: `/ttl` would put the root's signature under what it says."""
    sessions.start(mine, ID, "code.edit")
    file_of(mine).write_text(forge(mine), encoding="ascii")
    before = file_of(mine).read_bytes()
    for act in _acts(mine):
        with pytest.raises(AuthError):
            act()
    assert file_of(mine).read_bytes() == before


def test_a_revoked_session_is_not_continued(mine: Home) -> None:
    sessions.start(mine, ID, "code.edit")
    text = sessions.load(mine, ID)
    revoke(text)
    for act in _acts(mine):
        with pytest.raises(Revoked):
            act()
    sessions.start(mine, ID, "code.edit")  # a person may begin anew
    assert sessions.show(mine, ID).scopes == ("code.edit",)


def test_a_file_that_cannot_be_trusted_is_an_error_and_not_absent(mine: Home) -> None:
    sessions.start(mine, ID, "code.edit")
    path = file_of(mine)
    path.chmod(0o644)
    with pytest.raises(KeyPermissions):
        sessions.load(mine, ID)
    path.chmod(0o600)
    for data in (b"", b" \n", b"\xff\xfe"):
        path.write_bytes(data)
        with pytest.raises(TokenParseError):
            sessions.load(mine, ID)
    path.unlink()
    path.symlink_to(Path(mine.path) / "nothing")
    with pytest.raises(AuthError):
        sessions.load(mine, ID)
    path.unlink()
    path.mkdir()
    with pytest.raises(AuthError):
        sessions.load(mine, ID)
