"""The hook as a host runs it, a process: whatever goes wrong is exit 2 with words on stderr, and all is recorded.

A host goes on at every other status, so each test that breaks something has the same call succeed before it breaks.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nacl
import pytest

from kanoniv_auth.core.errors import ScopeViolation
from kanoniv_auth.hooks import refusal
from kanoniv_auth.hooks.event import TOLD, Event
from kanoniv_auth.hooks.held import Decision
from kanoniv_auth.hooks.need import NEVER, Need
from tests.cli.shell import COMMAND, Said, Shell
from tests.hooks.calls import SESSION, claude

ROOT = Path(__file__).resolve().parents[2]
SITE = str(Path(nacl.__path__[0]).parent)
BOOT = str(ROOT / "kanoniv_auth" / "hooks" / "boot.py")
WIDE = "agent.skill,agent.spawn,code.edit,data,fs,git,mcp,net,shell,test.run,tool,ci.edit"


class Hook:
    """A user with a home, a project, and a hook that was installed for it."""

    def __init__(self, place: Path, *, boot: bool = True) -> None:
        self.shell = Shell(place)
        self.project = place / "work" / "app"
        (self.project / "src").mkdir(parents=True)
        (self.project / ".git").mkdir()
        self.shell.prepare("init")
        self.root = json.loads(self.shell.prepare("roots", "list", "--json"))["roots"][0]["did"]
        start = [sys.executable, "-I", "-S", BOOT] if boot else [COMMAND, "hook"]
        self.words = [*start, "claude-code", "--home", str(self.shell.home), "--site", SITE]
        self.words += ["--root-did", self.root]
        self.env = {k: v for k, v in self.shell.env.items() if k != "KANONIV_HOME"}

    def token(self, scopes: str, *more: str) -> str:
        return self.shell.token(scopes, *more)

    def session(self, text: str, name: str = SESSION) -> Path:
        """Make a token this session's."""
        path = self.shell.home / "sessions" / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_text(text, encoding="ascii")
        path.chmod(0o600)
        return path

    def raw(self, data: bytes, *more: str, **env: str) -> Said:
        done = subprocess.run(
            [*self.words, *more],
            input=data, capture_output=True, env={**self.env, **env}, cwd=self.project, timeout=60, check=False,
        )  # fmt: skip
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode())

    def call(self, payload: dict[str, Any], *more: str, **env: str) -> Said:
        return self.raw(json.dumps(payload).encode(), *more, **env)

    def tool(self, tool: str, /, **given: Any) -> Said:
        return self.call(claude(tool, self.project, **given))

    def edit(self, *more: str, **env: str) -> Said:
        payload = claude("Edit", self.project, file_path=f"{self.project}/src/a.py")
        return self.call(payload, *more, **env)

    def log(self) -> list[dict[str, Any]]:
        path = self.shell.home / "audit.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        return [entry for line in lines if (entry := json.loads(line))["event"] == "hook"]


@pytest.fixture(params=["boot", "command"])
def hook(request: pytest.FixtureRequest, tmp_path: Path) -> Hook:
    return Hook(tmp_path, boot=request.param == "boot")


@pytest.fixture
def booted(tmp_path: Path) -> Hook:
    return Hook(tmp_path)


def assert_allowed(said: Said) -> None:
    assert (said.status, said.out, said.err) == (0, "{}\n", "")


def assert_denied(said: Said, slug: str = "") -> None:
    assert said.status == 2, said
    assert said.err.startswith("REFUSED by kanoniv-auth.")
    out = json.loads(said.out)["hookSpecificOutput"]
    assert (out["hookEventName"], out["permissionDecision"]) == ("PreToolUse", "deny")
    assert out["permissionDecisionReason"] == said.err.rstrip("\n")
    if slug:
        assert f"[{slug}]" in said.err, said.err


# ------------------------------------------------------------------------------------ which token counts


def test_the_sessions_token(hook: Hook) -> None:
    assert_denied(hook.edit(), "no_token")
    hook.session(hook.token("code.edit"))
    assert_allowed(hook.edit())
    assert_denied(hook.tool("WebSearch", query="x"), "scope")


def test_the_one_made_last_is_nobodys(booted: Hook) -> None:
    booted.token("code.edit")
    assert (booted.shell.home / "tokens" / "latest").exists()
    assert_denied(booted.edit(), "no_token")


