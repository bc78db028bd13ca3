"""The text of the runner's protocol: what a command, a name and a command file's entry look like.

Pure; `workflow` writes them. A value can hold anything, so nothing here trusts one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanoniv_ci.faults import Refusal, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OUTPUT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
# Names that a runner, loader, shell, interpreter or tool obeys. GitHub itself refuses only NODE_OPTIONS.
_OBEYED = re.compile(
    r"(GITHUB|RUNNER|ACTIONS|INPUT|STATE|LD|DYLD|PYTHON|PIP|UV|NODE|NPM|YARN|GIT|SSH|DOCKER|BASH|PERL\d?|RUBY|JAVA"
    r"|JDK|DOTNET|CORECLR|MSBUILD|GRADLE|MAVEN|GO|CARGO|RUST|GCONV|SSL|CURL|AWS|AZURE|GOOGLE|GCLOUD)(_.*|[A-Z]*)"
    r"|(PATH|PATHEXT|HOME|SHELL|USER|LOGNAME|ENV|IFS|PS[0-9]|PROMPT_COMMAND|CDPATH|TMPDIR|TEMP|TMP|CI|LANG|LC_.*"
    r"|EDITOR|VISUAL|PAGER|TERM|TZ|COMSPEC|SYSTEMROOT|WINDIR|HTTPS?_PROXY|ALL_PROXY|NO_PROXY"
    r"|KANONIV_(HOME|ROOT_.*|AUDIENCE))"
)
_CONTROLS = dict.fromkeys((*range(32), 127, *range(128, 160), 8232, 8233), " ")
_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def escape(text: str, table: Mapping[str, str] = _DATA) -> str:
    """Encode text for the data part of a workflow command, or with `PROPERTY` for a property."""
    return "".join(table.get(letter, letter) for letter in text)


def one_line(text: str) -> str:
    """Make foreign text fit to be shown in a log line: no control characters, no older-style command in it."""
    return text.translate(_CONTROLS).replace("##[", "## [")


def check_env_name(name: str) -> str:
    """Return a name that may be set for later steps. Raises: Refusal (KAN-INPUT-004)."""
    if _ENV_NAME.fullmatch(name) is None or _OBEYED.fullmatch(name.upper()):
        raise Refusal([problem("KAN-INPUT-004", found=one_line(name)[:100] or "''")])
    return name


def entry(name: str, value: str, draw: Callable[[], str]) -> bytes:
    """One `NAME<<DELIMITER` entry of a command file; the delimiter is drawn again when the value holds it."""
    if _OUTPUT_NAME.fullmatch(name) is None or "\0" in value:
        raise ValueError(f"not an entry for the runner: {name!r}")
    delimiter = draw()
    while delimiter in value or delimiter in name:
        delimiter = draw()
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n".encode()
