"""Links and the chains they make: who gave what to whom, from a root to a holder (docs/spec/token.md §1).

Values without a claim of their own: `verification` makes them from signatures it checked, `delegation` from ones
it just made.
"""

from __future__ import annotations

from kanoniv_auth.core.keys import did
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.caveats import Caveat

MAX_LINKS = 16


class Link(Value):
    """One delegation: an issuer's key gives `aud` these scopes.

    id: 32 bytes, a hash over the payloads up to here · issuer, aud: public keys · scopes: sorted · caveats:
    sorted · issued_at, expires_at: unix seconds (None: no expiry) · jti: 22 characters · name: its issuer's
    label, decides nothing
    """

    __slots__ = (
        "id",
        "issuer",
        "aud",
        "scopes",
        "caveats",
        "issued_at",
        "expires_at",
        "jti",
        "name",
    )

    id: bytes
    issuer: bytes
    aud: bytes
    scopes: tuple[str, ...]
    caveats: tuple[Caveat, ...]
    issued_at: int
    expires_at: int | None
    jti: str
    name: str | None

    def __init__(  # noqa: PLR0913, PLR0917 - every field, in slot order
        self,
        id: bytes,  # noqa: A002 - the spec's own word
        issuer: bytes,
        aud: bytes,
        scopes: tuple[str, ...],
        caveats: tuple[Caveat, ...],
        issued_at: int,
        expires_at: int | None,
        jti: str,
        name: str | None,
    ) -> None:
        put = self._setters
        put[0](self, id)
        put[1](self, issuer)
        put[2](self, aud)
        put[3](self, scopes)
        put[4](self, caveats)
        put[5](self, issued_at)
        put[6](self, expires_at)
        put[7](self, jti)
        put[8](self, name)


class Chain(Value):
    """Links from a root to a holder, in order, with what follows from them as a whole.

    parent: the chain without its last link · links: root's first · granted: the last link's scopes as a set
    · caveats: of all links · expires_at: the earliest, None when no link has one · latest_iat: the greatest
    `iat` · deepest: greatest index that `max_depth` caveats and the format leave for a further link · text:
    `kd2.` and the links, which is a grant
    """

    __slots__ = (
        "parent",
        "links",
        "granted",
        "caveats",
        "expires_at",
        "latest_iat",
        "deepest",
        "text",
    )

    parent: Chain | None
    links: tuple[Link, ...]
    granted: frozenset[str]
    caveats: tuple[Caveat, ...]
    expires_at: int | None
    latest_iat: int
    deepest: int
    text: str

    def __init__(self, parent: Chain | None, link: Link, text: str) -> None:
        caveats, expires_at, latest_iat = link.caveats, link.expires_at, link.issued_at
        links: tuple[Link, ...] = (link,)
        deepest = MAX_LINKS - 1
        if parent is not None:
            links, deepest = (*parent.links, link), parent.deepest
            latest_iat = max(latest_iat, parent.latest_iat)
            limit = parent.expires_at
            if limit is not None and (expires_at is None or limit < expires_at):
                expires_at = limit
        for caveat in caveats:
            if caveat[0] == "max_depth":
                deepest = min(deepest, len(links) - 1 + caveat[1])  # type: ignore[operator]
        if parent is not None and parent.caveats:
            caveats = parent.caveats + caveats
        put = self._setters
        put[0](self, parent)
        put[1](self, links)
        put[2](self, frozenset(link.scopes))
        put[3](self, caveats)
        put[4](self, expires_at)
        put[5](self, latest_iat)
        put[6](self, deepest)
        put[7](self, text)

    @property
    def root(self) -> bytes:
        """Public key of the root, 32 bytes."""
        return self.links[0].issuer

    @property
    def root_did(self) -> str:
        """`did:agent:` label of the root."""
        return did(self.root)

    @property
    def holder(self) -> bytes:
        """Public key of the last delegate, 32 bytes."""
        return self.links[-1].aud

    @property
    def holder_did(self) -> str:
        """`did:agent:` label of the holder."""
        return did(self.holder)

    @property
    def id(self) -> bytes:
        """Id of the last link, 32 bytes."""
        return self.links[-1].id

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes of the last link, sorted."""
        return self.links[-1].scopes

    @property
    def depth(self) -> int:
        """Number of links, 1–16."""
        return len(self.links)
