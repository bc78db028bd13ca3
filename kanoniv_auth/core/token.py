"""A token as text: what a string says (`UnverifiedToken`), and what was proven of it (`VerifiedToken`).

Parsing proves nothing. Only `verification` makes the second from the first (docs/spec/token.md §1).
"""

from __future__ import annotations

from kanoniv_auth.core import sodium
from kanoniv_auth.core.chain import MAX_LINKS
from kanoniv_auth.core.errors import ChainTooDeep, TokenParseError
from kanoniv_auth.core.proof import Seal
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.chain import Chain
    from kanoniv_auth.core.proof import Pop

PREFIX = "kd2."
BUNDLE_PREFIX = "kdb2."
MAX_TOKEN = 16384


class UnverifiedToken(Value):
    """What a string says, checked for form alone.

    text: the part before the proof, `kd2.` and links · links: base64url texts, 1–16 · proof: text after
    `~`, None in a grant
    """

    __slots__ = ("text", "links", "proof")

    text: str
    links: tuple[str, ...]
    proof: str | None

    def __init__(self, text: str, links: tuple[str, ...], proof: str | None) -> None:
        put = self._setters
        put[0](self, text)
        put[1](self, links)
        put[2](self, proof)


class VerifiedToken(Value):
    """A chain whose every signature was checked from a trusted root to its holder, and the holder's proof.

    chain: the links · proof: the seal or pop that ends them. Made by `verification` alone.
    """

    __slots__ = ("chain", "proof")

    chain: Chain
    proof: Seal | Pop

    def __init__(self, chain: Chain, proof: Seal | Pop) -> None:
        put = self._setters
        put[0](self, chain)
        put[1](self, proof)

    @property
    def agent_did(self) -> str:
        """`did:agent:` label of the holder."""
        return self.chain.holder_did

    @property
    def root_did(self) -> str:
        """`did:agent:` label of the root."""
        return self.chain.root_did

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the holder may do, sorted."""
        return self.chain.scopes

    @property
    def expires_at(self) -> int | None:
        """Earliest expiry of the chain, unix seconds; None when no link has one."""
        return self.chain.expires_at

    @property
    def sealed_until(self) -> int | None:
        """Expiry of the seal, unix seconds; None for a pop."""
        return self.proof.expires_at if isinstance(self.proof, Seal) else None

    @property
    def audience(self) -> str:
        """The verifier a seal is for; "" when for none in particular, or for a pop."""
        return self.proof.audience if isinstance(self.proof, Seal) else ""

    @property
    def chain_depth(self) -> int:
        """Number of links."""
        return self.chain.depth


def is_v1(token: object) -> bool:
    """Tell whether text can be a version 1 token and nothing else: base64url that begins with `{"`, and no JWT."""
    return type(token) is str and token.startswith("eyJ") and "." not in token


def parse(token: object) -> UnverifiedToken:
    """Split a token or a grant: size, prefix, number of links, nothing decoded.

    Raises: TokenParseError (parse, too_large, unknown_version), ChainTooDeep (too_deep).
    """
    if type(token) is not str:
        raise TokenParseError("parse", detail="a token is text")
    if len(token) > MAX_TOKEN:
        raise TokenParseError("too_large", size=len(token), limit=MAX_TOKEN)
    if not token.startswith(PREFIX):
        raise TokenParseError("unknown_version", detail=_describe(token))
    text, mark, proof = token.partition("~")
    links = tuple(text[len(PREFIX) :].split("."))
    if not all(links) or (mark and not proof):
        raise TokenParseError("parse", detail="an empty part")
    if len(links) > MAX_LINKS:
        raise ChainTooDeep("too_deep", depth=len(links), limit=MAX_LINKS)
    return UnverifiedToken(text, links, proof if mark else None)


def _describe(token: str) -> str:
    # never echoed: what was passed by mistake may be a key
    if token.startswith(BUNDLE_PREFIX):
        return "a bundle (kdb2.) holds a private key and is never verified: accept it first"
    if token.startswith(("kde2.", "kdr2.", "kdx2.")):
        return f"a {token[:4]} object is no token"
    if is_v1(token):
        return "a version 1 token, which can be verified and nothing more"
    if token.startswith("eyJ"):
        return "a JWT, or other JSON"
    return "it does not begin with kd2."


def fingerprint(token: str) -> str:
    """Name a token in logs: the first 16 hex digits of its SHA-256, from which it cannot be found."""
    return sodium.sha256(token.encode("utf-8", "surrogatepass")).hex()[:16]
