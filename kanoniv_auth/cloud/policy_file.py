"""Trust policies as YAML files: text to keys and values, with nothing of YAML that can surprise, then to Policies.

Aliases, tags, several documents and doubled keys are refused; so is what YAML takes for a date or for `yes`. The
surfaces share this; what a policy may say is decided in core. YAML's parser comes with the extras [policy], [server].
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from kanoniv_auth.core.claim_matching import shown
from kanoniv_auth.core.errors import PolicyInvalid, StorageError, UsageError
from kanoniv_auth.core.policy_reading import read_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from kanoniv_auth.core.trust_policy import Policy

    Value = str | int | list["Value"] | dict[str, "Value"]

LARGEST, DEEPEST, MOST = 1 << 16, 8, 1000
ENDING = ".yaml"
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}")


def load(paths: Iterable[str]) -> tuple[list[Policy], list[PolicyInvalid]]:
    """Read policies from files, and from folders their `*.yaml`. A policy is named like its file.

    Returns: those that are valid, by name, and what is wrong with the others: use none of them then.
    Raises: StorageError for a file that cannot be read, UsageError without a YAML parser.
    """
    policies: dict[str, Policy] = {}
    errors: list[PolicyInvalid] = []
    for path in paths:
        for file in _files(path):
            name = os.path.basename(file).removesuffix(ENDING)  # noqa: PTH119 - text in, text out
            data = _bytes(file)
            try:
                if not file.endswith(ENDING):
                    fix = f"name it {name.removesuffix('.yml')}{ENDING}"
                    raise _flaw(file, 0, f"its name does not end in {ENDING}", fix)
                if name in policies:
                    fix = "give one another name"
                    raise _flaw(file, 0, f"there are two policies named {name}", fix)
                policies[name] = read(data, file=file, name=name)
            except PolicyInvalid as error:
                errors.append(error)
    return [policies[name] for name in sorted(policies)], errors


def read(data: bytes, *, file: str, name: str) -> Policy:
    """Read one policy. file: for errors · name: the policy's.

    Raises: PolicyInvalid (fact file: with the line), UsageError without a YAML parser.
    """
    lines: dict[str, int] = {}
    fields = _Reader(file, data, lines).document()
    try:
        return read_policy(name, fields)
    except PolicyInvalid as error:
        key = str(error.facts.get("key", ""))
        facts = {**error.facts, "file": f"{file}:{lines.get(key, 1)}"}
        raise PolicyInvalid("bad_policy", **facts) from None


def _flaw(file: str, line: int, detail: str, fix: str = "") -> PolicyInvalid:
    where = f"{file}:{line}" if line else file
    return PolicyInvalid("bad_policy", file=where, detail=detail, **({"fix": fix} if fix else {}))


def _files(path: str) -> list[str]:
    try:
        if not os.path.isdir(path):  # noqa: PTH112 - text in, text out
            return [path]
        names = os.listdir(path)  # noqa: PTH208 - as above
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    # one that ends in .yml is no policy, and whoever wrote it thinks that it is
    found = sorted(n for n in names if n.endswith((ENDING, ".yml")) and not n.startswith("."))
    if len(found) > MOST:
        raise UsageError("usage", detail=f"{path} holds more than {MOST} policies", fix=None)
    return [f"{path.rstrip('/')}/{name}" for name in found]


def _bytes(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: Exception) -> StorageError:
    reason = error.strerror if isinstance(error, OSError) else error
    return StorageError(
        "storage",
        detail=f"cannot read {path}: {reason}",
        fix="name a file or a folder that is there",
    )


class _Reader:
    """One file's events, made into keys and values. lines: gets the line of each key, by its dotted name."""

    def __init__(self, file: str, data: bytes, lines: dict[str, int]) -> None:
        self._file, self._lines, self._line = file, lines, 1
        try:
            import yaml  # noqa: PLC0415 - in extras alone
        except ImportError:
            fix = "pip install 'kanoniv-auth[policy]'"
            raise UsageError("usage", detail="policies need a YAML parser", fix=fix) from None
        self._yaml = yaml
        if len(data) > LARGEST:
            raise _flaw(file, 0, f"it is larger than {LARGEST} bytes")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise _flaw(file, 0, "it is not UTF-8") from None
        self._resolve: Any = yaml.SafeLoader("").resolve
        self._events = self._read(text)

    def document(self) -> Value:
        """Return the only document."""
        events, yaml = self._events, self._yaml
        next(events)  # the stream's start
        if isinstance(next(events), yaml.StreamEndEvent):
            raise _flaw(self._file, 1, "it is empty")
        value = self._value(next(events), "", 0)
        next(events)
        if not isinstance(next(events), yaml.StreamEndEvent):
            raise self._error("a second document")
        return value

    def _read(self, text: str) -> Iterator[Any]:
        yaml = self._yaml
        try:
            for event in yaml.parse(text, yaml.SafeLoader):
                self._line = event.start_mark.line + 1
                if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                    raise self._error("an anchor or alias", "write the value out")
                if getattr(event, "tag", None):
                    raise self._error("a tag", "write the value without it")
                yield event
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark is not None else self._line
            problem = getattr(error, "problem", None) or getattr(error, "reason", None)
            raise _flaw(self._file, line, f"it is not YAML: {problem or 'unreadable'}") from None

    def _value(self, event: Any, key: str, depth: int) -> Value:
        yaml = self._yaml
        if depth > DEEPEST:
            raise self._error(f"deeper than {DEEPEST} levels")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            found: list[Value] = []
            while not isinstance(one := next(self._events), yaml.SequenceEndEvent):
                found.append(self._value(one, key, depth + 1))
            return found
        fields: dict[str, Value] = {}
        while not isinstance(one := next(self._events), yaml.MappingEndEvent):
            name = self._key(one)
            if name in fields:
                raise self._error(f"the key {shown(name)} a second time")
            dotted = f"{key}.{name}" if key else name
            # errors inside a matcher are told at the claim
            self._lines.setdefault(dotted, self._line)
            fields[name] = self._value(next(self._events), dotted, depth + 1)
        return fields

    def _key(self, event: Any) -> str:
        name = self._scalar(event) if isinstance(event, self._yaml.ScalarEvent) else None
        if not isinstance(name, str):
            raise self._error("a key that is not text")
        return name

    def _scalar(self, event: Any) -> str | int:
        text = str(event.value)
        if not event.implicit[0]:  # quoted, or a block
            return text
        tag: str = self._resolve(self._yaml.ScalarNode, text, (True, False))
        kind = tag.rpartition(":")[2]
        if kind == "str":
            return text
        if kind == "int" and _WHOLE.fullmatch(text):
            return int(text)
        raise self._error(
            f"`{shown(text)}`, which YAML takes for {_KINDS.get(kind, kind)}", f'write "{text}"'
        )

    def _error(self, found: str, fix: str = "") -> PolicyInvalid:
        return _flaw(self._file, self._line, f"it has {found}", fix)


_KINDS = {
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a date",
    "merge": "another mapping's keys",
    "int": "another number",
    "float": "a fraction",
}
