"""`wrap-mcp`: an MCP server behind the proxy; and `prove`, which signs one call for it."""

from __future__ import annotations

import os
import select

from kanoniv_auth.api import sessions
from kanoniv_auth.api.proving import prove_call
from kanoniv_auth.api.roots import pinned_by, trusted_roots
from kanoniv_auth.api.verification import own_audience
from kanoniv_auth.cli import fixes, inputs, quoting, render
from kanoniv_auth.cli.outcome import Outcome
from kanoniv_auth.core import foreign_json
from kanoniv_auth.core.errors import NoTrustedRoot, TokenParseError, UsageError
from kanoniv_auth.mcp import methods, proxy
from kanoniv_auth.mcp.guard import AUDIT, STRICT, WARN, Guard, Policy
from kanoniv_auth.mcp.judge import Desk, Names, Sources
from kanoniv_auth.mcp.scribe import Scribe
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.cli.argv import Arguments
    from kanoniv_auth.core.roots import TrustedRoots

NOT_EXECUTABLE, NOT_FOUND = 126, 127
_HEAD = "[kanoniv-auth] "
_SURE = 4096
_VERDICTS = ("allowed", "denied", "forwarded")


def wrap_mcp(arguments: Arguments) -> Outcome:
    """Exit as the server does; 126 or 127 when it cannot start."""
    _check_stdin()
    home = find_home(os.environ)
    mode = inputs.one_of(arguments, "mode", (STRICT, WARN, AUDIT))
    prefix = methods.prefix_of(arguments.text("name"), arguments.text("scope_prefix"))
    policy = Policy(
        mode,
        prefix,
        guard_all=inputs.one_of(arguments, "guard", ("tools", "all")) == "all",
        as_result=inputs.one_of(arguments, "deny_as", ("error", "result")) == "result",
    )
    roots = _roots(arguments)
    trusted = trusted_roots(home) if roots is None else roots
    count = len(trusted.keys) + len(trusted.dids)
    if not count and mode == STRICT:
        raise NoTrustedRoot("no_trusted_root")  # now, and not at the first call
    say = _silent if arguments.flag("json") else _say
    needs = f"{prefix}.<tool>" if prefix else "<tool>"
    say(f"wrap-mcp: mode {mode}, {count} trusted root(s), a tool needs the scope {needs}")
    with Scribe(home, say) as scribe:
        desk = Desk(
            home,
            _sources(arguments),
            Names(own_audience(arguments.text("audience")), arguments.text("name")),
            mode=mode,
            roots=roots,
            put=scribe.put,
            require_audit=arguments.flag("require_audit"),
            say=say,
        )
        return _run(Guard(policy, desk, fixes.fix_of), desk, scribe, arguments)


def _check_stdin() -> None:
    """Ask before anything is opened that would get its number. Raises: UsageError."""
    try:
        os.fstat(proxy.STDIN)
    except OSError:
        fix = "start it from an MCP client, which speaks to it through stdin and stdout"
        raise UsageError("usage", detail="stdin is closed", fix=fix) from None


def _sources(arguments: Arguments) -> Sources:
    token = os.environ.get("KANONIV_TOKEN")
    return Sources(token, arguments.text("token_file"), sessions.named(os.environ))


def _run(guard: Guard, desk: Desk, records: Scribe, arguments: Arguments) -> Outcome:
    command = arguments.rest
    try:
        say = _silent if arguments.flag("json") else _say
        status = proxy.run(guard, command, os.environ, records, say)
    except (OSError, ValueError) as error:
        return _not_started(command[0], error)
    facts = {"exit_status": status, **{word: desk.counts[word] for word in _VERDICTS}}
    code = "failure" if status else "ok"
    return Outcome(f"the server ended with {status}", "", facts, exit=status, code=code)


def _not_started(name: str, error: OSError | ValueError) -> Outcome:
    status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
    why = error.strerror if isinstance(error, OSError) else "a NUL byte in the command"
    message = f"cannot run {quoting.plain(name)}: {why}"
    facts = {"exit_status": status}
    return Outcome(message, "", facts, notes=render.not_run(message), exit=status, code="usage")


def _roots(arguments: Arguments) -> TrustedRoots | None:
    """The roots that a command line fixes; None for those of the environment or the home, as they are at each call."""
    path, named = arguments.text("root_key"), arguments.text("root_did")
    if path is not None and named is not None:
        fix = "leave one of the two out"
        raise UsageError("usage", detail="--root-key and --root-did both name the root", fix=fix)
    if path is not None:
        return pinned_by(path)
    return None if named is None else trusted_roots(find_home(os.environ), None, named)


def _silent(_: str) -> None:
    """With --json nothing is said on stderr."""


def _say(text: str) -> None:
    """One line for people, on the stderr that the server has, too; nobody waits for whoever does not read it."""
    line = (_HEAD + quoting.plain(text)).encode("ascii", "backslashreplace")[: _SURE - 1] + b"\n"
    poll = select.poll()
    poll.register(2, select.POLLOUT)
    try:
        if any(happened & select.POLLOUT for _, happened in poll.poll(0)):
            os.write(2, line)
    except OSError:
        return


def prove(arguments: Arguments) -> Outcome:
    """Print a proof of one call."""
    name, tool = arguments.text("name"), arguments.text("tool")
    prefix = methods.prefix_of(name, arguments.text("scope_prefix"))
    action = arguments.text("scope")
    if (action is None) == (tool is None):
        raise UsageError(
            "usage", detail="which call is it?", fix="give --scope or --tool, one of them"
        )
    if tool is not None:
        action = methods.tool_scope(prefix, tool)
    elif prefix:
        fix = "leave --scope-prefix and --name out, or give --tool"
        raise UsageError("usage", detail="--scope is the whole scope", fix=fix)
    audience = arguments.text("audience")
    made = prove_call(
        str(action),
        _arguments(arguments.text("args")),
        inputs.chosen_token(arguments),
        audience=(name or "") if audience is None else audience,
    )
    facts = {
        "proof": made.text,
        "action": made.action,
        "agent_did": made.agent_did,
        "audience": made.audience,
        "args_sha256": made.args_sha256.hex(),
        "until": made.until,
    }
    return Outcome("proven", made.text, facts)


def _arguments(text: str | None) -> dict[str, object]:
    """The call's arguments: a JSON object in any form. Raises: UsageError, TokenParseError."""
    if text is None:
        return {}
    data = _stdin() if text == "-" else text.encode("utf-8", "surrogateescape")
    fix = 'give the arguments as they are sent, such as --args \'{"path": "/tmp/x"}\''
    try:
        found = foreign_json.read(data)
    except TokenParseError as error:
        raise UsageError("usage", detail=f"--args: {error}", fix=fix) from None
    if not isinstance(found, dict):
        raise UsageError("usage", detail="--args is no JSON object", fix=fix)
    return found


def _stdin() -> bytes:
    parts, size = [], 0
    while size <= foreign_json.LARGEST and (part := os.read(0, 65536)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)
