"""The keys of one issuer, kept and renewed: nobody's unknown kid makes us ask more than once in 30 seconds.

A kept key verifies at once while the last good answer is `FRESH`. After that the issuer is asked first; where it does
not answer, kept keys go on until the last good answer is `OLDEST`. Then the service says 503: what the issuer has
withdrawn would be trusted for longer otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING

import jwt

from kanoniv_auth.core.errors import OidcRefused, StorageError
from kanoniv_server.oidc.fetching import PATIENCE, away, fetch

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from kanoniv_server.oidc.fetching import Numbers

FRESH, OLDEST = 300.0, 3600.0  # seconds
COOLDOWN = 30.0


class IssuerKeys:
    """Public keys of one allow-listed issuer, by kid. One event loop's.

    issuer: as `domain.issuers` let it through · fetch: blocks, for ever at worst · clock: seconds, never backwards
    """

    def __init__(
        self,
        issuer: str,
        *,
        fetch: Callable[[str], Numbers] = fetch,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._fetch, self._clock = fetch, clock
        self._keys: dict[str, Any] = {}
        self._good_at = self._asked_at = float("-inf")
        self._flight: asyncio.Task[None] | None = None
        self._error: StorageError | None = None
        self._asking = False
        self._thread: threading.Thread | None = None

    async def key(self, kid: str) -> Any:
        """Give the key that a token names, as PyJWT takes it.

        Raises: OidcRefused when the issuer has no such key, StorageError when it cannot be asked.
        """
        known = self._known(kid, FRESH)
        if known is not None:
            return known
        flight = self._start()
        if flight is not None:
            # many may wait for one answer, and one who goes away does not end it
            await asyncio.shield(flight)
        known = self._known(kid, OLDEST)
        if known is not None:
            return known
        if self._error is not None:
            raise StorageError("storage", **self._error.facts)
        if flight is None:  # whether the issuer has it by now is not known, and not asked yet
            raise away(
                self.issuer, f"a kid it did not have, and asked less than {COOLDOWN:g} s ago"
            )
        detail = f"{self.issuer} has no RS256 key of 2048 bits or more under this kid"
        raise OidcRefused("oidc", failed="kid", detail=detail)

    def _known(self, kid: str, age: float) -> Any:
        return self._keys.get(kid) if self._clock() - self._good_at < age else None

    def state(self) -> str | None:
        """Tell what is wrong with the issuer's endpoint; None when the last answer was good, or none was needed."""
        return None if self._error is None else str(self._error)

    def _start(self) -> asyncio.Task[None] | None:
        if self._flight is not None and not self._flight.done():
            return self._flight
        # one that hangs is not joined by another; `_asking` ends before whoever waits is told
        if self._asking or self._clock() - self._asked_at < COOLDOWN:
            return None
        self._asked_at = self._clock()
        self._flight = asyncio.create_task(self._renew())
        return self._flight

    async def _renew(self) -> None:
        try:
            found = await asyncio.wait_for(self._in_thread(), PATIENCE)
            keys = _as_keys(found)
        except (asyncio.TimeoutError, TimeoutError):  # one and the same from Python 3.11 on
            self._error = away(self.issuer, f"no answer in {PATIENCE:g} seconds")
        except StorageError as error:
            self._error = error
        else:
            if not keys:
                self._error = away(self.issuer, "an answer without a usable key")
                return
            self._keys, self._good_at, self._error = keys, self._clock(), None

    async def _in_thread(self) -> Numbers:
        # a thread of its own: a name server that never answers must not hold up the end of the process
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Numbers] = loop.create_future()

        def tell(found: Numbers | StorageError) -> None:
            if answer.done():
                return
            if isinstance(found, StorageError):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def work() -> None:
            found: Numbers | StorageError
            try:
                found = self._fetch(self.issuer)
            except StorageError as error:
                found = error
            except Exception as defect:  # noqa: BLE001 - whoever waits is told, and no key is trusted
                found = away(self.issuer, type(defect).__name__)
            self._asking = False
            with contextlib.suppress(RuntimeError):  # the loop may have ended
                loop.call_soon_threadsafe(tell, found)

        self._thread = threading.Thread(target=work, name="jwks", daemon=True)
        try:
            self._asking = True
            self._thread.start()
        except RuntimeError:  # no more threads on this machine
            self._asking = False
            raise away(self.issuer, "no thread to ask in") from None
        return await answer


def _as_keys(found: Numbers) -> dict[str, Any]:
    """Make the keys, each by itself: one that the library refuses is left out.

    From its two numbers alone: a published private part, or another type, has no way in.
    """
    keys: dict[str, Any] = {}
    for kid, (n, e) in found.items():
        with contextlib.suppress(jwt.PyJWTError, ValueError):
            keys[kid] = jwt.PyJWK({"kty": "RSA", "n": n, "e": e}, algorithm="RS256")
    return keys
