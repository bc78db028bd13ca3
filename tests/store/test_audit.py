"""The audit log against an editor, a full disk, a power cut, and fifty writers at once."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from kanoniv_auth.api import logbook
from kanoniv_auth.core.audit import LONGEST_LINE, Happening
from kanoniv_auth.core.encoding import canonical
from kanoniv_auth.core.errors import AuthError, LogBroken, StorageError
from kanoniv_auth.store import audit, files
from kanoniv_auth.store.home import Home

NOW = 1_800_000_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "home"))
    return Home(str(tmp_path / "home"))


def add(home: Home, event: str = "verify", **details: str | int | bool) -> None:
    what = Happening(event, "allowed", agent="did:agent:" + "0" * 32, details=details)
    audit.append(home, what, NOW)


def log_of(home: Home) -> Path:
    return Path(home.audit)


def lines(home: Home) -> list[bytes]:
    return log_of(home).read_bytes().splitlines(keepends=True)


def broken(home: Home) -> LogBroken:
    with pytest.raises(LogBroken) as caught:
        logbook.check_log()
    assert str(caught.value.facts["where"]).startswith(home.path)
    return caught.value


@pytest.fixture
def small(home: Home) -> Home:
    """Eight records: the fifth is signed for, three follow."""
    for number in range(4):
        add(home, scope=f"s{number}")
    add(home, "revoke", target="x")
    for number in range(3):
        add(home, scope=f"t{number}")
    report = logbook.check_log()
    assert (report.count, report.checkpoint, report.unsigned) == (8, 5, 3)
    return home


# --------------------------------------------------------------------------------- what was changed is found


@pytest.mark.parametrize(
    "signed", [True, False], ids=["signed to its end", "three after the checkpoint"]
)
def test_every_flipped_byte_is_found(small: Home, signed: bool) -> None:
    """In the very last line only when it is signed for: nothing follows it that would know its hash."""
    if signed:
        logbook.sign_log()
    whole = log_of(small).read_bytes()
    for at in range(len(whole) if signed else len(whole) - len(lines(small)[-1])):
        for bit in (1, 32):
            changed = bytearray(whole)
            changed[at] ^= bit
            log_of(small).write_bytes(changed)
            broken(small)


def test_every_flipped_byte_of_the_checkpoint_is_found(small: Home) -> None:
    path = Path(small.audit_checkpoint)
    whole = path.read_bytes()
    for at in range(len(whole) - 1):
        changed = bytearray(whole)
        changed[at] ^= 1
        path.write_bytes(changed)
        assert broken(small).facts["where"] == str(path)


def test_a_deleted_line_is_found_and_named(small: Home) -> None:
    all_lines = lines(small)
    for at in range(len(all_lines) - 1):
        log_of(small).write_bytes(b"".join(all_lines[:at] + all_lines[at + 1 :]))
        assert broken(small).facts["where"] == f"{small.audit}:{at + 1}"


def test_a_duplicated_line_is_found_and_named(small: Home) -> None:
    all_lines = lines(small)
    for at in range(len(all_lines)):
        log_of(small).write_bytes(b"".join(all_lines[: at + 1] + all_lines[at:]))
        assert broken(small).facts["where"] == f"{small.audit}:{at + 2}"


def test_two_lines_in_another_order_are_found_and_named(small: Home) -> None:
    all_lines = lines(small)
    for one in range(len(all_lines)):
        for two in range(one + 1, len(all_lines)):
            changed = list(all_lines)
            changed[one], changed[two] = changed[two], changed[one]
            log_of(small).write_bytes(b"".join(changed))
            assert broken(small).facts["where"] == f"{small.audit}:{one + 1}"


def test_a_cut_before_the_checkpoint_is_found(small: Home) -> None:
    all_lines = lines(small)
    for count in range(5):
        log_of(small).write_bytes(b"".join(all_lines[:count]))
        assert "was signed for record 5" in str(broken(small))
    log_of(small).unlink()
    assert broken(small).facts["where"] == small.audit


def test_a_cut_after_the_checkpoint_is_found_by_one_kept_elsewhere(small: Home) -> None:
    """And by nothing else: that is what `audit-log verify` says it cannot tell."""
    all_lines, old = lines(small), Path(small.audit_checkpoint).read_bytes()
    kept = logbook.sign_log().decode()
    Path(small.audit_checkpoint).write_bytes(old)
    log_of(small).write_bytes(b"".join(all_lines[:6]))
    assert logbook.check_log().unsigned == 1
    with pytest.raises(LogBroken, match=r"given checkpoint was signed for record 8"):
        logbook.check_log(kept)


def rewritten(home: Home, at: int, old: bytes, new: bytes) -> None:
    """Change one line, and every hash after it: what an attacker does who has read the specification."""
    from kanoniv_auth.core.audit import START, line_hash  # noqa: PLC0415 - the attacker's tools

    made, prev = [], START
    for number, line in enumerate(lines(home)):
        fields = json.loads(line.replace(old, new) if number == at else line)
        fields["prev"] = prev
        made.append(canonical(fields))
        prev = line_hash(made[-1])
    log_of(home).write_bytes(b"".join([line + b"\n" for line in made]))


def test_a_whole_chain_written_anew_is_found_at_the_checkpoint(small: Home) -> None:
    rewritten(small, 1, b'"s1"', b'"s9"')
    error = broken(small)
    assert error.facts["where"] == f"{small.audit}:5"
    assert "audit.checkpoint was signed for" in str(error)


def test_a_changed_log_is_never_signed_for(small: Home) -> None:
    """The next checkpoint must not wash clean what the last one would have shown."""
    old = Path(small.audit_checkpoint).read_bytes()
    rewritten(small, 1, b'"s1"', b'"s9"')
    size = log_of(small).stat().st_size
    with pytest.raises(LogBroken):
        add(small, "revoke", target="y")
    with pytest.raises(LogBroken):
        logbook.sign_log()
    assert Path(small.audit_checkpoint).read_bytes() == old
    assert log_of(small).stat().st_size == size
    broken(small)


def test_a_log_that_is_too_short_takes_no_record(small: Home) -> None:
    log_of(small).write_bytes(b"".join(lines(small)[:3]))
    with pytest.raises(LogBroken, match="ends with record 3"):
        add(small)
    assert len(lines(small)) == 3


def test_a_missing_checkpoint_is_found(small: Home) -> None:
    Path(small.audit_checkpoint).unlink()
    error = broken(small)
    assert error.facts["where"] == small.audit_checkpoint
    with pytest.raises(LogBroken):
        add(small)


def test_an_older_checkpoint_is_found(small: Home) -> None:
    old = Path(small.audit_checkpoint).read_bytes()
    add(small, "revoke")
    add(small)
    Path(small.audit_checkpoint).write_bytes(old)
    assert "names a checkpoint for record 9" in str(broken(small))
    with pytest.raises(LogBroken):
        add(small)


def test_another_machines_checkpoint_is_found(small: Home, tmp_path: Path) -> None:
    other = Home(str(tmp_path / "other"))
    for _ in range(5):
        add(other, "revoke")
    Path(small.audit_checkpoint).write_bytes(Path(other.audit_checkpoint).read_bytes())
    assert "another machine's key" in str(broken(small))
    with pytest.raises(LogBroken, match="another machine's key"):
        add(small, "revoke")


def test_another_machines_key_is_found(small: Home, tmp_path: Path) -> None:
    other = Home(str(tmp_path / "other"))
    add(other, "revoke")
    kept = Path(small.machine_key).read_bytes()
    Path(small.machine_key).write_bytes(
        Path(other.machine_key).read_bytes()
    )  # which keeps the mode
    assert "another machine's key" in str(broken(small))
    Path(small.machine_key).unlink()
    assert "is gone" in str(broken(small))
    with pytest.raises(LogBroken, match="is gone"):
        add(small, "revoke")
    assert not Path(small.machine_key).exists()
    files.write(small.machine_key, kept)
    logbook.check_log()


def test_a_log_and_its_checkpoint_made_anew_are_found_by_one_kept_elsewhere(
    small: Home, tmp_path: Path
) -> None:
    kept = logbook.sign_log().decode()
    for path in (small.audit, small.audit_checkpoint, small.machine_key):
        Path(path).unlink()
    for _ in range(9):
        add(small, "revoke")
    assert logbook.check_log().count == 9
    with pytest.raises(LogBroken, match="another machine's key"):
        logbook.check_log(kept)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "1",
        '{"at":1,"hash":"00","key":"00","seq":1,"signature":"00"}',
        "\udcff",
        "é",
    ],
)
def test_what_is_no_checkpoint_is_refused(small: Home, text: str) -> None:
    with pytest.raises(LogBroken, match="not a checkpoint"):
        logbook.check_log(text)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"null", b"1", b'"x"', b"\x00" * 40, b"\xff", b"{" * 5000, b"[" * 5000,
        b'{"seq":1}', b"x" * 70000,
    ],
)  # fmt: skip
def test_what_is_no_record_is_named_and_never_added_to(small: Home, line: bytes) -> None:
    log_of(small).write_bytes(b"".join(lines(small)) + line + b"\n")
    broken(small)
    size = log_of(small).stat().st_size
    with pytest.raises(LogBroken):
        add(small)
    assert log_of(small).stat().st_size == size


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seq", True), ("seq", "9"), ("at", "1"), ("claimed", 1), ("claimed", "true"), ("details", "x"),
        ("details", [1]), ("details", {"x": ["y"]}), ("details", {"X": "y"}), ("event", ""), ("event", "a b"),
        ("prev", "0" * 63), ("prev", "G" * 64), ("agent", 1), ("cut", 1), ("checkpoint", 9), ("checkpoint", 1),
        ("details", {f"k{'a' * n}": 1 for n in range(13)}), ("name", "%zz"), ("name", "%0A"),
        ("name", "x" * 20_000),
    ],
)  # fmt: skip
def test_a_record_of_another_form_is_refused(small: Home, field: str, value: object) -> None:
    """Even one that follows by its hash."""
    all_lines = lines(small)
    fields = json.loads(all_lines[-1])
    fields[field] = value
    log_of(small).write_bytes(b"".join(all_lines[:-1]) + canonical(fields) + b"\n")
    assert broken(small).facts["where"] == f"{small.audit}:8"


# ------------------------------------------------------------------------------------ what is written


NASTY = {
    "newline": 'x\n{"seq":2}',
    "escape": "\x1b[2J\x1b[31mred",
    "right to left": "\u202eevil\u2066",
    "quotes": '","event":"x","y":"\\',
    "separators": "a\u2028b\u2029c\x85d\x0be\x0cf\rg",
    "percent": "100%0a%",
    "surrogate": "\udcff\ud800",
    "empty": "",
    "wide": "😀" * 100,
    "nul": "\0\x7f\x9b",
}


@pytest.mark.parametrize("text", NASTY.values(), ids=list(NASTY))
def test_no_value_writes_a_line_of_its_own(home: Home, text: str) -> None:
    what = Happening("sign", text, agent=text, name=text, details={"target": text})
    audit.append(home, what, NOW)
    add(home)
    data = log_of(home).read_bytes()
    assert data.count(b"\n") == 2
    assert all(0x20 <= byte <= 0x7E for byte in data.replace(b"\n", b""))
    assert all(len(json.loads(line)) == 11 for line in data.splitlines())
    logbook.check_log()
    entry = logbook.recent(9, lambda _: True)[1]
    assert not isinstance(entry, LogBroken)
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert (entry.what.name, entry.what.details) == (text[:64], {"target": text[:64]}) or (
        entry.what.name == text and entry.what.details == {"target": text}
    )


@pytest.mark.parametrize("letter", ["x", "é", "😀", "\n", "%"])
def test_a_long_value_is_cut_and_that_is_said(home: Home, letter: str) -> None:
    add(home, target=letter * 10_000, scope="s")
    add(home)
    fields = json.loads(lines(home)[0])
    assert fields["cut"] == "target"
    assert fields["details"]["scope"] == "s"
    assert max(map(len, lines(home))) < LONGEST_LINE
    entry = logbook.recent(9, lambda _: True)[1]
    assert not isinstance(entry, LogBroken)
    assert entry.cut == ("target",)
    kept = str(entry.what.details["target"])
    assert kept == letter * (256 // len(letter.encode()))
    logbook.check_log()


def test_the_longest_line_is_within_its_bound(home: Home) -> None:
    long = "\n" * 300
    details = {"k" * 31 + chr(97 + n): long for n in range(12)}
    audit.append(home, Happening("e" * 32, long, agent=long, name=long, details=details), 2**53)
    add(home)
    assert len(lines(home)[0]) < LONGEST_LINE
    logbook.check_log()


@pytest.mark.parametrize("number", [-1, 2**53 + 1, -(2**70)])
def test_a_number_outside_the_form_is_written_as_text(home: Home, number: int) -> None:
    add(home, exit=number)
    assert json.loads(lines(home)[0])["details"] == {"exit": str(number)}


def test_a_detail_has_a_plain_name_and_there_are_few(home: Home) -> None:
    for details in (
        {"a b": 1},
        {"": 1},
        {"A": 1},
        {"a" * 33: 1},
        {f"k{'a' * n}": 1 for n in range(13)},
    ):
        with pytest.raises(ValueError, match="names of"):
            Happening("verify", "ok", details=details)
    with pytest.raises(ValueError, match="names of"):
        Happening('verify"', "ok", details={})


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277], ids="umask {:03o}".format)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_private_whatever_the_umask(home: Home, umask: int) -> None:
    add(home, "revoke")
    for path in (home.audit, home.audit_checkpoint, home.machine_key):
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(home.path).stat().st_mode) == 0o700


def test_a_log_that_others_could_read_is_made_private(small: Home) -> None:
    log_of(small).chmod(0o644)
    add(small)
    assert stat.S_IMODE(log_of(small).stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_nothing_is_written_through_what_is_no_file(home: Home, tmp_path: Path, kind: str) -> None:
    target = tmp_path / "target"
    Path(home.path).mkdir()
    if kind == "link":
        target.write_bytes(b"keep\n")
        log_of(home).symlink_to(target)
    elif kind == "dangling":
        log_of(home).symlink_to(target)
    elif kind == "folder":
        log_of(home).mkdir()
    else:
        os.mkfifo(log_of(home))
    with pytest.raises(StorageError):
        add(home)
    with pytest.raises((StorageError, LogBroken)):
        logbook.check_log()
    assert (target.read_bytes() == b"keep\n") if kind == "link" else not target.exists()


@pytest.mark.parametrize("prefix", ["kd2.", "kde2.", "kdb2.", "eyJ"])
def test_of_a_token_only_the_prefix_is_kept(home: Home, prefix: str) -> None:
    secret = "AAEC" * 40
    text = f"a {prefix}{secret} b {prefix}{secret}.{secret}~s{secret}"
    audit.append(
        home, Happening("sign", text, agent=text, name=text, details={"target": text}), NOW
    )
    add(home, target="x" * 250 + prefix + secret)
    assert b"AAECAAECAAECAAEC" not in log_of(home).read_bytes()
    entry = logbook.recent(9, lambda _: True)[1]
    assert not isinstance(entry, LogBroken)
    assert entry.what.details["target"] == f"a {prefix}… b {prefix}…"


# ------------------------------------------------------------------------------------- what goes wrong


def test_a_torn_line_at_every_byte_is_cut_and_said(small: Home) -> None:
    whole = lines(small)
    before, last = b"".join(whole[:-1]), whole[-1]
    checkpoint = Path(small.audit_checkpoint).read_bytes()
    for length in range(1, len(last)):
        log_of(small).write_bytes(before + last[:length])
        Path(small.audit_checkpoint).write_bytes(checkpoint)
        assert "not complete" in str(broken(small))
        add(small, scope="next")
        said = lines(small)
        assert b"".join(said[:7]) == before
        repair, record = (json.loads(line) for line in said[7:])
        assert repair["event"] == "repaired"
        assert repair["details"]["bytes"] == length
        assert repair["details"]["hash"] == sha256(last[:length])
        assert record["details"] == {"scope": "next"}
        report = logbook.check_log()
        assert report.repaired == (f"{small.audit}:8",)
        # cutting is a change of the log, so it is signed for at once
        assert report.unsigned == 0


def sha256(data: bytes) -> str:
    import hashlib  # noqa: PLC0415 - another implementation than ours

    return hashlib.sha256(data).hexdigest()


def test_a_torn_first_line_and_one_of_zeros(home: Home) -> None:
    Path(home.path).mkdir()
    log_of(home).write_bytes(b"\0" * 5000)
    add(home)
    assert [json.loads(line)["event"] for line in lines(home)] == ["repaired", "verify"]
    assert log_of(home).stat().st_size < 5000
    logbook.check_log()


def limited(home: Home, room: int, *, event: str = "verify") -> StorageError:
    """Append with a limit on the size of files, which is how a full disk looks that can be had without being root."""
    log_of(home).touch()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log_of(home).stat().st_size + room, before[1]))
    try:
        with pytest.raises(StorageError) as caught:
            add(home, event)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    return caught.value


@pytest.mark.parametrize("room", [0, 1, 100, 200])
def test_a_disk_that_fills_up_leaves_the_log_as_it_was(small: Home, room: int) -> None:
    whole = log_of(small).read_bytes()
    assert limited(small, room).slug == "storage"
    assert log_of(small).read_bytes() == whole
    logbook.check_log()
    add(small)
    assert logbook.check_log().count == 9


def test_a_disk_that_fills_up_over_a_torn_line_keeps_it(small: Home) -> None:
    whole = log_of(small).read_bytes() + b'{"agent":"torn'
    log_of(small).write_bytes(whole)
    limited(small, 40)
    assert log_of(small).read_bytes() == whole
    add(small)
    assert json.loads(lines(small)[8])["details"]["bytes"] == 14


def test_no_record_without_room_for_its_checkpoint(
    small: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = log_of(small).read_bytes()

    def full(path: str) -> files.NewFile:
        raise StorageError("storage", detail=f"cannot write {path}: full", fix="x")

    monkeypatch.setattr(files, "NewFile", full)
    with pytest.raises(StorageError):
        add(small, "revoke")
    assert log_of(small).read_bytes() == whole


def test_a_writer_that_hangs_is_waited_for_and_then_named(small: Home) -> None:
    with log_of(small).open("rb") as held:
        flock(held, LOCK_EX)
        with pytest.raises(StorageError, match=r"audit\.jsonl has been held"):
            audit.append(small, Happening("verify", "ok", details={}), NOW, seconds=0.05)
    add(small)


WRITER = """
import sys
from kanoniv_auth.core.audit import Happening
from kanoniv_auth.store import audit
from kanoniv_auth.store.home import Home
audit.ROTATE_AT = int(sys.argv[3])
for number in range(int(sys.argv[4])):
    event = "revoke" if number == 1 else "verify"
    what = Happening(event, "ok", details={"who": sys.argv[2], "n": number})
    audit.append(Home(sys.argv[1]), what, 1_800_000_000, seconds=60)
