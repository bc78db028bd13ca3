"""The trust policies of a folder, as they are at the moment: read again when a file has changed, and all or none.

`*.yaml` in the folder are the first tenant's, those in a folder in it that of the tenant with its name. One that cannot
be used stops every exchange of its tenant: a policy that is missing for a mistake might be the one that says no.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from shlex import quote
from typing import TYPE_CHECKING

from kanoniv_auth.cloud.policy_file import load
from kanoniv_auth.core.errors import AuthError, PolicyInvalid, StorageError
from kanoniv_server.domain.values import DEFAULT_TENANT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kanoniv_auth.core.trust_policy import Policy

    Signs = tuple[tuple[object, ...], ...]

# files that changed so short a time ago may change again without a new time stamp
_YOUNG = 2.0


class PolicyFolder:
    """Trust policies below a path. clock: unix seconds, the file system's."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._known: dict[str, tuple[Signs, tuple[Policy, ...]]] = {}
        self._lock = threading.Lock()

    async def of(self, tenant: str) -> tuple[Policy, ...]:
        """Give a tenant's policies. Raises: PolicyInvalid, StorageError."""
        return await asyncio.to_thread(self._of, tenant)

    async def check(self) -> None:
        """Read all there are. Raises: as `of`."""
        await asyncio.to_thread(self._check)

    def _check(self) -> None:
        try:
            with os.scandir(self._path) as entries:
                names = [one.name for one in entries if one.is_dir()]
        except OSError as error:
            raise _unreadable(self._path, error) from None
        for name in (DEFAULT_TENANT, *names):
            if not name.startswith("."):
                self._of(name)

    def _of(self, tenant: str) -> tuple[Policy, ...]:
        # a tenant may be called `..`
        if tenant.startswith("."):
            return ()
        folder = self._path if tenant == DEFAULT_TENANT else self._path / tenant
        with self._lock:
            try:
                signs, youngest = _signs(folder)
            except FileNotFoundError as error:
                if folder == self._path:
                    raise _unreadable(folder, error) from None
                return ()
            except OSError as error:
                raise _unreadable(folder, error) from None
            known = self._known.get(tenant)
            if known is not None and known[0] == signs:
                return known[1]
            policies = _load(folder)
            if youngest + _YOUNG < self._clock():
                self._known[tenant] = (signs, policies)
            else:
                self._known.pop(tenant, None)
            return policies


def _load(folder: Path) -> tuple[Policy, ...]:
    try:
        policies, errors = load([str(folder)])
    except AuthError as error:
        raise StorageError("storage", **error.facts) from None
    if errors:
        raise errors[0]
    return tuple(policies)


def _signs(folder: Path) -> tuple[Signs, float]:
    """Tell what the files are by, and when the youngest changed. Raises: OSError, PolicyInvalid (open to others)."""
    _require_closed(folder, folder.stat())
    with os.scandir(folder) as entries:
        named = sorted(one.name for one in entries if one.name.endswith((".yaml", ".yml")))
    found: list[tuple[object, ...]] = []
    youngest = 0.0
    for name in named:
        if name.startswith("."):
            continue
        path = folder / name
        status = path.stat()  # of what a link leads to
        _require_closed(path, status)
        youngest = max(youngest, status.st_mtime, status.st_ctime)
        times = (status.st_mtime_ns, status.st_ctime_ns)
        found.append((name, status.st_dev, status.st_ino, status.st_size, *times))
    return tuple(found), youngest


def _require_closed(path: Path, status: os.stat_result) -> None:
    """Refuse a file that everybody may write, and a folder to which everybody may add some. Raises: PolicyInvalid."""
    if status.st_mode & 0o002:
        detail, fix = "everybody on this machine may write it", f"chmod o-w {quote(str(path))}"
        raise PolicyInvalid("bad_policy", detail=detail, file=str(path), fix=fix)


def _unreadable(folder: Path, error: OSError) -> StorageError:
    detail = f"cannot read the policies in {folder}: {error.strerror or error}"
    return StorageError("storage", detail=detail)
