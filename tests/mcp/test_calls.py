"""wrap-mcp in front of a server that keeps what it was sent: which call reaches it, by which token, and the record."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.mcp_session import told

if TYPE_CHECKING:
    from tests.mcp.conftest import Wrapped


def names(listed: dict[str, Any]) -> list[str]:
    return [tool["name"] for tool in listed["result"]["tools"]]


# ------------------------------------------------------------------------------------ what is decided


def test_a_granted_call_reaches_the_server_and_another_does_not(wrapped: Wrapped) -> None:
    wrapped.token("mcp.crm.echo")
    with wrapped.open("--name", "crm") as session:
        assert json.loads(told(session.call(1, "echo", a=1))) == {"a": 1}
        denied = session.call(2, "merge", a=1)
        assert denied["error"]["code"] == -32010
        assert denied["error"]["data"]["required"] == "mcp.crm.merge"
        assert denied["error"]["data"]["granted"] == ["mcp.crm.echo"]
        assert "request-scope -s mcp.crm.merge" in denied["error"]["data"]["hint"]
        assert session.end() == 3
    assert [row["params"]["name"] for row in wrapped.reached()] == ["echo"]
    allowed, refused = wrapped.records()
    assert (allowed["result"], refused["result"]) == ("allowed", "denied")
    assert refused["details"] == {
        "code": "scope", "mode": "strict", "scope": "mcp.crm.merge", "tool": "merge",
    }  # fmt: skip
    assert refused["agent"] == allowed["agent"] != ""
    assert refused["claimed"] is False


def test_without_a_name_the_tool_is_the_scope_as_the_readme_says(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    with wrapped.open() as session:
        assert "result" in session.call(1, "echo")
        assert session.call(2, "merge")["error"]["data"]["required"] == "merge"
    with wrapped.open("--scope-prefix", "crm.eu") as session:
        assert session.call(1, "echo")["error"]["data"]["required"] == "crm.eu.echo"


def test_a_tools_name_is_one_segment(wrapped: Wrapped) -> None:
    wrapped.token("git")
    with wrapped.open() as session:
        assert session.call(1, "git.push")["error"]["data"]["required"] == "git%2epush"
        assert session.call(2, "git:push")["error"]["data"]["required"] == "git%3apush"
        assert session.call(3, "x" * 201)["error"]["code"] == -32602
        assert session.call(4, "")["error"]["code"] == -32602
    assert wrapped.reached() == []


def test_a_denial_as_a_result_and_of_the_stateless_era(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    era = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    with wrapped.open("--deny-as", "result") as session:
        old = session.call(1, "merge")["result"]
        assert old["isError"] is True
        assert "DENIED" in old["content"][0]["text"]
        assert "resultType" not in old
        new = session.ask(2, "tools/call", {"name": "merge", "arguments": {}, "_meta": era})
        assert new["result"]["resultType"] == "complete"
    assert wrapped.reached() == []


@pytest.mark.parametrize("mode", ["warn", "audit"])
def test_the_lenient_modes_let_go_on_and_record(wrapped: Wrapped, mode: str) -> None:
    wrapped.token("echo")
    with wrapped.open("--mode", mode) as session:
        assert "result" in session.call(1, "merge", _proof="nonsense")
        assert len(names(session.ask(2, "tools/list"))) == 7
        assert ("WARNING: merge" in session.stderr) is (mode == "warn")
        assert f"mode {mode}" in session.stderr
    assert wrapped.reached()[0]["params"]["arguments"] == {}
    (record,) = wrapped.records()
    assert (record["result"], record["details"]["mode"]) == ("forwarded", mode)


def test_no_token_is_a_denial_and_recorded(wrapped: Wrapped) -> None:
    wrapped.shell.kanoniv("init")
    with wrapped.open() as session:
        denied = session.call(1, "echo")
        assert denied["error"]["data"]["code"] == "no_token"
        assert names(session.ask(2, "tools/list")) == []
    assert [row["result"] for row in wrapped.records()] == ["denied"]


def test_the_list_says_what_may_be_called_and_keeps_its_cursor(wrapped: Wrapped) -> None:
    wrapped.token("mcp.crm.echo,mcp.crm.slow")
    era = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
    with wrapped.open("--name", "crm") as session:
        first = session.ask(1, "tools/list")
        assert names(first) == ["echo", "slow"]
        assert first["result"]["nextCursor"] == "more"
        assert names(session.ask(2, "tools/list", {"cursor": "more"})) == ["echo", "slow"]
        modern = session.ask(3, "tools/list", era)["result"]
        assert (modern["cacheScope"], modern["ttlMs"]) == ("private", 5)
        wrapped.token("mcp.crm")
        assert len(names(session.ask(4, "tools/list"))) == 7


def test_what_is_not_known_does_not_pass_in_strict_mode(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    with wrapped.open() as session:
        assert session.ask(1, "tools/call ")["error"]["code"] == -32601
        assert session.ask(2, "Tools/Call", {"name": "merge"})["error"]["code"] == -32601
        session.send({"jsonrpc": "2.0", "method": "notifications/run", "params": {}})
        assert session.ask(3, "ping")["result"] == {}
    assert [row["method"] for row in wrapped.reached()] == ["ping"]
    with wrapped.open("--mode", "audit") as session:
        assert "result" in session.ask(1, "vendor/extension")


def test_guard_all_asks_for_resources_prompts_and_tasks(wrapped: Wrapped) -> None:
    wrapped.token("mcp.crm.prompts.hello")
    with wrapped.open("--name", "crm", "--guard", "all") as session:
        for method, params, need in (
            ("resources/read", {"uri": "file:///x"}, "mcp.crm.resources"),
            ("resources/subscribe", {"uri": "file:///x"}, "mcp.crm.resources"),
            ("prompts/get", {"name": "other"}, "mcp.crm.prompts.other"),
            ("prompts/list", {}, "mcp.crm.prompts"),
            ("completion/complete", {}, "mcp.crm.completion"),
            ("tasks/result", {"taskId": "1"}, "mcp.crm.tasks"),
        ):
            assert session.ask(method, method, params)["error"]["data"]["required"] == need
        assert "result" in session.ask(1, "prompts/get", {"name": "hello"})
    assert [row["method"] for row in wrapped.reached()] == ["prompts/get"]
    with wrapped.open("--name", "crm") as session:
        assert "result" in session.ask(1, "resources/read", {"uri": "file:///x"})


def test_every_retry_of_a_call_is_decided_anew(wrapped: Wrapped) -> None:
    wrapped.token("echo", "-t", "1h")
    retry = {"name": "echo", "arguments": {}, "inputResponses": {"a": {}}, "requestState": "s"}
    with wrapped.open() as session:
        assert "result" in session.ask(1, "tools/call", retry)
        wrapped.token("other")
        assert "error" in session.ask(2, "tools/call", retry)
    assert [row["id"] for row in wrapped.reached()] == [1]


# ------------------------------------------------------------------------------- where the token is from


def test_the_sources_in_their_order_and_a_bad_one_is_not_passed_over(wrapped: Wrapped) -> None:
    merge, slow, echo = wrapped.token("merge"), wrapped.token("slow"), wrapped.token("echo")
    sessions = wrapped.shell.home / "sessions"
    sessions.mkdir(mode=0o700)
    (sessions / "s-1").write_text(slow)
    (sessions / "s-1").chmod(0o600)
    file = wrapped.shell.place / "file.token"
    file.write_text(merge)
    by_file = ("--token-file", str(file))

    def granted(*options: str, **env: str) -> list[str]:
        with wrapped.open(*options, manner="", command=None, **env) as session:
            return names(session.ask(1, "tools/list"))

    assert granted() == ["echo"]
    assert granted(CLAUDE_CODE_SESSION_ID="s-1") == ["slow"]
    assert granted(CLAUDE_CODE_SESSION_ID="s-2") == ["echo"]
    assert granted(*by_file, CLAUDE_CODE_SESSION_ID="s-1") == ["merge"]
    assert granted(*by_file, KANONIV_TOKEN=echo) == ["echo"]
    # what is here and bad is an end, not a reason to look further
    assert granted(*by_file, KANONIV_TOKEN="") == []
    assert granted(*by_file, KANONIV_TOKEN="kd2.broken") == []
    assert granted("--token-file", "no such file") == []
    assert granted(CLAUDE_CODE_SESSION_ID="../tokens/latest") == []
    (sessions / "s-1").chmod(0o644)
    assert granted(CLAUDE_CODE_SESSION_ID="s-1") == []


def test_a_token_file_counts_as_it_is_at_each_call(wrapped: Wrapped) -> None:
    file = wrapped.shell.place / "t"
    file.write_text(wrapped.token("echo"))
    with wrapped.open("--token-file", str(file)) as session:
        assert "result" in session.call(1, "echo")
        file.write_text(wrapped.token("merge"))
        assert "error" in session.call(2, "echo")
        assert "result" in session.call(3, "merge")
        file.unlink()
        assert "error" in session.call(4, "merge")


def test_what_is_revoked_or_expired_ends_within_a_session(wrapped: Wrapped) -> None:
    wrapped.token("echo", "-t", "2s")
    with wrapped.open() as session:
        assert "result" in session.call(1, "echo")
        time.sleep(2.1)
        assert session.call(2, "echo")["error"]["data"]["code"] == "expired"
        wrapped.token("echo")
        assert "result" in session.call(3, "echo")
        assert wrapped.shell.kanoniv("revoke").status == 0
        assert session.call(4, "echo")["error"]["data"]["code"] == "revoked"
        assert names(session.ask(5, "tools/list")) == []


def test_a_root_that_is_fixed_counts_alone(wrapped: Wrapped) -> None:
    token = wrapped.token("echo")
    other = wrapped.shell.place / "other"
    did = (
        wrapped.shell.kanoniv("init", KANONIV_HOME=str(other)).out.split("did:agent:")[1].split()[0]
    )
    for option in (("--root-did", f"did:agent:{did}"), ("--root-key", str(other / "root.key"))):
        with wrapped.open(*option, KANONIV_TOKEN=token) as session:
            assert session.call(1, "echo")["error"]["data"]["code"] == "untrusted_root"
            # what a forged token would have been granted is not said
            assert session.call(1, "echo")["error"]["data"]["granted"] == []
    with wrapped.open("--root-key", str(wrapped.shell.home / "trusted_roots/local.pub")) as session:
        assert "result" in session.call(1, "echo")


def test_a_private_root_key_that_others_can_read_is_refused(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    key = wrapped.shell.home / "root.key"
    key.chmod(0o644)
    said = wrapped.shell.kanoniv("wrap-mcp", "--root-key", str(key), "--", "true")
    assert (said.status, "chmod 600" in said.err) == (2, True)


def test_a_token_for_another_verifier_is_refused(wrapped: Wrapped) -> None:
    wrapped.token("mcp.crm", "--audience", "crm")
    with wrapped.open("--name", "crm") as session:
        assert session.call(1, "echo")["error"]["data"]["code"] == "audience"
    with wrapped.open("--name", "crm", "--audience", "crm") as session:
        assert "result" in session.call(1, "echo")


def test_a_version_1_token_is_none_here(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    said = wrapped.shell.kanoniv("delegate", "-s", "echo", "--format", "v1", "--embed-key")
    with wrapped.open(KANONIV_TOKEN=said.out.strip()) as session:
        assert session.call(1, "echo")["error"]["data"]["code"] == "unknown_version"


# ---------------------------------------------------------------------------------- the audit log


def test_a_record_names_the_agents_own_call(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    call = {"name": "echo", "arguments": {}, "_meta": {"claudecode/toolUseId": "toolu_01"}}
    with wrapped.open() as session:
        session.ask(1, "tools/call", call)
    assert wrapped.records()[0]["details"]["call"] == "toolu_01"
    assert wrapped.reached()[0]["params"]["_meta"] == {"claudecode/toolUseId": "toolu_01"}


def test_a_log_that_cannot_be_written_stops_nothing_unless_it_must_be(wrapped: Wrapped) -> None:
    wrapped.token("echo")
    (wrapped.shell.home / "audit.jsonl").unlink()
    (wrapped.shell.home / "audit.jsonl").mkdir()
    with wrapped.open() as session:
        assert "result" in session.call(1, "echo")
        assert "result" in session.call(2, "echo")
        session.end()
    assert "not recorded" in session.stderr
    for mode in ("strict", "audit"):
        with wrapped.open("--require-audit", "--mode", mode) as session:
            assert session.call(3, "echo")["error"]["data"]["code"] == "unrecorded"
    assert [row["id"] for row in wrapped.reached()] == [1, 2]
