"""A grant that was asked of somebody else: is it the one that was asked for? Not whether its root is trusted."""

from __future__ import annotations

from kanoniv_auth.api.records import Record
from kanoniv_auth.api.tokens import read_links
from kanoniv_auth.core.errors import ChainTooDeep, TokenParseError
from kanoniv_auth.core.keys import did
from kanoniv_auth.core.token import parse
from kanoniv_auth.core.verification import CLOCK_SKEW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.orders import Order
    from kanoniv_auth.core.chain import Link


class Issued(Record):
    """A grant, as it describes itself.

    id: of its last link, hex · expires_at: unix seconds, None for no end · cut: it ends before the asked TTL would
    """

    __slots__ = (
        "grant",
        "id",
        "agent_did",
        "root_did",
        "scopes",
        "expires_at",
        "chain_depth",
        "cut",
    )

    grant: str
    id: str
    agent_did: str
    root_did: str
    scopes: tuple[str, ...]
    expires_at: int | None
    chain_depth: int
    cut: bool

    def __init__(self, grant: str, links: list[Link], *, cut: bool) -> None:
        last, root_did = links[-1], did(links[0].issuer)
        end = _end(links)
        self._fill(grant, last.id.hex(), did(last.aud), root_did, last.scopes, end, len(links), cut)

    def __repr__(self) -> str:
        return f"Issued({self.id}, grant=<hidden>)"


def _end(links: list[Link]) -> int | None:
    return min([link.expires_at for link in links if link.expires_at is not None], default=None)


def read_issued(grant: str, order: Order, receiver: bytes, now: int) -> Issued:
    """Hold a grant against what was asked for. receiver: public key. Raises: TokenParseError (parse)."""
    try:
        links, proof = read_links(grant), parse(grant).proof
    except ChainTooDeep as error:
        raise TokenParseError("parse", detail=str(error)) from None
    last, end, ttl = links[-1], _end(links), order.ttl
    if proof is not None or last.aud != receiver or last.scopes != order.scopes:
        raise TokenParseError("parse", detail="its grant is not the one that was asked for")
    if ttl is not None and (end is None or end > now + ttl + CLOCK_SKEW):
        raise TokenParseError("parse", detail="its grant lasts longer than was asked for")
    cut = end is not None and (ttl is None or end < now + ttl - CLOCK_SKEW)
    return Issued(grant, links, cut=cut)
