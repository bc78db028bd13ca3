"""What is recorded, by whom it was done, and what happens where nothing can be recorded."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api import audit_log, delegation, logbook
from kanoniv_auth.api.orders import Order
from kanoniv_auth.core.audit import Happening
from kanoniv_auth.core.errors import AuthError, LogBroken, StorageError, UsageError
from kanoniv_auth.core.trail import Entry
from kanoniv_auth.store import audit
from kanoniv_auth.store.home import Home
from tests.advisories.attacker import ALICE, BOB, NOW, ROOT
from tests.advisories.forge_v1 import LATER, caveats_of, link, token as token_v1


def entries() -> list[Entry]:
    """Newest first, all of them readable and unbroken."""
    logbook.check_log()
    found = logbook.recent(1000, lambda _: True)
    return [one for one in found if not isinstance(one, LogBroken)]


def newest() -> Entry:
    return entries()[0]


@pytest.fixture
def token(home: Path) -> str:
    ka.init_root()
    return ka.delegate("deploy.staging", "4h", name="bot")


def test_a_delegation_is_recorded_with_whom_and_what(token: str) -> None:
    made, *_, begun = entries()
    agent = ka.get_agent("bot")
    assert agent is not None
    assert (begun.what.event, begun.what.result) == ("init", "ok")
    assert (made.what.event, made.what.result, made.what.claimed) == ("delegate", "ok", False)
    assert (made.what.agent, made.what.name) == (agent.did, "bot")
    assert made.what.details["scopes"] == "deploy.staging"
    assert made.what.details["ttl"] == "4h"
    assert len(str(made.what.details["id"])) == 64


def test_a_dry_run_and_what_only_looks_are_not_recorded(token: str) -> None:
    before = len(entries())
    delegation.place(Order("deploy.staging"), dry_run=True)
    ka.list_tokens()
    ka.list_agents()
    ka.load_token()
    with pytest.raises(AuthError):
        delegation.place(Order("x"), parent=token, dry_run=True)
    assert len(entries()) == before


def test_a_verification_is_recorded(token: str) -> None:
    found = ka.verify("deploy.staging.web")
    what = newest().what
    assert (what.event, what.result, what.claimed) == ("verify", "allowed", False)
    assert (what.agent, what.name) == (found.agent_did, "bot")
    assert what.details == {"scope": "deploy.staging.web"}


def test_a_denied_scope_is_of_a_proven_holder(token: str) -> None:
    with pytest.raises(ka.ScopeViolation):
        ka.verify("deploy.prod")
    what = newest().what
    agent = ka.get_agent("bot")
    assert agent is not None
    assert (what.result, what.agent, what.claimed) == ("denied", agent.did, False)
    assert what.details == {"scope": "deploy.prod", "code": "scope"}


def test_what_a_token_only_claims_is_marked(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another root's token, with a name and a scope of somebody else's."""
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "other"))
    ka.init_root()
    foreign = ka.delegate("deploy.staging", name="ceo")
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    with pytest.raises(ka.SignatureInvalid):
        ka.verify("deploy.staging", foreign, root_did=entries()[-1].what.agent)
    what = newest().what
    assert (what.name, what.claimed, what.details["code"]) == ("ceo", True, "untrusted_root")


UNKNOWN = [*caveats_of(("deploy",), LATER), {"type": "max_cost", "value": 5.0}]
NAMED = [*caveats_of(("deploy",), LATER), {"type": "resource", "value": "a/*"}]
GIVEN = link(ROOT, BOB, "deploy")
V1 = {
    "somebody else's, below one's own": (token_v1(BOB, GIVEN, link(BOB, ALICE, caveats=UNKNOWN, after=GIVEN)),
                                         ALICE.did, "unknown_caveat", True),
    "somebody else's, from the root": (token_v1(BOB, link(ROOT, ALICE, caveats=UNKNOWN)),
                                       ALICE.did, "unknown_caveat", True),
    "one's own": (token_v1(BOB, link(ROOT, BOB, caveats=UNKNOWN)), BOB.did, "unknown_caveat", True),
    "one's own, not granted": (token_v1(BOB, link(ROOT, BOB, "build")), BOB.did, "scope", False),
    "one's own, no such fact": (token_v1(BOB, link(ROOT, BOB, caveats=NAMED)), BOB.did, "caveat", False),
    "somebody else's, not granted": (token_v1(BOB, link(ROOT, ALICE, "build")), ALICE.did, "holder_unproven", True),
}  # fmt: skip


