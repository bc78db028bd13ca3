"""Who calls: the API key behind an `Authorization` header. Keys are remembered until any key's standing changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanoniv_auth.core.encoding import unb64u
from kanoniv_auth.core.errors import HolderUnproven, TokenParseError
from kanoniv_server.domain import keys
from kanoniv_server.web.problems import limited, refusal

if TYPE_CHECKING:
    from kanoniv_server.domain.ports import Store
    from kanoniv_server.domain.values import ApiKey
    from kanoniv_server.reach import Reach
    from kanoniv_server.web.limits import Limits

_MOST = 4096
_SCHEME, _BASIC = b"bearer ", b"basic "
_TO_URL = bytes.maketrans(b"+/", b"-_")


class Callers:
    """Finds API keys, and holds callers to their rate."""

    __slots__ = ("_keys", "_limits", "_reach", "_store", "_version")

    def __init__(self, store: Store, reach: Reach, limits: Limits) -> None:
        self._store, self._reach, self._limits = store, reach, limits
        self._keys: dict[bytes, ApiKey] = {}
        self._version = reach.version

    async def find(
        self,
        headers: list[tuple[bytes, bytes]],
        address: str,
        *,
        everywhere: bool = True,
        browser: bool = False,
    ) -> ApiKey | None:
        """Find who calls; None for who shows no key. Either is counted.

        everywhere: with all processes, which asks Redis, if there is one · browser: the key may come as a password.
        Raises: Refusal (unauthorized, limited), StorageError.
        """
        shown = [value for name, value in headers if name == b"authorization"]
        if not shown:
            self._count_address(address)
            return None
        if browser:
            shown = [_bearer(text) for text in shown]
        key = await self._find(shown, address)
        wait = (
            await self._limits.by_key_everywhere(key.id)
            if everywhere
            else self._limits.by_key(key.id)
        )
        if wait:
            raise limited(wait)
        return key

    def at_once(self, headers: list[tuple[bytes, bytes]], address: str) -> ApiKey | bool:
        """Find who calls without asking the store, and count nothing: True for who shows no key.

        False: `find` must be asked, which may refuse.
        """
        shown = [value for name, value in headers if name == b"authorization"]
        if not shown:
            return not self._limits.is_over(None, address)
        if len(shown) > 1 or shown[0][: len(_SCHEME)].lower() != _SCHEME or not shown[0].isascii():
            return False
        known = self._known(keys.digest(shown[0][len(_SCHEME) :].decode("ascii")))
        return False if known is None or self._limits.is_over(known.id, address) else known

    def count(self, key: ApiKey | None, address: str) -> bool:
        """Count a request of whom `at_once` has found, in this process; False when it is one too many."""
        if key is None:
            return not self._limits.by_address(address)
        return not self._limits.by_key(key.id)

    def _count_address(self, address: str) -> None:
        wait = self._limits.by_address(address)
        if wait:
            raise limited(wait)

    async def _find(self, shown: list[bytes], address: str) -> ApiKey:
        text = shown[0]
        try:
            if len(shown) > 1 or text[: len(_SCHEME)].lower() != _SCHEME or not text.isascii():
                raise HolderUnproven("holder_unproven", detail="not an API key")
            given = text[len(_SCHEME) :].decode("ascii")
            digest = keys.digest(given)
            known = self._known(digest)
            if known is not None:
                return known
            # whoever guesses is counted before the store is asked
            self._count_address(address)
            version = self._reach.version
            found = await keys.authenticate(self._store, given)
        except HolderUnproven:
            self._count_address(address)
            raise refusal("unauthorized", "this API key is unknown, or was revoked") from None
        # a key whose standing changed while it was read is read again the next time
        if version == self._reach.version and len(self._keys) < _MOST:
            self._keys[digest] = found
        return found

    def _known(self, digest: bytes) -> ApiKey | None:
        if self._version != self._reach.version or len(self._keys) >= _MOST:
            self._keys.clear()
            self._version = self._reach.version
        return self._keys.get(digest) if self._reach.is_fresh else None


def _bearer(text: bytes) -> bytes:
    """What a browser sends as everybody else sends it: the password of HTTP Basic is the key, the name says nothing."""
    if text[: len(_BASIC)].lower() != _BASIC:
        return text
    given = text[len(_BASIC) :].translate(_TO_URL).rstrip(b"=")
    try:
        return _SCHEME + unb64u(given.decode("ascii")).partition(b":")[2]
    except (TokenParseError, UnicodeDecodeError):
        return text
