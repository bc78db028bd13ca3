"""What a person types to Claude Code, as its hook gets it; and what nobody typed."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api import audit_log, roots, sessions
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.hooks import agent, lifecycle, prompts
from kanoniv_auth.hooks.event import TOLD, Answer, Event, Installed
from kanoniv_auth.hooks.presets import PRESETS
from kanoniv_auth.store.home import Home
from tests.hooks import calls

ID = "88b6a26f-fbbe-411f-a795-4814186c4f06"


class Person:
    """Somebody who types to one session, in a checkout."""

    def __init__(self, home: Home, tree: Path) -> None:
        self.home, self.tree = home, tree
        self.installed = Installed(home)

    def event(self, name: str, **fields: object) -> Event:
        payload: dict[str, object] = {"hook_event_name": name, "cwd": str(self.tree), **fields}
        agent = str(fields.get("agent_id", ""))
        return Event("claude-code", name, TOLD, payload, session=ID, agent_id=agent)

    def types(self, line: str, **fields: object) -> Answer:
        verb, _, args = line.partition(" ")
        shown: dict[str, object] = {
            "expansion_type": "slash_command",
            "command_name": verb.removeprefix("/"),
            "command_args": args,
            "command_source": "plugin",
            "prompt": line,
            **fields,
        }
        return prompts.answer(self.event("UserPromptExpansion", **shown), self.installed)

    def said(self, line: str, **fields: object) -> str:
        """What the person sees after a command that did what it says."""
        answer = self.types(line, **fields)
        assert (answer.exit, answer.err) == (0, ""), answer
        return str(answer.out["systemMessage"])

    def refused(self, line: str, **fields: object) -> str:
        before = sessions.load(self.home, ID)
        answer = self.types(line, **fields)
        assert answer.exit == 2, answer
        assert dict(answer.out) == {}
        assert answer.err
        assert "\nfix: " in answer.err
        assert sessions.load(self.home, ID) == before
        return answer.err

    @property
    def scopes(self) -> tuple[str, ...]:
        return sessions.show(self.home, ID).scopes


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    for name in ("TOKEN", "AUDIENCE", "ROOT_DID", "ROOT_PUB", "ROOT_KEY"):
        monkeypatch.delenv(f"KANONIV_{name}", raising=False)
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(roots._memory, "root", None)
    ka.init_root()
    tree = tmp_path / "tree"
    for words in (
        ("init", "-q", "-b", "feature/x.1", str(tree)),
        ("-C", str(tree), "remote", "add", "origin", "git@example.com:me/auth-action.git"),
    ):
        subprocess.run(["git", *words], check=True)
    return Person(Home(str(tmp_path / "home")), tree)


def test_a_session_from_beginning_to_end(person: Person) -> None:
    assert "No delegation" in person.said("/kanoniv:status")
    shown = person.said("/kanoniv:delegate read-only 2h")
    for part in (
        "Delegation active",
        "claude-code",
        "did:agent:",
        "code.read, test.run",
        "2h left",
    ):
        assert part in shown, shown
    assert "code.edit, test.run" in person.said("/kanoniv:scope code.edit,test.run")
    assert "8h left" in person.said("/kanoniv:ttl 8h")
    shown = person.said("/kanoniv:status")
    assert "code.edit, test.run" in shown
    assert "left" in shown
    shown = person.said("/kanoniv:audit")
    assert shown.startswith("3 record(s)")
    assert lifecycle.ended(person.event("SessionEnd", reason="other"), person.installed).exit == 0
    assert sessions.load(person.home, ID) is None
    assert "No delegation" in person.said("/kanoniv:status")


def test_the_model_is_told_what_it_may_do(person: Person) -> None:
    out = person.types("/kanoniv:delegate code.edit").out
    told = out["hookSpecificOutput"]
    assert isinstance(told, dict)
    assert told["hookEventName"] == "UserPromptExpansion"
    assert "code.edit" in told["additionalContext"]
    assert "you cannot change them yourself" in told["additionalContext"]
    assert "permissionDecision" not in json.dumps(out)
    assert "kd2." not in json.dumps(out)


@pytest.mark.parametrize("verb", ["delegate", "scope"])
def test_a_scope_that_no_tool_asks_for_is_granted_and_said(person: Person, verb: str) -> None:
    person.said("/kanoniv:delegate code.edit 2h")
    shown = person.said(f"/kanoniv:{verb} codeedit,test.run,deploy.staging")
    assert person.scopes == ("codeedit", "deploy.staging", "test.run")
    (line,) = [line for line in shown.splitlines() if line.startswith("note: ")]
    assert "codeedit (code.edit?), deploy.staging;" in line
    assert "test.run" not in line
    assert "note:" not in person.said(f"/kanoniv:{verb} code.edit,git.push.{{repo}}.{{branch}}")
    assert "note:" not in person.said("/kanoniv:ttl 3h")


def test_an_agent_of_ones_own(person: Person) -> None:
    assert "deploy-bot" in person.said("/kanoniv:delegate deploy-bot build 1h")
    assert ka.resolve_name("deploy-bot") == sessions.show(person.home, ID).agent_did


def test_names_of_the_checkout_are_filled_in(person: Person) -> None:
    person.said("/kanoniv:delegate repo-scoped")
    assert person.scopes == ("code.edit", "git.push.auth-action.feature%2fx%2e1", "test.run")
    assert "git.commit.auth-action" in person.said("/kanoniv:scope git.commit.{repo}")


def test_without_a_checkout_there_is_nothing_to_fill_in(person: Person, tmp_path: Path) -> None:
    bare = tmp_path / "no-checkout"
    bare.mkdir()
    person.tree = bare
    assert "git.push" in person.refused("/kanoniv:delegate repo-scoped")


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_preset(person: Person, preset: str) -> None:
    person.said(f"/kanoniv:delegate {preset} 1h")
    assert len(person.scopes) == len(PRESETS[preset].scopes)


@pytest.mark.parametrize(
    "line",
    [
        "/kanoniv:delegate", "/kanoniv:delegate git.*", "/kanoniv:delegate code.edit never",
        "/kanoniv:delegate code.edit 0", "/kanoniv:delegate ../x code.edit", "/kanoniv:delegate a b c",
        "/kanoniv:delegate code.edit\n/kanoniv:scope git.push", "/kanoniv:scope", "/kanoniv:scope git.*",
        "/kanoniv:scope a b", "/kanoniv:scope {repo}x", "/kanoniv:ttl", "/kanoniv:ttl never", "/kanoniv:ttl 11y",
        "/kanoniv:audit all", "/kanoniv:root git.push", "/kanoniv:",
        "/kanoniv:delegate " + ",".join(f"s{n}" for n in range(65)),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing_and_says_the_fix(person: Person, line: str) -> None:
    person.said("/kanoniv:delegate code.edit 1h")
    person.refused(line)


@pytest.mark.parametrize("line", ["/kanoniv:scope code.edit", "/kanoniv:ttl 2h"])
def test_without_a_session_there_is_nothing_to_change(person: Person, line: str) -> None:
    assert "/kanoniv:delegate" in person.refused(line)


@pytest.mark.parametrize(
    "fields",
    [
        {"agent_id": "ad5433402181ec45a"},
        {"expansion_type": "mcp_prompt"},
        {"expansion_type": ""},
        {"command_source": "projectSettings"},
        {"command_source": "localSettings"},
        {"command_source": None},
        {"command_args": ["git.push"]},
    ],
)
def test_what_no_person_typed_is_refused(person: Person, fields: dict[str, Any]) -> None:
    person.said("/kanoniv:delegate code.edit 1h")
    person.refused("/kanoniv:scope git.push", **fields)
    person.refused("/kanoniv:delegate git.push", **fields)


@pytest.mark.parametrize(
    "name", ["scope", "review", "kanoniv", "Kanoniv:scope", "kanoniv.scope", "x:kanoniv:scope"]
)
def test_other_commands_are_none_of_ours(person: Person, name: str) -> None:
    assert person.types(f"/{name} git.push") == Answer()
    assert sessions.load(person.home, ID) is None


def test_no_root_key_no_authority(person: Person) -> None:
    Path(person.home.root_key).unlink()
    assert "kanoniv-auth init" in person.refused("/kanoniv:delegate code.edit")


def test_a_root_the_hook_was_not_installed_for(person: Person) -> None:
    person.installed = Installed(person.home, KeyPair(bytes(range(32))).did)
    assert "install-skill" in person.refused("/kanoniv:delegate code.edit")


def test_what_the_agent_wrote_is_shown_to_the_person_alone(person: Person) -> None:
    """A file's name is the model's to choose: nothing of it may come back as the host's own words."""
    evil = "x\n  2026-01-01 00:00:00 forged\x1b[2J kd2." + "A" * 60
    audit_log.record(person.home, "hook", result="denied", session=ID, tool="Write", target=evil)
    answer = person.types("/kanoniv:audit")
    told = answer.out["hookSpecificOutput"]
    assert isinstance(told, dict)
    assert "forged" not in told["additionalContext"]
    shown = str(answer.out["systemMessage"])
    assert "forged" in shown
    assert len(shown.splitlines()) == 2
    assert "\x1b" not in shown
    assert "A" * 20 not in shown


