"""Real git, a real remote: what the published hook let through, and what is new since then."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

import pytest

from kanoniv_auth.api import sessions
from kanoniv_auth.store.home import Home
from tests.cli.shell import Shell
from tests.hooks.conftest import MAIN, WIDE, Git
from tests.support import newer_git

ZERO = "0" * 40


@pytest.fixture(params=["folder", "config"])
def git(request: pytest.FixtureRequest, shell: Shell, tmp_path: Path) -> Git:
    """The system's git with the hook in the folder, and a newer one with it in its configuration."""
    if request.param == "config":
        shell.env["PATH"] = f"{newer_git.folder()}:{shell.env['PATH']}"
    return Git(shell, tmp_path, request.param)


# ------------------------------------------------------------------------------------ what is granted


def test_the_granted_branch_goes_through_and_no_other(git: Git) -> None:
    git.armed(MAIN)
    git.allowed("push", "origin", "main")
    said = git.refused("push", "origin", "main:other")
    assert f"refs/heads/other needs {WIDE}.other (a new branch)" in said
    assert f"kanoniv-auth delegate -s {WIDE}.main" not in said
    assert (
        f"fix: whoever holds the root key can grant it: kanoniv-auth delegate -s {WIDE}.other"
        in said
    )


def test_the_fix_that_is_named_fixes_it(git: Git) -> None:
    git.armed("build")
    said = git.refused("push", "origin", "main", "main:feature/x", "main:a.b")
    scopes = re.search(r"delegate -s '?([^'\n]*)", said)
    assert scopes is not None
    git.shell.token(scopes[1])
    git.allowed("push", "origin", "main", "main:feature/x", "main:a.b")


def test_the_whole_repository_covers_every_kind(git: Git) -> None:
    git.armed(WIDE)
    git.allowed("push", "origin", "main", "main:other", "main:refs/tags/v1")
    git.run("commit", "--amend", "-q", "--allow-empty", "-m", "rewritten")
    git.allowed("push", "--force", "origin", "main")
    git.allowed("push", "origin", "--delete", "other", "v1")


def test_nothing_to_push_needs_no_token(git: Git) -> None:
    git.install()
    git.run("reset", "-q", "--hard", "HEAD~1")
    assert "Everything up-to-date" in git.try_("push", "origin", "main").err
    assert git.log() == []


def test_a_plain_push_with_an_upstream(git: Git) -> None:
    git.armed(MAIN)
    git.run("config", "branch.main.remote", "origin")
    git.run("config", "branch.main.merge", "refs/heads/main")
    git.allowed("push")


@pytest.mark.parametrize("branch", ["feature/x", "main.evil", "grün/ß", "a%2fb", "50%"])
def test_a_branch_by_any_name_is_itself_alone(git: Git, branch: str) -> None:
    git.armed(MAIN)
    said = git.refused("push", "origin", f"main:refs/heads/{branch}")
    need = re.search(r" needs (\S+) ", said)
    assert need is not None
    assert need[1].count(".") == 3
    git.shell.token(need[1])
    git.allowed("push", "origin", f"main:refs/heads/{branch}")
    git.refused("push", "origin", "main")


# ---------------------------------------------------------------------------------- what is refused


def test_rewriting_needs_more_than_the_branch(git: Git) -> None:
    git.armed(MAIN)
    git.allowed("push", "origin", "main")
    git.run("commit", "--amend", "-q", "--allow-empty", "-m", "rewritten")
    for words in (
        ("push", "--force", "origin", "main"),
        ("push", "origin", "+main"),
        ("push", "--force-with-lease", "origin", "main"),
        ("push", "--mirror"),
    ):
        assert f"refs/heads/main needs {WIDE} (not a fast-forward" in git.refused(*words)


def test_going_back_is_rewriting(git: Git) -> None:
    git.armed(MAIN)
    git.allowed("push", "origin", "main")
    git.refused("push", "--force", "origin", "HEAD~1:main")


def test_what_is_not_known_here_counts_as_lost(git: Git, tmp_path: Path) -> None:
    git.armed(MAIN)
    other = tmp_path / "elsewhere"
    git.run("clone", "-q", str(git.server), str(other), cwd=tmp_path)
    git.commit("theirs", cwd=other)
    git.run("push", "-q", "origin", "main", cwd=other)
    assert "not a fast-forward" in git.refused("push", "--force", "origin", "main")


