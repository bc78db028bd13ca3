"""kill -9 in the middle of writing: nothing that was acknowledged is lost, nothing is spoilt, the next command works.

Each round runs a real command line in a process of its own, which dies at one chosen step of its writing to the home.
Where it died is counted, not hoped for; the test says how often.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.token import parse
from kanoniv_auth.store import keystore
from kanoniv_auth.store.home import Home
from tests.support.killing import DATA, MOVES, TORN, Fate, Lived, Nursery, Step

ROUNDS, LANDED = 200, 100
KILLED = -signal.SIGKILL

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="needs /proc to see which file a descriptor is"
)


@dataclass
class World:
    """A home, and what was acknowledged in it."""

    home: Home
    nursery: Nursery
    names: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    receipts: set[str] = field(default_factory=set)
    pins: dict[str, str] = field(default_factory=dict)
    revoked: list[str] = field(default_factory=list)
    spare: list[str] = field(default_factory=list)
    log: bytes = b""
    number: int = 0
    token: str = ""

    def fresh(self) -> str:
        """A name that nobody had."""
        self.number += 1
        return f"n{self.number}"

    def run(self, *words: str, status: int = 0, stdin: str = "") -> Lived:
        """A command that nobody kills; its records are acknowledged when it ends."""
        lived = self.nursery.run(*words, stdin=stdin, KANONIV_TOKEN=self.token or "none")
        assert lived.status == status, (words, lived)
        self.log = self.read(self.home.audit)
        return lived

    def told(self, *words: str, status: int = 0) -> dict[str, object]:
        """The same with --json."""
        found: dict[str, object] = json.loads(self.run(*words, "--json", status=status).out)
        return found

    @staticmethod
    def read(path: str) -> bytes:
        return Path(path).read_bytes() if Path(path).exists() else b""


class Deed:
    """One command: what to type, and what follows once it has said that it is done."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.words = self.make()

    def make(self) -> list[str]:
        raise NotImplementedError

    def done(self, lived: Lived) -> None:
        """Write down what was acknowledged."""

    def names(self) -> dict[str, str | None]:
        """What names there are when it has happened; None for a DID that is not known yet."""
        return dict(self.world.names)

    def has_happened(self) -> bool:
        """Whether it cannot be done again, because it was done."""
        return False


class Register(Deed):
    def make(self) -> list[str]:
        self.name = self.world.fresh()
        return ["sdk", "register_agent", self.name]

    def names(self) -> dict[str, str | None]:
        return {**self.world.names, self.name: None}

    def done(self, lived: Lived) -> None:
        self.world.names[self.name] = lived.out.strip()


class Delegate(Deed):
    def make(self) -> list[str]:
        return ["delegate", "-s", "build", "--json"]

    def done(self, lived: Lived) -> None:
        said = json.loads(lived.out)
        self.world.tokens[said["path"]] = said["token"]


class DelegateNamed(Register):
    def make(self) -> list[str]:
        self.name = self.world.fresh()
        return ["delegate", "-s", "build", "-n", self.name, "--json"]

    def done(self, lived: Lived) -> None:
        said = json.loads(lived.out)
        self.world.tokens[said["path"]] = said["token"]
        self.world.names[self.name] = said["agent_did"]


class Accept(Delegate):
    def make(self) -> list[str]:
        grant = self.world.run("delegate", "-s", "build", "--to", "first").out.strip()
        return ["accept", grant, "--latest", "--json"]


class Verify(Deed):
    def make(self) -> list[str]:
        return ["verify", "-s", "build"]


class Sign(Deed):
    def make(self) -> list[str]:
        return ["sign", "-a", "build"]

    def done(self, lived: Lived) -> None:
        self.world.receipts.add(lived.out.strip())


class Exec(Deed):
    def make(self) -> list[str]:
        return ["exec", "-s", "build", "--", "true"]

    def done(self, lived: Lived) -> None:
        assert "SIGNED" in lived.err


