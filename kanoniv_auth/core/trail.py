"""The audit log checked: records read back strictly, the chain walked, checkpoints signed and held against it.

Not on the path of a command that only adds a record (`core.audit`). Format: docs/spec/audit-log.md.
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.audit import LONGEST_LINE, REPAIRED, START, Happening, is_hash, line_hash
from kanoniv_auth.core.encoding import canonical, uncanonical, unescape
from kanoniv_auth.core.errors import LogBroken, TokenParseError
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanoniv_auth.core.keys import KeyPair

CHECKPOINT_TAG = b"kanoniv-auth/2 checkpoint\0"
_FIELDS = (
    "agent", "at", "checkpoint", "claimed", "cut", "details", "event", "name", "prev", "result", "seq",
)  # fmt: skip
_HEX = frozenset("0123456789abcdef")


class Entry(Value):
    """One record of the log, read back. what: what happened · cut: the fields that were too long to be kept whole.

    seq: from 1 · at: unix seconds · prev: hash of the line before · checkpoint: the newest signed seq there was, or 0
    """

    __slots__ = ("seq", "at", "prev", "checkpoint", "what", "cut")

    seq: int
    at: int
    prev: str
    checkpoint: int
    what: Happening
    cut: tuple[str, ...]

    def __init__(  # noqa: PLR0917 - the fields of a line
        self, seq: int, at: int, prev: str, checkpoint: int, what: Happening, cut: tuple[str, ...]
    ) -> None:
        self._fill(seq, at, prev, checkpoint, what, cut)


class Checkpoint(Value):
    """A signed statement: record `seq` of this machine's log has this hash. at: unix seconds · key: public key."""

    __slots__ = ("seq", "hash", "at", "key")

    seq: int
    hash: str
    at: int
    key: bytes

    def __init__(self, seq: int, hash: str, at: int, key: bytes) -> None:  # noqa: A002 - the field's name
        self._fill(seq, hash, at, key)


def read_line(line: bytes, where: str) -> Entry:
    """Read one line, without its line feed. Raises: LogBroken (facts where, detail)."""
    try:
        fields = None if len(line) >= LONGEST_LINE else uncanonical(line)
        if type(fields) is not dict or tuple(sorted(fields)) != _FIELDS:
            raise TokenParseError("parse", detail="not the fields of a record")
        return _entry(fields)
    except (TokenParseError, ValueError) as error:
        detail = error.facts["detail"] if isinstance(error, TokenParseError) else str(error)
        raise LogBroken("log_broken", where=where, detail=f"not a record: {detail}") from None


def _entry(fields: Mapping[str, object]) -> Entry:
    details = fields["details"]
    texts = [fields[name] for name in ("event", "result", "agent", "name", "cut")]
    numbers = [fields[name] for name in ("seq", "at", "checkpoint")]
    if (
        type(details) is not dict
        or any(type(text) is not str for text in texts)
        or any(type(number) is not int for number in numbers)
        or type(fields["claimed"]) is not bool
        or not is_hash(fields["prev"])
        or not all(type(value) in {str, int, bool} for value in details.values())
    ):
        raise TokenParseError("parse", detail="a field of another type")
    event, result, agent, name, cut = (unescape(str(text)) for text in texts)
    seq, at, checkpoint = (int(str(number)) for number in numbers)
    shown = {
        key: unescape(value) if isinstance(value, str) else value for key, value in details.items()
    }
    what = Happening(
        event, result, agent=agent, name=name, claimed=bool(fields["claimed"]), details=shown
    )
    return Entry(
        seq, at, str(fields["prev"]), checkpoint, what, tuple(cut.split(",")) if cut else ()
    )


def _statement(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "at": checkpoint.at,
        "hash": checkpoint.hash,
        "key": checkpoint.key.hex(),
        "seq": checkpoint.seq,
    }


def write_checkpoint(key: KeyPair, seq: int, hash: str, at: int) -> bytes:  # noqa: A002 - the field's name
    """Sign the log as it stands at a record; one line of canonical JSON, without its line feed."""
    fields = _statement(Checkpoint(seq, hash, at, key.public))
    signature = key.sign(CHECKPOINT_TAG + canonical(fields))
    return canonical({**fields, "signature": signature.hex()})


