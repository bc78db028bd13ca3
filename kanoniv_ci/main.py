"""The order of things: mint, then report, each its own process; and what the other two actions do.

The only file that knows it. Effects (clock, entropy, streams) are arguments; what is decided lies in pure modules.
Secrets come from the environment on the host and from stdin in the container, and are masked before anything is said.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kanoniv_auth.core.errors import AuthError
from kanoniv_ci import event, masks, outcome
from kanoniv_ci.deadline import deadline
from kanoniv_ci.faults import Problem, Refusal, of_core, of_defect, problem
from kanoniv_ci.home import furnish
from kanoniv_ci.inputs import ActionInputs, asks_keyless, parse
from kanoniv_ci.minting import Minted, mint as issue_and_verify
from kanoniv_ci.workflow import CommandFiles, Console, Result, delimiter, event_text, finish

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LONGEST_STDIN = 1 << 20


def main(argv: list[str]) -> int:
    """Run one word: `mint`, `report`, `check` or `conclude`; the exit code. No traceback leaves here."""
    words = {"mint": _mint, "report": _report, "check": _check, "conclude": _conclude}
    console = Console(sys.stderr if os.environ.get("KANONIV_SINK") == "tar" else sys.stdout)
    try:
        return words[argv[0]](dict(os.environ), console)
    except Refusal as refusal:
        return _tell(refusal.problems, console)
    except AuthError as error:
        return _tell((of_core(error),), console)
    except Exception as error:  # noqa: BLE001 - a traceback could show a secret; its place is enough to find the defect
        return _tell((of_defect(error),), console)


def _tell(problems: tuple[Problem, ...], console: Console) -> int:
    for found in problems:
        console.error(found.line, found.code)
    return max(found.exit for found in problems)


# ------------------------------------------------------------------------------------------------------------ mint


def _mint(environ: dict[str, str], console: Console) -> int:
    now = int(time.time())
    if environ.get("KANONIV_SINK") == "tar":
        with deadline(environ.get("INPUT_TIMEOUT_SECONDS", "")):
            return _mint_inside(environ, now, console)
    return _mint_on_host(environ, now, console)


def _mint_on_host(environ: dict[str, str], now: int, console: Console) -> int:
    files = CommandFiles(environ, delimiter)
    session = _session(environ)
    home = session / "home"
    with deadline(environ.get("INPUT_TIMEOUT_SECONDS", "")):
        result = mint(
            environ, event_text(environ), now=now, entropy=os.urandom, console=console, home=home
        )
    # outside: no alarm may ring between two writes
    finish(result, session, files)
    return result.exit


def _mint_inside(environ: dict[str, str], now: int, console: Console) -> int:
    """In the container: secrets on stdin, a tar on stdout, nothing else anywhere."""
    import tempfile  # noqa: PLC0415 - 15 ms that a mint on the host does not need

    from kanoniv_ci import carrier  # noqa: PLC0415 - as above

    sink = os.dup(1)
    os.dup2(2, 1)  # a stray print ends on stderr and never in the tar
    given = json.loads(sys.stdin.buffer.read(_LONGEST_STDIN))
    environ |= given["secrets"]
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        result = mint(
            environ, given["event"], now=now, entropy=os.urandom, console=console, home=home
        )
        kept = [path for path in sorted(home.rglob("*")) if path.is_file()]
        files = {f"home/{path.relative_to(home)}": path.read_bytes() for path in kept}
        data = carrier.pack(
            Result(
                result.exit, result.outputs, result.env, result.summary, {**files, **result.files}
            )
        )
    with os.fdopen(sink, "wb") as out:
        out.write(data)
    return result.exit


def mint(
    environ: Mapping[str, str],
    payload: str,
    *,
    now: int,
    entropy: Callable[[int], bytes],
    console: Console,
    home: Path,
) -> Result:
    """Do the mint step but for its last act, leaving a result. Refusals become a result too.

    payload: the event's text · now: unix seconds · entropy: that many random bytes · home: where the agent's key goes
    """
    _mask_given(environ, console)
    try:
        return _decide(environ, payload, now=now, entropy=entropy, console=console, home=home)
    except Refusal as refusal:
        problems, more = refusal.problems, refusal.more
    except AuthError as error:
        problems, more = (of_core(error),), ""
    exit_code = _tell(problems, console)
    runtime, keyless = environ.get("KANONIV_RUNTIME") or "host", asks_keyless(environ)
    return outcome.refused(problems, runtime, exit_code, keyless=keyless, more=more)


def _mask_given(environ: Mapping[str, str], console: Console) -> None:
    for name in ("ROOT_KEY", "PARENT_TOKEN", "API_KEY"):
        for secret in masks.of_text(environ.get(f"INPUT_{name}", "")):
            console.mask(secret)
    # whoever has it gets OIDC tokens of this job
    console.mask(environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", ""))


def _decide(
    environ: Mapping[str, str],
    payload: str,
    *,
    now: int,
    entropy: Callable[[int], bytes],
    console: Console,
    home: Path,
) -> Result:
    found = event.read(
        payload,
        name=environ.get("GITHUB_EVENT_NAME", ""),
        actor=environ.get("GITHUB_ACTOR", ""),
        ref=environ.get("GITHUB_REF", ""),
    )
    inputs = parse(environ, key_wanted=not found.outside)
    if inputs.root is not None:
        for secret in masks.of_key(inputs.root):
            console.mask(secret)
    for warning in inputs.warnings:
        console.warning(warning.line, warning.code)
    runtime = environ.get("KANONIV_RUNTIME") or "host"
    if inputs.dry_run:
        shown = _looked(inputs, environ, entropy, console)
        console.say(f"dry run: would mint {', '.join(inputs.scopes)}; nothing was minted")
        return outcome.planned(inputs, runtime, shown)
    if _kept_out(inputs, found, environ, console):
        return outcome.skipped(inputs, found.outside, runtime)
    minted, shown = _minted(inputs, environ, now, entropy, console)
    # before anything of it is said
    for secret in (minted.token, *masks.of_key(minted.agent)):
        console.mask(secret)
    if inputs.export_key:
        furnish(home, minted, inputs.keyless)
    session = environ["KANONIV_SESSION"]
    result = outcome.granted(inputs, minted, runtime, session, shown)
    if minted.shortened:
        whose = "what the service allows" if inputs.keyless else "the parent token's"
        console.notice(f"the expiry was cut to {whose}", "kanoniv-auth")
    console.say(f"minted {result.outputs['token_fingerprint']} for {minted.verified.agent_did}")
    return result


def _minted(
    inputs: ActionInputs,
    environ: Mapping[str, str],
    now: int,
    entropy: Callable[[int], bytes],
    console: Console,
) -> tuple[Minted, str]:
    """Mint with the key that is here, or have the service grant; markdown of the claims when they are to be shown."""
    if inputs.keyless is None:
        return issue_and_verify(inputs, now, entropy), ""
    from kanoniv_ci.keyless import Keyless  # noqa: PLC0415 - the network, which no other mode has

    keyless = Keyless(inputs, inputs.keyless, environ, entropy, console)
    minted = keyless.mint()
    return minted, keyless.claims() if inputs.keyless.debug_claims else ""


def _looked(
    inputs: ActionInputs,
    environ: Mapping[str, str],
    entropy: Callable[[int], bytes],
    console: Console,
) -> str:
    """The claims a dry run was asked to show, as markdown: they come in a token that is sent nowhere."""
    if inputs.keyless is None or not inputs.keyless.debug_claims:
        return ""
    from kanoniv_ci.keyless import Keyless  # noqa: PLC0415 - as above

    keyless = Keyless(inputs, inputs.keyless, environ, entropy, console)
    keyless.look()
    return keyless.claims()


def _kept_out(
    inputs: ActionInputs, found: event.Event, environ: Mapping[str, str], console: Console
) -> bool:
    """Follow `on_fork`. A key that came along with a fork's run is used only with `warn`: that run is foreign code."""
    if not found.outside or (found.outside == event.BOT and inputs.root is not None):
        return False
    here = "a key is here" if inputs.root is not None else ""
    if inputs.keyless is not None and environ.get("ACTIONS_ID_TOKEN_REQUEST_URL"):
        here = "an OIDC token is to be had"
    reason = event.REASONS[found.outside]
    if inputs.on_fork == "fail":
        raise Refusal([problem("KAN-FORK-001", reason=reason)])
    if inputs.on_fork == "warn" and here:
        console.warning(f"{reason}; {here} all the same and on_fork is warn", "KAN-FORK-001")
        return False
    annotate = console.warning if inputs.on_fork == "warn" else console.notice
    annotate(f"{reason}; nothing was minted, so a later verify or exec refuses", "KAN-FORK-001")
    return True


