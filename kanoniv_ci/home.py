"""The agent's home for the later steps: its key alone, its token, and the root it is to be checked against.

Writes with the library's own store, so the command line reads what it would have written itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanoniv_auth.store import files, keystore, tokens
from kanoniv_auth.store.home import Home

if TYPE_CHECKING:
    from pathlib import Path

    from kanoniv_ci.minting import Minted


def furnish(path: Path, minted: Minted) -> None:
    """Fill a new home. Raises: UsageError when it cannot be written."""
    home = Home(str(path))
    keystore.save_agent_key(home, minted.agent, minted.at)
    tokens.save(home, minted.chain.id, minted.token, latest=True)
    files.write(f"{home.trusted_roots}/root.pub", minted.chain.root.hex().encode("ascii"))