def test_the_hosts_own_environment_comes_first_and_nothing_is_fallen_through_to(hook: Hook) -> None:
    narrow, good = hook.token("test.run"), hook.token("code.edit")
    hook.session(good)
    assert_allowed(hook.edit())
    assert_denied(hook.edit(KANONIV_TOKEN=narrow), "scope")
    assert_denied(hook.edit(KANONIV_TOKEN=""), "no_token")
    assert_denied(hook.edit(KANONIV_TOKEN="kd2.nonsense"))
    hook.session(narrow)
    assert_allowed(hook.edit(KANONIV_TOKEN=good))


@pytest.mark.parametrize("given", ["narrow", "", "kd2.nonsense"])
def test_nothing_is_to_be_typed_where_typing_changes_nothing(given: str, booted: Hook) -> None:
    token = booted.token("test.run") if given == "narrow" else given
    said = booted.edit(KANONIV_TOKEN=token)
    assert_denied(said)
    assert "/kanoniv:" not in said.err
    assert "KANONIV_TOKEN" in said.err.partition("fix: ")[2]
    assert "/kanoniv:delegate" in booted.edit().err


def test_what_has_ended_can_go_on(booted: Hook) -> None:
    booted.session(booted.token("code.edit", "-t", "1s"))
    time.sleep(1.1)
    said = booted.edit()
    assert_denied(said, "expired")
    assert "/kanoniv:ttl 4h" in said.err
    assert "/kanoniv:delegate code.edit 4h" in said.err


def test_what_is_nobodys_is_said_once(booted: Hook) -> None:
    said = booted.tool("Bash", command="kanoniv-auth init")
    assert_denied(said, "not_delegable")
    assert said.err.count("kanoniv-auth init") == 1
    both = [Need(f"/home/{name}", NEVER, "writes a file") for name in ("first", "second")]
    error = ScopeViolation("not_delegable", detail="/home/first (writes a file)")
    event = Event("codex", "PreToolUse", TOLD, {})
    shown = refusal.text(event, Decision(both, both, error), error, None)
    assert shown.count("/home/first") == 1
    assert "\n  /home/second is nobody's (writes a file)\n" in shown


def test_what_everybody_may_do_needs_no_token(booted: Hook) -> None:
    for tool, given in (
        ("Read", {"file_path": f"{booted.project}/src/a.py"}),
        ("Glob", {"pattern": "**/*.py"}),
        ("Grep", {"pattern": "x"}),
        ("TodoWrite", {"todos": []}),
        ("AskUserQuestion", {"questions": []}),
    ):
        assert_allowed(booted.tool(tool, **given))


@pytest.mark.parametrize("made", ["expired", "other root", "revoked"])
def test_a_token_that_does_not_count_refuses(made: str, hook: Hook, tmp_path: Path) -> None:
    text = hook.token("code.edit", *(("-t", "2s") if made == "expired" else ()))
    hook.session(text)
    assert_allowed(hook.edit())
    if made == "expired":
        time.sleep(2.1)
        assert_denied(hook.edit(), "expired")
    elif made == "revoked":
        assert hook.shell.kanoniv("revoke", "--token", text).status == 0
        assert_denied(hook.edit(), "revoked")
    else:
        (tmp_path / "other").mkdir()
        other = Shell(tmp_path / "other")
        hook.session(other.token("code.edit"))
        assert_denied(hook.edit(), "untrusted_root")


def test_the_caller_cannot_say_which_root_or_home_counts(booted: Hook, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Shell(tmp_path / "other")
    mine = other.token("code.edit")
    did = json.loads(other.kanoniv("roots", "list", "--json").out)["roots"][0]["did"]
    env = {"KANONIV_TOKEN": mine, "KANONIV_HOME": str(other.home), "KANONIV_ROOT_DID": did}
    assert_denied(booted.edit(**env), "untrusted_root")
    assert booted.log()[-1]["details"]["code"] == "untrusted_root"


def test_a_clock_before_the_token(booted: Hook, tmp_path: Path) -> None:
    booted.session(booted.token("code.edit"))
    assert_allowed(booted.edit())
    assert_denied(patched(booted, "import time; time.time = lambda: 1.6e9"), "not_yet_valid")


# --------------------------------------------------------------------------------------- what is broken


@pytest.mark.parametrize(
    "data",
    [
        b"", b" ", b"null", b"[]", b"7", b'"x"', b"{", b"{}{}", b"{} x", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{'a': 1}",
        b'{"tool_name": "Read", "tool_name": "Edit"}', b'{"a": {"b": 1, "b": 2}}', b'{"a": NaN}', b'{"a": 1e999}',
        b'{"a": "\\ud800"}', b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}", b"[" * 200_000, b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": "' + b"x" * (17 << 20) + b'"}', b'{"hook_event_name": "PreToolUse"}',
    ],
    ids=lambda data: data[:16].decode("latin-1"),
)  # fmt: skip
def test_a_payload_that_cannot_be_read(data: bytes, booted: Hook) -> None:
    booted.session(booted.token(WIDE))
    assert_allowed(booted.edit())
    assert_denied(booted.raw(data))
    assert booted.log()[-1]["result"] == "denied"


