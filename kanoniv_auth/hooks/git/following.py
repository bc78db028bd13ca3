"""The hook that was there before ours: it gets the same words and the same bytes, and its status counts."""

from __future__ import annotations

import os
import subprocess
from errno import ENOEXEC

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.hooks.git.script import SUFFIX

_SIGNALLED = 128
# husky 9 puts a stub of these two lines in place of a hook; it looks at $0 for which hook it is
_STUBS = (b'. "$(dirname "$0")/h"', b'. "$(dirname -- "$0")/h"', b'. "${0%/*}/h"')
_SOURCED = f'. "$0{SUFFIX}"'


def run(path: str, words: tuple[str, ...], data: bytes) -> int:
    """Run it as git would have; returns its exit status. words: after its name · data: for its stdin.

    One that is not executable is passed over, as git does. Raises: UsageError when it is gone or cannot start.
    """
    if not os.path.lexists(path):
        detail = f"the hook that was there before is gone: {path}"
        fix = "put it back; or take it out of the chain: kanoniv-auth install-hook --force"
        raise UsageError("usage", detail=detail, fix=fix)
    if not os.access(path, os.X_OK) or os.path.isdir(path):  # noqa: PTH112 - paths are text in this package
        return 0
    try:
        status = _start(_command(path, words), data)
    except OSError as error:
        if error.errno == ENOEXEC:  # no `#!` line: a shell's, then
            status = _start(["/bin/sh", path, *words], data)
        else:
            detail = f"cannot run the hook that was there before, {path}: {error.strerror}"
            raise UsageError(
                "usage", detail=detail, fix="make it run, or remove its execute bits"
            ) from None
    return status if status >= 0 else _SIGNALLED - status


def _command(path: str, words: tuple[str, ...]) -> list[str]:
    with open(path, "rb") as file:  # noqa: PTH123 - as above
        lines = file.read(256).splitlines()
    if path.endswith(SUFFIX) and "/" in path and len(lines) == 2 and lines[1].strip() in _STUBS:
        return ["/bin/sh", "-c", _SOURCED, path.removesuffix(SUFFIX), *words]
    return [path, *words]


def _start(command: list[str], data: bytes) -> int:
    return subprocess.run(command, input=data, check=False).returncode
