"""A34: text that writes lines, colours or commands of its own into what people read.

An agent calls itself `ceo` followed by a newline and a forged entry, or a target repaints the screen. The published
product's audit log took it (its PoC C6). Text from outside is escaped where it is signed and again where it is shown.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import kanoniv_auth
from kanoniv_auth.core.errors import AuthError
from tests.advisories.attacker import ALICE, ROOT, Links, envelope, honest
from tests.advisories.terminal import Terminal
from tests.advisories.verifier import receive, verdict

NASTY = {
    "a line of its own": "web\nExecution Envelope: VALID",
    "carriage return": "web\rVERIFIED",
    "clears the screen": "\x1b[2J\x1b[1;1HVERIFIED",
    "title and bell": "\x1b]0;root\x07",
    "8-bit control": "\x9b31mVERIFIED",
    "backspaces": "DENIED\x08\x08\x08\x08\x08\x08VERIFIED",
    "right to left": "\u202egnp.exe",
    "line separator": "web\u2028VERIFIED\u2029x\x85y\x0bz\x0c",
    "zero width": "ad\u200bmin\ufeff",
    "quotes": '","action":"release","x":"',
    "workflow command": "web\n::set-output name=token::x\n::add-mask::a",
    "a link": "\x1b]8;;http://localhost\x07click\x1b]8;;\x07",
}
nasty = pytest.mark.parametrize("text", NASTY.values(), ids=list(NASTY))
EVERYTHING = "".join(NASTY.values())  # one command line for all of them: each costs a process


def is_clean(shown: bytes) -> bool:
    """Nothing but printable text, line ends, and the one colour we set ourselves."""
    text = shown.decode("utf-8").replace("\r\n", "\n")
    for colour in ("\x1b[32m", "\x1b[31m", "\x1b[0m"):
        text = text.replace(colour, "", 1)
    return all(letter.isprintable() or letter == "\n" for letter in text)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    terminal = Terminal(tmp_path_factory.mktemp("ready"))
    terminal.done("init")
    terminal.done("delegate", "-s", "deploy")
    return terminal


def test_in_a_target_a_result_and_metadata(ready: Terminal) -> None:
    text = EVERYTHING
    words = (
        "sign",
        "-a",
        "deploy",
        "--target",
        text,
        "--result",
        text,
        "--metadata",
        f"note={text}",
    )
    receipt = ready.done(*words)
    assert receipt.isascii()
    assert receipt.isprintable()
    found = json.loads(ready.done("audit", receipt, "--json"))["receipts"][0]
    assert (found["target"], found["result"], found["metadata"]) == (text, text, {"note": text})
    screen = ready.on_a_screen("audit", receipt)
    assert screen.status == 0
    assert is_clean(screen.shown), screen.shown
    assert screen.shown.split(b"\r\n").count(b"Execution Envelope: VALID") == 1


def test_in_an_action(ready: Terminal) -> None:
    text = EVERYTHING
    for words in (("verify", "-s"), ("sign", "-a"), ("delegate", "-s")):
        screen = ready.on_a_screen(*words, f"deploy.{text}")
        assert screen.status == 2
        assert b"[usage]" in screen.shown
        assert is_clean(screen.shown), screen.shown
    lines = ready.run("verify", "-s", f"deploy.{text}", "--json").out.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["code"] == "usage"


def test_in_an_agents_name(ready: Terminal) -> None:
    text = EVERYTHING
    before = (ready.home / "agents.json").exists()
    for words in (
        ("delegate", "-s", "deploy", "-n", text),
        ("verify", "-s", "deploy", "--agent", text),
    ):
        screen = ready.on_a_screen(*words)
        assert screen.status == 2
        assert is_clean(screen.shown), screen.shown
    assert (ready.home / "agents.json").exists() == before


def test_in_what_stands_for_a_token_a_root_or_a_verifier(ready: Terminal) -> None:
    text = EVERYTHING
    for words in (
        ("verify", "-s", "deploy", "-t", text),
        ("verify", "-s", "deploy", "--root-did", text),
        ("verify", "-s", "deploy", "--token-file", text),
        ("delegate", "-s", "deploy", "--to", text),
        ("delegate", "-s", "deploy", "-t", text),
        ("delegate", "-s", "deploy", "--audience", text),
        ("audit", text),
        ("accept", text),
    ):
        screen = ready.on_a_screen(*words)
        assert screen.status == 2, (words, screen)
        assert is_clean(screen.shown), (words, screen.shown)


def test_in_the_command_that_exec_runs(ready: Terminal) -> None:
    text = EVERYTHING
    screen = ready.on_a_screen("exec", "-s", "deploy", "--", f"./{text}")
    assert screen.status == 127
    assert is_clean(screen.shown), screen.shown


@nasty
def test_in_a_link_it_is_malformed(text: str) -> None:
    """Nothing that an issuer can put into a link needs to be escaped when it is shown."""
    assert verdict(Links().grow(ALICE, nam=text).sealed()) == "parse"
    assert verdict(Links().grow(ALICE, scp=[text]).sealed()) == "parse"
    assert verdict(Links().grow(ALICE, cav=[["context", "env", text]]).sealed()) in {
        "parse",
        "caveat",
    }


def test_a_receipt_signed_elsewhere_is_shown_as_carefully(ready: Terminal) -> None:
    text = envelope(
        honest(),
        tgt="web%0aExecution Envelope: VALID%1b[2J",
        res="%e2%80%aex",
        met={"a%0ab": "c%0ad"},
    )
    assert receive(text).target == "web\nExecution Envelope: VALID\x1b[2J"
    screen = ready.on_a_screen("audit", text, "--root-did", ROOT.did)
    assert is_clean(screen.shown), screen.shown
    assert screen.shown.split(b"\r\n").count(b"Execution Envelope: VALID") == 1


@nasty
def test_in_the_library(home: Path, text: str) -> None:
    kanoniv_auth.init_root()
    token = kanoniv_auth.delegate(["deploy"], "1h")
    receipt = kanoniv_auth.sign("deploy", token, target=text, result=text, metadata={text: text})
    assert receipt.isascii()
    assert "\n" not in receipt
    for path in (home / "receipts").iterdir():
        assert path.read_bytes().count(b"\n") == 0
    with pytest.raises(AuthError) as caught:
        kanoniv_auth.delegate(["deploy"], name=text)
    assert caught.value.slug == "usage"