def test_a_replaced_or_grafted_commit_makes_no_fast_forward(git: Git) -> None:
    """`git replace` makes history look as one likes, here; what is sent is what was there before."""
    git.armed(MAIN)
    git.allowed("push", "origin", "main")
    pushed = git.run("rev-parse", "main")
    git.run("checkout", "-q", "--orphan", "fresh")
    fresh = git.commit("unrelated")
    git.run("replace", "--graft", fresh, pushed)
    assert git.try_("merge-base", "--is-ancestor", pushed, fresh).status == 0
    said = git.refused("push", "--force", "origin", "fresh:main")
    assert "not a fast-forward" in said
    git.run("replace", "-d", fresh)
    (git.tree / ".git" / "info" / "grafts").write_text(f"{fresh} {pushed}\n")
    assert git.try_("merge-base", "--is-ancestor", pushed, fresh).status == 0
    git.refused("push", "--force", "origin", "fresh:main")


@pytest.mark.parametrize("how", ["exec path", "exec path and PATH", "PATH"])
def test_another_git_says_nothing_about_ancestry(git: Git, tmp_path: Path, how: str) -> None:
    """Git puts GIT_EXEC_PATH before the PATH of its hooks, so a git that lies may be the first one found."""
    git.armed(MAIN)
    git.allowed("push", "origin", "main")
    git.run("commit", "--amend", "-q", "--allow-empty", "-m", "rewritten")
    fake, real = tmp_path / "fake", shutil.which("git", path=git.shell.env["PATH"])
    assert real is not None
    fake.mkdir()
    lie = f"echo lied >>'{tmp_path}/lied'; exit 0"
    (fake / "git").write_text(
        f'#!/bin/sh\ncase " $* " in *" merge-base "*) {lie};; esac\nexec {real} "$@"\n'
    )
    (fake / "git").chmod(0o755)
    env = {}
    if how != "PATH":
        env["GIT_EXEC_PATH"] = str(fake)
    if how != "exec path":
        env["PATH"] = f"{fake}:{os.environ['PATH']}"
    said = git.shell.words([real, "-C", str(git.tree), "push", "-f", "origin", "main"], **env)
    assert said.status != 0
    assert "not a fast-forward" in said.err
    assert not (tmp_path / "lied").exists()


def test_a_forged_commit_graph_makes_no_fast_forward(git: Git) -> None:
    """A commit-graph is believed before the commits; GIT_TEST_COMMIT_GRAPH has it read even when it is turned off."""
    git.armed(MAIN)
    git.allowed("push", "origin", "main")
    pushed = git.run("rev-parse", "main")
    git.run("checkout", "-q", "--orphan", "fresh")
    # git reads the commits it is asked about themselves, and those before them from the graph
    middle, fresh = git.commit("unrelated"), git.commit("more")
    git.run(
        "-c",
        "commitGraph.generationVersion=1",
        "commit-graph",
        "write",
        "--reachable",
        "--no-progress",
    )
    path = git.tree / ".git" / "objects" / "info" / "commit-graph"
    path.chmod(0o644)
    path.write_bytes(with_parent(path.read_bytes(), middle, pushed))
    ancestor = ("merge-base", "--is-ancestor", pushed, fresh)
    assert git.try_(*ancestor).status == 0
    off = ("-c", "core.commitGraph=false", *ancestor)
    assert git.try_(*off).status == 1
    assert git.try_(*off, GIT_TEST_COMMIT_GRAPH="1").status == 0
    for env in ({}, {"GIT_TEST_COMMIT_GRAPH": "1"}):
        said = git.refused("push", "--force", "origin", "fresh:main", **env)
        assert "not a fast-forward" in said


def with_parent(data: bytes, child: str, parent: str) -> bytes:
    """A commit-graph in which a commit without parents has one; every generation is told to be unknown."""
    chunks = {
        data[at : at + 4]: int.from_bytes(data[at + 4 : at + 12], "big")
        for at in range(8, 8 + 12 * data[6], 12)
    }
    names, rows = chunks[b"OIDL"], chunks[b"CDAT"]
    ids = [data[at : at + 20].hex() for at in range(names, rows, 20)]
    changed = bytearray(data)
    at = rows + 36 * ids.index(child) + 20
    changed[at : at + 4] = ids.index(parent).to_bytes(4, "big")
    for number in range(len(ids)):
        at = rows + 36 * number + 28
        changed[at : at + 4] = (data[at + 3] & 3).to_bytes(4, "big")
    return bytes(changed)


