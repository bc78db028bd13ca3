"""Clients that issue and revoke without a pause on whatever process answers, and remember what was acknowledged."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from threading import Event, Lock, Thread
from types import TracebackType

import httpx

from tests.support.service import Process, sealed

_PATIENCE = 60  # seconds
# empty, as there is nothing to check: to load the certificates of the world for each client takes longer than its work
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Writers:
    """Four of them, each at one process after the other.

    issued: acknowledged link ids, with their sealed tokens · revoked: acknowledged as revoked · seqs: of the lists that
    acknowledged it · unexpected: answers that are neither done nor 503
    """

    def __init__(self, processes: Sequence[Process], key: str, count: int = 4) -> None:
        self._processes, self._key = processes, key
        self.issued: dict[str, str] = {}
        self.revoked: list[str] = []
        self.seqs: list[int] = []
        self.unexpected: list[str] = []
        self.broken = 0
        self._lock, self._end = Lock(), Event()
        self._threads = [Thread(target=self._work, args=(n,)) for n in range(count)]

    def __enter__(self) -> Writers:
        for one in self._threads:
            one.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Let each finish what it does."""
        self._end.set()
        for one in self._threads:
            one.join(_PATIENCE)
            assert not one.is_alive()

    def wait(self, more: int) -> None:
        """Wait until so many more changes were acknowledged."""
        enough = len(self.seqs) + more
        end = time.monotonic() + _PATIENCE
        while len(self.seqs) < enough:
            assert time.monotonic() < end, f"nobody writes any more: {self.unexpected[:3]}"
            time.sleep(0.005)

    def _work(self, number: int) -> None:
        turn = number
        while not self._end.is_set():
            turn += 1
            url = self._processes[turn % len(self._processes)].url
            try:
                with httpx.Client(base_url=url, timeout=20, verify=_NO_TLS) as client:
                    client.headers["authorization"] = f"Bearer {self._key}"
                    while not self._end.is_set() and self._change(client):
                        pass
            except httpx.HTTPError:
                # killed, or not yet there; the next one
                self.broken += 1
                time.sleep(0.01)

    def _change(self, client: httpx.Client) -> bool:
        made = client.post("/v1/delegations", json={"scopes": ["deploy.staging"]})
        if not self._done(made, 201):
            return False
        link = made.json()["id"]
        self.issued[link] = sealed(made.json())
        gone = client.post("/v1/revocations", json={"ids": [link]})
        if not self._done(gone, 200):
            return False
        with self._lock:
            self.revoked.append(link)
            self.seqs.append(gone.json()["seq"])
        return True

    def _done(self, answer: httpx.Response, wanted: int) -> bool:
        if answer.status_code not in {wanted, 503}:
            self.unexpected.append(f"{answer.status_code} {answer.text[:200]}")
        return answer.status_code == wanted
