"""Every way to be refused: one table of reason codes, one exception class for each kind.

An error holds a slug and facts. The one sentence here is for `str(error)`; hints and layout are the surfaces'
business (`kanoniv_auth.cli.fixes`, `kanoniv_ci.report`). The slugs are the reason codes of `vectors/` and of
docs/spec/token.md §4.
"""

from __future__ import annotations

from kanoniv_auth.core.value import Value

DENIED = 1
UNUSABLE = 2


class Reason(Value):
    """One row of the table.

    slug: the machine-readable code · code: the Action's `KAN-…` code · exit: process exit status (1 refused
    by a valid check, 2 unusable input) · text: the sentence, a `str.format` template over the facts.
    """

    __slots__ = ("slug", "code", "exit", "text")

    slug: str
    code: str
    exit: int
    text: str

    def __init__(self, slug: str, code: str, exit: int, text: str) -> None:  # noqa: A002
        self._fill(slug, code, exit, text)


def _table(*rows: tuple[str, str, int, str]) -> dict[str, Reason]:
    return {row[0]: Reason(*row) for row in rows}


# fmt: off
REASONS = _table(
    ("parse", "KAN-TOKEN-001", UNUSABLE, "malformed: {detail}"),
    ("too_large", "KAN-TOKEN-002", UNUSABLE, "too large: {size}, at most {limit}"),
    ("unknown_version", "KAN-TOKEN-003", UNUSABLE, "not a kd2 token: {detail}"),
    ("holder_unproven", "KAN-TOKEN-004", DENIED, "the holder is not proven: {detail}"),
    ("no_trusted_root", "KAN-ROOT-001", UNUSABLE, "no trusted root is configured, so nothing can be verified"),
    ("untrusted_root", "KAN-ROOT-002", DENIED, "root {root_did} is not a trusted root"),
    ("bad_signature", "KAN-TOKEN-005", DENIED, "signature invalid at {where}"),
    ("widened", "KAN-TOKEN-006", DENIED, "link {link} widens its parent: {scope} is not within {have}"),
    ("outlives_parent", "KAN-TOKEN-007", DENIED, "link {link} outlives its parent"),
    ("bad_bounds", "KAN-TOKEN-008", DENIED, "impossible time bounds at {where}"),
    ("too_deep", "KAN-TOKEN-009", DENIED, "chain depth {depth} exceeds {limit}"),
    ("revoked", "KAN-TOKEN-010", DENIED, "revoked: {what}"),
    ("proof_expired", "KAN-TOKEN-011", DENIED, "the holder's proof expired at {at}, it is {now}"),
    ("audience", "KAN-TOKEN-012", DENIED, "audience is {got!r}, this verifier is {want!r}"),
    ("replayed", "KAN-TOKEN-013", DENIED, "this proof was used before"),
    ("expired", "KAN-TOKEN-014", DENIED, "expired at {at}, it is {now}"),
    ("not_yet_valid", "KAN-TOKEN-015", DENIED, "not valid before {at}, it is {now}"),
    ("scope", "KAN-SCOPE-001", DENIED, "scope {need!r} is not granted"),
    ("not_delegable", "KAN-SCOPE-002", DENIED, "no token grants this, a person does it: {detail}"),
    ("caveat", "KAN-CAVEAT-001", DENIED, "caveat {caveat} does not hold: {detail}"),
    ("unknown_caveat", "KAN-CAVEAT-002", DENIED, "caveat {name!r} is unknown here, so it cannot hold"),
    ("no_root_key", "KAN-KEY-001", UNUSABLE, "no root key: {path}"),
    ("key_permissions", "KAN-KEY-002", UNUSABLE, "{what} {path} is open to others (mode {mode:04o})"),
    ("bad_key", "KAN-KEY-003", UNUSABLE, "not an Ed25519 key: {detail}"),
    ("stale", "KAN-ROOT-003", DENIED, "the revocation list of root {root_did} is too old: {detail}"),
    ("rolled_back", "KAN-ROOT-004", DENIED, "root {root_did} has said something newer: {detail}"),
    ("log_broken", "KAN-LOG-001", DENIED, "the audit log was changed at {where}: {detail}"),
    ("no_token", "KAN-TOKEN-016", UNUSABLE, "{detail}"),
    ("storage", "KAN-STATE-001", UNUSABLE, "{detail}"),
    ("unrecorded", "KAN-STATE-002", UNUSABLE, "it cannot be recorded: {detail}"),
    ("usage", "KAN-INPUT-001", UNUSABLE, "{detail}"),
    ("service", "KAN-SERVICE-001", UNUSABLE, "the service at {endpoint}: {detail}"),
    ("oidc", "KAN-KEYLESS-001", DENIED, "the OIDC token is refused: {detail}"),
    ("policy", "KAN-POLICY-001", DENIED, "no trust policy lets this in: {detail}"),
    ("bad_policy", "KAN-POLICY-002", UNUSABLE, "unusable trust policy: {detail}"),
)
# fmt: on


