"""What `install-skill` made is remembered; what cannot be read is no memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from kanoniv_auth.store import placed
from kanoniv_auth.store.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(str(tmp_path / "home"))


def test_in_and_out(home: Home) -> None:
    placed.change(home)
    assert not Path(home.path).exists()
    placed.change(home, made=("/b", "/a"))
    placed.change(home, made=("/a",))
    assert placed.read(home) == {"/a", "/b"}
    placed.change(home, made=("/c",), forgotten=("/a", "/x"))
    assert placed.read(home) == {"/b", "/c"}
    assert Path(home.placed).stat().st_mode & 0o777 == 0o600
    placed.change(home, forgotten=("/b", "/c"))
    assert not Path(home.placed).exists()


@pytest.mark.parametrize("text", ["", "[", '{"/a":1}', "[7]", '["a",""]', "null", "\xff"])
def test_what_is_no_memory(home: Home, text: str) -> None:
    placed.change(home, made=("/a",))
    Path(home.placed).write_text(text, encoding="latin-1")
    assert placed.read(home) == frozenset()
    placed.change(home, made=("/b",))
    assert placed.read(home) == {"/b"}


def test_one_that_others_can_write_is_none(home: Home) -> None:
    placed.change(home, made=("/a",))
    Path(home.placed).chmod(0o666)
    assert placed.read(home) == frozenset()


def test_what_writing_a_file_makes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    assert placed.missing(str(tmp_path / "a")) == ()
    assert placed.missing(str(tmp_path / "a" / "b" / "c")) == (
        str(tmp_path / "a" / "b" / "c"),
        str(tmp_path / "a" / "b"),
    )
    assert placed.missing(str(tmp_path / "link")) == ()