def read_checkpoint(line: bytes, where: str) -> tuple[Checkpoint, bytes]:
    """Read a checkpoint for its form alone; returns it and its signature. Raises: LogBroken."""
    try:
        fields = uncanonical(line.removesuffix(b"\n"))
        if type(fields) is not dict or sorted(fields) != ["at", "hash", "key", "seq", "signature"]:
            raise TokenParseError("parse", detail="not the fields of a checkpoint")
        at, seq, signature = fields["at"], fields["seq"], str(fields["signature"])
        if type(at) is not int or type(seq) is not int or seq < 1 or not is_hash(fields["hash"]):
            raise TokenParseError("parse", detail="a field of another type")
        if not is_hash(fields["key"]) or len(signature) != 128 or not _HEX.issuperset(signature):
            raise TokenParseError("parse", detail="key or signature is not hex")
    except TokenParseError as error:
        detail = f"not a checkpoint: {error.facts['detail']}"
        raise LogBroken("log_broken", where=where, detail=detail) from None
    key = bytes.fromhex(str(fields["key"]))
    return Checkpoint(seq, str(fields["hash"]), at, key), bytes.fromhex(signature)


def check_checkpoint(line: bytes, public: bytes, where: str) -> Checkpoint:
    """Read a checkpoint that the machine with this public key has signed. Raises: LogBroken."""
    checkpoint, signature = read_checkpoint(line, where)
    if checkpoint.key != public:
        detail = "this checkpoint is signed by another machine's key"
        raise LogBroken("log_broken", where=where, detail=detail)
    try:
        sodium.verify(public, signature, CHECKPOINT_TAG + canonical(_statement(checkpoint)))
    except sodium.BadSignature:
        detail = "the signature of this checkpoint does not hold"
        raise LogBroken("log_broken", where=where, detail=detail) from None
    return checkpoint


class Trail:
    """Walks a log from its first record on, line by line; whatever does not follow is LogBroken. Mutable: it counts.

    seq, head: of the newest record, its hash · first_at, last_at: unix seconds · signed: the newest checkpoint that a
    record names · repaired: where records say that a torn line was cut
    """

    __slots__ = ("_expected", "first_at", "head", "last_at", "repaired", "seq", "signed")

    seq: int
    head: str
    signed: int
    first_at: int
    last_at: int

    def __init__(self, expected: Mapping[str, Checkpoint]) -> None:
        """Begin. expected: checkpoints to hold the log against, by what to call them."""
        self._expected = expected
        self.seq, self.head, self.signed = 0, START, 0
        self.first_at = self.last_at = 0
        self.repaired: list[str] = []

    def take(self, line: bytes, where: str) -> None:
        """Check the next line, without its line feed. Raises: LogBroken."""
        entry = read_line(line, where)
        if entry.seq != self.seq + 1:
            detail = f"record {self.seq + 1} is expected here and this is record {entry.seq}"
            raise LogBroken("log_broken", where=where, detail=detail)
        if entry.prev != self.head:
            detail = (
                f"record {entry.seq} does not follow the line before it, or that line was changed"
            )
            raise LogBroken("log_broken", where=where, detail=detail)
        if not self.signed <= entry.checkpoint < entry.seq:
            detail = f"record {entry.seq} names checkpoint {entry.checkpoint}, which cannot be"
            raise LogBroken("log_broken", where=where, detail=detail)
        self.seq, self.head, self.signed = entry.seq, line_hash(line), entry.checkpoint
        self.first_at, self.last_at = self.first_at or entry.at, entry.at
        if entry.what.event == REPAIRED:
            self.repaired.append(where)
        for name, checkpoint in self._expected.items():
            if checkpoint.seq == entry.seq and checkpoint.hash != self.head:
                detail = f"record {entry.seq} is not the one that {name} was signed for"
                raise LogBroken("log_broken", where=where, detail=detail)

    def end(self, where: str) -> None:
        """Check that nothing is missing at the end. where: the end of the log. Raises: LogBroken."""
        for name, checkpoint in self._expected.items():
            if checkpoint.seq > self.seq:
                detail = f"the log ends with record {self.seq}, and {name} was signed for record {checkpoint.seq}"
                raise LogBroken("log_broken", where=where, detail=detail)