def test_stdin_is_closed(hook: Hook) -> None:
    hook.session(hook.token("code.edit"))
    assert_allowed(hook.edit())
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$@" <&-', *hook.words],
        capture_output=True, text=True, env=hook.env, check=False, timeout=60,
    )  # fmt: skip
    assert_denied(Said(done.returncode, done.stdout, done.stderr))


@pytest.mark.parametrize("where", [">&-", ">/dev/full", "| true"])
def test_nobody_can_read_the_answer(where: str, hook: Hook) -> None:
    hook.session(hook.token("code.edit"))
    data = json.dumps(claude("Edit", hook.project, file_path=f"{hook.project}/a.py"))
    script = f'sleep 0.2; "$0" "$@" {where}; echo $? >status' if "|" not in where else (
        '(sleep 0.5; "$0" "$@"; echo $? >status) | true'
    )  # fmt: skip
    done = subprocess.run(
        ["/bin/sh", "-c", script, *hook.words],
        input=data, capture_output=True, text=True, env=hook.env, cwd=hook.project, check=False, timeout=60,
    )  # fmt: skip
    assert (hook.project / "status").read_text(encoding="ascii").strip() == "2"
    assert done.stderr


def spoil(path: Path, how: str) -> None:
    if how == "is garbage":
        path.write_text("kd2.garbage", encoding="ascii")
    elif how == "is empty":
        path.write_text("", encoding="ascii")
    elif how == "is open to others":
        path.chmod(0o644)
    elif how == "is bytes":
        path.write_bytes(b"\xff\xfe\x00")
    elif how == "is a folder":
        path.unlink()
        path.mkdir()
    elif how == "is a pipe":
        path.unlink()
        os.mkfifo(path, 0o600)
    else:
        path.unlink()


@pytest.mark.parametrize(
    "how",
    ["is garbage", "is empty", "is open to others", "is bytes", "is a folder", "is a pipe", "is gone"],
)  # fmt: skip
def test_the_sessions_file(how: str, booted: Hook) -> None:
    path = booted.session(booted.token("code.edit"))
    assert_allowed(booted.edit())
    spoil(path, how)
    assert_denied(booted.edit())


@pytest.mark.parametrize(
    "name", ["../tokens/latest", "a/b", "", "x" * 129, ".", "a b", "ü", None, 7]
)
def test_a_session_with_a_name_that_is_none(name: object, booted: Hook) -> None:
    booted.token(WIDE)
    payload = claude("Edit", booted.project, file_path=f"{booted.project}/a.py")
    assert_denied(booted.call({**payload, "session_id": name}))


def test_the_home_is_gone(hook: Hook) -> None:
    hook.session(hook.token("code.edit"))
    assert_allowed(hook.edit())
    shutil.rmtree(hook.shell.home)
    assert_denied(hook.edit(), "no_token")


def test_the_home_is_a_file(hook: Hook) -> None:
    shutil.rmtree(hook.shell.home)
    hook.shell.home.write_text("x", encoding="ascii")
    assert_denied(hook.edit())


