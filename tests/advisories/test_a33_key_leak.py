"""A33: a private key that stands where it should not.

The published product put the agent's private key into the token itself, so one leaked token of an hour lost an identity
for good; its files were readable by everyone (its PoC C2, C2p). Everything that a whole day's work prints or writes
under a umask of 000 is searched for every seed, in every encoding.
"""

from __future__ import annotations

import base64
import json
import pickle
import re
import stat
from pathlib import Path

import pytest

import kanoniv_auth
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.keys import KeyPair, parse_secret
from tests.advisories.attacker import ALICE, BOB, b64, unb64
from tests.advisories.terminal import Terminal

KEY_FILES = {"root.key"}


def encodings(seed: bytes) -> list[bytes]:
    """The seed as it might be written; base64 at each of its three offsets, without the letters others share."""
    found = [seed, seed.hex().encode(), seed.hex().upper().encode(), repr(seed)[2:-1].encode()]
    found += [str(list(seed)).encode(), json.dumps(list(seed), separators=(",", ":")).encode()]
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + seed)[4:-4]
        found += [text, text.translate(bytes.maketrans(b"+/", b"-_"))]
    return [*found, base64.b32encode(seed)[:48], base64.b85encode(seed), base64.a85encode(seed)]


def opened(data: bytes) -> list[bytes]:
    """The data, and what is inside each piece of base64 in it."""
    inside = [
        unb64(text.decode())
        for text in re.findall(rb"[A-Za-z0-9_-]{40,}", data)
        if len(text) % 4 != 1
    ]
    return [data, *inside]


def leaks(data: bytes, seeds: list[bytes]) -> bool:
    return any(
        form in piece for piece in opened(data) for seed in seeds for form in encodings(seed)
    )


class Day:
    """A day's work: everything printed, the homes, and the seeds."""

    def __init__(self, terminal: Terminal) -> None:
        run, self.printed = terminal.run, b""
        self.homes = [terminal.home, terminal.place / "child"]

        def step(*words: str, **given: str) -> str:
            said = run(*words, **given)
            self.printed += (said.out + said.err).encode()
            return said.out.strip()

        step("init")
        parent = step("delegate", "-s", "deploy", "-n", "coordinator")
        child = step(
            "delegate",
            "-s",
            "deploy.staging",
            "--parent",
            "-",
            "--home",
            str(self.homes[1]),
            stdin=parent,
        )
        step("delegate", "-s", "read", "--export")
        step("delegate", "-s", "read", "--json")
        step("delegate", "-s", "read", "--dry-run")
        step("delegate", "-s", "read", "--to", "coordinator")
        for token, more in ((parent, ()), (child, ("--json",))):
            step("verify", "-s", "deploy.staging", "-t", token, *more)
            step("verify", "-s", "release", "-t", token, *more)
            step("whoami", "-t", token, *more)
            step("status", "-t", token, *more)
            step("sign", "-a", "deploy", "-t", token, "--target", "web", *more)
            step("exec", "-s", "deploy", "-t", token, *more, "--", "env")
        step("audit", str(terminal.home / "receipts"))
        step("audit", str(terminal.home / "receipts"), "--json")
        step("init", "--json")
        files = [
            terminal.home / "root.key",
            *(f for h in self.homes for f in (h / "keys").iterdir()),
        ]
        self.seeds = [bytes.fromhex(json.loads(path.read_text())["private_key"]) for path in files]

    def files(self) -> list[Path]:
        return [path for home in self.homes for path in home.rglob("*")]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return Day(Terminal(tmp_path_factory.mktemp("day")))


def test_the_search_finds_a_seed_that_is_there(day: Day) -> None:
    assert len(day.seeds) >= 4
    assert b"VERIFIED" in day.printed
    assert b"PATH=" in day.printed  # exec has run
    for seed in day.seeds[:2]:
        for form in encodings(seed):
            assert leaks(b"x" + form + b"y", day.seeds)
        assert leaks(b64(b"abc" + seed).encode(), day.seeds)
        assert leaks(json.dumps({"k": b64(seed)}).encode(), day.seeds)


def test_no_seed_is_printed(day: Day) -> None:
    assert not leaks(day.printed, day.seeds)


def test_no_seed_is_in_a_file_that_is_no_key_file(day: Day) -> None:
    for path in day.files():
        if path.is_file() and path.name not in KEY_FILES and path.parent.name != "keys":
            assert not leaks(path.read_bytes(), day.seeds), path


def test_a_child_home_holds_its_own_key_alone(day: Day) -> None:
    assert len(list((day.homes[1] / "keys").iterdir())) == 1
    assert not (day.homes[1] / "root.key").exists()


def test_nothing_is_open_to_others_under_a_umask_of_000(day: Day) -> None:
    for path in [*day.homes, *day.files()]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_exec_hides_the_root_key_from_its_child(terminal: Terminal) -> None:
    terminal.done("init")
    secret = terminal.done("init", "--print-secret")
    token = terminal.done("delegate", "-s", "read")
    said = terminal.run(
        "exec", "-s", "read", "--", "env", KANONIV_ROOT_KEY=secret, KANONIV_TOKEN=token
    )
    assert said.status == 0
    assert secret not in said.out + said.err
    assert "KANONIV_ROOT_KEY" not in said.out
    assert f"KANONIV_TOKEN={token}" in said.out


def test_a_key_is_hidden_in_every_text_that_python_makes_of_it() -> None:
    key = KeyPair.from_seed(ALICE.seed)
    texts = [repr(key), str(key), f"{key}", repr([key]), repr({"k": key}), f"{key!a}"]
    assert not leaks("".join(texts).encode(), [ALICE.seed])
    assert "hidden" in repr(key)


def test_what_a_token_and_a_receipt_say_about_themselves(home: Path) -> None:
    root = kanoniv_auth.init_root()
    token = kanoniv_auth.delegate(["deploy"], "1h", name="bot")
    agent = kanoniv_auth.get_agent("bot")
    assert agent is not None
    found = kanoniv_auth.verify("deploy", token)
    texts = [
        token,
        repr(found),
        str(dict(found)),
        kanoniv_auth.sign("deploy", token),
        repr(kanoniv_auth.list_agents()),
    ]
    texts += [repr(kanoniv_auth.list_tokens()), pickle.dumps(token).decode("latin-1")]
    assert not leaks("".join(texts).encode(), [root.seed, agent.seed])


@pytest.mark.parametrize(
    "spoil",
    [lambda s: s[:-2], lambda s: s + "0", lambda s: s + "zz", lambda s: "x" + s, lambda s: s * 2],
)
def test_a_mistyped_secret_is_not_repeated(spoil: object) -> None:
    assert callable(spoil)
    for text in (BOB.seed.hex(), b64(BOB.seed), base64.b64encode(BOB.seed).decode()):
        with pytest.raises(AuthError) as caught:
            parse_secret(spoil(text))
        said = f"{caught.value} {caught.value!r} {caught.value.facts}"
        assert text[:12] not in said
        assert caught.value.slug == "bad_key"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o666])
def test_a_root_key_that_others_can_read_is_refused(terminal: Terminal, mode: int) -> None:
    terminal.done("init")
    path = terminal.home / "root.key"
    path.chmod(mode)
    said = terminal.run("delegate", "-s", "deploy")
    assert (said.status, said.slug) == (2, "key_permissions")
    assert f"chmod 600 {path}" in said.err
    assert not (terminal.home / "tokens").exists()
