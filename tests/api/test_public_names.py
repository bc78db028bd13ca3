"""`import kanoniv_auth`: the product's published names and the issue's errors, nothing else; silent and cheap."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kanoniv_auth

ROOT = Path(__file__).parents[2]
NAMES = [
    "delegate",
    "delegate_v1",
    "verify",
    "sign",
    "init_root",
    "load_root",
    "load_token",
    "list_tokens",
    "register_agent",
    "get_agent",
    "list_agents",
    "remove_agent",
    "rename_agent",
    "resolve_name",
    "delegated",
    "narrow",
    "requires",
    "AuthError",
    "ScopeViolation",
    "TokenExpired",
    "ChainTooDeep",
    "SignatureInvalid",
    "TokenParseError",
    "KeyPair",
    "generate_keys",
    "load_keys",
    "scope",
    "NoRootKey",
    "NoTrustedRoot",
    "HolderUnproven",
    "AudienceMismatch",
    "CaveatViolation",
    "KeyPermissions",
    "KeyInvalid",
    "ListRefused",
    "LogBroken",
    "Revoked",
    "StorageError",
    "UsageError",
    "revoke",
]


def test_the_names_are_these() -> None:
    public = {name for name in dir(kanoniv_auth) if not name.startswith("_")}
    assert public == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_there(name: str) -> None:
    assert getattr(kanoniv_auth, name).__name__ == name


def test_the_type_checkers_table_is_the_same() -> None:
    tree = ast.parse((ROOT / "kanoniv_auth" / "__init__.py").read_text(encoding="utf-8"))
    imports = [
        node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0
    ]
    said = {
        alias.asname: node.module.removeprefix("kanoniv_auth.")
        for node in imports
        if node.module is not None
        for alias in node.names
        if alias.asname is not None
    }
    assert said == kanoniv_auth._HOME_OF


def test_other_names_are_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="request_scope"):
        kanoniv_auth.request_scope  # noqa: B018


def test_importing_says_and_loads_nothing() -> None:
    code = "import sys; before = set(sys.modules); import kanoniv_auth; print(sorted(set(sys.modules) - before))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout == "['__future__', 'kanoniv_auth']\n"
    assert said.stderr == ""


def test_version() -> None:
    said = re.search(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert said is not None
    assert kanoniv_auth.__version__ == said[1]


def test_errors_are_one_family() -> None:
    errors = [getattr(kanoniv_auth, name) for name in NAMES]
    kinds = [kind for kind in errors if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) == 18
    assert all(issubclass(kind, kanoniv_auth.AuthError) for kind in kinds)