def test_another_sessions_records_are_not_shown(person: Person) -> None:
    sessions.start(person.home, "other", "deploy.prod")
    assert "No records" in person.said("/kanoniv:audit")


def test_a_token_of_the_environment_is_said(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANONIV_TOKEN", ka.delegate("build"))
    shown = person.said("/kanoniv:status")
    assert "KANONIV_TOKEN" in shown
    assert "kd2." not in shown
    # what is asked for would not count, and must not look as if it did
    for line in ("/kanoniv:delegate build", "/kanoniv:scope build", "/kanoniv:ttl 1h"):
        assert "KANONIV_TOKEN" in person.refused(line)


def test_an_expired_session_is_said_and_goes_on(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    person.said("/kanoniv:delegate code.edit 1m")
    then = time.time() + 120
    monkeypatch.setattr(time, "time", lambda: then)
    shown = person.said("/kanoniv:status")
    assert "expired" in shown
    assert "EXPIRED" in shown
    told = person.types("/kanoniv:status").out["hookSpecificOutput"]
    assert isinstance(told, dict)
    assert "Everything but reading is refused" in told["additionalContext"]
    assert "may do" not in told["additionalContext"]
    assert "/kanoniv:ttl" in person.refused("/kanoniv:scope git.push")
    assert "1h left" in person.said("/kanoniv:ttl 1h")


def test_records_stand_one_under_the_other(person: Person) -> None:
    person.said("/kanoniv:delegate code.edit,test.run")
    person.said(
        "/kanoniv:scope git.push.a-repository-with-a-name-that-is-longer-than-eighty-signs."
        + "x" * 40
    )
    person.said("/kanoniv:delegate a-bot-with-a-long-name build 1h")
    rows = person.said("/kanoniv:audit").splitlines()[1:]
    starts = {row.index("  ok  ") for row in rows if "  ok  " in row}
    assert len(rows) >= 3
    assert len(starts) == 1, rows


def test_a_time_that_is_none_is_told_how_to_write_one(person: Person) -> None:
    person.said("/kanoniv:delegate code.edit")
    assert "fix: give a time such as 4h" in person.refused("/kanoniv:ttl forever")
    assert "no command /kanoniv:bogus [" in person.refused("/kanoniv:bogus")


def test_a_session_begins_with_what_it_cannot_do(person: Person) -> None:
    start = person.event("SessionStart", source="startup")
    assert "/kanoniv:delegate" in str(lifecycle.began(start, person.installed).out["systemMessage"])
    person.said("/kanoniv:delegate code.edit")
    assert lifecycle.began(start, person.installed) == Answer()


@pytest.mark.parametrize(
    "source", ["user_settings", "project_settings", "local_settings", "skills", "", "new_one"]
)
def test_settings_that_change_are_not_taken_up_and_written_down(
    person: Person, source: str
) -> None:
    event = person.event("ConfigChange", source=source, file_path="/p/.claude/settings.json\x1b[2J")
    answer = lifecycle.changed(event, person.installed)
    assert answer.exit == 2
    assert "/p/.claude/settings.json" in answer.err
    assert "\x1b" not in answer.err
    text = Path(person.home.audit).read_text(encoding="utf-8").splitlines()[-1]
    row = json.loads(text)
    assert (row["event"], row["result"]) == ("hook", "denied")
    assert row["details"]["scope"] == "agent.config"
    assert row["details"]["session"] == ID


def test_an_administrators_settings_are_no_affair_of_ours(person: Person) -> None:
    event = person.event("ConfigChange", source="policy_settings", file_path="/etc/x")
    assert lifecycle.changed(event, person.installed) == Answer()


def test_a_full_disk_does_not_let_settings_through(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(person.home.audit).unlink(missing_ok=True)
    Path(person.home.audit).mkdir()
    event = person.event("ConfigChange", source="user_settings", file_path="/p")
    assert lifecycle.changed(event, person.installed).exit == 2


# --------------------------------------------------------------------------------- as Claude Code really sends it


def recorded(person: Person, name: str) -> Answer:
    path = calls.PAYLOADS / "claude-code" / f"{name}--recorded.json"
    fields = calls.payload(path, person.tree, person.tree.parent)
    return agent.answer("claude-code", json.dumps(fields).encode(), person.installed, "/")


def test_a_session_as_it_was_recorded(person: Person) -> None:
    told = recorded(person, "SessionStart").out
    assert "/kanoniv:delegate" in str(told["systemMessage"])
    answer = recorded(person, "UserPromptExpansion")
    assert answer.exit == 0, answer
    found = sessions.show(person.home, calls.SESSION)
    assert (found.name, found.scopes) == ("bot", ("code.edit",))
    assert recorded(person, "edit").exit == 0
    assert recorded(person, "push").exit == 2
    assert recorded(person, "PostToolUse").exit == 0
    assert recorded(person, "PostToolUseFailure").exit == 0
    changed = recorded(person, "ConfigChange")
    assert changed.exit == 2
    assert "settings.local.json" in changed.err
    assert recorded(person, "SessionEnd").exit == 0
    assert recorded(person, "edit").exit == 2
