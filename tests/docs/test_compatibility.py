"""docs/compatibility.md says truly which names of the published 0.3.0 are kept: all but those it lists as gone."""

from __future__ import annotations

import inspect

import kanoniv_auth
from kanoniv_auth.cli.table import COMMANDS
from tests.support.session import ROOT

PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
# read from the published wheel: `kanoniv_auth.__all__`, and every click.option of its cli.py
NAMES = [
    "delegate",
    "verify",
    "sign",
    "init_root",
    "load_root",
    "load_token",
    "list_tokens",
    "register_agent",
    "get_agent",
    "list_agents",
    "resolve_name",
    "AuthError",
    "ScopeViolation",
    "TokenExpired",
    "ChainTooDeep",
    "SignatureInvalid",
    "TokenParseError",
    "KeyPair",
    "generate_keys",
    "load_keys",
]
OPTIONS = {
    "init": "-o --output --force",
    "install-skill": "",
    "install-hook": "-r --repo --force",
    "delegate": "-s --scopes -t --ttl -n --name -k --key --parent --export --dry-run",
    "verify": "-s --scope -t --token -a --agent",
    "sign": "-a --action -t --token --agent --target --result",
    "whoami": "-t --token -a --agent",
    "audit": "",
    "tokens": "",
    "revoke": "-t --token --service --delegation-id",
    "exec": "-s --scope -t --token -a --agent",
    "status": "-t --token -a --agent",
    "audit-log": "-a --agent --action --since -n --limit",
    "agents list": "",
    "agents show": "",
    "agents remove": "--yes",
    "agents rename": "",
}
ARGUMENTS = {
    "delegate": ["scopes", "ttl", "to", "name", "root", "parent", "parent_token"],
    "verify": ["action", "token", "root_did"],
    "sign": ["action", "token", "target", "result", "metadata"],
    "init_root": ["path"],
    "load_root": ["path"],
    "load_token": ["path"],
    "register_agent": ["name"],
    "get_agent": ["name"],
}


def gone() -> str:
    return PAGE.split("\nGone:\n")[1].split("\n## ")[0]


def test_every_published_name_is_here_and_on_the_page() -> None:
    assert set(NAMES) <= set(dir(kanoniv_auth))
    section = PAGE.split("## Python names")[1].split("\n## ")[0]
    assert [name for name in NAMES if f"`{name}`" not in section] == []


def test_the_documented_arguments_are_here() -> None:
    for name, arguments in ARGUMENTS.items():
        known = list(inspect.signature(getattr(kanoniv_auth, name)).parameters)
        assert [argument for argument in arguments if argument not in known] == [], name


def test_every_published_option_is_here_or_said_to_be_gone() -> None:
    missing = []
    for command, options in OPTIONS.items():
        here = COMMANDS.get(command)
        if here is None:
            missing.append(command)
            continue
        known = {flag for option in here.options for flag in option.flags}
        missing += [option for option in options.split() if option not in known]
    assert missing == ["--service", "--delegation-id"]
    assert [word for word in missing if word not in gone()] == []
