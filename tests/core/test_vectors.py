"""Every vector against core: both bindings, cold, warm, and after all the others; and what the vectors cover."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable

import pytest

from kanoniv_auth.core import sodium
from kanoniv_auth.core.cache import Cache
from kanoniv_auth.core.errors import REASONS
from tests.core.vector_files import (
    ENVELOPES,
    LISTS,
    ROOT,
    ROTATIONS,
    TOKENS,
    VECTORS,
    Vector,
    check,
    check_list,
    check_receipts,
    check_rotation,
)

SPEC = (ROOT / "docs" / "spec" / "token.md").read_text(encoding="utf-8")
ALL = [*TOKENS, *ENVELOPES, *LISTS, *ROTATIONS]
# rows of the attack list that no token shows: where they are tested instead, or why they are not
ELSEWHERE = {
    "A17": "tests/core/test_backends.py",
    "A21": "tests/core/test_keys.py",
    "A33": "tests/core/test_secrecy.py",
}
NOT_OF_A_TOKEN = {
    "A35": "names and files belong to the store",
    "A36": "hooks are another slice",
    "A38": "approvals are another slice",
}


BINDINGS = {"private": sodium.private_binding(), "public": sodium.public_binding()}


@pytest.fixture
def bind(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Choose one of the two bindings to libsodium by its name."""

    def choose(name: str) -> None:
        monkeypatch.setattr(sodium, "backend", BINDINGS[name])
        monkeypatch.setattr(sodium, "sha256", BINDINGS[name].sha256)

    return choose


@pytest.fixture(scope="module")
def crowded() -> Cache:
    """A cache that has seen every vector."""
    cache = Cache(limit=100_000)
    for vector in TOKENS:
        check(vector.case, cache)
    return cache


@pytest.mark.parametrize("vector", TOKENS, ids=lambda v: v.id)
def test_token(vector: Vector, bind: Callable[[str], None], crowded: Cache) -> None:
    answers = {"after all others": check(vector.case, crowded)}
    for name in BINDINGS:
        bind(name)
        own = Cache()
        answers[f"{name}, without a cache"] = check(vector.case)
        answers[f"{name}, cold"] = check(vector.case, own)
        answers[f"{name}, warm"] = check(vector.case, own)
    assert answers == dict.fromkeys(answers, vector.expect)


def test_a_small_cache_changes_no_answer() -> None:
    cache = Cache(limit=2)
    twice = [*TOKENS, *reversed(TOKENS)]
    wrong = [vector.id for vector in twice if check(vector.case, cache) != vector.expect]
    assert wrong == []


@pytest.mark.parametrize("vector", ENVELOPES, ids=lambda v: v.id)
def test_envelope(vector: Vector, bind: Callable[[str], None]) -> None:
    for name in BINDINGS:
        bind(name)
        assert check_receipts(vector.case) == vector.expect


@pytest.mark.parametrize(
    ("vector", "ask"),
    [*((v, check_list) for v in LISTS), *((v, check_rotation) for v in ROTATIONS)],
    ids=lambda value: value.id if isinstance(value, Vector) else "",
)
def test_statement(
    vector: Vector, ask: Callable[[dict[str, object]], str], bind: Callable[[str], None]
) -> None:
    for name in BINDINGS:
        bind(name)
        assert ask(vector.case) == vector.expect


# ------------------------------------------------------------------------------- what they cover


def test_there_are_enough_and_most_must_be_refused() -> None:
    verdicts = Counter(vector.expect == "allow" for vector in TOKENS)
    assert verdicts.total() >= 700
    assert verdicts[False] >= verdicts[True] >= 90


def test_no_two_are_alike() -> None:
    refused = [v.case for v in ALL if v.expect != "allow"]
    tokens = [json.dumps(c.get("token", c.get("stream", c.get("text")))) for c in refused]
    four = [(c["expect"], *c["rows"], c["why"], t) for c, t in zip(refused, tokens, strict=True)]
    assert repeated(four) == []
    # nor does one only say the same thing in other words
    bare = ({k: v for k, v in c.items() if k not in {"name", "why", "rows"}} for c in refused)
    assert repeated(json.dumps(case) for case in bare) == []
    assert repeated((v.id.partition(":")[0], v.case["why"]) for v in ALL) == []
    assert repeated(v.id for v in ALL) == []


def repeated(items: Iterable[object]) -> list[object]:
    return [item for item, count in Counter(items).items() if count > 1]


def test_every_vector_says_why() -> None:
    assert [v.id for v in ALL if len(v.case["why"]) < 6 or "\n" in v.case["why"]] == []


def test_every_row_of_the_attack_list_is_covered() -> None:
    rows = {row for vector in ALL for row in vector.case["rows"]}
    assert {row for row in rows if not re.fullmatch(r"A([1-9]|[1-3]\d|40)", row)} == set()
    every = {f"A{number}" for number in range(1, 41)}
    assert every - rows == ELSEWHERE.keys() | NOT_OF_A_TOKEN.keys()
    assert [path for path in ELSEWHERE.values() if not (ROOT / path).is_file()] == []


def spec_codes(begin: str, end: str) -> set[str]:
    """The codes in backquotes of the last column of the tables between two headings."""
    section = SPEC[SPEC.index(begin) : SPEC.index(end)]
    last = [line.rstrip("| ").rpartition("|")[2] for line in section.splitlines() if "|" in line]
    return set(re.findall(r"`(\w+)`", " ".join(last)))


def test_every_code_of_the_step_table_is_produced() -> None:
    wanted = spec_codes("## 2.", "## 3.")
    assert len(wanted) == 21
    assert wanted == {v.expect for v in TOKENS} - {"allow"}
    assert spec_codes("### 3.2", "## 4.") <= {v.expect for v in ENVELOPES}
    assert spec_codes("### 7.1", "### 7.2") == {v.expect for v in LISTS} - {"allow"}
    assert spec_codes("### 7.2", "### 7.3") == {v.expect for v in ROTATIONS} - {"allow"}


def test_the_spec_lists_the_codes_of_the_library() -> None:
    table = SPEC[SPEC.index("## 4.") : SPEC.index("## 5.")]
    exits: dict[str, int] = {}
    for codes, status in re.findall(r"\| ((?:`\w+`(?:, )?)+) \| (\d) ", table):
        exits |= dict.fromkeys(re.findall(r"\w+", codes), int(status))
    assert exits == {slug: reason.exit for slug, reason in REASONS.items()}
    assert {v.expect for v in ALL} - {"allow"} <= exits.keys()


def test_the_codes_are_told_apart() -> None:
    assert repeated([reason.code for reason in REASONS.values()]) == []
    assert all(re.fullmatch(r"KAN-[A-Z]+-\d{3}", reason.code) for reason in REASONS.values())
    assert all(slug == reason.slug for slug, reason in REASONS.items())


# ------------------------------------------------------------------------------------ their making


def test_making_them_again_gives_the_same_bytes() -> None:
    code = (
        "import json, sys, vectors.generate as g\n"
        "assert not any(name.startswith('kanoniv') for name in sys.modules), 'not by hand'\n"
        "json.dump(g.texts(), sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, timeout=60
    )
    made = json.loads(done.stdout)
    there = {p.name: p.read_text(encoding="ascii") for p in VECTORS.glob("*.json")}
    assert made.keys() == there.keys()
    assert [name for name in made if made[name] != there[name]] == []
