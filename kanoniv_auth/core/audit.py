"""A record of the audit log as one line, and the hash that chains it to the next. Not a file: `store.audit`.

What a command needs that adds a record, and no more; checking is `core.trail`. Format: docs/spec/audit-log.md.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.encoding import MAX_INT, canonical, escape, scan
from kanoniv_auth.core.errors import LogBroken, TokenParseError
from kanoniv_auth.core.redaction import redact
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LOG_TAG = b"kanoniv-auth/2 log\0"
START = "0" * 64
LONGEST_VALUE, MOST_DETAILS, LONGEST_LINE = 256, 12, 16384
REPAIRED = "repaired"
_HEX, _LOWER = frozenset("0123456789abcdef"), frozenset("abcdefghijklmnopqrstuvwxyz_")


class Happening(Value):
    """What is to be recorded, before it has a place in the log.

    event, result: one word · agent: DID, "" for none · claimed: the DID was read from a token that proved nothing ·
    name: label, "" for none · details: flat, text or integers ≥ 0 or bool
    """

    __slots__ = ("event", "result", "agent", "name", "claimed", "details")

    event: str
    result: str
    agent: str
    name: str
    claimed: bool
    details: Mapping[str, str | int | bool]

    def __init__(
        self,
        event: str,
        result: str,
        *,
        agent: str = "",
        name: str = "",
        claimed: bool = False,
        details: Mapping[str, str | int | bool],
    ) -> None:
        if len(details) > MOST_DETAILS or not all(_is_word(key) for key in (event, *details)):
            raise ValueError("an event and its details have names of [a-z_]{1,32}, twelve at most")
        self._fill(event, result, agent, name, claimed, details)


def line_hash(line: bytes) -> str:
    """Hash a line, without its line feed: what the next line's `prev` says. Hex."""
    return sodium.sha256(LOG_TAG + line).hex()


def write_line(seq: int, at: int, prev: str, checkpoint: int, what: Happening) -> bytes:
    """Write one record as a line of canonical JSON, without its line feed: ASCII, no escapes, bounded.

    Text is escaped as in a receipt (`%` and two hex digits), tokens in it are cut to their prefix, and what is
    longer than 256 bytes is cut and named in `cut`.
    """
    cut: list[str] = []
    result, agent = _fit("result", what.result, cut), _fit("agent", what.agent, cut)
    name = _fit("name", what.name, cut)
    rows = what.details
    details = ",".join([f'"{key}":{_written(_fit(key, rows[key], cut))}' for key in sorted(rows)])
    # the keys stand sorted, and none of the values needs an escape: what `canonical` would write, in half its time
    return (
        f'{{"agent":"{agent}","at":{at},"checkpoint":{checkpoint},"claimed":{"true" if what.claimed else "false"},'
        f'"cut":"{",".join(cut)}","details":{{{details}}},"event":"{what.event}",'
        f'"name":"{name}","prev":"{prev}","result":"{result}","seq":{seq}}}'
    ).encode("ascii")


def _written(value: str | int | bool) -> str:
    if type(value) is str:
        return f'"{value}"'
    return str(value) if type(value) is int else canonical(value).decode("ascii")


def _fit(key: str, value: str | int | bool, cut: list[str]) -> str | int | bool:
    if isinstance(value, int):
        return value if 0 <= value <= MAX_INT else str(value)
    # what has no end is not read to its end; bytes of a path that are no text are written as Python shows them
    text = redact(value[: 16 * LONGEST_VALUE])
    # of what is printable, these three need an escape
    needs = "%" in text or '"' in text or "\\" in text
    if len(text) <= LONGEST_VALUE and text.isascii() and text.isprintable() and not needs:
        return text
    data = text.encode("utf-8", "backslashreplace")
    if len(data) > LONGEST_VALUE or len(value) > 16 * LONGEST_VALUE:
        cut.append(key)
        data = data[:LONGEST_VALUE]
    return escape(data.decode("utf-8", "ignore"))


class Place(Value):
    """Where a line stands, without what it says: enough to follow it.

    seq, checkpoint: record numbers · event: its word · prev: hash of the line before
    """

    __slots__ = ("seq", "checkpoint", "event", "prev")

    seq: int
    checkpoint: int
    event: str
    prev: str

    def __init__(self, seq: int, checkpoint: int, event: str, prev: str) -> None:
        self._fill(seq, checkpoint, event, prev)


def read_place(line: bytes, where: str) -> Place:
    """Read what the next line has to follow; `read_line` checks the rest. Raises: LogBroken (facts where, detail)."""
    try:
        fields = scan(line)
    except TokenParseError:
        fields = None
    if type(fields) is dict:
        seq, checkpoint, prev = fields.get("seq"), fields.get("checkpoint"), fields.get("prev")
        if type(seq) is int and type(checkpoint) is int and 0 <= checkpoint < seq and is_hash(prev):
            return Place(seq, checkpoint, str(fields.get("event")), str(prev))
    raise LogBroken("log_broken", where=where, detail="not a record")


def signed_seq(line: bytes, where: str) -> int:
    """The record that a checkpoint says it was signed for, unchecked. Raises: LogBroken."""
    try:
        fields = scan(line.removesuffix(b"\n"))
    except TokenParseError:
        fields = None
    seq = fields.get("seq") if type(fields) is dict else None
    if type(seq) is int and seq > 0:
        return seq
    raise LogBroken("log_broken", where=where, detail="not a checkpoint")


def _is_word(text: str) -> bool:
    return 0 < len(text) <= 32 and _LOWER.issuperset(text)


def is_hash(text: object) -> bool:
    """Whether a value is 64 lowercase hex digits."""
    return type(text) is str and len(text) == 64 and _HEX.issuperset(text)
