"""What `delegate` is asked for, and what it and `accept` made. Nothing is read or signed here."""

from __future__ import annotations

from kanoniv_auth.core.durations import parse_ttl
from kanoniv_auth.core.errors import TokenParseError, UsageError
from kanoniv_auth.core.proof import check_audience
from kanoniv_auth.core.scopes import parse_scopes
from kanoniv_auth.core.value import Value
from kanoniv_auth.store import agents
from kanoniv_auth.store.home import Home, find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from kanoniv_auth.core.chain import Chain

    Path = str | os.PathLike[str]


class Delegated(Value):
    """What `delegate` or `accept` made. text: the token, or the grant (secret, or at least not for logs).

    chain: its links · is_grant: nobody has accepted it yet · path: where the token was kept, None when it was not ·
    cut: the parent ends before the asked TTL would
    """

    __slots__ = ("text", "chain", "is_grant", "path", "cut")

    text: str
    chain: Chain
    is_grant: bool
    path: str | None
    cut: bool

    def __init__(
        self, text: str, chain: Chain, *, is_grant: bool, path: str | None = None, cut: bool = False
    ) -> None:
        self._fill(text, chain, is_grant, path, cut)

    def __repr__(self) -> str:
        return f"Delegated({self.chain.holder_did}, text=<hidden>)"


class Order(Value):
    """What is asked for, checked for form before anything is read or made.

    scopes: sorted · ttl: seconds, None for never · to: did:key or name of the receiver, None to make an agent here ·
    name: registered agent, or label · home: the child's own directory
    """

    __slots__ = ("scopes", "ttl", "to", "name", "audience", "home")

    scopes: tuple[str, ...]
    ttl: int | None
    to: str | None
    name: str | None
    audience: str
    home: Home | None

    def __init__(
        self,
        scopes: str | Iterable[str],
        ttl: str | float | None = None,
        *,
        to: str | None = None,
        name: str | None = None,
        audience: str | None = None,
        home: Path | None = None,
    ) -> None:
        if to is not None and (audience is not None or home is not None):
            detail = "a grant for somebody else's key is sealed and kept where that key is"
            fix = "give --audience to kanoniv-auth accept, and no --home with --to"
            raise UsageError("usage", detail=detail, fix=fix)
        self._fill(
            parse_scopes(scopes),
            parse_ttl(ttl),
            to,
            None if name is None else agents.check_name(name),
            checked_audience(audience),
            None if home is None else find_home({}, home),
        )


def checked_audience(audience: str | None) -> str:
    """The name a token is sealed for, "" for none. Raises: UsageError."""
    try:
        return check_audience(audience or "")
    except TokenParseError as error:
        detail = f"audience {audience!r}: {error.facts['detail']}"
        raise UsageError("usage", detail=detail, fix="use a name such as deploy-service") from None