@pytest.mark.parametrize(
    "words",
    [
        ("push", "origin", "--delete", "main"),
        ("push", "origin", ":main"),
        ("push", "origin", "main:refs/tags/v1"),
        ("push", "origin", "main", "main:refs/tags/v1"),
        ("push", "origin", "main:refs/notes/x"),
        ("push", "origin", "main:refs/heads/main.x"),
        ("push", "origin", "main", "other"),
        ("push", "origin", "--all"),
        ("push", "origin", "--tags"),
        ("push", "origin", "main", "--follow-tags"),
        ("push", "origin", "--mirror"),
        ("push", "origin", "--prune", "refs/heads/x*:refs/heads/*"),
        ("push", "origin", "HEAD~1:refs/heads/x"),
        ("push", "origin", "HEAD^{/second}:refs/heads/x"),
        ("-c", "push.default=matching", "-c", "remote.origin.mirror=true", "push", "origin"),
        ("-c", "alias.p=push", "p", "origin", "other"),
        ("-c", "alias.p=!git push", "p", "origin", "other"),
        ("--no-pager", "push", "origin", "other"),
        ("push", "--no-progress", "--atomic", "origin", "main", "other"),
        ("push", "-o", "x=y", "origin", "main", "other"),
    ],
    ids=" ".join,
)
def test_a_token_for_main_allows_nothing_else(git: Git, words: tuple[str, ...]) -> None:
    git.run("branch", "other")
    git.run("tag", "-a", "-m", "x", "v0")
    git.armed(MAIN)
    git.run("config", "receive.advertisePushOptions", "true", cwd=git.server)
    git.refused(*words)


def test_one_refused_ref_stops_all(git: Git) -> None:
    git.armed(MAIN)
    said = git.refused("push", "origin", "main", "main:other")
    assert "1 of 2 ref(s) not granted" in said
    assert "refs/heads/main needs" not in said
    assert f"delegate -s {WIDE}.main,{WIDE}.other" in said


def test_a_repository_by_another_name(git: Git, tmp_path: Path) -> None:
    git.armed(MAIN)
    foreign = tmp_path / "srv" / "evil.git"
    git.run("init", "-q", "--bare", str(foreign), cwd=tmp_path)
    for words in (
        ("push", str(foreign), "main"),
        ("push", f"file://{foreign}", "main"),
        ("push", f"file://{foreign}/../%65vil.git", "main"),
        ("-c", f"remote.origin.pushurl={foreign}", "push", "origin", "main"),
        ("-c", f"url.{foreign}.pushInsteadOf={git.server}", "push", "origin", "main"),
    ):
        said = git.refused(*words)
        assert "git.push.evil.main" in said
        assert git.there(foreign) == {}
    helper = f"ext::git-receive-pack {foreign} %G/x"
    said = git.refused("-c", "protocol.ext.allow=always", "push", helper, "main")
    assert "remote helper" in said
    assert git.there(foreign) == {}


def test_the_name_is_not_the_directorys(git: Git) -> None:
    git.armed(MAIN)
    moved = git.tree.rename(git.tree.with_name("evil"))
    git.tree = moved
    git.allowed("push", "origin", "main")


def test_an_address_with_a_password_is_not_shown(git: Git) -> None:
    git.armed("build")
    line = f"refs/heads/main {'a' * 40} refs/heads/main {ZERO}\n"
    said = git.by_hand("https://me:hunter2@h/", "https://me:hunter2@h/", stdin=line)
    assert said.status == 1
    assert "names no repository" in said.err
    assert "hunter2" not in said.err + said.out + str(git.log())


# ------------------------------------------------------------------------ whose token, whose root


def test_no_token_is_a_refusal_where_it_is_installed(git: Git) -> None:
    git.install()
    said = git.refused("push", "origin", "main")
    assert "[no_token]" in said
    assert f"delegate -s {MAIN}" in said
    assert "[no_token]" in git.refused("push", "origin", "main", KANONIV_TOKEN="")


def test_the_callers_token_comes_before_the_latest(git: Git) -> None:
    narrow = git.armed("build")
    git.shell.token(MAIN)
    git.refused("push", "origin", "main", KANONIV_TOKEN=narrow)
    git.allowed("push", "origin", "main")


