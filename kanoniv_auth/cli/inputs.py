"""What the options of several commands mean: which token, which `key=value` pairs, what a FILE or `-` holds."""

from __future__ import annotations

import os

from kanoniv_auth.api.tokens import load_token, newest_token, no_token
from kanoniv_auth.core.errors import TokenParseError, UsageError
from kanoniv_auth.store import files
from kanoniv_auth.store.home import find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.cli.argv import Arguments

_LARGEST = 1 << 20


def read_stdin() -> str:
    """Read all of standard input as text. Raises: TokenParseError, UsageError."""
    parts, size = [], 0
    try:
        while part := os.read(0, 65536):
            parts.append(part)
            size += len(part)
            if size > _LARGEST:
                raise TokenParseError("too_large", size=size, limit=_LARGEST)
    except OSError as error:
        fix = "pipe the text in, or name a file"
        detail = f"cannot read standard input: {error.strerror}"
        raise UsageError("usage", detail=detail, fix=fix) from None
    try:
        return b"".join(parts).decode("ascii").strip()
    except UnicodeDecodeError:
        raise TokenParseError("parse", detail="standard input is not ASCII text") from None


def read_text_file(path: str, *, named: bool = True) -> str:
    """Read a file that a person named, or one found in a folder that was.

    Raises: TokenParseError, UsageError also when it is not there.
    """
    full = os.path.expanduser(path)  # noqa: PTH111 - pathlib is outside the import budget
    data = files.read(full, named=named)
    if data is None:
        raise UsageError(
            "usage", detail=f"there is no file {path}", fix="name a file, or - for standard input"
        )
    try:
        return data.decode("ascii").strip()
    except UnicodeDecodeError:
        raise TokenParseError("parse", detail=f"{path} is not ASCII text") from None


def chosen_token(arguments: Arguments) -> str:
    """The token a command is about: --token, --token-file, --agent, `$KANONIV_TOKEN`, the one made last.

    Raises: UsageError when there is none, TokenParseError.
    """
    text = arguments.text("token")
    if text is not None:
        token = read_stdin() if text == "-" else text.strip()
        if not token:
            raise no_token("the given token is empty")
        return token
    path = arguments.text("token_file")
    if path is not None:
        return load_token(path)
    name = arguments.text("agent")
    return load_token() if name is None else newest_token(_agent_did(name))


def token_file(arguments: Arguments) -> str | None:
    """The file that `chosen_token` reads for a command; None when the token comes from elsewhere, or there is none."""
    if arguments.text("token") is not None or arguments.text("agent") is not None:
        return None
    path = arguments.text("token_file")
    if path is None and "KANONIV_TOKEN" not in os.environ:
        path = find_home(os.environ).latest
    return path


def _agent_did(name: str) -> str:
    from kanoniv_auth.api.agents import resolve_name  # noqa: PLC0415 - reads JSON, which `verify` seldom needs

    did = resolve_name(name)
    if did is None:
        fix = f"kanoniv-auth delegate -s SCOPE -n {name} makes it and its token"
        raise UsageError("usage", detail=f"no agent is registered as {name}", fix=fix)
    return did


def pairs(arguments: Arguments, dest: str) -> dict[str, str]:
    """Read repeated `key=value` options. Raises: UsageError."""
    found: dict[str, str] = {}
    for text in arguments.many(dest):
        key, mark, value = text.partition("=")
        if not mark or not key or key in found:
            detail = (
                f"--{dest} {text!r} is not key=value"
                if key not in found
                else f"--{dest} {key!r} twice"
            )
            raise UsageError("usage", detail=detail, fix=f"--{dest} key=value, once for each key")
        found[key] = value
    return found


def one_of(arguments: Arguments, dest: str, words: tuple[str, ...]) -> str:
    """The value of an option with few values; the first of them when it was not given. Raises: UsageError."""
    given = arguments.text(dest)
    if given is None:
        return words[0]
    if given not in words:
        flag = dest.replace("_", "-")
        raise UsageError("usage", detail=f"--{flag} {given!r}", fix=f"one of {', '.join(words)}")
    return given
