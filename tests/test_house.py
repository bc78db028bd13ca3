"""The rules of the house, checked: what stands in the tree, how big it is, what we depend on.

Not a linter's work done twice: here is what ruff, mypy and import-linter cannot see, and that the
import contracts break when they should.
"""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import kanoniv_auth

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("agents", "base", "ci", "server", "dev", "fuzz", "mutation")

# One letter in brackets each, so that this file does not hold what it looks for.
REGISTRIES = re.compile(
    r"pythonh[o]sted|npmj[s]\.(org|com)|deb\.debi[a]n|crates\.i[o]|proxy\.gol[a]ng|pypi\.org/simpl[e]",
)
MACHINE = re.compile(
    r"(^|[^A-Za-z0-9_.-])/(wor[k]/(main|shared|steering|\.)|tmp/(bash_job[s]|hous[e])|roo[t]/\.|opt/wheel[s])"
)
PINNED = re.compile(r"uses: +['\"]?(?P<action>[\w.-]+/[\w./-]+)@(?P<ref>[^\s'\"]+)(?P<note>.*)")

PUBLIC = [
    "AudienceMismatch",
    "AuthError",
    "CaveatViolation",
    "ChainTooDeep",
    "HolderUnproven",
    "KeyInvalid",
    "KeyPair",
    "KeyPermissions",
    "ListRefused",
    "LogBroken",
    "NoRootKey",
    "NoTrustedRoot",
    "Revoked",
    "ScopeViolation",
    "SignatureInvalid",
    "StorageError",
    "TokenExpired",
    "TokenParseError",
    "UsageError",
    "delegate",
    "delegate_v1",
    "delegated",
    "generate_keys",
    "get_agent",
    "init_root",
    "list_agents",
    "list_tokens",
    "load_keys",
    "load_root",
    "load_token",
    "narrow",
    "register_agent",
    "remove_agent",
    "rename_agent",
    "requires",
    "resolve_name",
    "revoke",
    "scope",
    "sign",
    "verify",
]

# path or path:function -> why it may be longer. Nothing else may.
LONGER_MODULES: dict[str, str] = {}
LONGER_FUNCTIONS: dict[str, str] = {}


def tracked(*patterns: str) -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are the project's cannot be told")
    found = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    return [ROOT / name for name in found.stdout.split("\0") if name and (ROOT / name).is_file()]


def product_code() -> list[Path]:
    return tracked(
        "kanoniv_auth/*.py",
        "kanoniv_ci/*.py",
        "kanoniv_server/*.py",
        "entrypoint.py",
        "verify/*.py",
        "scripts/*.py",
    )


def lines_matching(pattern: re.Pattern[str]) -> Iterator[str]:
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # not text
        for number, line in enumerate(text.splitlines(), 1):
            if pattern.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE], ids=["registry hosts", "machine paths"])
def test_no_tracked_file_names(pattern: re.Pattern[str]) -> None:
    assert list(lines_matching(pattern)) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRIES, "https://files.python|hosted.org/x.whl"),
        (REGISTRIES, "registry.npm|js.org"),
        (MACHINE, "cp /wo|rk/main/x ."),
        (MACHINE, "in /ro|ot/.pyenv"),
        (PINNED, "- uses: actions/checkout@v7"),
    ],
)
def test_the_patterns_see_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text.replace("|", ""))


# ---------------------------------------------------------------------------- workflows and actions


def yaml_files() -> list[Path]:
    return tracked("*.yml", "*.yaml")