def test_a_coding_sessions_token_decides_its_pushes(git: Git) -> None:
    """What a person typed counts for git as for every tool; an unusable token is no reason to take another."""
    narrow = git.armed(MAIN)
    home, session = Home(str(git.shell.home)), {sessions.VARIABLE: "s1"}
    sessions.start(home, "s1", "build", "1h")
    assert "You have:  build" in git.refused("push", "origin", "main", **session)
    git.allowed("push", "origin", "main", KANONIV_TOKEN=narrow, **session)
    git.commit("third")
    sessions.start(home, "s1", MAIN, "1h")
    git.kanoniv("revoke")
    git.shell.token("build")
    git.allowed("push", "origin", "main", **session)
    git.commit("fourth")
    (git.shell.home / "sessions/s1").write_text("nonsense")
    assert "[unknown_version]" in git.refused("push", "origin", "main", **session)
    git.refused("push", "origin", "main", **{sessions.VARIABLE: "../tokens/latest"})


def test_an_expired_token(git: Git) -> None:
    git.armed(MAIN, "-t", "1s")
    time.sleep(1.2)
    said = git.refused("push", "origin", "main")
    assert re.search(r"\[(expired|proof_expired)\]", said)


def test_a_root_of_ones_own(git: Git, tmp_path: Path) -> None:
    """The environment says which token; it does not say which root, nor does another home."""
    git.armed()
    evil = {"KANONIV_HOME": str(tmp_path / "evil")}
    did = git.kanoniv("init", **evil).out.split("DID:")[1].split()[0]
    token = git.kanoniv("delegate", "-s", "git", **evil).out.strip()
    for env in (
        {"KANONIV_TOKEN": token},
        {"KANONIV_TOKEN": token, "KANONIV_ROOT_DID": did},
        {"KANONIV_TOKEN": token, "KANONIV_ROOT_DID": did, **evil},
        evil,
    ):
        assert "[untrusted_root]" in git.refused("push", "origin", "main", **env)


def test_a_token_for_another_verifier_is_not_for_git(git: Git) -> None:
    token = git.armed(MAIN, "--audience", "deploys")
    for env in ({}, {"KANONIV_AUDIENCE": "deploys"}):
        said = git.refused("push", "origin", "main", KANONIV_TOKEN=token, **env)
        assert "[audience]" in said


def test_python_is_not_the_callers(git: Git, tmp_path: Path) -> None:
    git.armed("build")
    (tmp_path / "kanoniv_auth").mkdir()
    (tmp_path / "kanoniv_auth" / "__init__.py").write_text("raise SystemExit(0)")
    (git.tree / "kanoniv_auth.py").write_text("raise SystemExit(0)")
    (git.tree / "subprocess.py").write_text("raise SystemExit(0)")
    git.refused("push", "origin", "main", PYTHONPATH=str(tmp_path), PYTHONSTARTUP="x")
    git.refused("push", "origin", "main", PYTHONINSPECT="1", PYTHONHOME=str(tmp_path))


# ------------------------------------------------------------------------------- everything fails closed


def test_an_interpreter_that_is_gone(git: Git) -> None:
    git.armed(WIDE)
    git.text = re.sub(r"(?m)^python=.*$", "python='/nowhere/python'", git.text)
    said = git.try_("push", "origin", "main")
    assert said.status != 0
    assert "/nowhere/python, which checks it, is gone" in said.err


def test_a_package_that_is_gone(git: Git) -> None:
    git.armed(WIDE)
    git.text = git.text.replace("kanoniv_auth.cli.main", "kanoniv_auth_gone.cli.main")
    said = git.try_("push", "origin", "main")
    assert said.status != 0
    assert "No module named 'kanoniv_auth_gone'" in said.err
    assert "fix: install kanoniv-auth again" in said.err


@pytest.mark.parametrize(
    "env", [{"KANONIV_HOME": ""}, {"KANONIV_TOKEN": "kd2.x"}, {"KANONIV_TOKEN": "\x01"}]
)
def test_what_cannot_be_read_is_a_refusal(git: Git, env: dict[str, str]) -> None:
    git.armed(WIDE)
    before = git.there()
    assert git.try_("push", "origin", "main", **env).status != 0
    assert git.there() == before


