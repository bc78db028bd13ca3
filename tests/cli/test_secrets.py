"""Where secrets are printed, and where they are not; and two homes that cannot act for each other."""

from __future__ import annotations

import json

from tests.cli.shell import Shell


def secrets_of(shell: Shell) -> list[str]:
    paths = [shell.home / "root.key", *(shell.home / "keys").iterdir()]
    found = [json.loads(path.read_text())["private_key"] for path in paths]
    return [*found, shell.kanoniv("init", "--print-secret").out.strip().rstrip("=")]


def test_only_the_asked_for_secret_is_printed(shell: Shell) -> None:
    token = shell.token("build", "-n", "bot")
    shell.kanoniv("exec", "-s", "build", "--", "true")
    secrets = secrets_of(shell)
    for words in (
        ("init",), ("init", "--json"), ("whoami",), ("whoami", "--json"), ("status",), ("verify", "-s", "build"),
        ("verify", "-s", "prod", "--json"), ("sign", "-a", "build"), ("audit", str(shell.home / "receipts"), "--json"),
        ("delegate", "-s", "build", "--dry-run"), ("delegate", "-s", "build", "--dry-run", "--json"),
    ):  # fmt: skip
        said = shell.kanoniv(*words)
        assert not [secret for secret in secrets if secret in said.out + said.err], words
        assert token not in said.out + said.err
        # a receipt and a dry run carry no proof: nothing in them verifies
        assert "~s" not in said.out + said.err


def test_delegate_prints_the_token_and_no_key(shell: Shell) -> None:
    token = shell.token("build")
    said = shell.kanoniv("delegate", "-s", "build", "--json")
    assert json.loads(said.out)["token"].startswith("kd2.")
    assert said.err == ""
    assert not [secret for secret in secrets_of(shell) if secret in said.out + token]


def test_the_childs_home_cannot_sign_for_the_parent(shell: Shell) -> None:
    parent = shell.token("deploy", "-n", "coordinator")
    said = shell.kanoniv(
        "delegate", "-s", "deploy.staging", "--parent", "-", "--home", "child", stdin=parent
    )
    child = said.out.strip()
    root = shell.kanoniv("whoami", "--json")
    root_did = json.loads(root.out)["root_did"]
    inside = {"KANONIV_HOME": str(shell.place / "child"), "KANONIV_ROOT_DID": root_did}
    assert shell.kanoniv("verify", "-s", "deploy.staging", **inside).status == 0
    assert shell.kanoniv("exec", "-s", "deploy.staging", "--", "true", **inside).status == 0
    # all that the child can read of the parent is its link
    grant = (
        child.rpartition(".")[0]
        if child.count(".") == 2
        else child.partition("~")[0].rpartition(".")[0]
    )
    assert grant.startswith("kd2.")
    for words in (
        ("verify", "-s", "deploy.prod", "-t", grant),
        ("verify", "-s", "deploy.prod", "-t", grant + "~" + child.partition("~")[2]),
        ("accept", grant),
        ("sign", "-a", "deploy.prod", "-t", grant),
        ("delegate", "-s", "deploy.prod", "--parent", grant),
        ("exec", "-s", "deploy.prod", "-t", grant, "--", "touch", "started"),
    ):
        said = shell.kanoniv(*words, **inside)
        assert said.status == 1, (words, said)
        assert "[holder_unproven]" in said.err or "[bad_signature]" in said.err
    assert not (shell.place / "started").exists()
    assert shell.kanoniv("delegate", "-s", "deploy.prod", **inside).status == 2
