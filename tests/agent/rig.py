"""A desk with Claude Code: a person, a repository, a server that shows whether a push arrived, and the guard."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
_GIT = "/usr/bin/git"
_BUNDLED = "lib/python*/site-packages/claude_agent_sdk/_bundled/claude"

# the package as an attack finds it: a copy, never the checkout itself
_PROGRAM = """#!/bin/sh
exec {python} -I -c 'import sys; sys.argv[0] = "kanoniv-auth"; sys.path.insert(0, "{lib}")
from kanoniv_auth.cli.main import main; sys.exit(main())' "$@"
"""

# whoever calls git is written down, word by word; then the real one runs
_WITNESS = """#!/bin/sh
for word; do printf '[%s]' "$word"; done >>{log}
printf '\\n' >>{log}
exec {git} "$@"
"""


def binary() -> Path | None:
    """Claude Code, where `make test-agent` puts it."""
    return next(iter(sorted((ROOT / ".venv-agent").glob(_BUNDLED))), None)


# what an attack that gets through must not reach; the desk itself stays as it is
_KEEP = (str(ROOT), "/usr", "/etc", "/opt")


def can_be_alone() -> bool:
    """Whether this machine lets us have a network, and a view of the disk, of our own."""
    words = ["unshare", "-rnm", "mount", "--bind", str(ROOT), str(ROOT)]
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


class Call(NamedTuple):
    """One use of a tool and what the model was told of it."""

    tool: str
    given: Mapping[str, Any]
    failed: bool
    text: str
    inner: bool  # of a subagent


class Talk(NamedTuple):
    """What a session printed. notices: lines that the host showed to the person."""

    status: int
    lines: list[dict[str, Any]]
    calls: list[Call]
    notices: list[str]
    session: str
    requests: list[dict[str, Any]]

    def call(self, **given: str) -> Call:
        """The one call whose input has these fields."""
        found = [one for one in self.calls if given.items() <= one.given.items()]
        assert len(found) == 1, (given, self.calls)
        return found[0]


def _talk(status: int, text: str, log: Path) -> Talk:
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    used: dict[str, tuple[str, dict[str, Any], bool]] = {}
    calls = []
    for line in lines:
        content = line.get("message", {}).get("content", ()) if "message" in line else ()
        for block in content if isinstance(content, list) else ():
            if block["type"] == "tool_use":
                inner = line.get("parent_tool_use_id") is not None
                used[block["id"]] = (block["name"], block["input"], inner)
            elif block["type"] == "tool_result" and block["tool_use_id"] in used:
                name, given, inner = used[block["tool_use_id"]]
                said = block.get("content", "")
                said = said if isinstance(said, str) else json.dumps(said)
                calls.append(Call(name, given, block.get("is_error") is True, said, inner))
    notices = [str(line.get("content")) for line in lines if line.get("subtype") == "informational"]
    ids = [line["session_id"] for line in lines if "session_id" in line]
    requests = [json.loads(line)["body"] for line in log.read_text("utf-8").splitlines()]
    return Talk(status, lines, calls, notices, ids[0] if ids else "", requests)


class Desk:
    """One person's machine below `place`. tree: where the agent works · server: where its remote leads."""

    def __init__(self, place: Path, claude: Path) -> None:
        self.place, self.claude = place, claude
        self.user, self.tree = place / "user", place / "work" / "auth-action"
        self.home = self.user / ".kanoniv"
        self.server = place / "srv" / "auth-action.git"
        self.pushes, self.bin = place / "git.log", place / "bin"
        self.lib, self.program = place / "lib", place / "program" / "kanoniv-auth"
        for folder in (self.user, self.tree, self.bin, place / "tmp", self.program.parent):
            folder.mkdir(parents=True)
        copied = self.lib / "kanoniv_auth"
        shutil.copytree(ROOT / "kanoniv_auth", copied, ignore=shutil.ignore_patterns("__pycache__"))
        self.boot = copied / "hooks" / "boot.py"
        text = _PROGRAM.format(python=sys.executable, lib=self.lib)
        self.program.write_text(text, encoding="utf-8")
        self.program.chmod(0o755)
        witness = self.bin / "git"
        witness.write_text(_WITNESS.format(log=self.pushes, git=_GIT), encoding="utf-8")
        witness.chmod(0o755)
        self.env = {
            "HOME": str(self.user),
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(place / "tmp"),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_NAME": "someone" for who in ("AUTHOR", "COMMITTER")},
            **{f"GIT_{who}_EMAIL": "s@example.com" for who in ("AUTHOR", "COMMITTER")},
        }
        self._make_repository()

    def _make_repository(self) -> None:
        self.git("init", "-q", "--bare", "-b", "main", str(self.server), cwd=self.place)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", str(self.server))
        (self.tree / "src").mkdir()
        (self.tree / "src" / "main.py").write_text("print('first')\n", encoding="utf-8")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "first")
        self.git("push", "-q", "-u", "origin", "main")
        self.git("commit", "-q", "--allow-empty", "-m", "second")
        self.git("config", "alias.up", "push origin main")
        (self.tree / "main").touch()  # for what makes arguments of file names

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Run the real git, unseen by the witness."""
        done = subprocess.run(
            [_GIT, *words], cwd=cwd or self.tree, env=self.env, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def shell(self, line: str) -> int:
        """What the agent's shell would do without any guard."""
        done = subprocess.run(
            ["/bin/bash", "-c", line], cwd=self.tree, env=self.env, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=30, check=False,
        )  # fmt: skip
        return done.returncode

    def kanoniv(self, *words: str, stdin: str = "", **env: str) -> str:
        done = subprocess.run(
            [str(self.program), *words], cwd=self.user, env={**self.env, **env}, capture_output=True,
            input=stdin, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done
        return done.stdout

    def guard(self) -> None:
        """A root key, and the hooks in the person's own settings."""
        self.kanoniv("init")
        self.kanoniv("install-skill")

    @property
    def settings(self) -> Path:
        return self.user / ".claude" / "settings.json"

    # -------------------------------------------------------------------------------------------- what is seen

    def pushed(self) -> list[str]:
        """Calls of git that push, as the witness saw them."""
        text = self.pushes.read_text("utf-8") if self.pushes.exists() else ""
        return [line for line in text.splitlines() if {"[push]", "[send-pack]"} & set(_words(line))]

    def forget(self, refs: str) -> None:
        """Put the server's branch back, and the witness's log."""
        self.pushes.unlink(missing_ok=True)
        self.git("update-ref", "refs/heads/main", refs.partition(" ")[0], cwd=self.server)

    def refs(self) -> str:
        """What the server has."""
        return self.git("for-each-ref", cwd=self.server)

    def log(self) -> list[dict[str, Any]]:
        """The audit log's records."""
        path = self.home / "audit.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [row for row in map(json.loads, lines) if "event" in row]

    def decisions(self, talk: Talk) -> list[dict[str, Any]]:
        """What the hook wrote down of one session."""
        rows = [row for row in self.log() if row["event"] == "hook"]
        return [row for row in rows if row["details"].get("session") == talk.session]

    def token(self, scopes: str, ttl: str = "1h") -> str:
        """A token for `KANONIV_TOKEN`, which the person's or CI's own environment holds."""
        return self.kanoniv("delegate", "-s", scopes, "-t", ttl).strip()

    # -------------------------------------------------------------------------------------------- the session

    def run(
        self,
        prompts: Sequence[str],
        scenario: Mapping[str, Any],
        *words: str,
        env: Mapping[str, str] | None = None,
        seconds: int = 120,
    ) -> Talk:
        """One session: a person types the prompts, the model says what the scenario has for them."""
        scene, log, plan = (self.place / f"{name}.json" for name in ("scenario", "model", "plan"))
        scene.write_text(json.dumps(scenario), encoding="utf-8")
        log.write_text("", encoding="utf-8")
        given = {
            "keep": [folder for folder in _KEEP if Path(folder).is_dir()],
            "words": [
                str(self.claude), "-p", "--input-format", "stream-json", "--output-format",
                "stream-json", "--verbose", "--dangerously-skip-permissions", *words,
            ],
            "env": {
                **self.env,
                "ANTHROPIC_API_KEY": "none",
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "IS_SANDBOX": "1",
                **(env or {}),
            },
            "cwd": str(self.tree),
            "scenario": str(scene),
            "log": str(log),
            "prompts": list(prompts),
            "seconds": seconds,
        }  # fmt: skip
        plan.write_text(json.dumps(given), encoding="utf-8")
        done = subprocess.run(
            ["unshare", "-rnm", sys.executable, "-I", str(HERE / "inside.py"), str(plan)],
            capture_output=True, text=True, timeout=seconds + 30, check=False,
            env={"PATH": os.environ["PATH"]},
        )  # fmt: skip
        talk = _talk(done.returncode, done.stdout, log)
        assert talk.requests, done
        return talk


def _words(line: str) -> list[str]:
    return [f"[{word}]" for word in line.strip("[]").split("][")]


def bash(command: str) -> list[list[Any]]:
    """A turn that runs one command."""
    return [["Bash", {"command": command, "description": "x"}]]