def test_no_record_can_be_made(hook: Hook) -> None:
    """A decision stands without one, unless it must be recorded; whoever is refused is told."""
    hook.session(hook.token("code.edit"))
    assert_allowed(hook.edit("--require-audit"))
    (hook.shell.home / "audit.jsonl").unlink()
    (hook.shell.home / "audit.jsonl").mkdir()
    assert_allowed(hook.edit())
    assert_denied(hook.edit("--require-audit"), "unrecorded")
    said = hook.tool("WebSearch", query="x")
    assert_denied(said, "scope")
    assert "note: not recorded: " in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["--bogus"], ["word"], ["--help"], ["-h"], ["--site"], ["--home"], ["--home", ""], ["--json=1"], ["--", "x"],
        ["--root-did", ""], ["--root-did", "nonsense"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_words_that_say_nothing(words: list[str], booted: Hook) -> None:
    booted.session(booted.token("code.edit"))
    assert_allowed(booted.edit())
    said = booted.edit(*words)
    assert said.status == 2
    assert said.err


@pytest.mark.parametrize("words", [[], ["nobody"], ["pre-push"], ["--help"], ["verify", "-s", "x"]])
def test_a_host_that_is_none(words: list[str], booted: Hook) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", BOOT, *words, "--site", SITE],
        input="{}", capture_output=True, text=True, env=booted.env, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr


def test_help_is_help(booted: Hook) -> None:
    said = booted.shell.kanoniv("hook", "claude-code", "--help")
    assert (said.status, said.err) == (0, "")
    assert "--require-audit" in said.out


def patched(hook: Hook, code: str, data: str | None = None) -> Said:
    """The hook with something changed in it before it runs."""
    before = f"import sys; sys.path += [{str(ROOT)!r}, {SITE!r}]; sys.argv = ['kanoniv-auth', 'hook', *sys.argv[1:]]"
    run = "from kanoniv_auth.cli.main import main; main()"
    words = [sys.executable, "-I", "-S", "-c", f"{before}\n{code}\n{run}", *hook.words[4:]]
    edit = json.dumps(claude("Edit", hook.project, file_path=f"{hook.project}/a.py"))
    done = subprocess.run(
        words,
        input=edit if data is None else data, capture_output=True, text=True, env=hook.env, check=False, timeout=60,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "raised",
    ["MemoryError()", "RecursionError()", "SystemExit(0)", "KeyboardInterrupt()", "BrokenPipeError()",
     "OSError(28, 'x')", "ValueError('x')", "BaseException('x')"],
)  # fmt: skip
@pytest.mark.parametrize(
    "where", ["agent.answer", "agent.decide", "agent.toolscope.needs", "audit_log.record"]
)
def test_whatever_is_raised_wherever(where: str, raised: str, booted: Hook) -> None:
    booted.session(booted.token("code.edit"))
    name = where.partition(".")[0]
    source = "kanoniv_auth.hooks" if name == "agent" else "kanoniv_auth.api"
    code = f"from {source} import {name}\ndef broken(*_, **__): raise {raised}\n"
    said = patched(booted, f"{code}{where} = broken")
    assert said.status == 2, said
    assert said.err
    assert said.out != "{}\n"


def test_nothing_is_raised(booted: Hook) -> None:
    booted.session(booted.token("code.edit"))
    assert_allowed(patched(booted, "from kanoniv_auth.hooks import agent"))


def test_it_ends_before_its_host_ends_it(booted: Hook) -> None:
    booted.session(booted.token("code.edit"))
    code = "from kanoniv_auth.cli import gate; gate.SECONDS = 0.5\n"
    slow = f"{code}from kanoniv_auth.hooks import agent; import time; agent.decide = lambda *_: time.sleep(20)"
    assert_allowed(patched(booted, code))
    began = time.monotonic()
    said = patched(booted, slow)
    assert time.monotonic() - began < 10
    assert said.status == 2
    assert "no answer within 0.5 s" in said.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGALRM])
def test_a_signal_while_it_waits_for_its_payload(number: int, hook: Hook) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        hook.words, stdin=pipe, stdout=pipe, stderr=pipe, env=hook.env
    ) as process:
        status = Path(f"/proc/{process.pid}/status")
        wanted = 1 << (number - 1)
        for _ in range(200):  # until its own answer to the signal stands
            caught = next(x for x in status.read_text().splitlines() if x.startswith("SigCgt"))
            if int(caught.split()[1], 16) & wanted:
                break
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(10) == 2
        assert process.stderr is not None
        assert b"REFUSED by kanoniv-auth" in process.stderr.read()


