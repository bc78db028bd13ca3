"""Which root key signs for which tenant: the first tenant's file or variable, and beside it a file for each other one.

`root.key` is the first tenant's; `root.<name>.key` another's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kanoniv_server.domain.delegations import require_root
from kanoniv_server.domain.values import DEFAULT_TENANT
from kanoniv_server.signer import from_file

if TYPE_CHECKING:
    from pathlib import Path

    from kanoniv_server.domain.ports import Signer
    from kanoniv_server.domain.values import Tenant


class Roots:
    """Finds signers. path: the first tenant's file · given: the first tenant's signer, from the environment."""

    def __init__(self, path: Path, given: Signer | None = None) -> None:
        self._path = path
        self._signers: dict[str, Signer] = {} if given is None else {DEFAULT_TENANT: given}

    def path(self, tenant: str) -> Path:
        """Tell where a tenant's root key lies."""
        if tenant == DEFAULT_TENANT:
            return self._path
        return self._path.with_name(f"{self._path.stem}.{tenant}{self._path.suffix}")

    def keep(self, tenant: str, signer: Signer) -> None:
        """Remember a signer that was just read."""
        self._signers[tenant] = signer

    async def signer(self, tenant: Tenant) -> Signer:
        """Find a tenant's signer. Raises: NoRootKey, KeyPermissions, KeyInvalid (another root's), StorageError."""
        found = self._signers.get(tenant.name)
        if found is None:
            found = await asyncio.to_thread(from_file, self.path(tenant.name))
            require_root(tenant, found)
            self._signers[tenant.name] = found
        return found