class Rename(Deed):
    def make(self) -> list[str]:
        self.old, self.new = self.world.fresh(), self.world.fresh()
        self.world.names[self.old] = self.world.run("sdk", "register_agent", self.old).out.strip()
        return ["agents", "rename", self.old, self.new]

    def names(self) -> dict[str, str | None]:
        after: dict[str, str | None] = dict(self.world.names)
        if self.old in after:
            after[self.new] = after.pop(self.old)
        return after

    def done(self, lived: Lived) -> None:
        assert self.new in lived.out
        self.world.names[self.new] = self.world.names.pop(self.old)

    def has_happened(self) -> bool:
        return self.new in self.world.names


class Remove(Deed):
    def make(self) -> list[str]:
        self.name = self.world.fresh()
        self.world.names[self.name] = self.world.run("sdk", "register_agent", self.name).out.strip()
        return ["agents", "remove", self.name, "--yes"]

    def names(self) -> dict[str, str | None]:
        return {name: did for name, did in self.world.names.items() if name != self.name}

    def done(self, lived: Lived) -> None:
        assert lived.out.startswith("removed")
        self.world.names.pop(self.name)

    def has_happened(self) -> bool:
        return self.name not in self.world.names


class Revoke(Deed):
    def make(self) -> list[str]:
        self.token = self.world.run("delegate", "-s", "build").out.strip()
        return ["revoke", "--token", self.token]

    def done(self, lived: Lived) -> None:
        assert lived.status == 0
        self.world.revoked.append(self.token)


class Pin(Deed):
    def make(self) -> list[str]:
        self.label = self.world.fresh()
        self.key = KeyPair.generate(self.label.encode().ljust(32, b"\0"))
        return ["roots", "add", self.label, self.key.did_key]

    def done(self, lived: Lived) -> None:
        assert lived.status == 0
        self.world.pins[self.world.home.pin(self.label)] = self.key.public.hex()

    def has_happened(self) -> bool:
        return Path(self.world.home.pin(self.label)).exists()


class Checkpoint(Deed):
    def make(self) -> list[str]:
        return ["audit-log", "checkpoint"]


class SpareRoot(Deed):
    """`init --force` over a key of its own, so that the home's tokens stay what they are."""

    def make(self) -> list[str]:
        self.path = f"{self.world.home.path}/spare.key"
        return ["init", "-o", self.path, "--force", "--json"]

    def done(self, lived: Lived) -> None:
        self.world.spare.append(json.loads(lived.out)["did"])


DEEDS: tuple[type[Deed], ...] = (
    Register, Delegate, DelegateNamed, Accept, Verify, Sign, Exec, Rename, Remove, Revoke, Pin, Checkpoint, SpareRoot,
)  # fmt: skip


def fates(steps: list[Step]) -> Iterator[Fate]:
    """Where to die: in every file that is written, from its first byte to its move, and at the steps around that."""
    for number, step in enumerate(steps, 1):
        if step.call in DATA:
            for how in (*TORN, "after"):
                yield Fate(number, how)
        elif step.call == "fsync" and step.open_before:
            yield Fate(number, "after")
        elif step.call in MOVES:
            yield Fate(number, "before")
            yield Fate(number, "after")
        elif step.call in ("mkdir", "unlink"):
            yield Fate(number, "before")


