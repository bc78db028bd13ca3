"""What a mint step leaves, for each way it can end: outputs, variables, files and the report.

Pure. Every ending sets the same outputs, empty where there is nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from kanoniv_auth import __version__
from kanoniv_auth.core.token import fingerprint
from kanoniv_ci import quoting
from kanoniv_ci.report import (
    MINTED,
    OIDC,
    PARENT_TOKEN,
    PLANNED,
    REFUSED,
    ROOT_KEY,
    SKIPPED,
    Report,
    dump,
    hops,
    iso,
    of_problems,
)
from kanoniv_ci.workflow import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_ci.faults import Problem
    from kanoniv_ci.inputs import ActionInputs
    from kanoniv_ci.minting import Minted


def refused(
    problems: tuple[Problem, ...], runtime: str, exit_code: int, *, keyless: bool, more: str
) -> Result:
    """Nothing was minted because something is wrong. more: markdown beside the problems."""
    told = of_problems(problems, OIDC if keyless else ROOT_KEY, runtime)
    summary = "\n\n".join(part for part in (quoting.problems(problems), more) if part)
    return _result(told, exit_code, summary=summary)


def skipped(inputs: ActionInputs, reason: str, runtime: str) -> Result:
    """Nothing was minted because the run comes from outside."""
    return _result(Report(SKIPPED, _mode(inputs), runtime, reason=reason), 0)


def planned(inputs: ActionInputs, runtime: str, shown: str) -> Result:
    """A dry run: what would be minted. shown: claims, markdown."""
    told = Report(
        PLANNED,
        _mode(inputs),
        runtime,
        agent_name=inputs.agent_name,
        root_did=inputs.expected_root_did or (inputs.root.did if inputs.root else ""),
        scopes=inputs.scopes,
        ttl=inputs.ttl,
    )
    return _result(told, 0, summary=shown)


def granted(inputs: ActionInputs, minted: Minted, runtime: str, session: str, shown: str) -> Result:
    """A token was minted and verified. session: the directory's path on the runner · shown: claims, markdown."""
    verified = minted.verified
    told = Report(
        MINTED,
        _mode(inputs),
        runtime,
        agent_name=inputs.agent_name,
        root_did=verified.root_did,
        agent_did=verified.agent_did,
        fingerprint=fingerprint(minted.token),
        scopes=verified.scopes,
        ttl=inputs.ttl,
        shortened=minted.shortened,
        issued_at=minted.at,
        expires_at=verified.expires_at,
        chain=hops(minted.chain),
        deepest=minted.chain.deepest + 1,
    )
    home = f"{session}/home" if inputs.export_key else ""
    outputs = {
        "token": minted.token,
        "token_file": f"{session}/token",
        "home": home,
        "cli_version": inputs.version or __version__,
    }
    if verified.expires_at is not None:
        outputs["expires_at"] = iso(verified.expires_at)
        outputs["expires_in"] = str(verified.expires_at - minted.at)
    env = {}
    if inputs.export_env:
        env = {inputs.env_name: minted.token, "KANONIV_ROOT_DID": verified.root_did}
        env |= {"KANONIV_HOME": home} if home else {}
    return _result(told, 0, outputs, env, token=minted.token, summary=shown)


def _mode(inputs: ActionInputs) -> str:
    if inputs.keyless is not None:
        return OIDC
    return PARENT_TOKEN if inputs.parent_token else ROOT_KEY


def _result(
    told: Report,
    exit_code: int,
    outputs: Mapping[str, str] | None = None,
    env: dict[str, str] | None = None,
    *,
    token: str = "",
    summary: str = "",
) -> Result:
    """Put together what the step leaves: the same outputs every time, empty where there is nothing."""
    data = dump(told)
    named = {
        **dict.fromkeys(
            ("token", "expires_at", "expires_in", "token_file", "home", "cli_version"), ""
        ),
        "agent_did": told.agent_did,
        "root_did": told.root_did,
        "scopes": ",".join(told.scopes),
        "chain_depth": str(told.depth) if told.depth else "",
        "token_fingerprint": told.fingerprint,
        "runtime": told.runtime,
        "mode": told.mode,
        "skipped": "false" if told.status in (MINTED, REFUSED) else "true",
        "skip_reason": told.reason or ("dry_run" if told.status == PLANNED else ""),
        # for the report step alone: the file between the steps is the one that was written here
        "report_sha256": hashlib.sha256(data).hexdigest(),
        **(outputs or {}),
    }
    files = {"report.json": data, **({"token": token.encode("ascii")} if token else {})}
    return Result(exit_code, named, env or {}, summary, files)