"""


@pytest.mark.parametrize("rotate_at", [8 << 20, 4000])
def test_fifty_writers_at_once_keep_every_record_in_one_chain(home: Home, rotate_at: int) -> None:
    words = [sys.executable, "-c", WRITER, home.path]
    writers = [
        subprocess.Popen([*words, str(who), str(rotate_at), "4"], stderr=subprocess.PIPE)
        for who in range(50)
    ]
    for writer in writers:
        _, said = writer.communicate(timeout=100)
        assert (writer.returncode, said) == (0, b"")
    report = logbook.check_log()
    assert report.count == 200
    found = logbook.recent(1000, lambda _: True)
    kept = {
        (e.what.details["who"], e.what.details["n"]) for e in found if not isinstance(e, LogBroken)
    }
    assert kept == {(str(who), number) for who in range(50) for number in range(4)}
    assert (report.files > 5) == (rotate_at == 4000)


def test_threads_keep_one_chain(home: Home) -> None:
    failures: list[AuthError] = []

    def write() -> None:
        try:
            for _ in range(10):
                add(home)
        except AuthError as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert logbook.check_log().count == 80


# ---------------------------------------------------------------------------------- checkpoints and files


def test_a_checkpoint_is_due_after_32_frequent_records_or_one_of_another_kind(home: Home) -> None:
    for count in range(1, 70):
        add(home, ("verify", "exec", "sign")[count % 3])
        report = logbook.check_log()
        assert report.checkpoint == (count // 32 * 32 or None)
    add(home, "agents")
    assert logbook.check_log().checkpoint == 70


def test_whoever_is_killed_before_signing_leaves_that_to_the_next(
    small: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: files.NewFile, data: bytes, *, replace: bool = True) -> None:
        raise KeyboardInterrupt

    for count in range(1, 41):
        with monkeypatch.context() as patched:
            patched.setattr(files.NewFile, "commit", die)
            with pytest.raises(KeyboardInterrupt):
                add(small, "revoke")
        report = logbook.check_log()
        assert (report.checkpoint, report.unsigned) == (5, 3 + count)
    add(small)
    assert logbook.check_log().unsigned == 0


@pytest.fixture
def rotated(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(audit, "ROTATE_AT", 2000)
    for number in range(40):
        add(home, scope=f"s{number}")
    return home


def full_files(home: Home) -> list[Path]:
    return sorted(Path(home.path).glob("audit.0*.jsonl"))


def test_a_full_file_is_moved_aside_and_the_chain_goes_on(rotated: Home) -> None:
    full = full_files(rotated)
    assert len(full) > 3
    for path in full:
        first = json.loads(path.read_bytes().splitlines()[0])["seq"]
        assert path.name == f"audit.{first:012d}.jsonl"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.stat().st_size < 3000
    report = logbook.check_log()
    assert (report.count, report.checkpoint, report.files) == (40, 32, len(full) + 1)
    found = logbook.recent(1000, lambda _: True)
    assert [e.seq for e in found if not isinstance(e, LogBroken)] == list(range(40, 0, -1))


def test_a_file_that_is_missing_renamed_emptied_or_foreign_is_found(
    rotated: Home, tmp_path: Path
) -> None:
    full = full_files(rotated)
    for path in full:
        kept = path.read_bytes()
        path.unlink()
        broken(rotated)
        path.write_bytes(b"")
        assert broken(rotated).facts["where"] == str(path)
        path.write_bytes(kept + b"torn")
        assert str(path) in str(broken(rotated).facts["where"])
        path.unlink()
        moved = path.with_name("audit.000000000999.jsonl")
        moved.write_bytes(kept)
        broken(rotated)
        moved.unlink()
        path.write_bytes(kept)
        logbook.check_log()
    other = Home(str(tmp_path / "other"))
    for number in range(10):
        add(other, scope=f"o{number}")
    full[1].write_bytes(full_files(other)[0].read_bytes())
    assert broken(rotated).facts["where"].startswith(str(full[1]))  # type: ignore[attr-defined]


def test_cut_at_a_file_boundary_before_the_checkpoint(rotated: Home) -> None:
    log_of(rotated).unlink()
    for path in full_files(rotated)[-2:]:
        path.unlink()
    broken(rotated)
    with pytest.raises(LogBroken):
        add(rotated)


@pytest.mark.parametrize("step", ["renamed", "renamed and made"])
def test_killed_while_a_file_is_moved_aside(
    home: Home, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    for number in range(3):
        add(home, scope=f"s{number}")
    log_of(home).rename(log_of(home).with_name("audit.000000000001.jsonl"))
    if step == "renamed and made":
        log_of(home).touch()
    assert logbook.check_log().count == 3
    add(home)
    assert logbook.check_log().count == 4
    assert len(lines(home)) == 1


def test_nothing_is_moved_over_a_file_that_is_there(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        add(home, scope=f"s{number}")
    there = log_of(home).with_name("audit.000000000001.jsonl")
    there.write_bytes(b"older evidence\n")
    monkeypatch.setattr(audit, "ROTATE_AT", 100)
    with pytest.raises(LogBroken):
        add(home)
    assert there.read_bytes() == b"older evidence\n"
    assert len(lines(home)) == 3


def test_a_full_file_with_a_torn_line_is_repaired_before_it_is_moved(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        add(home, scope=f"s{number}")
    with log_of(home).open("ab") as file:
        file.write(b'{"torn')
    monkeypatch.setattr(audit, "ROTATE_AT", 100)
    add(home)
    assert full_files(home) == []
    add(home)
    assert len(full_files(home)) == 1
    assert logbook.check_log().count == 6


def test_the_newest_are_read_from_the_end(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    add(home)
    line = lines(home)[0]
    log_of(home).write_bytes(line * 40_000)
    spent: list[int] = []
    pread = os.pread

    def counted(fd: int, count: int, offset: int) -> bytes:
        spent.append(count)
        return pread(fd, count, offset)

    monkeypatch.setattr(os, "pread", counted)
    assert len(logbook.recent(50, lambda _: True)) == 50
    assert sum(spent) < 200_000 < log_of(home).stat().st_size
