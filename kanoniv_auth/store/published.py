"""A home of the published product (version 1) as it lies there: its root key, its agents, its tokens.

Nothing is changed here but modes, which it leaves open to everybody. What becomes of it is `api.migration`'s business.
"""

from __future__ import annotations

import os
import time

from kanoniv_auth.core.errors import KeyInvalid, StorageError, UsageError
from kanoniv_auth.core.keys import KeyPair, parse_secret
from kanoniv_auth.core.token import is_v1
from kanoniv_auth.core.value import Value
from kanoniv_auth.store import agents, files, tokens

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.store.home import Home

# kept as they are: the product's log, the token its skill left, and what its cloud commands left
BESIDE = ("audit.log", "session-token", "cloud.key")
_FILES = ("root.key", "agents.json", *BESIDE)


class OldAgent(Value):
    """One entry of the published registry. created_at: ISO 8601, UTC."""

    __slots__ = ("name", "key", "created_at")

    name: str
    key: KeyPair
    created_at: str

    def __init__(self, name: str, key: KeyPair, created_at: str) -> None:
        self._fill(name, key, created_at)


def is_home(old: Home) -> bool:
    """Whether anything of the published product lies in a directory."""
    return any(os.path.lexists(path) for path in (old.root_key, old.agents, old.tokens))


def refuse_links(old: Home) -> None:
    """Refuse a home whose keys or tokens are links: whoever made them chose what is read here, and what gets a mode.

    Raises: StorageError.
    """
    paths = [old.root_key, old.agents, old.keys, old.tokens, *files.listing(old.tokens, ".token")]
    for path in paths:
        if os.path.islink(path):  # noqa: PTH114 - paths are text in this package
            detail = f"{path} is a link, and nothing is taken over through one"
            fix = f"put what it leads to in the place of {path}, then run it again"
            raise StorageError("storage", detail=detail, fix=fix)


def read_root(old: Home) -> KeyPair | None:
    """The root key, None when there is none.

    Raises: UsageError when the file names another DID than its key has; KeyInvalid, StorageError.
    """
    data = files.read(old.root_key)
    if data is None:
        return None
    fields = _json_object(old.root_key, data)
    return _key(old.root_key, "the root", fields.get("private_key"), fields.get("did"))


def read_agents(old: Home) -> tuple[bytes, list[OldAgent]]:
    """The registry's bytes, and the entries whose keys are still in it.

    Raises: UsageError for an entry that cannot be taken over (nothing is then done), StorageError.
    """
    data = files.read(old.agents)
    if data is None:
        return b"", []
    found = []
    for name, entry in _json_object(old.agents, data).items():
        if not isinstance(entry, dict):
            raise files.corrupt(old.agents, "not a registry of agents")
        if "private_key" not in entry:
            continue  # one of ours, or taken over before
        _check_name(old, name)
        key = _key(old.agents, f"agent {name}", entry["private_key"], entry.get("did"))
        found.append(OldAgent(name, key, _time(entry.get("created_at"))))
    return data, found


def _check_name(old: Home, name: str) -> None:
    try:
        agents.check_name(name)
    except UsageError as error:
        fix = f"rename it in {old.agents}: 1 to 64 letters, digits, dots, underscores and hyphens"
        raise UsageError("usage", detail=error.facts["detail"], fix=fix) from None


def _json_object(path: str, data: bytes) -> dict[str, object]:
    import json  # noqa: PLC0415 - as everywhere, loaded where it is needed

    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise files.corrupt(path, "not a JSON object")
    return found


def _key(path: str, what: str, secret: object, did: object) -> KeyPair:
    try:
        key = parse_secret(secret if isinstance(secret, str) else "")
    except KeyInvalid as flaw:
        fix = f"restore {path} from a backup, or take that entry out"
        detail = f"{what} in {path}: {flaw.facts['detail']}"
        raise UsageError("usage", detail=detail, fix=fix) from None
    if did is not None and did != key.did:
        fix = f"find out which of the two is meant, and correct {path}"
        detail = f"{what} in {path} is not who it says: its key is that of {key.did}"
        raise UsageError("usage", detail=detail, fix=fix)
    return key


def _time(text: object) -> str:
    """The published `2026-11-22T04:21:05.278123+00:00` as the registry writes times; the epoch for anything else."""
    shown = str(text)[:19]
    try:
        time.strptime(shown, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        shown = "1970-01-01T00:00:00"
    return f"{shown}Z"


def read_tokens(old: Home) -> list[tuple[str, str]]:
    """Path and text of each saved token, whatever it is; the copy of the one made last is left out.

    Raises: StorageError.
    """
    return [(path, _text(files.read(path))) for path in tokens.saved(old)]


def read_latest(old: Home) -> str | None:
    """The token of version 1 made last, None when there is none or it is something else. Raises: StorageError."""
    data = files.read(f"{old.tokens}/{tokens.PUBLISHED_LATEST}")
    text = _text(data)
    return text if text.isascii() and is_v1(text) else None


def _text(data: bytes | None) -> str:
    return (data or b"").decode("ascii", "replace").strip()


def private_paths(old: Home) -> list[str]:
    """Everything of the published product that only its owner may read, folders last."""
    paths = [f"{old.path}/{name}" for name in _FILES]
    paths += files.listing(old.tokens, ".token")
    return [path for path in (*paths, old.tokens) if os.path.lexists(path)]


def open_mode(path: str) -> int | None:
    """The mode of a file or folder that others can use, None when they cannot; a link is none. Raises: StorageError."""
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        raise files.unusable("look at", path, error) from None
    is_link = mode & 0o170000 == 0o120000
    return mode & 0o7777 if mode & files.OPEN_TO_OTHERS and not is_link else None


def tighten(old: Home, path: str) -> None:
    """Take a file or folder of the home away from everybody else, through no link below it. Raises: StorageError."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    below = path.removeprefix(old.path).strip("/")
    try:
        fd = os.open(old.path, flags)
        try:
            for name in below.split("/") if below else ():
                inner = os.open(name, flags | os.O_NOFOLLOW, dir_fd=fd)
                os.close(fd)
                fd = inner
            os.fchmod(fd, os.fstat(fd).st_mode & 0o700)
        finally:
            os.close(fd)
    except OSError as error:
        raise files.unusable("change the mode of", path, error) from None
