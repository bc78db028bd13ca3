"""What a hook is told when it is installed, and does not ask its caller for: the roots, and the interpreter."""

from __future__ import annotations

import os
import subprocess
import sys

from kanoniv_auth.core.errors import NoTrustedRoot, UsageError
from kanoniv_auth.core.keys import did, did_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.roots import TrustedRoots


def pins(trusted: TrustedRoots) -> str:
    """The roots as the hook is to be told them: whole keys where they are known; none that is on its way out.

    Raises: NoTrustedRoot.
    """
    keys = [did_key(key) for key in trusted.keys if did(key) not in trusted.retired]
    found = sorted((*keys, *(label for label in trusted.dids if label not in trusted.retired)))
    if not found:
        raise NoTrustedRoot("no_trusted_root")
    return ",".join(found)


def labels(trusted: TrustedRoots) -> tuple[str, ...]:
    """The DIDs of the roots, for people; none that is on its way out."""
    found = {did(key) for key in trusted.keys} | set(trusted.dids)
    return tuple(sorted(found - set(trusted.retired)))


def interpreter() -> bytes:
    """The path of this interpreter, when it finds us with nothing of the caller's environment to help it.

    Raises: UsageError.
    """
    python = os.path.abspath(sys.executable) if sys.executable else ""  # noqa: PTH100 - a venv's link is kept
    probe = [python, "-I", "-c", "import kanoniv_auth.cli.hooking"]
    try:
        works = (
            python
            and not subprocess.run(probe, cwd="/", capture_output=True, check=False).returncode
        )
    except OSError:
        works = False
    if not works:
        detail = f"{python or 'this interpreter'} does not find kanoniv-auth without PYTHONPATH and user packages"
        fix = "install kanoniv-auth into a virtual environment, and run install-hook from there"
        raise UsageError("usage", detail=detail, fix=fix)
    return os.fsencode(python)