@pytest.mark.parametrize(
    "what", ["kanoniv_auth/hooks/agent.py", "kanoniv_auth/cli/gate.py", "kanoniv_auth/core"]
)
@pytest.mark.parametrize("how", ["gone", "no Python", "ends well"])
def test_the_package_is_broken(what: str, how: str, booted: Hook, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(
        ROOT / "kanoniv_auth", copy / "kanoniv_auth", ignore=shutil.ignore_patterns("__pycache__")
    )
    booted.words[3] = str(copy / "kanoniv_auth" / "hooks" / "boot.py")
    booted.session(booted.token("code.edit"))
    assert_allowed(booted.edit())
    path = copy / what
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    if how != "gone":
        path.with_suffix(".py").write_text(
            "raise SystemExit(0)" if how == "ends well" else "(", encoding="ascii"
        )
    said = booted.edit()
    assert said.status == 2, said
    assert said.err.startswith("REFUSED by kanoniv-auth.")


def test_what_it_imports_is_not_there(booted: Hook) -> None:
    at = booted.words.index(SITE)
    booted.words[at] = "/nowhere"
    said = booted.edit()
    assert said.status == 2
    assert "ModuleNotFoundError" in said.err


# ------------------------------------------------------------------------------------------- the records


def test_every_decision_is_one_record(hook: Hook) -> None:
    hook.session(hook.token("code.edit", "-n", "bot"))
    assert_allowed(hook.edit())
    assert_denied(hook.tool("WebFetch", url="https://Example.com/x", prompt="y"), "scope")
    payload = claude("Read", hook.project, file_path="src/a.py")
    assert_allowed(hook.call({**payload, "agent_id": "sub-1", "tool_use_id": "toolu_02"}))
    edit, fetch, read = hook.log()
    assert (edit["result"], edit["name"], edit["claimed"]) == ("allowed", "bot", False)
    assert edit["agent"].startswith("did:agent:")
    assert edit["details"] == {
        "call": "toolu_01", "code": "ok", "hook": "claude-code", "scope": "code.edit", "session": SESSION,
        "target": f"{hook.project}/src/a.py", "tool": "Edit",
    }  # fmt: skip
    assert (fetch["result"], fetch["details"]["code"]) == ("denied", "scope")
    assert (
        fetch["details"]["scope"] == "net.fetch.example%252ecom"
    )  # text in a record is escaped: % is %25
    assert (read["agent"], read["details"]["agent_id"], read["details"]["call"]) == (
        "",
        "sub-1",
        "toolu_02",
    )
    assert hook.shell.kanoniv("audit-log", "verify").status == 0


def test_what_came_of_a_call(booted: Hook) -> None:
    for name in ("PostToolUse", "PostToolUseFailure"):
        payload = {**claude("Edit", booted.project, file_path="a.py"), "hook_event_name": name}
        assert_allowed(booted.call(payload))
    assert [row["result"] for row in booted.log()] == ["ran", "failed"]
    assert {row["details"]["call"] for row in booted.log()} == {"toolu_01"}


def test_events_that_keep_nothing_from_running_are_no_decision(booted: Hook) -> None:
    for name in ("Stop", "Notification", "SubagentStart", "PermissionRequest", "PreCompact"):
        payload = {**claude("Edit", booted.project), "hook_event_name": name}
        if name != "PermissionRequest":
            del payload["tool_name"], payload["tool_input"]
        assert_allowed(booted.call(payload))
    assert booted.log() == []


def test_no_secret_is_in_the_record_or_the_answer(booted: Hook) -> None:
    token = booted.token("build")
    secret = "sk-live-51NotForAnyLog"
    said = [
        booted.tool("Write", file_path=f"{booted.project}/{token}", content=secret),
        booted.tool(
            "Bash", command=f"curl -H 'Authorization: Bearer {secret}' https://example.com/"
        ),
        booted.tool("Bash", command=f"TOKEN={secret} ./deploy.sh"),
        booted.tool("Bash", command=f"export KANONIV_TOKEN={token}"),
        booted.tool("Monitor", command=f"curl https://user:{secret}@example.com/"),
        booted.tool(
            "WebFetch", url=f"https://user:{secret}@example.com/?key={secret}", prompt=secret
        ),
        booted.tool("mcp__crm__login", password=secret),
    ]
    text = (booted.shell.home / "audit.jsonl").read_text(encoding="ascii")
    assert secret not in text
    # the model has said the rest itself
    for one in (text, *[each.out + each.err for each in said]):
        assert token not in one
        assert token[4:60] not in one
    assert len(booted.log()) == len(said)
    assert all(each.status == 2 for each in said)


def test_what_is_shown_moves_no_cursor(booted: Hook) -> None:
    said = booted.tool("Write", file_path="/x\x1b[2J\r\n\u202e", content="")
    assert_denied(said)
    assert not set("\x1b\r\u202e") & set(said.err)


def test_an_answer_has_an_end(booted: Hook) -> None:
    said = booted.tool("Write", file_path="/" + "x/" * 1500, content="")
    assert_denied(said)
    assert len(said.err) < 5000


# --------------------------------------------------------------------------- what no token lets it do


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("Write", {"file_path": "{home}/sessions/{session}"}),
        ("Write", {"file_path": "{home}/root.key"}),
        ("Edit", {"file_path": "{project}/../../home/sessions/{session}"}),
        ("Edit", {"file_path": "link/tokens/latest"}),
        ("Read", {"file_path": "{home}/tokens/latest"}),
        ("Read", {"file_path": "{home}/root.key"}),
        ("Read", {"file_path": "link/root.key"}),
        ("Grep", {"pattern": "kd2", "path": "{home}"}),
        ("Grep", {"pattern": "kd2", "path": "{user}"}),
        ("Grep", {"pattern": "kd2", "path": "/"}),
        ("Glob", {"pattern": "{home}/**"}),
        ("LS", {"path": "{home}/tokens"}),
        ("NotebookEdit", {"notebook_path": "{home}/x.ipynb"}),
        ("Write", {"file_path": BOOT}),
        ("Write", {"file_path": f"{SITE}/nacl/_sodium.abi3.so"}),
        ("Write", {"file_path": sys.executable}),
        ("Write", {"file_path": "program/hooks/boot.py"}),
        ("Bash", {"command": f"echo 'import os; os._exit(0)' > {BOOT}"}),
        ("Bash", {"command": f"rm -rf {ROOT}/kanoniv_auth"}),
        ("Bash", {"command": f"mv {ROOT} /tmp/elsewhere"}),
        ("Bash", {"command": "rm -rf {user}"}),
        ("Skill", {"skill": "kanoniv:scope", "args": "git.push"}),
        ("Skill", {"skill": "/kanoniv:delegate"}),
        ("SlashCommand", {"command": "/kanoniv:ttl 8h"}),
        ("Bash", {"command": "kanoniv-auth delegate -s git.push"}),
        ("Bash", {"command": "kanoniv-auth init --force"}),
        ("Bash", {"command": "cat {home}/tokens/latest"}),
        ("Bash", {"command": "rm -f {home}/sessions/{session}"}),
        ("Bash", {"command": "true && kanoniv-auth agents register x"}),
        ("Monitor", {"command": "kanoniv-auth roots add x y"}),
    ],
)  # fmt: skip
def test_the_model_cannot_give_itself_more(tool: str, given: dict[str, str], booted: Hook) -> None:
    booted.session(booted.token(f"{WIDE},agent,secrets"))
    assert_allowed(booted.edit())
    (booted.project / "link").symlink_to(booted.shell.home)
    (booted.project / "program").symlink_to(ROOT / "kanoniv_auth")
    names = {
        "home": booted.shell.home, "session": SESSION, "project": booted.project, "user": booted.shell.place,
    }  # fmt: skip
    said = booted.tool(tool, **{key: value.format(**names) for key, value in given.items()})
    assert_denied(said, "not_delegable")
    assert booted.log()[-1]["details"]["code"] == "not_delegable"


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (".claude/settings.json", "agent.config"),
        (".CLAUDE/settings.local.json", "agent.config"),
        ("src/../.claude/settings.json", "agent.config"),
        ("alias/settings.json", "agent.config"),
        (".git/hooks/pre-push", "agent.config"),
        (".husky/pre-push", "agent.config"),
        (".mcp.json", "agent.config"),
        ("{user}/.bashrc", "agent.config"),
        ("{user}/.config/git/config", "agent.config"),
        ("{user}/.claude/settings.json", "agent.config"),
        ("/etc/passwd", "agent.config"),
        ("out/x", "fs.write"),
        ("../elsewhere.txt", "fs.write"),
        (".github/workflows/ci.yml", "ci.edit"),
        (".gitlab-ci.yml", "ci.edit"),
    ],
)
def test_what_code_edit_does_not_cover(path: str, scope: str, booted: Hook) -> None:
    booted.session(booted.token("code.edit"))
    assert_allowed(booted.edit())
    (booted.project / ".claude").mkdir()
    (booted.project / "alias").symlink_to(".claude")
    (booted.project / "out").symlink_to(booted.shell.place)
    names = {"user": booted.shell.place}
    for tool, field in (
        ("Write", "file_path"),
        ("NotebookEdit", "notebook_path"),
        ("MultiEdit", "file_path"),
    ):
        said = booted.tool(tool, **{field: path.format(**names)})
        assert_denied(said, "scope")
        assert f"needs {scope} " in said.err
    booted.session(booted.token(scope))
    assert_allowed(booted.tool("Write", file_path=path.format(**names), content=""))