# ------------------------------------------------------------------------------------- report, check and conclude


def _report(environ: dict[str, str], console: Console) -> int:
    from kanoniv_ci.publish import publish  # noqa: PLC0415 - each process does one thing

    return _show(publish, environ, console)


def _conclude(environ: dict[str, str], console: Console) -> int:
    from kanoniv_ci.conclude import conclude  # noqa: PLC0415 - as above

    return _show(conclude, environ, console)


def _show(step: Callable[..., None], environ: dict[str, str], console: Console) -> int:
    """Run what shows something: whatever goes wrong is said and never fails the job."""
    if "INPUT_ROOT_KEY" in environ or "INPUT_API_KEY" in environ:
        raise Refusal(
            [problem("KAN-RUNNER-006", kind="a root key in the report step", where="action.yml")]
        )
    try:
        files = CommandFiles(environ, delimiter)
        with deadline(environ.get("INPUT_TIMEOUT_SECONDS", "")):
            step(environ, event_text(environ), files, console)
    except Refusal as refusal:
        problems = refusal.problems
    except AuthError as error:
        problems = (of_core(error),)
    except Exception as error:  # noqa: BLE001 - a report never fails the job
        problems = (of_defect(error),)
    else:
        return 0
    for found in problems:
        console.notice(found.line, found.code)
    return 0


def _check(environ: dict[str, str], console: Console) -> int:
    from kanoniv_ci.check import check  # noqa: PLC0415 - each process does one thing

    files = CommandFiles(environ, delimiter)
    return check(environ, int(time.time()), files, console)


def _session(environ: dict[str, str]) -> Path:
    """The session directory: the bootstrap's, else a new one in RUNNER_TEMP, which the runner empties."""
    if not environ.get("KANONIV_SESSION"):
        parent = environ.get("RUNNER_TEMP", "")
        if not Path(parent).is_dir() or not parent:
            raise Refusal([problem("KAN-RUNNER-001", name="RUNNER_TEMP")])
        import tempfile  # noqa: PLC0415 - 15 ms; the bootstrap has made the directory

        environ["KANONIV_SESSION"] = tempfile.mkdtemp(prefix="kanoniv-", dir=parent)
    return Path(environ["KANONIV_SESSION"])