class AuthError(Exception):
    """Base of all refusals; never raised itself.

    slug: key into `REASONS` · facts: what the sentence and the hints are made from.
    """

    slugs: tuple[str, ...] = ()

    def __init__(self, slug: str, /, **facts: object) -> None:
        if slug not in self.slugs:
            msg = f"{type(self).__name__} has no reason {slug!r}"
            raise ValueError(msg)
        self.slug = slug
        self.facts = facts
        super().__init__(slug)

    @property
    def reason(self) -> Reason:
        """The row of `REASONS` behind this error."""
        return REASONS[self.slug]

    def __str__(self) -> str:
        # a list is said as a person would: a, b
        said = {
            name: ", ".join([str(item) for item in fact]) if isinstance(fact, tuple) else fact
            for name, fact in self.facts.items()
        }
        text = self.reason.text.format_map(said)
        # whoever read the refused text from a file says which
        return f"{self.facts['file']}: {text}" if "file" in self.facts else text

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.slug, self.facts)


def _rebuild(kind: type[AuthError], slug: str, facts: dict[str, object]) -> AuthError:
    return kind(slug, **facts)


class ScopeViolation(AuthError):
    """The action is outside the granted scopes (facts need, have) or no token's to grant, or a link claims too much."""

    slugs: tuple[str, ...] = ("scope", "widened", "not_delegable")


class TokenExpired(AuthError):
    """Outside its time (facts at, now: unix seconds): expired, proof expired, or not yet valid."""

    slugs: tuple[str, ...] = ("expired", "proof_expired", "not_yet_valid")


class ChainTooDeep(AuthError):
    """More links than the format or a `max_depth` caveat allows (facts depth, limit)."""

    slugs: tuple[str, ...] = ("too_deep",)


class SignatureInvalid(AuthError):
    """The chain does not prove what it says: a signature, its root, or bounds that no honest issuer signs."""

    slugs: tuple[str, ...] = ("bad_signature", "untrusted_root", "outlives_parent", "bad_bounds")


class TokenParseError(AuthError):
    """Not a token of this format, byte for byte."""

    slugs: tuple[str, ...] = ("parse", "too_large", "unknown_version")


class NoRootKey(AuthError):
    """No private root key where one is needed (fact path)."""

    slugs: tuple[str, ...] = ("no_root_key",)


class NoTrustedRoot(AuthError):
    """Nothing to check a chain against: no root is pinned."""

    slugs: tuple[str, ...] = ("no_trusted_root",)


class HolderUnproven(AuthError):
    """A chain without (or with a replayed) proof of its holder's key."""

    slugs: tuple[str, ...] = ("holder_unproven", "replayed")


class AudienceMismatch(AuthError):
    """Sealed for another verifier (facts want, got)."""

    slugs: tuple[str, ...] = ("audience",)


class CaveatViolation(AuthError):
    """A caveat does not hold, has no fact to hold by, or is unknown."""

    slugs: tuple[str, ...] = ("caveat", "unknown_caveat")


class KeyPermissions(AuthError):
    """A key file, or another private one, or what they lie in, that others can reach (facts what it is, path, mode)."""

    slugs: tuple[str, ...] = ("key_permissions",)


class KeyInvalid(AuthError):
    """Text or bytes that are no usable Ed25519 key (fact detail says the length or form found)."""

    slugs: tuple[str, ...] = ("bad_key",)


class Revoked(AuthError):
    """A link or key of the chain stands on its root's revocation list (fact what)."""

    slugs: tuple[str, ...] = ("revoked",)


class ListRefused(AuthError):
    """A root's signed list is older than one that is known, or than the verifier allows (facts root_did, detail)."""

    slugs: tuple[str, ...] = ("stale", "rolled_back")


class LogBroken(AuthError):
    """The audit log is not what was written (facts where, detail)."""

    slugs: tuple[str, ...] = ("log_broken",)


class PolicyRefused(AuthError):
    """No trust policy gives a workflow what it asks for (facts rows: every condition and its verdict; detail)."""

    slugs: tuple[str, ...] = ("policy",)


class PolicyInvalid(AuthError):
    """Something that is no trust policy (facts detail; key: where in it; file and fix when they are known)."""

    slugs: tuple[str, ...] = ("bad_policy",)


class OidcRefused(AuthError):
    """A foreign token is not what its issuer signs for us, now (facts failed: which check, detail, perhaps fix)."""

    slugs: tuple[str, ...] = ("oidc",)


class StorageError(AuthError):
    """A file cannot be read, written or locked, or is not what we write (facts detail, fix)."""

    slugs: tuple[str, ...] = ("storage", "unrecorded")


class UsageError(AuthError, ValueError):
    """Something a person typed is not in the grammar, or names nothing (facts detail, and fix when one is known)."""

    slugs: tuple[str, ...] = ("usage", "no_token")


class ServiceRefused(AuthError):
    """The delegation service refuses, fails, or answers what cannot be used.

    Its own slug where it is one of ours, else `service`. Facts endpoint, detail, perhaps fix and retry_after (seconds).
    """

    slugs: tuple[str, ...] = tuple(REASONS)

    @property
    def reason(self) -> Reason:
        """The row of its slug; what is told is the service's sentence, since its facts stayed there."""
        own = REASONS[self.slug]
        return Reason(own.slug, own.code, own.exit, REASONS["service"].text)