def workflows() -> list[Path]:
    return tracked(".github/workflows/*.yml", "examples/*.yml")


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps_of(document: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(document, dict):
        return
    for job in (document.get("jobs") or {}).values():
        yield from job.get("steps") or []
    yield from (document.get("runs") or {}).get("steps") or []


def uses() -> Iterator[tuple[str, re.Match[str]]]:
    for path in tracked("*.yml", "*.yaml", "*.md"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := PINNED.search(line):
                yield f"{path.relative_to(ROOT)}:{number}", found


def is_ours(action: str) -> bool:
    return action == "kanoniv/auth-action" or action.startswith("kanoniv/auth-action/")


def test_every_foreign_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    loose = [
        f"{where}: {found[0]}"
        for where, found in uses()
        if not is_ours(found["action"])
        and not (re.fullmatch(r"[0-9a-f]{40}", found["ref"]) and re.match(r" # v\d", found["note"]))
    ]
    assert loose == []


def test_one_action_has_one_commit() -> None:
    commits = defaultdict(set)
    for _, found in uses():
        if not is_ours(found["action"]):
            owner_and_name = "/".join(found["action"].split("/")[:2])
            commits[owner_and_name].add(found["ref"])
    assert {action: refs for action, refs in commits.items() if len(refs) > 1} == {}


def test_no_expression_is_pasted_into_a_script() -> None:
    pasted = [
        f"{path.relative_to(ROOT)}: {step.get('name') or step['run'][:60]!r}"
        for path in yaml_files()
        for step in steps_of(load(path))
        if "${{" in str(step.get("run", ""))
    ]
    assert pasted == []


def test_workflows_start_without_permissions() -> None:
    assert workflows()
    assert {p.name: load(p).get("permissions", "absent") for p in workflows()} == {
        p.name: {} for p in workflows()
    }


# ----------------------------------------------------------------------------------- sizes and form


def without_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or 0) - first[0].lineno + 1 if first else 0


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT).as_posix()}:{node.name}", without_docstring(node)


def test_a_module_is_one_noun() -> None:
    sizes = {
        p.relative_to(ROOT).as_posix(): len(p.read_text(encoding="utf-8").splitlines())
        for p in product_code()
    }
    assert {name: n for name, n in sizes.items() if n > 300 and name not in LONGER_MODULES} == {}
    assert {name for name in LONGER_MODULES if sizes.get(name, 0) <= 300} == set()


def test_a_function_is_one_verb() -> None:
    sizes = dict(entry for path in product_code() for entry in functions(path))
    assert {name: n for name, n in sizes.items() if n > 40 and name not in LONGER_FUNCTIONS} == {}
    assert {name for name in LONGER_FUNCTIONS if sizes.get(name, 0) <= 40} == set()


