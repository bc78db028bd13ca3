"""The Action's inputs: a mapping of INPUT_* to frozen values, all errors at once.

Pure. An empty string means "not given". Names and defaults stand in `table`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kanoniv_auth.core.durations import DEFAULT_TTL, format_ttl, parse_ttl
from kanoniv_auth.core.errors import AuthError
from kanoniv_auth.core.keys import KeyPair, check_did, parse_secret
from kanoniv_auth.core.payload import check_name
from kanoniv_auth.core.scopes import covers, parse_scopes
from kanoniv_auth.core.token import MAX_TOKEN
from kanoniv_ci.commands import check_env_name
from kanoniv_ci.faults import Problem, Refusal, of_core, problem
from kanoniv_ci.reading import TRUE, Reader
from kanoniv_ci.table import (
    COMMENT_MODES,
    INPUTS,
    KEYLESS,
    ON_FORK,
    RUNTIMES,
    SECRETS,
    read_image,
    read_version,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_AUDIENCE, _API_KEY = re.compile(r"[!-~]{1,255}"), re.compile(r"[!-~]{1,512}")
_NOT_KEYLESS = {
    "root_key": "with a root key nobody has to be asked",
    "parent_token": "the grant comes from the service's own root",
}


@dataclass(frozen=True, slots=True)
class KeylessInputs:
    """What keyless mode was asked for. audience: "" for the usual one, `{did}` stands for the job's · ttl: seconds."""

    endpoint: str
    audience: str
    api_key: str = field(repr=False)
    ttl: int
    max_attempts: int
    debug_claims: bool


@dataclass(frozen=True, slots=True)
class ActionInputs:
    """What the mint step was asked for.

    ttl: seconds, None = no expiry · max_ttl: seconds, None = no limit · keyless: None when a key signs here
    """

    root: KeyPair | None = field(repr=False)
    keyless: KeylessInputs | None
    scopes: tuple[str, ...]
    ttl: int | None
    agent_name: str | None
    parent_token: str = field(repr=False)
    expected_root_did: str
    allowed_scopes: tuple[str, ...]
    max_ttl: int | None
    export_env: bool
    env_name: str
    export_key: bool
    on_fork: str
    dry_run: bool
    timeout_seconds: int
    version: str
    warnings: tuple[Problem, ...]


def parse(environ: Mapping[str, str], *, key_wanted: bool) -> ActionInputs:
    """Read the inputs of the mint step. key_wanted: False when the run cannot have a key and won't mint.

    Raises: Refusal with every problem found, in the order of the inputs.
    """
    reader = Reader(environ, INPUTS, SECRETS)
    root = reader.of_core("root_key", parse_secret, None) if reader.given("root_key") else None
    scopes = _scopes(reader)
    ttl = reader.of_core("ttl", lambda text: parse_ttl(text, DEFAULT_TTL), None)
    keyless = _keyless(reader, ttl)
    dry_run = reader.switch("dry_run")
    if not reader.given("root_key") and key_wanted and not _asked(reader) and not dry_run:
        example = "${{ secrets.KANONIV_ROOT_KEY }}"
        reader.problems.append(problem("KAN-INPUT-002", input="root_key", example=example))
    inputs = ActionInputs(
        root=root,
        keyless=keyless,
        scopes=scopes,
        ttl=ttl,
        agent_name=_agent_name(reader),
        parent_token=reader.text("parent_token", MAX_TOKEN),
        expected_root_did=_root_did(reader),
        allowed_scopes=_allowed(reader),
        max_ttl=reader.of_core("max_ttl", lambda text: parse_ttl(text, None), None),
        export_env=reader.switch("export_env"),
        env_name=_env_name(reader),
        export_key=reader.switch("export_key"),
        on_fork=reader.choice("on_fork", ON_FORK),
        dry_run=dry_run,
        timeout_seconds=reader.number("timeout_seconds", 1, 3600),
        version=read_version(reader),
        warnings=_without_effect(reader),
    )
    _others(reader)
    if not reader.problems:
        reader.problems += _guards(inputs)
    if reader.problems:
        raise Refusal(reader.problems)
    return inputs


def _scopes(reader: Reader) -> tuple[str, ...]:
    if not reader.given("scopes"):
        reader.problems.append(problem("KAN-INPUT-002", input="scopes", example="deploy.staging"))
        return ()
    scopes: tuple[str, ...] = ()
    # one by one, so that every bad scope is named at once
    for item in reader.raw("scopes").replace("\n", ",").split(","):
        if item.strip():
            try:
                scopes += parse_scopes([item.strip()])
            except AuthError as error:
                reader.problems.append(of_core(error, "scopes"))
    return reader.of_core("scopes", lambda _: parse_scopes(scopes), ()) if scopes else ()