@pytest.mark.parametrize(
    "stdin", ["x\n", "a b c d\n", f"refs/heads/main {ZERO} main {ZERO}\n", "\n"]
)
def test_what_git_does_not_say(git: Git, stdin: str) -> None:
    git.armed(WIDE)
    said = git.by_hand("origin", str(git.server), stdin=stdin)
    assert said.status == 1
    assert "line 1 of what git says" in said.err


def test_a_closed_stdin_is_no_empty_push(git: Git) -> None:
    git.armed(WIDE)
    hook = Path(git.shell.place, "hook")
    hook.write_text(git.text)
    said = git.shell.line('sh "$HOOK" origin url <&-', HOOK=str(hook))
    assert said.status != 0


def test_git_that_is_gone(git: Git) -> None:
    git.armed(MAIN)
    line = f"refs/heads/main {'a' * 40} refs/heads/main {'b' * 40}\n"
    # the one that was there at first is asked
    said = git.by_hand("origin", str(git.server), stdin=line, PATH="/nowhere")
    assert "not a fast-forward" in said.err
    text = git.text
    git.text = re.sub(r"(?m)^git=.*$", "git='/nowhere/git'", text)
    said = git.by_hand("origin", str(git.server), stdin=line)
    assert said.status == 1
    assert "/nowhere/git, which checks it, is gone" in said.err
    git.text = text.replace('--git "$git"', "--git /nowhere/git")
    said = git.by_hand("origin", str(git.server), stdin=line)
    assert said.status == 1
    assert "cannot run git" in said.err


# ----------------------------------------------------------------------------------------- the record


def test_one_record_for_one_push(git: Git) -> None:
    git.armed(MAIN, "-n", "ci-bot")
    git.refused("push", "origin", "main", "main:other", "main:refs/tags/v1")
    git.allowed("push", "origin", "main")
    denied, allowed = git.log()
    assert (denied["result"], allowed["result"]) == ("denied", "allowed")
    assert denied["details"] == {
        "code": "scope",
        "hook": "pre-push",
        "refs": 3,
        "scope": f"{WIDE} {WIDE}.other",
        "target": "refs/heads/other refs/tags/v1",
    }
    assert allowed["details"]["scope"] == MAIN
    for entry in (denied, allowed):
        assert entry["name"] == "ci-bot"
        assert entry["agent"].startswith("did:agent:")
        assert not entry["claimed"]


def test_whose_token_it_says_it_is(git: Git, tmp_path: Path) -> None:
    git.armed()
    git.refused("push", "origin", "main")
    evil = {"KANONIV_HOME": str(tmp_path / "evil")}
    assert git.kanoniv("init", **evil).status == 0
    token = git.kanoniv("delegate", "-s", "git", "-n", "ceo", **evil).out.strip()
    git.refused("push", "origin", "main", KANONIV_TOKEN=token)
    nobody, forged = git.log()
    assert (nobody["agent"], nobody["details"]["code"]) == ("", "no_token")
    assert (forged["name"], forged["claimed"]) == ("ceo", True)
    assert forged["details"]["code"] == "untrusted_root"


def test_a_revoked_token(git: Git) -> None:
    token = git.armed(MAIN)
    assert git.kanoniv("revoke", "-t", "-", stdin=token).status == 0
    assert "[revoked]" in git.refused("push", "origin", "main")


def test_a_record_that_cannot_be_kept_is_a_note(git: Git) -> None:
    git.armed(MAIN)
    (git.shell.home / "audit.jsonl").unlink()
    (git.shell.home / "audit.jsonl").mkdir()
    said = git.try_("push", "origin", "main")
    assert said.status == 0
    assert "note: not recorded: " in said.err


def test_a_refs_name_forges_no_line(git: Git) -> None:
    git.armed(MAIN)
    name = "refs/heads/x\u2028\u202eerror\u00a0fine"
    said = git.refused("push", "origin", f"main:{name}")
    assert "\u202e" not in said
    assert "\u2028" not in said


def test_json(git: Git) -> None:
    git.armed(MAIN)
    did = git.text.split("roots='")[1].split("'")[0]
    line = f"refs/heads/main {'a' * 40} refs/tags/v1 {ZERO}\n"
    said = git.kanoniv(
        "hook", "pre-push", "--root-did", did, "--json", "--", "o", "/srv/r.git", stdin=line
    )
    assert (said.status, said.err) == (1, "")
    assert '"code": "scope"' in said.out
    assert '"scope": "git.push.r", "why": "a tag", "granted": false' in said.out
