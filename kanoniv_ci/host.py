"""What the runner itself does around a mint: choose the runtime, and hand the secrets to a container.

Runs before any dependency is installed, so the standard library is all it imports. The container gets the secrets
on stdin and gives its result as a tar; its stderr, the only human stream, passes through.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kanoniv_ci import carrier, engine, event, runtime
from kanoniv_ci.faults import Refusal, of_defect, problem
from kanoniv_ci.quoting import problems as problems_block
from kanoniv_ci.table import INPUTS, SECRETS, PlanInputs, parse_plan
from kanoniv_ci.workflow import CommandFiles, Console, delimiter, event_text, finish

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE = Path(__file__).resolve().parent.parent
_TOLD = ("GITHUB_EVENT_NAME", "GITHUB_ACTOR", "GITHUB_REF", "KANONIV_SESSION", "KANONIV_RUNTIME")


def main(argv: list[str]) -> int:
    """Run one word: `plan` (step 1) or `contain` (step 2 with docker); the exit code. No traceback leaves here."""
    console = Console(sys.stderr if argv == ["contain"] else sys.stdout)
    files = None
    try:
        files = CommandFiles(os.environ, delimiter)
        return {"plan": plan, "contain": contain}[argv[0]](os.environ, files, console)
    except Refusal as refusal:
        problems = refusal.problems
    except Exception as error:  # noqa: BLE001 - as in `main`: its place is enough to find the defect
        problems = (of_defect(error),)
    for found in problems:
        console.error(found.line, found.code)
    if files is not None:
        files.summary(problems_block(problems))
    return max(found.exit for found in problems)


def plan(environ: Mapping[str, str], files: CommandFiles, console: Console) -> int:
    """Choose the runtime and say why; tell the next steps and the shell what was chosen."""
    session = Path(environ["KANONIV_SESSION"])
    try:
        inputs = parse_plan(environ)
    except Refusal:
        # the mint step tells all input errors at once; until then the least is done
        inputs = PlanInputs(
            oidc=False, runtime="host", image="", version="", post_audit=False, timeout_seconds=60
        )
    choice = _choose(environ, inputs, session)
    console.say(f"runtime {choice.runtime}: {choice.reason}")
    needs_more = inputs.post_audit or environ.get("KANONIV_KEY_IS_PEM") == "true"
    for name, value in (
        ("runtime", choice.runtime),
        ("image", choice.image),
        ("word", "contain" if choice.runtime == runtime.DOCKER else "mint"),
    ):
        files.output(name, value)
    # one word a line, for the shell
    words = [choice.runtime, "ci" if needs_more else "base", inputs.version]
    (session / "plan").write_text("\n".join(words) + "\n", encoding="ascii")
    return 0


def _choose(environ: Mapping[str, str], inputs: PlanInputs, session: Path) -> runtime.Choice:
    if inputs.oidc:
        # an explicit docker is refused by the mint step, which tells all input errors at once
        reason = "keyless mode needs the network, and has no root key to keep from it"
        return runtime.Choice(runtime.HOST, reason)
    if inputs.runtime == runtime.HOST:
        return runtime.Choice(runtime.HOST, "asked for by name")
    found, binary, refusal = engine.connect(environ, session)
    if any(letter in str(session) for letter in ',"\n'):
        refusal = (
            "RUNNER_TEMP has a comma, quote or line end in its path, which docker cannot mount"
        )
    machine = engine.examine(environ, found, binary, refusal)
    image = reference = ""
    if found is not None and machine.server:
        image, reference = engine.find_image(found, CODE, machine, inputs.image)
    choice = runtime.choose(inputs.runtime, machine, named=bool(reference), image=image)
    if choice.runtime == runtime.HOST or choice.image or found is None:
        return choice
    image = engine.obtain(found, CODE, session, sys.executable, reference)
    return runtime.Choice(choice.runtime, choice.reason, image)


def contain(environ: Mapping[str, str], files: CommandFiles, console: Console) -> int:
    """Mint inside the image; what comes out is checked and then left where the runner looks for it."""
    session = Path(environ["KANONIV_SESSION"])
    found, _, refusal = engine.connect(environ, session)
    if found is None:
        raise Refusal([problem("KAN-DOCKER-001", reason=refusal or "docker is not installed")])
    told = _told(environ)
    argv = runtime.run_argv(
        found.client,
        image=environ.get("KANONIV_IMAGE", ""),
        code=str(session / "code"),
        name=f"kanoniv-{os.urandom(8).hex()}",
        user=f"{os.getuid()}:{os.getgid()}",
        variables=tuple(sorted(told)),
        word="mint",
    )
    data = found.run(argv, told, _for_stdin(environ), _seconds(environ))
    result = carrier.unpack(data)
    finish(result, session, files)
    if result.exit == 0:
        console.say("the container is gone; it had no network")
    return result.exit


def _told(environ: Mapping[str, str]) -> dict[str, str]:
    """What the container may know: inputs that are no secret, and where it runs."""
    names = [f"INPUT_{name.upper()}" for name in INPUTS if name not in SECRETS]
    kept = {name: environ[name] for name in (*names, *_TOLD) if environ.get(name)}
    return {**kept, "KANONIV_SINK": "tar"}


def _for_stdin(environ: Mapping[str, str]) -> bytes:
    """What goes in on stdin: the secrets, and of the event only what the origin check reads."""
    names = [f"INPUT_{name.upper()}" for name in SECRETS if name != "github_token"]
    given = {name: environ[name] for name in names if environ.get(name)}
    return json.dumps({"secrets": given, "event": event.reduced(event_text(environ))}).encode()


def _seconds(environ: Mapping[str, str]) -> int:
    try:
        return parse_plan(environ).timeout_seconds
    except Refusal:
        return int(INPUTS["timeout_seconds"])