def test_every_module_says_what_it_is() -> None:
    silent = []
    for path in tracked("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and not ast.get_docstring(tree):
            silent.append(path.relative_to(ROOT).as_posix())
    assert silent == []


def test_no_module_is_called_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [p for p in tracked("*.py") if drawers & {p.stem, p.parent.name}] == []


# ------------------------------------------------------------------------------ who may import whom


def broken_contracts(where: Path, *contracts: str) -> list[str]:
    """The verdicts that say BROKEN; anything but a verdict fails the test."""
    command = Path(sys.executable).with_name("lint-imports")
    if not command.exists():
        pytest.skip("import-linter is not beside this interpreter: run through make")
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    done = subprocess.run(
        [str(command), "--no-cache", "--no-logo", *chosen],
        cwd=where,
        capture_output=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
        text=True,
        timeout=120,
    )
    broken = [line for line in done.stdout.splitlines() if " BROKEN" in line]
    assert done.returncode == bool(broken), done.stdout + done.stderr
    return broken


@pytest.fixture
def copy_of_packages(tmp_path: Path) -> Path:
    for package in ("kanoniv_auth", "kanoniv_ci", "kanoniv_server"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_import_contracts_hold() -> None:
    assert broken_contracts(ROOT) == []


@pytest.mark.parametrize(
    ("contract", "module", "text"),
    [
        ("layers", "kanoniv_auth/utils.py", ""),
        ("layers", "kanoniv_auth/core/scopes.py", "import kanoniv_auth.store.home"),
        ("surfaces", "kanoniv_auth/core/scopes.py", "import kanoniv_ci.inputs"),
        ("surfaces", "kanoniv_auth/core/scopes.py", "import kanoniv_server.domain"),
        ("surfaces", "kanoniv_server/domain/values.py", "import kanoniv_ci.inputs"),
        ("surfaces", "kanoniv_ci/inputs.py", "import kanoniv_server.domain.values"),
        ("action", "kanoniv_ci/inputs.py", "import kanoniv_auth.cli.main"),
        ("service", "kanoniv_server/domain/values.py", "import kanoniv_auth.store.files"),
        ("rooms", "kanoniv_server/domain/values.py", "import kanoniv_server.storage"),
        ("pure", "kanoniv_auth/core/scopes.py", "import os"),
        ("pure", "kanoniv_ci/inputs.py", "import time"),
        ("pure", "kanoniv_server/domain/values.py", "import time"),
        ("sodium", "kanoniv_auth/core/scopes.py", "import nacl.signing"),
        ("pem", "kanoniv_auth/core/scopes.py", "from cryptography import x509"),
        ("small", "kanoniv_auth/store/home.py", "import requests"),
        ("small", "kanoniv_auth/store/home.py", "import sqlalchemy"),
        ("small", "kanoniv_auth/once/memory.py", "import redis"),
        ("small", "kanoniv_auth/core/policy_reading.py", "import yaml"),
        ("layers", "kanoniv_auth/once/memory.py", "import kanoniv_auth.store.files"),
        ("service", "kanoniv_auth/cloud/policy_file.py", "import kanoniv_auth.store.files"),
        ("click", "kanoniv_auth/store/home.py", "import click"),
        ("cycles", "kanoniv_auth/core/value.py", "import kanoniv_auth.core.scopes"),
    ],
)
def test_a_breach_breaks_its_contract(
    copy_of_packages: Path, contract: str, module: str, text: str
) -> None:
    with (copy_of_packages / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")
    assert len(broken_contracts(copy_of_packages, contract)) == 1


# -------------------------------------------------------------------- the package and what it needs


def test_the_public_names_are_these() -> None:
    assert sorted(n for n in dir(kanoniv_auth) if not n.startswith("_")) == sorted(PUBLIC)
    for name in PUBLIC:
        assert getattr(kanoniv_auth, name).__module__.startswith("kanoniv_auth.")


def test_the_version_is_said_twice_and_agrees() -> None:
    assert kanoniv_auth.__version__ == importlib.metadata.version("kanoniv-auth")


def test_the_library_needs_two_packages() -> None:
    needed = [r for r in importlib.metadata.requires("kanoniv-auth") or () if "extra ==" not in r]
    assert sorted(re.split(r"[<>=! ]", r)[0].lower() for r in needed) == ["click", "pynacl"]


def locked(name: str) -> dict[str, set[str]]:
    """Package -> the versions a lock names: several when Python versions need different ones."""
    found = defaultdict(set)
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    for package, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE):
        found[package.lower()].add(version)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) >= 3
    assert [e.splitlines()[0] for e in entries if "--hash=sha256:" not in e] == []
    assert (
        re.findall(
            r"^ *-.*|\w+://.*", re.sub(r"^ +--hash=.*$", "", text, flags=re.MULTILINE), re.MULTILINE
        )
        == []
    )


def test_the_locks_agree() -> None:
    dev = locked("dev")
    for name in ("agents", "base", "ci", "server"):
        assert {p: v for p, v in locked(name).items() if dev[p] != v} == {}
    assert set(locked("base")) <= set(locked("ci")) & set(locked("server")) & set(locked("agents"))


def test_nothing_that_users_install_is_gpl() -> None:
    bad = {}
    for package in {**locked("ci"), **locked("server"), **locked("agents")}:
        try:
            meta = importlib.metadata.metadata(package)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform or Python version
        said = [
            text
            for field in ("License-Expression", "License", "Classifier")
            for text in meta.get_all(field) or ()
            if field != "Classifier" or text.startswith("License ::")
        ]
        assert any(said), f"{package} does not say its licence"
        # PyGithub is under the Lesser GPL, which a program may import.
        text = re.sub(r"LGPL|Lesser General Public", "", "\n".join(said))
        if re.search(r"GPL|General Public", text):
            bad[package] = said
    assert bad == {}


def test_hooks_fetch_nothing() -> None:
    assert {repo["repo"] for repo in load(ROOT / ".pre-commit-config.yaml")["repos"]} == {"local"}


def test_the_readme_names_commands_that_exist() -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    text = "".join((ROOT / n).read_text(encoding="utf-8") for n in ("README.md", "CONTRIBUTING.md"))
    assert {"demo", "test"} <= set(re.findall(r"\bmake ([a-z-]+)", text))
    assert set(re.findall(r"[`\n]make ([a-z-]+)", text)) <= targets
