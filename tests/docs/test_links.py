"""Links between our pages lead somewhere: the file is there, and so is the heading."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.support.markdown import anchors, links, read
from tests.support.session import ROOT

PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
MAP = ROOT / "docs" / "README.md"


def broken(path: Path, targets: list[str]) -> list[str]:
    found = []
    for target in targets:
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, fragment = unquote(target).partition("#")
        other = (path.parent / name).resolve() if name else path
        if (
            not other.exists()
            or not other.is_relative_to(ROOT)
            or (fragment and fragment not in anchors(read(other.read_text(encoding="utf-8"))))
        ):
            found.append(target)
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    assert broken(path, links(read(path.read_text(encoding="utf-8")))) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    targets = ["tutorial.md", "no-such-page.md", "tutorial.md#no-such-heading", "#no", "../../x.md"]
    assert broken(MAP, targets) == targets[1:]


def test_the_map_names_every_page() -> None:
    named = {
        (MAP.parent / target.partition("#")[0]).resolve()
        for target in links(read(MAP.read_text(encoding="utf-8")))
    }
    assert set((ROOT / "docs").rglob("*.md")) - named == {MAP}
