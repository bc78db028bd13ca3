"""`delegate`: what is made, what is stored where, and that a refusal stores nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

import kanoniv_auth as ka
from kanoniv_auth.api import delegation, roots
from kanoniv_auth.core.delegation import bundle, issue
from kanoniv_auth.core.encoding import unb64u
from kanoniv_auth.core.errors import KeyInvalid, UsageError
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.verification import read_parent


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_lies_in_the_home(home: Path) -> None:
    ka.init_root()
    token = ka.delegate(["build"], 60)
    did = str(ka.verify("build").agent_did).rpartition(":")[2]
    saved = ka.list_tokens()
    assert [row["agent_did"] for row in saved] == [f"did:agent:{did}"]
    name = Path(saved[0].file).name
    assert below(home) == {
        "lock", "root.key", "trusted_roots/local.pub", f"keys/{did}.key", f"tokens/{name}", "tokens/latest",
        "audit.jsonl", "audit.checkpoint", "machine.key",
    }  # fmt: skip
    assert (home / "tokens/latest").read_text() == token == ka.load_token()
    assert {oct(path.stat().st_mode & 0o777) for path in home.rglob("*") if path.is_file()} == {
        "0o600"
    }
    assert {oct(path.stat().st_mode & 0o777) for path in home.rglob("*") if path.is_dir()} == {
        "0o700"
    }


def test_no_private_key_in_a_token(home: Path) -> None:
    root = ka.init_root()
    token = ka.delegate(["build"], name="bot")
    agent = ka.get_agent("bot")
    assert agent is not None
    for key in (root, agent):
        assert key.seed not in _decoded(token)


def _decoded(token: str) -> bytes:
    head, _, proof = token.removeprefix("kd2.").partition("~")
    return b"".join(unb64u(part) for part in [*head.split("."), proof[1:]])


def test_same_name_same_did_and_new_link(home: Path) -> None:
    ka.init_root()
    first, second = ka.delegate("build", name="bot"), ka.delegate("build", name="bot")
    assert first != second
    assert ka.verify("build", first).agent_did == ka.verify("build", second).agent_did
    assert ka.verify("build", ka.delegate("build")).agent_did != ka.verify("build", first).agent_did


@pytest.mark.parametrize("root_as", ["pair", "path", "text", "env"])
def test_root_in_every_form(tmp_path: Path, root_as: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ka.init_root(tmp_path / "my-key")
    monkeypatch.setattr(roots._memory, "root", None)
    root: object = None
    if root_as == "env":
        monkeypatch.setenv("KANONIV_ROOT_KEY", key.secret_text())
    else:
        root = {"pair": key, "path": tmp_path / "my-key", "text": key.secret_text()}[root_as]
    token = ka.delegate("build", root=root)  # type: ignore[arg-type]
    assert ka.verify("build", token, root_did=key.did).root_did == key.did
    assert ka.verify("build", token, root=key.did).root_did == key.did
    assert ka.verify("build", token, root=key).root_did == key.did
    with pytest.raises(ka.NoTrustedRoot):
        ka.verify("build", token)


def test_load_root_is_remembered_for_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ka.init_root()
    other = ka.init_root(tmp_path / "other")
    monkeypatch.setattr(roots._memory, "root", None)
    assert ka.load_root(tmp_path / "other") == other
    assert ka.verify("build", ka.delegate("build")).root_did == other.did


def test_parent_under_both_names(home: Path) -> None:
    ka.init_root()
    parent = ka.delegate(["deploy", "build"], "2h")
    for child in (
        ka.delegate("deploy.x", parent=parent),
        ka.delegate("deploy.x", parent_token=parent),
    ):
        assert ka.verify("deploy.x", child)["chain_depth"] == 2
        assert "~" not in child.split("~", 1)[1]
    with pytest.raises(TypeError):
        ka.delegate("deploy.x", parent=parent, parent_token=parent)


def test_the_childs_end_is_the_parents_at_most(home: Path) -> None:
    ka.init_root()
    parent = ka.delegate("build", "1h")
    end = ka.verify("build", parent).expires_at
    for ttl in ("8h", "never", 10**6):
        assert ka.verify("build", ka.delegate("build", ttl, parent=parent)).expires_at == end


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"scopes": []}, UsageError),
        ({"scopes": "a b"}, UsageError),
        ({"scopes": "deploy/../x"}, UsageError),
        ({"scopes": "build", "ttl": "soon"}, UsageError),
        ({"scopes": "build", "ttl": 0}, UsageError),
        ({"scopes": "build", "ttl": True}, UsageError),
        ({"scopes": "build", "ttl": float("inf")}, UsageError),
        ({"scopes": "build", "name": "a/b"}, UsageError),
        ({"scopes": "build", "to": "nobody"}, UsageError),
        ({"scopes": "build", "to": "did:agent:" + "0" * 32}, UsageError),
        ({"scopes": "build", "to": "did:key:zNope"}, UsageError),
        ({"scopes": "build", "audience": "two words"}, UsageError),
        ({"scopes": "build", "home": ""}, UsageError),
        ({"scopes": "build", "root": "zz"}, KeyInvalid),
        ({"scopes": "build", "root": "./missing.key"}, ka.NoRootKey),
        ({"scopes": "build", "parent": ""}, ka.TokenParseError),
        ({"scopes": "build", "parent": "kd2.AAAA"}, ka.TokenParseError),
        ({"scopes": "build", "name": "new-one", "parent": "kd2.x~sy"}, ka.TokenParseError),
    ],
)
def test_bad_input_stores_nothing(
    home: Path, arguments: dict[str, object], error: type[ka.AuthError]
) -> None:
    ka.init_root()
    before = below(home)
    with pytest.raises(error):
        ka.delegate(**arguments)  # type: ignore[arg-type]
    assert below(home) == before


def test_widening_stores_nothing_and_registers_nobody(home: Path) -> None:
    ka.init_root()
    parent = ka.delegate("deploy.staging")
    before = below(home)
    with pytest.raises(ka.ScopeViolation):
        ka.delegate("deploy", parent=parent, name="greedy")
    assert below(home) == before
    assert ka.list_agents() == []


def test_a_grant_is_no_token_until_its_holder_seals_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = ka.init_root()
    worker = ka.generate_keys()
    before = below(tmp_path / "home")
    grant = ka.delegate("build", to=worker.did_key)
    assert below(tmp_path / "home") == before
    with pytest.raises(ka.HolderUnproven):
        ka.verify("build", grant)
    with pytest.raises(ka.HolderUnproven):
        delegation.accept(grant)
    chain = read_parent(grant, roots=TrustedRoots(keys=(root.public,)), now=_now(), revoked=None)
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "worker"))
    monkeypatch.setattr(roots._memory, "root", None)
    with pytest.raises(ka.NoTrustedRoot):
        delegation.accept(bundle(worker.seed, chain))
    made = delegation.accept(bundle(worker.seed, chain), root_did=root.did, audience="svc")
    assert ka.verify("build", made.text, root_did=root.did, audience="svc").agent_did == worker.did
    assert not (tmp_path / "worker/tokens/latest").exists()
    assert worker.secret_text() not in repr(made)


def _now() -> int:
    return int(time.time())


def test_a_foreign_root_is_not_accepted(home: Path) -> None:
    ka.init_root()
    stranger, worker = ka.generate_keys(), ka.generate_keys()
    chain = issue(
        stranger,
        worker.public,
        parent=None,
        scopes=("build",),
        now=_now(),
        ttl=60,
        entropy=os.urandom(16),
    )
    with pytest.raises(ka.SignatureInvalid):
        delegation.accept(bundle(worker.seed, chain))
    assert not (home / "keys").exists()


def test_a_childs_home_gets_its_key_and_token_and_nothing_else(tmp_path: Path) -> None:
    ka.init_root()
    child = tmp_path / "child"
    parent = ka.delegate("deploy", name="coordinator")
    token = ka.delegate("deploy.staging", parent=parent, name="worker", home=child)
    worker = ka.get_agent("worker")
    assert worker is not None
    saved = next(path.name for path in (child / "tokens").iterdir() if path.suffix == ".token")
    assert below(child) == {
        f"keys/{worker.did.rpartition(':')[2]}.key", f"tokens/{saved}", "tokens/latest",
    }  # fmt: skip
    assert (child / "tokens/latest").read_text() == token
    # the parent goes on with its own
    assert ka.load_token() == parent


def test_who_reads_only_the_childs_home_cannot_be_the_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = ka.init_root()
    parent = ka.delegate("deploy")
    token = ka.delegate("deploy.staging", parent=parent, home=tmp_path / "child")
    monkeypatch.setenv("KANONIV_HOME", str(tmp_path / "child"))
    monkeypatch.setenv("KANONIV_ROOT_DID", root.did)
    monkeypatch.setattr(roots._memory, "root", None)
    assert ka.verify("deploy.staging").chain_depth == 2
    assert ka.sign("deploy.staging").startswith("kde2.")
    # the chain contains the parent's link: cut off, it is a grant for a key that is not here
    links = token.partition("~")[0].split(".")
    cut = ".".join(links[:-1])
    seal = token.partition("~")[2]
    for stolen in (cut, f"{cut}~{seal}", f"{cut}~{parent.partition('~')[2][:-4]}AAAA"):
        with pytest.raises(ka.AuthError):
            ka.verify("deploy.prod", stolen)
        with pytest.raises(ka.HolderUnproven):
            ka.delegate("deploy.prod", parent=stolen)
        with pytest.raises(ka.HolderUnproven):
            delegation.accept(stolen)
        with pytest.raises(ka.AuthError):
            ka.sign("deploy.prod", stolen)
    with pytest.raises(ka.NoRootKey):
        ka.delegate("deploy.prod")


def test_a_file_that_is_no_token_is_left_out_of_the_list(home: Path) -> None:
    ka.init_root()
    ka.delegate("build", name="bot")
    for name, data in (("a", b"\xff\xfe"), ("b", b""), ("c", b"kd2.A~s")):
        (home / f"tokens/{name}.token").write_bytes(data)
    assert len(ka.list_tokens()) == 1
