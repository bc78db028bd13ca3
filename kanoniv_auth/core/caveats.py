"""Caveats: typed predicates that can only narrow (docs/spec/token.md §1.4).

They add up along a chain and all must hold. An unknown type cannot hold; a caveat without a fact to judge it by
does not hold. Facts come from the enforcing side.
"""

from __future__ import annotations

from kanoniv_auth.core.encoding import MAX_INT, canonical, plain
from kanoniv_auth.core.errors import CaveatViolation, TokenExpired, TokenParseError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_auth.core.access import Access

    Caveat = tuple[str | int, ...]

MAX_CAVEATS = 64
# type -> kinds of its arguments: n integer, t text
SHAPES = {
    "audience": "t",
    "context": "tt",
    "max_cost": "tn",
    "max_depth": "n",
    "not_before": "n",
    "resource": "t",
}


def read_caveats(value: object) -> tuple[Caveat, ...]:
    """Check the decoded `cav` of a link: a sorted, unique, non-empty list of arrays `["type", …]`.

    Known types must have their exact shape; unknown ones are kept, and never hold.
    Raises: TokenParseError (parse).
    """
    if type(value) is not list or not 0 < len(value) <= MAX_CAVEATS:
        raise _malformed("cav is not a list of 1–64 caveats")
    rows = [_check(row) for row in value]
    if rows != order(rows):
        raise _malformed("caveats that are not sorted and unique")
    return tuple(rows)


def order(rows: Iterable[Caveat]) -> list[Caveat]:
    """Sort caveats by their canonical bytes and drop repetitions, as the wire form wants them."""
    return sorted(set(rows), key=canonical)


def _check(row: object) -> Caveat:
    if type(row) not in (list, tuple) or not row:
        raise _malformed("a caveat that is not an array")
    caveat: Caveat = tuple(row)  # type: ignore[arg-type]
    if type(caveat[0]) is not str or not all(_kind(value) for value in caveat):
        raise _malformed("a caveat that is not a type and arguments")
    shape = SHAPES.get(caveat[0])
    if shape is not None and "".join([_kind(value) for value in caveat[1:]]) != shape:
        raise _malformed(f"caveat {caveat[0]} has other arguments")
    if (
        caveat[0] == "resource"
        and not _is_path(str(caveat[1]).removesuffix("/*"))
        and caveat[1] != "*"
    ):
        raise _malformed("a resource that is not a path")
    return caveat


def _kind(value: object) -> str:
    if type(value) is str and value and plain(value):
        return "t"
    return "n" if type(value) is int and 0 <= value <= MAX_INT else ""


def check_caveats(rows: Iterable[Caveat]) -> tuple[Caveat, ...]:
    """Check and sort caveats for a new link; none is allowed. Raises: TokenParseError (parse)."""
    found = order([_check(row) for row in rows]) if rows else []
    if len(found) > MAX_CAVEATS:
        raise _malformed(f"{len(found)} caveats, at most {MAX_CAVEATS}")
    return tuple(found)


def enforce(caveats: tuple[Caveat, ...], access: Access, audience: str | None, now: int) -> None:
    """Hold every caveat against the facts of one access.

    audience: the verifier's own name, None when it has none · now: unix seconds.
    Raises: CaveatViolation (caveat, unknown_caveat), TokenExpired (not_yet_valid).
    """
    for caveat in caveats:
        kind = caveat[0]
        if kind not in SHAPES:
            raise CaveatViolation("unknown_caveat", name=kind)
        if kind == "not_before":
            if now < caveat[1]:  # type: ignore[operator]
                raise TokenExpired("not_yet_valid", at=caveat[1], now=now)
        # max_depth bounds the chain and is held while the links are read (step 4)
        elif kind != "max_depth":
            flaw = _flaw(caveat, access, audience)
            if flaw is not None:
                raise CaveatViolation(
                    "caveat", caveat=canonical(caveat).decode("ascii"), detail=flaw
                )


def _flaw(caveat: Caveat, access: Access, audience: str | None) -> str | None:
    kind = caveat[0]
    if kind == "audience":
        return None if caveat[1] == audience else f"this verifier is {audience!r}"
    if kind == "context":
        fact = access.context.get(str(caveat[1]))
        return None if fact == caveat[2] else f"the context says {fact!r}"
    if kind == "resource":
        return (
            None
            if _matches(str(caveat[1]), access.resource)
            else f"the resource is {access.resource!r}"
        )
    if access.cost is None or access.cost[0] != caveat[1]:
        return f"no cost in {caveat[1]} is given"
    amount = access.cost[1]
    return None if type(amount) is int and 0 <= amount <= caveat[2] else f"the cost is {amount}"  # type: ignore[operator]


def _is_path(path: str) -> bool:
    return all(segment not in ("", ".", "..") and "*" not in segment for segment in path.split("/"))


def _matches(pattern: str, resource: str | None) -> bool:
    # a fact with empty, `.` or `..` segments means different things to different file systems: it matches nothing
    if resource is None or any(segment in ("", ".", "..") for segment in resource.split("/")):
        return False
    if pattern == "*":
        return True
    if pattern.endswith("/*"):
        return resource.startswith(pattern[:-1])
    return resource == pattern


def _malformed(detail: str) -> TokenParseError:
    return TokenParseError("parse", detail=detail)