def test_a_configuration_that_lies_behind_a_link_is_one(booted: Hook) -> None:
    booted.session(booted.token("code.edit"))
    (booted.project / "dot").mkdir()
    assert_allowed(booted.tool("Write", file_path="dot/settings.json"))
    (booted.project / ".claude").symlink_to("dot")
    assert_denied(booted.tool("Write", file_path="dot/settings.json"), "scope")


def test_a_folder_with_a_repository_of_its_own_elsewhere(booted: Hook) -> None:
    """A `.git` file names where the hooks really are."""
    booted.session(booted.token("code.edit"))
    (booted.project / ".git").rmdir()
    (booted.project / "store").mkdir()
    (booted.project / ".git").write_text("gitdir: store\n", encoding="ascii")
    assert_denied(booted.tool("Write", file_path="store/hooks/pre-push"), "scope")


@pytest.mark.parametrize("folder", ["/", "/etc", "/usr/lib", "{user}"])
def test_a_folder_that_is_no_project(folder: str, booted: Hook) -> None:
    booted.session(booted.token("code.edit"))
    cwd = folder.format(user=booted.shell.place)
    said = booted.call(claude("Write", cwd, file_path="some.txt"))
    assert_denied(said, "scope")


def test_a_nul_byte(booted: Hook) -> None:
    booted.session(booted.token(WIDE))
    for tool in ("Write", "Read", "NotebookEdit"):
        assert_denied(booted.tool(tool, file_path="a\0b", notebook_path="a\0b"))
    booted.session(booted.token("code.edit"))
    assert_denied(booted.tool("Bash", command="ls\0git push"))


