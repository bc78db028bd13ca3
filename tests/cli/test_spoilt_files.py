"""Every kind of file in the home, spoilt in every way: an error that names it, no traceback, and never an allow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kanoniv_auth.store import files
from tests.support.killing import Nursery

DENIED = "prod"


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def _link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def _device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _huge(path: Path) -> None:
    os.truncate(path, files.LARGEST + 1)


def _half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _text(text: str | bytes) -> Callable[[Path], None]:
    data = text if isinstance(text, bytes) else text.encode()

    def spoil(path: Path) -> None:
        path.write_bytes(data)

    return spoil


SPOILT: dict[str, Callable[[Path], None]] = {
    "empty": _text(""),
    "half": _half,
    "binary": _text(bytes(range(256)) * 3),
    "nul": _text(b"\0" * 300),
    "huge": _huge,
    "another list": _text("[1, 2]"),
    "another object": _text('{"a": {"did": 7, "private_key": null}, "records": []}'),
    "deep": _text("[" * 100_000),
    "a line break": _text("\n"),
    "a directory": _directory,
    "a pipe": _pipe,
    "a link to nothing": _link_to_nothing,
    "a link to itself": _link_to_itself,
    "a device": _device,
}
# which commands read the file: these are refused, and say its name (or its folder's)
READERS = {
    "root.key": ["delegate -s build", "delegate -s build -n bot", "revoke --id ID", "init --print-secret"],
    "agents.json": [
        "delegate -s build -n bot", "delegate -s build -n new", "agents list", "agents show bot", "agents rename bot b",
        "agents remove bot --yes", "verify -s build -a bot", "tokens",
    ],
    "keys/KEY": ["sign -a build", "exec -s build -- touch MARK", "delegate -s build -n bot", "agents show bot"],
    "tokens/latest": [
        "verify -s build", "verify -s build --json", "exec -s build -- touch MARK", "sign -a build", "whoami", "status",
    ],
    "trusted_roots/local.pub": ["verify -s build", "exec -s build -- touch MARK", "sign -a build", "roots list"],
    "trusted_roots/partner.pub": ["verify -s build", "exec -s build -- touch MARK", "whoami", "roots list"],
    "revocations/LIST": [
        "verify -s build", "exec -s build -- touch MARK", "sign -a build", "whoami", "revoke --id ID",
        "revocations list",
    ],
    "receipts/RECEIPT": ["audit HOME/receipts"],
    "audit.jsonl": ["verify -s build --require-audit", "delegate -s build", "audit-log verify"],
    "audit.checkpoint": ["verify -s build --require-audit", "delegate -s build", "audit-log verify"],
    "machine.key": ["delegate -s build", "audit-log checkpoint"],
}  # fmt: skip
# the public half is only looked for to spare the private key from being read: without it that says who the root is
HARMLESS = {
    ("trusted_roots/local.pub", how)
    for how in ("a link to nothing", "a link to itself", "a device")
}
# refused by a valid check: a token cut where its proof begins is a grant, and a log or a receipt was changed
REFUSED = {
    ("tokens/latest", "half"),
    ("audit.jsonl", ""),
    ("audit.checkpoint", ""),
    ("receipts/RECEIPT", "another object"),
}


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("spoilt") / "home")
    yield made
    made.end()


@pytest.fixture(scope="module")
def pattern(nursery: Nursery) -> Path:
    """A home with one of everything."""
    said = nursery.run_all(
        ["init"],
        ["delegate", "-s", "build", "-n", "gone"],
        ["revoke", "--agent", "gone"],
        ["delegate", "-s", "build", "-n", "bot"],
        ["sign", "-a", "build"],
        ["roots", "add", "partner", "did:key:z6MkpWVpUfC8LPqLVRmUYNGYANBsEg5bmj6oWmEGsdh4porn"],
    )
    assert [status for status, _, _ in said] == [0] * 6, said
    kept = nursery.home.with_name("pattern")
    nursery.home.rename(kept)
    return kept


def _find(home: Path, name: str, nursery: Nursery) -> Path:
    folder = name.partition("/")[0]
    if name == "keys/KEY":
        did = nursery.run("sdk", "resolve_name", "bot").out.strip()
        return home / "keys" / f"{did.rpartition(':')[2]}.key"
    return next((home / folder).iterdir()) if name.rpartition("/")[2].isupper() else home / name


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("name", READERS)
def test_a_spoilt_file_is_named_and_nothing_is_allowed(
    nursery: Nursery, pattern: Path, name: str, how: str
) -> None:
    home, mark = nursery.home, nursery.home.with_name("mark")
    for line in READERS[name]:
        mark.unlink(missing_ok=True)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(pattern, home, symlinks=True)
        path = _find(home, name, nursery)
        SPOILT[how](path)
        words = [
            str(mark) if word == "MARK" else "ab" * 32 if word == "ID" else word
            for word in line.replace("HOME", str(home)).split()
        ]
        lived = nursery.run(*words)
        assert "Traceback" not in lived.err, lived
        if (name, how) in HARMLESS:
            assert lived.status == 0 or path.name in lived.err, (line, lived)
            continue
        assert not mark.exists(), lived
        statuses = (1, 2) if {(name, how), (name, "")} & REFUSED else (2,)
        assert lived.status in statuses, (line, lived)
        told = lived.out + lived.err
        assert "fix: " in told or '"fix": "' in told, (line, lived)
        assert path.name in told or lived.status == 1, (line, lived)


@pytest.mark.parametrize("how", SPOILT)
@pytest.mark.parametrize("name", ["agents.json", "receipts/RECEIPT", "keys/KEY", "root.key"])
def test_verify_does_without_what_it_does_not_need(
    nursery: Nursery, pattern: Path, name: str, how: str
) -> None:
    home = nursery.home
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(pattern, home, symlinks=True)
    path = _find(home, name, nursery)
    times = path.stat()
    SPOILT[how](path)
    if not path.is_symlink():
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    (yes, _, _), (no, _, said) = nursery.run_all(
        ["verify", "-s", "build"], ["verify", "-s", DENIED]
    )
    assert yes == 0
    assert no == 1
    assert "[scope]" in said
