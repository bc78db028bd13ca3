"""Policies as files: YAML with nothing in it that can surprise, errors with their line, folders read whole or not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from hypothesis import given, strategies as st

from kanoniv_auth.cloud.policy_file import load, read
from kanoniv_auth.core import github_claims
from kanoniv_auth.core.claim_matching import NOT_IN_GLOB, UNSEEN
from kanoniv_auth.core.errors import PolicyInvalid, StorageError, UsageError
from kanoniv_auth.core.policy_reading import KEYS, REQUIRED, read_policy
from tests.policy.claims import fields
from tests.policy.samples import BASE, INVALID, VALID, YAML_TRAPS

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT / "kanoniv_ci" / "trust-policy.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="ascii")))


def refused(text: str | bytes) -> PolicyInvalid:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(PolicyInvalid) as caught:
        read(data, file="x.yaml", name="x")
    return caught.value


# ------------------------------------------------------------------------- the loader and the schema


@pytest.mark.parametrize("name", VALID)
def test_what_is_valid_is_valid_to_both(name: str) -> None:
    assert read(VALID[name].encode(), file="x.yaml", name="x").name == "x"
    assert list(VALIDATOR.iter_errors(yaml.safe_load(VALID[name]))) == []


@pytest.mark.parametrize("name", INVALID)
def test_what_is_invalid_is_invalid_to_both(name: str) -> None:
    assert str(refused(INVALID[name])).startswith("x.yaml:")
    assert not VALIDATOR.is_valid(yaml.safe_load(INVALID[name]))


def test_the_schema_is_one_and_says_the_same_words() -> None:
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)
    schema = VALIDATOR.schema
    assert tuple(schema["properties"]) == KEYS
    assert sorted(schema["required"]) == sorted(REQUIRED)
    assert set(schema["properties"]["events"]["items"]["enum"]) == github_claims.EVENTS
    assert set(schema["properties"]["events"]["default"]) == github_claims.USUAL_EVENTS
    assert set(schema["properties"]["conditions"]["properties"]) == github_claims.CONDITIONS
    assert schema["$defs"]["text"]["not"]["pattern"] == UNSEEN
    assert schema["$defs"]["glob"]["allOf"][1]["not"]["pattern"] == NOT_IN_GLOB


TEXTS = st.text(alphabet='abA019.-_/:*?[]%\\ \n\0é\u202e"', max_size=6) | st.sampled_from(
    [
        "refs/heads/main",
        "1h",
        "90m",
        "99999s",
        "push",
        "deploy.staging",
        "https://a.example",
        "123",
        "a%2f",
        "a%2a.b",
    ]
)
LEAVES = TEXTS | st.integers(-2, 20_000_000) | st.booleans() | st.none()
MATCHERS = st.dictionaries(
    st.sampled_from(["exact", "glob", "regex"]), LEAVES | st.lists(LEAVES, max_size=3), max_size=2
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "issuer": LEAVES,
        "audience": LEAVES,
        "repository_id": LEAVES,
        "events": st.lists(LEAVES, max_size=2) | LEAVES,
        "scopes": st.lists(LEAVES, max_size=3) | LEAVES,
        "max_ttl": LEAVES,
        "conditions": st.dictionaries(
            st.sampled_from(["ref", "sub", "repo_property_a"]) | TEXTS,
            MATCHERS | LEAVES,
            max_size=2,
        ),
    },
)


@given(changes=CHANGES)
def test_whatever_it_says_both_agree(changes: dict[str, object]) -> None:
    given_fields = {**fields(), **changes}
    try:
        read_policy("x", given_fields)
    except PolicyInvalid as error:
        assert str(error)  # noqa: PT017 - both ways are right, if the schema says so too
        taken = False
    else:
        taken = True
    assert VALIDATOR.is_valid(given_fields) == taken


# ---------------------------------------------------------------------------------------------- YAML


@pytest.mark.parametrize("name", YAML_TRAPS)
def test_what_is_a_trap_in_yaml(name: str) -> None:
    text, word, line = YAML_TRAPS[name]
    began = time.monotonic()
    error = refused(text)
    assert time.monotonic() - began < 2
    assert word in str(error)
    assert error.facts["file"] == (f"x.yaml:{line}" if line else "x.yaml")
    assert str(error).isprintable()


@pytest.mark.parametrize("data", [b"\xff\xfei\0", b"a: \xff", BASE.encode("utf-16")])
def test_bytes_that_are_no_text(data: bytes) -> None:
    assert "UTF-8" in str(refused(data))


def test_the_line_is_that_of_the_key() -> None:
    text = (
        BASE + "conditions:\n  ref:\n    exact: refs/heads/main\n  environment:\n    exact: prod*\n"
    )
    assert str(refused(text)).startswith("x.yaml:9: ")
    assert str(refused(BASE.replace("[deploy.staging]", "['*']"))).startswith("x.yaml:4: ")
    assert str(refused("a: b\n" + BASE)).startswith("x.yaml:1: ")


@given(text=st.text(max_size=60))
def test_no_text_brings_a_traceback(text: str) -> None:
    try:
        read(text.encode("utf-8", "surrogatepass"), file="x", name="x")
    except PolicyInvalid as error:
        assert str(error).isprintable()  # noqa: PT017 - whatever it is, it is refused and can be shown
    else:
        raise AssertionError(text)


# ------------------------------------------------------------------------------------------- folders


def put(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_is_all_its_policies_by_name(tmp_path: Path) -> None:
    put(tmp_path, b=BASE, a=BASE, C=BASE)
    (tmp_path / "README.md").write_text("x")
    (tmp_path / ".b.yaml.swp").write_text("x")
    (tmp_path / ".hidden.yaml").write_text("x")
    policies, errors = load([str(tmp_path)])
    assert ([policy.name for policy in policies], errors) == (["C", "a", "b"], [])


def test_every_bad_one_is_told(tmp_path: Path) -> None:
    put(tmp_path, a=BASE, b="x", c=BASE + "y: z\n")
    policies, errors = load([str(tmp_path)])
    assert [policy.name for policy in policies] == ["a"]
    assert [str(error.facts["file"]) for error in errors] == [
        f"{tmp_path}/b.yaml:1",
        f"{tmp_path}/c.yaml:6",
    ]


def test_an_ending_that_would_be_passed_over(tmp_path: Path) -> None:
    (tmp_path / "deploy.yml").write_text(BASE)
    _, (error,) = load([str(tmp_path)])
    assert "does not end in .yaml" in str(error)
    assert error.facts["fix"] == "name it deploy.yaml"


def test_one_name_twice(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    put(tmp_path / "x", deploy=BASE)
    put(tmp_path / "y", deploy=BASE)
    _, (error,) = load([str(tmp_path / "x"), str(tmp_path / "y")])
    assert "two policies named deploy" in str(error)


@pytest.mark.parametrize("name", ["a b", "é", "-x", "x" * 65, "a$(id)"])
def test_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    put(tmp_path, **{name: BASE})
    _, (error,) = load([str(tmp_path)])
    assert "name " in str(error)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dir.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in ("dir.yaml", "gone.yaml", "no/such", "nul\0.yaml"):
        if path == "dir.yaml":
            assert load([str(tmp_path / path)]) == ([], [])
            continue
        with pytest.raises(StorageError, match="cannot read"):
            load([str(tmp_path / path)])
    # nobody writes into it, and nobody waits
    _, (error,) = load([str(tmp_path / "pipe.yaml")])
    assert "empty" in str(error)


def test_too_many(tmp_path: Path) -> None:
    for number in range(1001):
        (tmp_path / f"p{number}.yaml").touch()
    with pytest.raises(UsageError, match="more than 1000"):
        load([str(tmp_path)])


def test_yaml_is_loaded_when_it_is_asked_for_and_missed_with_a_hint() -> None:
    code = (
        "import sys\nfrom kanoniv_auth.cloud.policy_file import read\nassert 'yaml' not in sys.modules\n"
        "sys.modules['yaml'] = None\n"
        "try: read(b'', file='x', name='x')\n"
        "except Exception as error: assert 'kanoniv-auth[policy]' in error.facts['fix'], error\n"
        "else: raise SystemExit('read it')\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=30)