@pytest.mark.parametrize(("text", "agent", "slug", "claimed"), V1.values(), ids=list(V1))
def test_of_version_1_nobody_is_proven_by_a_caveat_that_was_met_first(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str, agent: str, slug: str, *, claimed: bool
) -> None:
    """Its caveats are read before its holder is looked at: whoever names a victim there proves nothing."""
    monkeypatch.setattr("time.time", lambda: float(NOW))
    with pytest.raises(AuthError) as caught:
        ka.verify("deploy.staging", text, root_did=ROOT.did)
    what = newest().what
    assert (caught.value.slug, what.details["code"]) == (slug, slug)
    assert (what.agent, what.claimed) == (agent, claimed)


@pytest.mark.parametrize(
    "text", ["x", "kd2.", "kd2.AA.BB~s", "kdb2.AAAA", "eyJ2ZXJzaW9uIjoxfQ", "\x1b[2J\n{}"]
)
def test_garbage_names_nobody(token: str, text: str) -> None:
    with pytest.raises(AuthError) as caught:
        ka.verify("deploy.staging", text)
    what = newest().what
    assert (what.result, what.agent, what.name, what.claimed) == ("denied", "", "", False)
    assert what.details["code"] == caught.value.slug


def test_a_typing_error_is_no_decision(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(entries())
    with pytest.raises(AuthError):
        ka.verify("two words")
    monkeypatch.setenv("KANONIV_TOKEN", "")
    with pytest.raises(UsageError):
        ka.verify("deploy.staging")
    assert len(entries()) == before


def test_a_receipt_is_recorded_and_so_is_one_that_was_refused(token: str) -> None:
    ka.sign("deploy.staging", target="web", result="failure")
    what = newest().what
    assert (what.event, what.result, what.name) == ("sign", "ok", "bot")
    assert what.details["action"] == "deploy.staging"
    assert (what.details["target"], what.details["outcome"]) == ("web", "failure")
    with pytest.raises(ka.ScopeViolation):
        ka.sign("deploy.prod")
    what = newest().what
    # signing looks at the chain alone, so whose key it is was not proven yet
    assert (what.event, what.result, what.claimed, what.details["code"]) == (
        "sign",
        "denied",
        True,
        "scope",
    )


def test_a_widening_delegation_is_recorded(token: str) -> None:
    with pytest.raises(ka.ScopeViolation):
        ka.delegate("deploy", parent=token)
    what = newest().what
    assert (what.event, what.result, what.name) == ("delegate", "denied", "bot")
    assert what.details == {"scopes": "deploy", "code": "widened"}


def test_an_accepted_grant_is_recorded_where_its_token_lies(token: str, tmp_path: Path) -> None:
    grant = ka.delegate("deploy.staging", to="bot")
    assert newest().what.event == "delegate"
    delegation.accept(grant)
    assert (newest().what.event, newest().what.name) == ("accept", "bot")
    count = len(entries())
    with pytest.raises(AuthError):
        delegation.accept(grant[:-4])
    what = newest().what
    assert (what.event, what.result, len(entries())) == ("accept", "denied", count + 1)


def test_no_token_and_no_key_is_ever_in_the_log(token: str, home: Path) -> None:
    grant = ka.delegate("deploy.staging", to="bot")
    accepted = delegation.accept(grant).text
    envelope = ka.sign("deploy.staging", target=token, result=grant, metadata={"x": accepted})
    for text in (token, grant, accepted, envelope, token[:-1], token + "x", f"a {token} b"):
        try:
            ka.verify("deploy.staging", text)
        except AuthError:
            continue
    audit_log.record(
        Home(str(home)), "hook", result=token, agent=token, name=grant, cmd=f"x{envelope}y"
    )
    data = (home / "audit.jsonl").read_text()
    for secret in (token, grant, accepted, envelope):
        body = secret.partition(".")[2]
        assert not any(body[at : at + 24] in data for at in range(0, len(body) - 24, 8))
    for path in [*(home / "keys").iterdir(), home / "root.key", home / "machine.key"]:
        assert json.loads(path.read_text())["private_key"] not in data
    assert newest().what.details == {"cmd": "xkde2.…"}


# ------------------------------------------------------------------------- where nothing can be recorded


def _folder(home: Path) -> None:
    (home / "audit.jsonl").unlink()
    (home / "audit.jsonl").mkdir()


def _link(home: Path) -> None:
    (home / "audit.jsonl").rename(home / "elsewhere")
    (home / "audit.jsonl").symlink_to(home / "elsewhere")


def _garbage(home: Path) -> None:
    with (home / "audit.jsonl").open("a") as file:
        file.write("garbage\n")


def _short(home: Path) -> None:
    (home / "audit.jsonl").write_bytes(b"")


def _checkpoint(home: Path) -> None:
    (home / "audit.checkpoint").write_text("garbage\n")


SPOILT = {
    "a folder": _folder,
    "a link": _link,
    "garbage": _garbage,
    "cut": _short,
    "checkpoint": _checkpoint,
}
spoilt = pytest.mark.parametrize("spoil", SPOILT.values(), ids=list(SPOILT))


@spoilt
def test_the_verdict_comes_and_says_that_it_is_not_recorded(
    token: str, home: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(home)
    with pytest.warns(RuntimeWarning, match="not recorded: "):
        assert ka.verify("deploy.staging").valid
    with pytest.raises(ka.ScopeViolation) as caught:
        ka.verify("deploy.prod")
    assert caught.value.facts["recorded"] is False
    assert str(caught.value.facts["note"]).startswith("not recorded: ")


@spoilt
def test_with_require_audit_it_is_a_refusal(
    token: str, home: Path, spoil: Callable[[Path], None]
) -> None:
    assert ka.verify("deploy.staging", require_audit=True).valid
    spoil(home)
    for action in ("deploy.staging", "deploy.prod"):
        with pytest.raises(StorageError) as caught:
            ka.verify(action, require_audit=True)
        assert (caught.value.slug, caught.value.reason.exit) == ("unrecorded", 2)
        assert caught.value.facts["fix"]


@spoilt
def test_what_changes_something_is_refused(
    token: str, home: Path, spoil: Callable[[Path], None]
) -> None:
    grant = ka.delegate("deploy.staging", to="bot")
    spoil(home)
    changes: list[Callable[[], str]] = [
        lambda: ka.delegate("deploy.staging"),
        lambda: delegation.accept(grant).text,
        lambda: ka.sign("deploy.staging"),
    ]
    for change in changes:
        with pytest.raises(StorageError) as caught:
            change()
        assert caught.value.slug == "unrecorded"


def test_an_open_machine_key_names_its_fix(token: str, home: Path) -> None:
    (home / "machine.key").chmod(0o644)
    with pytest.raises(StorageError) as caught:
        ka.delegate("deploy.staging")
    assert caught.value.facts["fix"] == f"chmod 600 {home / 'machine.key'}"
    # a verification is signed for later, so it does not meet the key
    ka.verify("deploy.staging", require_audit=True)


def test_a_home_that_is_not_there_is_made(
    token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANONIV_ROOT_DID", entries()[-1].what.agent)
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "new" / "home"))
    assert ka.verify("deploy.staging", token, require_audit=True).valid
    assert newest().what.event == "verify"
    assert oct((tmp_path / "new" / "home").stat().st_mode & 0o777) == "0o700"
    assert os.listdir(tmp_path / "new" / "home") == ["audit.jsonl"]  # noqa: PTH208 - names, not paths


def test_a_recorded_verdict_warns_of_nothing(token: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ka.verify("deploy.staging")


def test_what_is_not_required_is_returned(home: Path) -> None:
    home.parent.mkdir(exist_ok=True)
    home.write_text("a file")
    failed = audit_log.record(Home(str(home)), "hook", result="allowed", required=False)
    assert isinstance(failed, StorageError)
    assert failed.slug == "unrecorded"
    with pytest.raises(StorageError):
        audit_log.record(Home(str(home)), "hook", result="allowed")


def test_a_clock_before_all_time_leaves_a_record(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanoniv_auth.api.audit_log.time.time", lambda: -5.0)
    audit_log.record(Home(str(home)), "hook", result="allowed")
    assert newest().at == 0


def test_since_looks_no_further_than_it_must(
    token: str, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    where = Home(str(home))
    for day in range(1, 9):
        what = Happening("hook", "ok", details={"day": day})
        audit.append(where, what, 2_000_000_000 + day * 86400)
    found = logbook.recent(50, lambda _: True, 2_000_000_000 + 6 * 86400)
    assert [e.what.details["day"] for e in found if not isinstance(e, LogBroken)] == [8, 7, 6]