def check_files(world: World) -> None:
    """Every file says something whole, and nobody else can read it. What has no name yet is not looked into."""
    for path in Path(world.home.path).rglob("*"):
        mode = path.stat().st_mode & 0o777
        assert mode == (0o700 if path.is_dir() else 0o600), path
        if path.is_dir() or path.name.startswith("."):
            continue
        if path.suffix in (".key", ".old"):
            key = keystore.read_root(str(path))
            assert path.parent.name != "keys" or world.home.key(key.did) == str(path)
        elif path.suffix == ".token" or path.name == "latest":
            parse(path.read_text())
    saved = {path.read_text() for path in Path(world.home.tokens).glob("*.token")}
    assert Path(world.home.latest).read_text() in saved
    for token_path, text in world.tokens.items():
        assert Path(token_path).read_text() == text
    for pin, text in world.pins.items():
        assert Path(pin).read_text().strip() == text
    assert world.receipts <= {p.read_text() for p in Path(world.home.receipts).glob("*.kde2")}
    spares = {keystore.read_root(str(p)).did for p in Path(world.home.path).glob("spare.key*")}
    assert set(world.spare) <= spares


def check(world: World, deed: Deed) -> None:
    """All that was acknowledged is there, and every command that reads it works."""
    check_files(world)
    lines = [
        ["agents", "list", "--json"],
        ["tokens", "--json"],
        ["verify", "-s", "build"],
        ["audit-log", "verify"],
        *([["audit", world.home.receipts]] if world.receipts else []),
        *(["verify", "-s", "build", "-t", token] for token in world.revoked[-1:]),
    ]
    said = world.nursery.run_all(*lines, KANONIV_TOKEN=world.token)
    wanted = [int(line[-1] in world.revoked) for line in lines]
    assert [status for status, _, _ in said] == wanted, said
    assert not world.revoked or "revoked" in said[-1][2]
    found = {row["name"]: row["did"] for row in json.loads(said[0][1])["agents"]}
    after = deed.names()
    matches = found.keys() == after.keys() and all(
        did in (None, found[name]) for name, did in after.items()
    )
    assert found == world.names or matches, (found, world.names, after)
    world.names = found
    assert {row["file"] for row in json.loads(said[1][1])["tokens"]} >= world.tokens.keys()
    log = world.read(world.home.audit)
    assert log.startswith(world.log)
    world.log = log


@dataclass
class Count:
    """What has happened in all rounds."""

    rounds: int = 0
    killed: int = 0
    landed: int = 0
    torn_log: int = 0


def one_round(world: World, kind: type[Deed], fate: Fate, count: Count) -> None:
    deed = kind(world)
    lived = world.nursery.run(*deed.words, fate=fate, KANONIV_TOKEN=world.token)
    count.rounds += 1
    if lived.status != KILLED:
        # a step fewer than the time before: it came through, and is held to what it said
        assert lived.status == 0, (deed.words, fate, lived)
        deed.done(lived)
    else:
        assert not lived.out
        count.killed += 1
        count.landed += lived.landed
        count.torn_log += fate.how in TORN and not lived.landed
    check(world, deed)
    if lived.status == KILLED and not deed.has_happened():
        deed.done(world.run(*deed.words))


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    made = Nursery(tmp_path)
    yield made
    made.end()


def new_world(nursery: Nursery, path: Path) -> World:
    """A home of its own for each kind of command: what has to be checked after each kill stays small."""
    nursery.home = path
    made = World(Home(str(path)), nursery)
    made.run("init")
    made.token = made.run("delegate", "-s", "build", "-t", "1d", "-n", "first").out.strip()
    did = made.told("agents", "show", "first")["did"]
    assert isinstance(did, str)
    made.names["first"] = did
    return made


def test_a_killed_command_loses_nothing_and_spoils_nothing(
    nursery: Nursery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count = Count()
    for kind in DEEDS:
        world = new_world(nursery, tmp_path / kind.__name__)
        deed = kind(world)
        lived = world.run(*deed.words)
        deed.done(lived)
        for fate in fates(lived.steps):
            one_round(world, kind, fate, count)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{count.rounds} rounds, {count.killed} kills, {count.landed} between a file's first byte and its"
            f" rename, {count.torn_log} in the middle of a line of the log\n"
        )
    assert count.rounds >= ROUNDS
    assert count.landed >= LANDED
    assert count.torn_log > 0