def asks_keyless(environ: Mapping[str, str]) -> bool:
    """Whether keyless mode was asked for, however wrong the other inputs may be."""
    return environ.get("INPUT_OIDC", "").strip() in TRUE


def _asked(reader: Reader) -> bool:
    return reader.raw("oidc") in TRUE


def _keyless(reader: Reader, ttl: int | None) -> KeylessInputs | None:
    """Read what keyless mode needs; None when it was not asked for."""
    audience = reader.form(
        "audience", _AUDIENCE, "one word of at most 255 letters is wanted", "https://a.example"
    )
    api_key = reader.form("api_key", _API_KEY, "the key is wanted, in one line", "a secret")
    endpoint, attempts = reader.url("endpoint"), reader.number("max_attempts", 1, 10)
    debug = reader.switch("debug_claims")
    if not reader.switch("oidc"):
        return None
    if not reader.given("endpoint"):
        reader.problems.append(problem("KAN-OIDC-001"))
    for name, reason in _NOT_KEYLESS.items():
        if reader.given(name):
            reader.problems.append(problem("KAN-OIDC-003", input=name, reason=reason))
    if reader.raw("runtime") == "docker":
        reason = "the container has no network, and there is no root key to keep from one"
        reader.problems.append(problem("KAN-OIDC-003", input="runtime: docker", reason=reason))
    if ttl is None and reader.given("ttl") and not _told(reader, "ttl"):
        reader.bad("ttl", "in keyless mode an end is wanted", "4h")
    return KeylessInputs(endpoint, audience, api_key, ttl or 0, attempts, debug)


def _told(reader: Reader, name: str) -> bool:
    return any(found.cause.startswith(f"{name}: ") for found in reader.problems)


def _without_effect(reader: Reader) -> tuple[Problem, ...]:
    if _asked(reader):
        return ()
    claims = ("debug_claims",) if reader.raw("debug_claims") in TRUE else ()
    names = [name for name in KEYLESS if reader.given(name)]
    return tuple(problem("KAN-OIDC-002", input=name) for name in (*names, *claims))


def _agent_name(reader: Reader) -> str | None:
    name = reader.raw("agent_name")
    if not name:
        return None
    try:
        return check_name(name)
    except AuthError:
        reader.bad("agent_name", "1–64 letters, digits, dots, _ and - are wanted", "deploy-bot")
        return None


def _root_did(reader: Reader) -> str:
    did = reader.raw("expected_root_did")
    if did:
        reader.of_core("expected_root_did", check_did, "")
    elif reader.given("parent_token"):
        reader.problems.append(problem("KAN-INPUT-005"))
    return did


def _allowed(reader: Reader) -> tuple[str, ...]:
    return (
        reader.of_core("allowed_scopes", parse_scopes, ()) if reader.given("allowed_scopes") else ()
    )


def _env_name(reader: Reader) -> str:
    name = reader.raw("env_name")
    try:
        return check_env_name(name)
    except Refusal as refusal:
        reader.problems += refusal.problems
        return name


def _others(reader: Reader) -> None:
    """Check what other steps use, so that all errors are told at once."""
    reader.choice("runtime", RUNTIMES)
    read_image(reader)
    for name in ("post_audit", "install_cli", "job_summary"):
        reader.switch(name)
    reader.choice("comment_mode", COMMENT_MODES)
    reader.text("comment_key")
    reader.url("github_api_url")


def _guards(inputs: ActionInputs) -> list[Problem]:
    """The rails on the repository's side: asking for more is refused, not cut down."""
    found: list[Problem] = []
    did, root = inputs.expected_root_did, inputs.root
    if did and root is not None and not inputs.parent_token and root.did != did:
        found.append(problem("KAN-GUARD-001", found=root.did, wanted=did))
    allowed = ", ".join(inputs.allowed_scopes)
    found += [
        problem("KAN-GUARD-002", scope=scope, allowed=allowed)
        for scope in inputs.scopes
        if inputs.allowed_scopes and not covers(inputs.allowed_scopes, scope)
    ]
    limit = inputs.max_ttl
    if limit is not None and (inputs.ttl is None or inputs.ttl > limit):
        limits = {"found": format_ttl(inputs.ttl), "limit": format_ttl(limit)}
        found.append(problem("KAN-GUARD-003", **limits))
    return found
