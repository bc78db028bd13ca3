"""Where things lie: the paths below `$KANONIV_HOME`. Opens nothing. Layout: README.md, "On the command line"."""

from __future__ import annotations

import os

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Home(Value):
    """One state directory. path: absolute."""

    __slots__ = ("path",)

    path: str

    def __init__(self, path: str) -> None:
        self._fill(os.path.abspath(path))  # noqa: PTH100 - pathlib is outside the import budget

    @property
    def root_key(self) -> str:
        """The local root key, when this machine has one."""
        return f"{self.path}/root.key"

    @property
    def keys(self) -> str:
        """Folder of the agents' keys."""
        return f"{self.path}/keys"

    @property
    def agents(self) -> str:
        """Names and DIDs of registered agents."""
        return f"{self.path}/agents.json"

    @property
    def tokens(self) -> str:
        """Folder of saved tokens."""
        return f"{self.path}/tokens"

    @property
    def latest(self) -> str:
        """A copy of the token that was made last."""
        return f"{self.path}/tokens/latest"

    @property
    def trusted_roots(self) -> str:
        """Folder of pinned public keys, one `<label>.pub` each."""
        return f"{self.path}/trusted_roots"

    @property
    def local_pub(self) -> str:
        """The local root's public half, so that verifying never opens the private key."""
        return f"{self.path}/trusted_roots/local.pub"

    @property
    def next_root_key(self) -> str:
        """A new root key on its way to `root_key`: there only when a rotation was interrupted."""
        return f"{self.path}/root.key.next"

    @property
    def revocations(self) -> str:
        """Folder of signed revocation lists, one for each root."""
        return f"{self.path}/revocations"

    @property
    def receipts(self) -> str:
        """Folder of signed receipts, one file each."""
        return f"{self.path}/receipts"

    @property
    def audit(self) -> str:
        """The audit log that is written now; full ones are beside it."""
        return f"{self.path}/audit.jsonl"

    @property
    def audit_checkpoint(self) -> str:
        """What this machine signed last of its log."""
        return f"{self.path}/audit.checkpoint"

    @property
    def machine_key(self) -> str:
        """The key that signs checkpoints, and nothing else."""
        return f"{self.path}/machine.key"

    @property
    def service(self) -> str:
        """The delegation service this home is logged in to, with its API key."""
        return f"{self.path}/service.json"

    @property
    def placed(self) -> str:
        """What `install-skill` made elsewhere, to be taken away again."""
        return f"{self.path}/placed.json"

    @property
    def lock(self) -> str:
        """Held while a file is read, changed and written back."""
        return f"{self.path}/lock"

    def session(self, session_id: str) -> str:
        """The file of one coding session's token. session_id: checked by store/sessions.py."""
        return f"{self.path}/sessions/{session_id}"

    def pin(self, label: str) -> str:
        """The file of one trusted root."""
        return f"{self.path}/trusted_roots/{label}.pub"

    def rotation(self, did: str) -> str:
        """What a trusted root said about its successor, found by the DID of the one that ends."""
        return f"{self.path}/trusted_roots/{did.rpartition(':')[2]}.kdx2"

    def revocation_list(self, did: str) -> str:
        """The newest list of one root."""
        return f"{self.path}/revocations/{did.rpartition(':')[2]}.kdr2"

    def revocation_tag(self, did: str) -> str:
        """Where one root's list was fetched."""
        return f"{self.path}/revocations/{did.rpartition(':')[2]}.etag"

    def key(self, did: str) -> str:
        """The key file of one agent, found by its DID."""
        return f"{self.path}/keys/{did.rpartition(':')[2]}.key"


def find_home(environ: Mapping[str, str], given: str | os.PathLike[str] | None = None) -> Home:
    """Choose the state directory: the argument, else `$KANONIV_HOME`, else `~/.kanoniv`.

    Raises: UsageError for an empty one: a variable that failed to expand must not mean another home.
    """
    path = os.fspath(given) if given is not None else environ.get("KANONIV_HOME")
    if path is None:
        path = "~/.kanoniv"
    if not path.strip() or "\0" in path:
        raise UsageError(
            "usage",
            detail="the home directory is empty or not a path",
            fix="set KANONIV_HOME to a directory, or unset it to use ~/.kanoniv",
        )
    return Home(os.path.expanduser(path))  # noqa: PTH111 - pathlib is outside the import budget
