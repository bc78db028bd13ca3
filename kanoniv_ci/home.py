"""The agent's home for the later steps: its key alone, its token, its root, and the service that has granted it.

Writes with the library's own store, so the command line reads what it would have written itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanoniv_auth.store import files, keystore, service, tokens
from kanoniv_auth.store.home import Home

if TYPE_CHECKING:
    from pathlib import Path

    from kanoniv_ci.inputs import KeylessInputs
    from kanoniv_ci.minting import Minted

TENANT = "default"  # the one that exchanges ask
_DID = ":{did}"


def furnish(path: Path, minted: Minted, keyless: KeylessInputs | None = None) -> None:
    """Fill a new home. keyless: who was asked. Raises: UsageError when it cannot be written."""
    home = Home(str(path))
    keystore.save_agent_key(home, minted.agent, minted.at)
    tokens.save(home, minted.chain.id, minted.token, latest=True)
    files.write(f"{home.trusted_roots}/root.pub", minted.chain.root.hex().encode("ascii"))
    if keyless is not None:
        # no API key: later steps end their own grant by the key that is here
        named = keyless.audience.removesuffix(_DID) if keyless.audience.endswith(_DID) else None
        service.write(home, service.Credentials(keyless.endpoint, None, TENANT, named))