# ---------------------------------------------------------------------------------------- what it costs

ALLOWED = {
    "__future__", "_cffi_backend", "_json", "_sodium", "_sodium.lib", "binascii", "errno", "fcntl", "nacl",
    "nacl._sodium",
}  # fmt: skip


def imported(hook: Hook, payload: dict[str, Any]) -> set[str]:
    bare = subprocess.run(
        [sys.executable, "-X", "importtime", "-I", "-S", "-c", "import os"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    hook.words[1:1] = ["-X", "importtime"]
    said = hook.call(payload)
    del hook.words[1:3]
    assert said.status == 0, said
    before, after = [
        {
            line.rpartition("|")[2].strip()
            for line in text.splitlines()
            if line.startswith("import time:")
        }
        for text in (bare.stderr, said.err)
    ]
    return after - before


def test_an_allowed_edit_loads_nothing_that_is_dear(booted: Hook) -> None:
    booted.session(booted.token("code.edit"))
    found = imported(booted, claude("Edit", booted.project, file_path=f"{booted.project}/a.py"))
    ours = {name for name in found if name.startswith("kanoniv_auth")}
    assert found - ours <= ALLOWED
    assert "kanoniv_auth.cli.gate" in ours
    # a person's words, git, the shell's grammar, refusals: not for this
    for name in (
        "cli.tree",
        "cli.table",
        "hooks.prompts",
        "hooks.git.repository",
        "hooks.refusal",
        "api.delegation",
    ):
        assert f"kanoniv_auth.{name}" not in ours
    assert not {name for name in ours if name.startswith("kanoniv_auth.hooks.shell.")} - {
        "kanoniv_auth.hooks.shell.surroundings"
    }


def test_a_plain_command_loads_no_grammar(booted: Hook) -> None:
    booted.session(booted.token("code.edit,test.run"))
    found = imported(
        booted, claude("Bash", booted.project, command="git status && git diff | head -20")
    )
    others = {name for name in found if not name.startswith("kanoniv_auth")}
    assert others <= ALLOWED
