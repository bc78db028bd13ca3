"""Links that somebody put into a home: what is written, and what gets another mode, stays in the folder that was named.

Mallory's directory is another's to migrate or to put a token into (`migrate --from`, `delegate --home`), and a link in
it leads to a folder that only the caller can change.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import kanoniv_auth
from kanoniv_auth.api import migration
from kanoniv_auth.core.errors import StorageError
from kanoniv_auth.store import files, published

NOBODY = 65534


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder that others may read, with a file that others may read."""
    folder = tmp_path / "victim"
    folder.mkdir(mode=0o755)
    (folder / "x.token").write_text("public")
    (folder / "x.token").chmod(0o644)
    return folder


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "agents.json").write_text("{}")
    return folder


def modes(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mode & 0o7777 for path in (folder, *folder.iterdir())}


@pytest.mark.parametrize("name", ["tokens", "keys"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_migrate_changes_nothing_through_a_linked_folder(
    home: Path, old: Path, victim: Path, name: str, dry_run: bool
) -> None:
    before = modes(victim)
    (old / name).symlink_to(victim)
    (old / "agents.json").chmod(0o644)
    with pytest.raises(StorageError, match=f"old/{name}.* is a link"):
        migration.migrate(old, dry_run=dry_run)
    assert modes(victim) == before
    assert (old / "agents.json").stat().st_mode & 0o777 == 0o644
    assert not (home / "tokens").exists()


@pytest.mark.parametrize(
    "name", ["root.key", "agents.json", "tokens/a.token", "tokens/latest.token"]
)
def test_migrate_reads_nothing_through_a_link(
    home: Path, old: Path, victim: Path, name: str
) -> None:
    """A link's text would become a key or a token here: of a file that only the caller can read."""
    (old / "tokens").mkdir()
    (old / name).unlink(missing_ok=True)
    (old / name).symlink_to(victim / "x.token")
    before = modes(victim)
    with pytest.raises(StorageError, match=f"old/{name} is a link"):
        migration.migrate(old)
    assert modes(victim) == before
    assert not (home / "tokens").exists()


def test_a_folder_that_becomes_a_link_meanwhile_is_not_followed(
    home: Path, old: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old / "tokens").mkdir(mode=0o755)
    (old / "tokens" / "x.token").write_text("x")
    (old / "tokens" / "x.token").chmod(0o644)
    before = modes(victim)
    real = published.open_mode

    def and_swapped(path: str) -> int | None:
        found = real(path)
        if path.endswith("x.token"):
            (old / "tokens").rename(old / "moved")
            (old / "tokens").symlink_to(victim)
        return found

    monkeypatch.setattr(published, "open_mode", and_swapped)
    found = migration.migrate(old)
    assert modes(victim) == before
    assert str(old / "tokens" / "x.token") in found.left_open


# ------------------------------------------------------------------------------------- another user's folder


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A home that another user owns, whose `tokens` is that user's link."""
    if os.geteuid() != 0:
        pytest.skip("needs root to make what belongs to another user")
    folder, target = tmp_path / "theirs", tmp_path / "target"
    folder.mkdir()
    target.mkdir()
    (folder / "tokens").symlink_to(target)
    os.chown(folder, NOBODY, NOBODY)
    os.chown(folder / "tokens", NOBODY, NOBODY, follow_symlinks=False)
    return folder


def test_a_token_for_another_users_home_goes_through_no_link(home: Path, theirs: Path) -> None:
    kanoniv_auth.init_root()
    target = theirs.parent / "target"
    left = target / ".x.0123456789abcdef.new"
    left.write_text("")
    os.utime(left, (0, 0))
    with pytest.raises(StorageError, match="link by or to another user"):
        kanoniv_auth.delegate(["deploy"], "1h", home=theirs)
    assert list(target.iterdir()) == [left]  # nor is what looks like a leftover taken away there
    os.chown(theirs / "tokens", 0, 0, follow_symlinks=False)
    kanoniv_auth.delegate(["deploy"], "1h", home=theirs)
    assert (target / "latest").exists()


def test_another_users_folder_without_links_takes_a_token(home: Path, theirs: Path) -> None:
    kanoniv_auth.init_root()
    (theirs / "tokens").unlink()
    kanoniv_auth.delegate(["deploy"], "1h", home=theirs)
    assert (theirs / "tokens" / "latest").exists()


def test_a_link_to_another_users_folder_is_not_written_through(
    home: Path, theirs: Path, tmp_path: Path
) -> None:
    """The owner of the folder around it may have made it theirs, and leads the caller's secrets there."""
    os.chown(tmp_path / "target", NOBODY, NOBODY)
    os.chown(theirs / "tokens", 0, 0, follow_symlinks=False)
    with pytest.raises(StorageError, match="link by or to another user"):
        files.write(f"{theirs}/tokens/a", b"secret")


def test_the_registry_is_still_read_where_it_lies(old: Path, home: Path) -> None:
    key = kanoniv_auth.generate_keys()
    entry = {"ci": {"did": key.did, "private_key": key.seed.hex()}}
    (old / "agents.json").write_text(json.dumps(entry))
    assert [did for _, did, _ in migration.migrate(old).agents] == [key.did]
