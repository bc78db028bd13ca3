"""What a step granted, as a value that travels between two processes: typed fields only, no secret, no free text.

Pure. The second process has the network, so it takes nothing from the first but what `read` accepts; `markdown` shows
it. What is not exactly a report is refused as a whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kanoniv_auth.core.chain import MAX_LINKS
from kanoniv_auth.core.encoding import MAX_INT
from kanoniv_auth.core.errors import REASONS, AuthError
from kanoniv_auth.core.foreign_json import once
from kanoniv_auth.core.keys import check_did, did as did_of
from kanoniv_auth.core.payload import check_name
from kanoniv_auth.core.scopes import MAX_SCOPES, check_wire
from kanoniv_ci import event
from kanoniv_ci.faults import FAULTS, Refusal, problem

if TYPE_CHECKING:
    from kanoniv_auth.core.chain import Chain
    from kanoniv_ci.faults import Problem

VERSION = 1
LARGEST = 1 << 20
MINTED, PLANNED, SKIPPED, REFUSED = "minted", "planned", "skipped", "refused"
STATUSES = (MINTED, PLANNED, SKIPPED, REFUSED)
ROOT_KEY, PARENT_TOKEN, OIDC = "root_key", "parent_token", "oidc"
MODES = (ROOT_KEY, PARENT_TOKEN, OIDC)
RUNTIMES = ("host", "docker")
_FINGERPRINT = re.compile(r"|[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Hop:
    """One link of the chain, as it is shown. expires_at: unix seconds, None without expiry."""

    did: str
    name: str | None
    scopes: tuple[str, ...]
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the mint step.

    root_did, agent_did, fingerprint: "" when nothing was minted · codes: of what went wrong · ttl: seconds asked for ·
    deepest: how many links the chain may have · reason: a key of `event.REASONS` · shortened: the parent, or the
    service, gave less than the TTL
    """

    status: str
    mode: str
    runtime: str
    agent_name: str | None = None
    root_did: str = ""
    agent_did: str = ""
    fingerprint: str = ""
    scopes: tuple[str, ...] = ()
    ttl: int | None = None
    shortened: bool = False
    issued_at: int = 0
    expires_at: int | None = None
    chain: tuple[Hop, ...] = ()
    deepest: int = MAX_LINKS
    codes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def depth(self) -> int:
        """Number of links."""
        return len(self.chain)


def hops(chain: Chain) -> tuple[Hop, ...]:
    """The links of a checked chain, root's first."""
    return tuple(
        Hop(did_of(link.aud), link.name, link.scopes, link.expires_at) for link in chain.links
    )


def of_problems(problems: tuple[Problem, ...], mode: str, runtime: str) -> Report:
    """The report of a step that went no further: its codes, not its words."""
    codes = tuple(dict.fromkeys(found.code for found in problems))
    return Report(REFUSED, mode, runtime, codes=codes)


def dump(report: Report) -> bytes:
    """Write a report for the next process."""
    return json.dumps({"version": VERSION, **asdict(report)}, sort_keys=True).encode("ascii")


def read(data: bytes) -> Report:
    """Read a report back, field by field. Raises: Refusal (KAN-REPORT-001)."""
    try:
        if len(data) > LARGEST:
            raise ValueError("too large")
        fields = json.loads(data.decode("ascii"), object_pairs_hook=once)
        return _report(fields)
    except (ValueError, TypeError, KeyError, AuthError, RecursionError) as error:
        detail = "it is not JSON" if isinstance(error, json.JSONDecodeError) else _first_word(error)
        raise Refusal([problem("KAN-REPORT-001", detail=detail)]) from None


def _first_word(error: Exception) -> str:
    # our own field names only: the text of a foreign file must not reach the log through an error
    word = error.args[0] if isinstance(error, ValueError) and error.args else ""
    return f"bad {word}" if word in _FIELDS else "a field that is not what it should be"


def _report(fields: object) -> Report:
    if type(fields) is not dict or fields.keys() != _FIELDS:
        raise ValueError("fields")
    if type(fields["version"]) is not int or fields.pop("version") != VERSION:
        raise ValueError("version")
    return Report(
        status=_one_of("status", fields["status"], STATUSES),
        mode=_one_of("mode", fields["mode"], MODES),
        runtime=_one_of("runtime", fields["runtime"], RUNTIMES),
        agent_name=_name(fields["agent_name"]),
        root_did=_did("root_did", fields["root_did"]),
        agent_did=_did("agent_did", fields["agent_did"]),
        fingerprint=_match("fingerprint", fields["fingerprint"], _FINGERPRINT),
        scopes=_scopes(fields["scopes"]),
        ttl=_seconds("ttl", fields["ttl"]),
        shortened=_flag("shortened", fields["shortened"]),
        issued_at=_seconds("issued_at", fields["issued_at"]) or 0,
        expires_at=_seconds("expires_at", fields["expires_at"]),
        deepest=_depth(fields["deepest"]),
        chain=tuple(_hop(hop) for hop in _list("chain", fields["chain"], MAX_LINKS)),
        codes=tuple(_code(code) for code in _list("codes", fields["codes"], 64)),
        reason=_one_of("reason", fields["reason"], tuple(event.REASONS)),
    )


def _hop(fields: object) -> Hop:
    if type(fields) is not dict or fields.keys() != {"did", "name", "scopes", "expires_at"}:
        raise ValueError("chain")
    expires_at = _seconds("chain", fields["expires_at"])
    did = check_did(_did("chain", fields["did"]))
    return Hop(did, _name(fields["name"]), _scopes(fields["scopes"]), expires_at)


def _one_of(field: str, value: object, choices: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in choices:
        return value
    raise ValueError(field)


def _match(field: str, value: object, pattern: re.Pattern[str]) -> str:
    if isinstance(value, str) and pattern.fullmatch(value):
        return value
    raise ValueError(field)


def _did(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(field)
    return check_did(value) if value else ""


def _name(value: object) -> str | None:
    return None if value is None else check_name(value)


def _scopes(value: object) -> tuple[str, ...]:
    items = _list("scopes", value, MAX_SCOPES)
    return tuple(check_wire(item) if isinstance(item, str) else "" for item in items)


def _seconds(field: str, value: object) -> int | None:
    if value is None or (type(value) is int and 0 <= value <= MAX_INT):
        return value
    raise ValueError(field)


def _depth(value: object) -> int:
    if type(value) is int and 1 <= value <= MAX_LINKS:
        return value
    raise ValueError("deepest")


def _flag(field: str, value: object) -> bool:
    if type(value) is bool:
        return value
    raise ValueError(field)


def _list(field: str, value: object, longest: int) -> list[object]:
    if type(value) is list and len(value) <= longest:
        return value
    raise ValueError(field)


def _code(value: object) -> str:
    if isinstance(value, str) and (value in FAULTS or value in _CORE_CODES):
        return value
    raise ValueError("codes")


_FIELDS = {"version", *Report.__dataclass_fields__}
_CORE_CODES = {reason.code for reason in REASONS.values()}


def iso(seconds: int) -> str:
    """Unix seconds as ISO 8601, UTC: 2026-11-22T13:00:00Z (days to date: Hinnant, "chrono-compatible algorithms")."""
    days, rest = divmod(seconds, 86400)
    era, day_of_era = divmod(days + 719468, 146097)
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    clock = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return f"{year:04}-{month:02}-{day:02}T{clock}Z"
