"""The inputs by name with their defaults, and what the bootstrap reads of them before any dependency is there.

Pure, standard library alone. The table is held against action.yml and the README by a test.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanoniv_ci.faults import Refusal
from kanoniv_ci.reading import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

# input → default, as in action.yml ("" = none; ${{ github.… }} defaults are the runner's business)
INPUTS: dict[str, str] = {
    "root_key": "",
    "scopes": "",
    "ttl": "4h",
    "post_audit": "false",
    "oidc": "false",
    "api_key": "",
    "version": "",
    "endpoint": "",
    "audience": "",
    "agent_name": "",
    "parent_token": "",
    "expected_root_did": "",
    "allowed_scopes": "",
    "max_ttl": "",
    "export_env": "true",
    "env_name": "KANONIV_TOKEN",
    "export_key": "true",
    "install_cli": "true",
    "runtime": "auto",
    "image": "",
    "job_summary": "true",
    "comment_mode": "sticky",
    "comment_key": "",
    "on_fork": "skip",
    "github_token": "",
    "github_api_url": "https://api.github.com",
    "dry_run": "false",
    "debug_claims": "false",
    "max_attempts": "5",
    "timeout_seconds": "60",
}
# of report/, the action at the end of a job, as in its action.yml
END_INPUTS: dict[str, str] = {
    "token": "",
    "root_did": "",
    "home": "",
    "revoke": "true",
    **{
        name: INPUTS[name]
        for name in (
            "post_audit", "agent_name", "job_summary", "comment_mode", "comment_key", "github_token",
            "github_api_url", "max_attempts", "timeout_seconds",
        )
    },
}  # fmt: skip
SECRETS = ("root_key", "api_key", "parent_token", "github_token")
RUNTIMES = ("auto", "docker", "host")
COMMENT_MODES = ("sticky", "new", "off")
ON_FORK = ("skip", "warn", "fail")
KEYLESS = ("api_key", "endpoint", "audience")
_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}((a|b|rc|\.post|\.dev)[0-9]{1,4})?")
_IMAGE = re.compile(r"(|[a-z0-9][a-z0-9._/:-]{0,254}@)sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class PlanInputs:
    """What choosing the runtime and the dependencies needs: nothing secret. version: "" for the bundled code."""

    oidc: bool
    runtime: str
    image: str
    version: str
    post_audit: bool
    timeout_seconds: int


def parse_plan(environ: Mapping[str, str]) -> PlanInputs:
    """Read what the bootstrap needs. Raises: Refusal, whose problems the mint step tells with all the others."""
    reader = Reader(environ, INPUTS, SECRETS)
    inputs = PlanInputs(
        oidc=reader.switch("oidc"),
        runtime=reader.choice("runtime", RUNTIMES),
        image=read_image(reader),
        version=read_version(reader),
        post_audit=reader.switch("post_audit"),
        timeout_seconds=reader.number("timeout_seconds", 1, 3600),
    )
    if reader.problems:
        raise Refusal(reader.problems)
    return inputs


def read_version(reader: Reader) -> str:
    """One exact version, or "" for the bundled code."""
    wanted = "one exact version is wanted; leave it out for this action's own code"
    return reader.form("version", _VERSION, wanted, "0.5.0")


def read_image(reader: Reader) -> str:
    """An image id, a name with its digest, or "" for the locked one."""
    wanted = "an image id or a name with its digest is wanted"
    return reader.form("image", _IMAGE, wanted, "sha256:…")
