"""Lists on disk: whatever order they come in, the newest of each root stays; a write that dies changes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kanoniv_auth.core.errors import ListRefused, StorageError
from kanoniv_auth.core.keys import KeyPair
from kanoniv_auth.core.revocation_list import RevocationList, make_list, read_list
from kanoniv_auth.store import revocations
from kanoniv_auth.store.home import Home

ROOTS = [KeyPair.from_seed(bytes([number]) * 32) for number in (1, 2)]
NOW = 1_800_000_000


def listed(root: int, seq: int, entry: int) -> RevocationList:
    return read_list(make_list(ROOTS[root], seq=seq, now=NOW, ids=[bytes([entry]) * 32]))


ARRIVING = st.lists(
    st.tuples(st.integers(0, 1), st.integers(1, 6), st.integers(1, 2)), min_size=1, max_size=20
)


@given(arriving=ARRIVING)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_order_brings_an_older_one_back(
    tmp_path_factory: pytest.TempPathFactory, arriving: list[tuple[int, int, int]]
) -> None:
    home = Home(str(tmp_path_factory.mktemp("home")))
    kept: dict[int, RevocationList] = {}
    for root, seq, entry in arriving:
        new, before = listed(root, seq, entry), kept.get(root)
        if before is None or seq > before.seq:
            assert revocations.keep(home, new) is True
            kept[root] = new
        elif before == new:
            assert revocations.keep(home, new) is False
        else:
            with pytest.raises(ListRefused) as caught:
                revocations.keep(home, new)
            assert caught.value.slug == "rolled_back"
        assert {one.root: one for one in revocations.read(home)} == {
            one.root: one for one in kept.values()
        }


class Killed(BaseException):
    """Stands for the moment a process dies."""


@pytest.mark.parametrize("call", ["open", "pwrite", "fsync", "replace"])
def test_a_write_that_dies_leaves_the_list_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    home = Home(str(tmp_path / "home"))
    first, second = listed(0, 1, 1), listed(0, 2, 2)
    revocations.keep(home, first)
    real = getattr(os, call)

    def die(*args: object, **more: object) -> object:
        # opening to read is not yet writing
        if call != "open" or (isinstance(args[1], int) and args[1] & os.O_CREAT):
            raise Killed
        return real(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, die)
        with pytest.raises(Killed):
            revocations.keep(home, second)
    assert revocations.read(home) == [first]
    assert revocations.keep(home, second) is True
    assert revocations.read(home) == [second]


def test_what_is_no_list_of_ours_is_left_alone(tmp_path: Path) -> None:
    """A file that is being written, or somebody's note, is not read; anything named like a list is."""
    home = Home(str(tmp_path / "home"))
    revocations.keep(home, listed(0, 1, 1))
    folder = Path(home.revocations)
    (folder / ".half.kdr2").write_text("half")
    (folder / "README").write_text("why these are here")
    assert len(revocations.read(home)) == 1
    (folder / "copy.kdr2").write_text(listed(0, 1, 1).text)
    with pytest.raises(StorageError) as caught:
        revocations.read(home)
    assert "copy.kdr2" in str(caught.value)


def test_what_is_made_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        home = Home(str(tmp_path / "home"))
        revocations.keep(home, listed(0, 1, 1))
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (Path(home.path), Path(home.revocations))}
    assert modes == {0o700}
    (path,) = Path(home.revocations).iterdir()
    assert (path.stat().st_mode & 0o777, path.name) == (0o600, f"{ROOTS[0].did[10:]}.kdr2")
