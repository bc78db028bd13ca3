"""What a real `verify` and a real `exec` load: the import budget (docs/bench.md, "Imports")."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.cli.shell import Shell

ALLOWED = {
    "__future__",  # every module's first line
    "_cffi_backend",
    "_json",  # the C scanner without the package around it
    "_sodium",
    "_sodium.lib",
    "binascii",
    "errno",
    "fcntl",
    "nacl",
    "nacl._sodium",
}
# `site` of some installations loads a few of these before us; then they are not ours to answer for
PROBE = """
import sys
before = set(sys.modules)
sys.argv = ["kanoniv-auth", *sys.argv[1:]]
import os
leave = os._exit
def report(status):
    sys.stderr.write("LOADED " + " ".join(sorted(set(sys.modules) - before)) + "\\n")
    sys.stderr.flush()
    leave(status)
os._exit = report
from kanoniv_auth.cli.main import main
main()
"""


def loaded(shell: Shell, *words: str, **env: str) -> set[str]:
    said = shell.words([sys.executable, "-I", "-c", PROBE, *words], **env)
    line = next(line for line in said.err.splitlines() if line.startswith("LOADED "))
    return set(line.split()[1:])


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "-s", "build"),
        ("verify", "-s", "prod"),
        ("exec", "-s", "build", "--", "true"),
        ("exec", "-s", "prod", "--", "true"),
    ],
    ids=" ".join,
)
def test_budget(shell: Shell, words: tuple[str, ...]) -> None:
    shell.token("build")
    ours = {name for name in loaded(shell, *words) if name.startswith("kanoniv_auth")}
    others = loaded(shell, *words) - ours
    assert others <= ALLOWED
    assert "kanoniv_auth.cli.tree" not in ours
    assert "kanoniv_auth.api.delegation" not in ours
    assert not {name for name in ours if "legacy" in name}


def test_budget_with_roots_from_the_environment(shell: Shell) -> None:
    token = shell.token("build")
    did = shell.kanoniv("whoami").out.split("Root:")[1].split()[0]
    found = loaded(shell, "verify", "-s", "build", KANONIV_TOKEN=token, KANONIV_ROOT_DID=did)
    assert not {name for name in found if not name.startswith("kanoniv_auth")} - ALLOWED


def test_lists_and_rotations_load_what_reads_them_and_no_more(shell: Shell) -> None:
    shell.token("build")
    words = ("verify", "-s", "build")
    without = loaded(shell, *words)
    assert not [name for name in without if "revoking" in name or name.endswith(".pins")]
    assert (
        not {f"kanoniv_auth.{name}" for name in ("core.statement", "store.revocations")} & without
    )
    shell.kanoniv("revoke", "--id", "1" * 64)
    shell.kanoniv("roots", "rotate")
    more = loaded(shell, *words) - without
    assert more == {
        "kanoniv_auth.core.revocation", "kanoniv_auth.core.revocation_list", "kanoniv_auth.core.rotation",
        "kanoniv_auth.core.statement", "kanoniv_auth.store.revocations",
    }  # fmt: skip


def test_verify_does_not_open_the_root_key(shell: Shell) -> None:
    shell.token("build")
    # were it opened, this mode would be refused
    (shell.home / "root.key").chmod(0o644)
    assert shell.kanoniv("verify", "-s", "build").status == 0


@pytest.mark.bench
def test_whole_process_is_at_most_three_bare_interpreters(shell: Shell) -> None:
    shell.token("build")
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(25):
        for words, times in (
            ([sys.executable, "-I", "-S", "-c", "pass"], bare),
            (["kanoniv-auth", "verify", "-s", "build"], ours),
        ):
            start = time.perf_counter()
            subprocess.run(words, env=shell.env, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
    assert sorted(ours)[12] <= 3 * sorted(bare)[12]
