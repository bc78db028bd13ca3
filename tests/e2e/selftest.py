"""Running `.github/workflows/selftest.yml` in a real runner, and a variation that parrots every secret it can get.

What a run must look like is asserted by the tests beside this module.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kanoniv_auth.core.keys import KeyPair
from tests.support.act import Job, NoRunner, run
from tests.support.checkout import commit, copy_tree
from tests.support.events import event
from tests.support.fixtures import REPOSITORY
from tests.support.github_process import GitHubProcess
from tests.support.workflow_run import Run

WORKFLOW = ".github/workflows/selftest.yml"
# Chosen so that its base64 has +, / and padding: the spellings differ.
SEED = bytes.fromhex("fbefbeffbffbefbe" + "ffeeddccbbaa99887766554433221100" + "fffefdfcfbfaf9f8")
ROOT = KeyPair.from_seed(SEED)
BEFORE = """\
      - name: Before
        id: before
        env:
          KEY: ${{ vars.KANONIV_ROOT_KEY }}
        run: echo "$KEY"

"""
PARROT = """
      - name: Parrot
        id: parrot
        env:
          KEY: ${{ vars.KANONIV_ROOT_KEY }}
          SPELLINGS: ${{ vars.SPELLINGS }}
          TOKEN: ${{ steps.auth.outputs.token }}
        run: |
          echo "root key: $KEY"
          for text in $SPELLINGS; do echo "spelling: $text"; done
          echo "token: $TOKEN and $KANONIV_TOKEN"
          cat "$KANONIV_HOME"/keys/*.key "$KANONIV_HOME"/tokens/*
          cp "$KANONIV_HOME"/keys/*.key "$SEEN/agent.key"
"""


def spellings(seed: bytes) -> list[str]:
    """Every usual way to write a private key."""
    plain, url = base64.b64encode(seed).decode(), base64.urlsafe_b64encode(seed).decode()
    return [plain, plain.rstrip("="), url, url.rstrip("="), seed.hex(), seed.hex().upper()]


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a run happens. user: None = whoever runs the tests · env, variables: of the runtime under test.

    with_uv: uv is on PATH, so the Action installs with it and not with pip.
    """

    runtime: str = "host"
    user: int | None = None
    groups: Sequence[int] = ()
    env: Mapping[str, str] | None = None
    variables: Mapping[str, str] | None = None
    with_uv: bool = False


def job(checkout: Path, github: GitHubProcess, setting: Setting) -> Job:
    """The self-test as it stands, with the root key as the secret it asks for."""
    return Job(
        workflow=WORKFLOW,
        checkout=checkout,
        event=event("pull_request"),
        job="e2e",
        secrets={"KANONIV_ROOT_KEY": ROOT.secret_text(), "GITHUB_TOKEN": github.token},
        variables=setting.variables or {},
        env={"GITHUB_API_URL": github.url, **(setting.env or {})},
        matrix={"runtime": setting.runtime},
        user=setting.user,
        groups=setting.groups,
        with_uv=setting.with_uv,
    )


def play(what: Job) -> Run:
    """Run it; skipped, with the reason, where no runner can be had."""
    try:
        return run(what)
    except NoRunner as why:
        pytest.skip(str(why))


def parroting(folder: Path, github: GitHubProcess, setting: Setting) -> tuple[Run, str]:
    """The self-test with a last step that prints every secret within its reach, and the agent key it saw.

    The runner masks its own secrets by itself, so here the key comes in a variable, which it does not mask: what is
    hidden is hidden by our masks. A step before the mint prints the key while nothing hides it yet.
    """
    tree, seen = copy_tree(folder / "tree"), folder / "seen"
    seen.mkdir()
    seen.chmod(0o777)
    text = (tree / WORKFLOW).read_text(encoding="utf-8")
    text = text.replace("secrets.KANONIV_ROOT_KEY", "vars.KANONIV_ROOT_KEY") + PARROT
    text = text.replace("      - name: Mint\n", BEFORE + "      - name: Mint\n")
    (tree / WORKFLOW).write_text(text, encoding="utf-8")
    variables = {"KANONIV_ROOT_KEY": ROOT.secret_text(), "SPELLINGS": " ".join(spellings(SEED))}
    plain = job(commit(tree, REPOSITORY), github, setting)
    what = replace(
        plain,
        secrets={"GITHUB_TOKEN": github.token},
        variables={**plain.variables, **variables},
        env={**plain.env, "SEEN": str(seen)},
    )
    ran = play(what)
    assert ran.results == {"e2e": "success"}, f"{ran.log()}\n{ran.stderr}"
    key = json.loads((seen / "agent.key").read_text(encoding="utf-8"))["private_key"]
    return ran, str(key)
