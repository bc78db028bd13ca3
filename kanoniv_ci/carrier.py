"""How a result leaves the container: one tar on stdout, with fixed names, limited sizes and plain files only.

The engine's side reads it as foreign data: a name, kind, size or shape that is not expected refuses the whole.
"""

from __future__ import annotations

import io
import json
import re
import tarfile

from kanoniv_ci.faults import Refusal, problem
from kanoniv_ci.workflow import Result

LARGEST = 1 << 20
_EXITS = 126
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_RESULT = "result.json"
_FIELDS = {"exit": int, "outputs": dict, "env": dict, "summary": str}
# what a mint may leave in the session directory, and nothing else
FILES = re.compile(
    r"report\.json|token"
    r"|home/(keys/[0-9a-f]{32}\.key|tokens/([0-9a-f]{32}\.token|latest)|trusted_roots/root\.pub)"
)


def pack(result: Result) -> bytes:
    """Write a result as a tar."""
    fields = {
        "exit": result.exit,
        "outputs": result.outputs,
        "env": result.env,
        "summary": result.summary,
    }
    entries = {_RESULT: json.dumps(fields).encode(), **result.files}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in entries.items():
            header = tarfile.TarInfo(name)
            header.size, header.mode = len(data), 0o600
            tar.addfile(header, io.BytesIO(data))
    return buffer.getvalue()


def unpack(data: bytes) -> Result:
    """Read a result back. Raises: Refusal (KAN-DOCKER-004)."""
    try:
        entries = _entries(data)
        fields = json.loads(entries.pop(_RESULT))
        _check(fields)
    except (
        tarfile.TarError,
        ValueError,
        KeyError,
        TypeError,
        ArithmeticError,
        OSError,
        EOFError,
        RecursionError,
    ):
        raise Refusal([problem("KAN-DOCKER-004", status="a broken result")]) from None
    return Result(files=entries, **fields)


def _entries(data: bytes) -> dict[str, bytes]:
    entries: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        for member in tar:
            known = member.name == _RESULT or FILES.fullmatch(member.name)
            if not known or not member.isreg() or member.name in entries or member.size > LARGEST:
                raise ValueError(member.name)
            content = tar.extractfile(member)
            if content is None:
                raise ValueError(member.name)
            entries[member.name] = content.read()
    return entries


def _check(fields: object) -> None:
    if not isinstance(fields, dict) or fields.keys() != _FIELDS.keys():
        raise ValueError("fields")
    for name, kind in _FIELDS.items():
        if type(fields[name]) is not kind:
            raise ValueError(name)
    if not 0 <= fields["exit"] < _EXITS:
        raise ValueError("exit")
    for mapping in (fields["outputs"], fields["env"]):
        for key, value in mapping.items():
            if not _NAME.fullmatch(key) or type(value) is not str or "\0" in value:
                raise ValueError("not a named text")
            value.encode()
    fields["summary"].encode()
