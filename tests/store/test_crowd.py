"""Many processes at once, each with an interpreter of its own: nobody's agent is lost, and a name is one key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kanoniv_auth.store import agents, keystore
from kanoniv_auth.store.home import Home

ROOT = Path(__file__).parents[2]
CROWD, SAME = 50, 20
# all of them wait for the same moment, so that they do come at once and not one by one as they start
CODE = """
import sys, time
import kanoniv_auth
call, name, start = sys.argv[1], sys.argv[2], float(sys.argv[3])
work = getattr(kanoniv_auth, call)
time.sleep(max(0, start - time.time()))
if call == "delegate":
    print(work("build", name=name))
else:
    print(work(name).did)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(str(tmp_path / "home"))


def at_once(home: Home, call: str, names: list[str]) -> list[str]:
    """One process for each name; what each printed."""
    start = run(home, "import time; print(time.time() + 0.05 * int(sys.argv[1]))", str(len(names)))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, call, name, start],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "KANONIV_HOME": home.path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(names), said
    return [out.strip() for out, _ in said]


def run(home: Home, code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "KANONIV_HOME": home.path},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def check_log(home: Home, verb: str, names: list[str]) -> None:
    lines = [json.loads(line) for line in Path(home.audit).read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    said = [line["name"] for line in lines if line["event"] == verb]
    assert sorted(said) == sorted(names)


def test_fifty_processes_register_fifty_agents(home: Home) -> None:
    names = [f"agent-{number}" for number in range(CROWD)]
    dids = at_once(home, "register_agent", names)
    assert {name: did for name, did, _ in agents.listed(home)} == dict(
        zip(names, dids, strict=True)
    )
    assert len(set(dids)) == CROWD
    for name, did in zip(names, dids, strict=True):
        key = agents.find_key(home, name)
        assert key is not None
        assert key.did == did
    check_log(home, "agents", names)


def test_fifty_processes_delegate_to_fifty_names(home: Home) -> None:
    run(home, "import kanoniv_auth; kanoniv_auth.init_root()")
    names = [f"agent-{number}" for number in range(CROWD)]
    made = at_once(home, "delegate", names)
    assert {name for name, _, _ in agents.listed(home)} == set(names)
    kept = {path.read_text() for path in Path(home.tokens).glob("*.token")}
    assert kept == set(made)
    assert Path(home.latest).read_text() in kept
    check = "import kanoniv_auth\nfor t in sys.stdin.read().split(): print(kanoniv_auth.verify('build', t).name)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{check}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "KANONIV_HOME": home.path},
        input=" ".join(made),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == names
    check_log(home, "delegate", names)


def test_twenty_processes_with_one_name_get_one_key(home: Home) -> None:
    dids = at_once(home, "register_agent", ["shared"] * SAME)
    assert len(set(dids)) == 1
    assert len(os.listdir(home.keys)) == 1  # noqa: PTH208
    key = keystore.read_key(home.key(dids[0]))
    assert key is not None
    assert key.did == dids[0]
    check_log(home, "agents", ["shared"])
