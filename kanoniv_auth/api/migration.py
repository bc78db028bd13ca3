"""`migrate`: a home of the published product becomes one of ours, in its place or from another directory.

Everything is read and checked first, so what cannot be taken over changes nothing. Then keys come before names, and
names before the old registry goes: killed at any point, every key is in one of the two, and the next run goes on.
"""

from __future__ import annotations

import os
import time
from contextlib import nullcontext

from kanoniv_auth.api import audit_log, revocations
from kanoniv_auth.api.roots import trusted_roots
from kanoniv_auth.core.errors import AuthError, StorageError, UsageError
from kanoniv_auth.core.legacy_v1 import prove_v1
from kanoniv_auth.core.roots import TrustedRoots
from kanoniv_auth.core.sodium import sha256
from kanoniv_auth.core.token import is_v1
from kanoniv_auth.core.value import Value
from kanoniv_auth.store import agents, files, keystore, published
from kanoniv_auth.store.home import Home, find_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.core.keys import KeyPair
    from kanoniv_auth.store.published import OldAgent

    Path = str | os.PathLike[str]


class OldToken(Value):
    """One saved token. code: `ok`, or the reason why it is of no use · said: the refusal's sentence, "" for none."""

    __slots__ = ("path", "text", "code", "said")

    path: str
    text: str
    code: str
    said: str

    def __init__(self, path: str, text: str, code: str, said: str) -> None:
        self._fill(path, text, code, said)

    def __repr__(self) -> str:
        return f"OldToken({self.path}, {self.code}, text=<hidden>)"


class Migration(Value):
    """What is there to be taken over, and becomes so by `migrate`.

    old, home: from and to, the same when it is done in place · root: its DID, None without · root_is_new: whether this
    home had none · agents: (name, DID, whether its key is taken over now) · tokens: in their files' order · beside:
    paths that are kept as they are · tightened: paths that others could use · left_open: those that stay so
    """

    __slots__ = (
        "old", "home", "root", "root_is_new", "agents", "tokens", "beside", "tightened", "left_open",
    )  # fmt: skip

    old: str
    home: str
    root: str | None
    root_is_new: bool
    agents: tuple[tuple[str, str, bool], ...]
    tokens: tuple[OldToken, ...]
    beside: tuple[str, ...]
    tightened: tuple[str, ...]
    left_open: tuple[str, ...]

    @property
    def in_place(self) -> bool:
        """Whether the two homes are one."""
        return self.old == self.home

    def __init__(self, plan: _Plan, tightened: list[str], left_open: list[str]) -> None:
        self._fill(
            plan.old.path,
            plan.home.path,
            None if plan.root is None else plan.root.did,
            plan.root_is_new,
            tuple([(agent.name, agent.key.did, new) for agent, new in plan.agents]),
            tuple(plan.tokens),
            tuple([f"{plan.old.path}/{n}" for n in published.BESIDE if _exists(plan.old, n)]),
            tuple(tightened),
            tuple(left_open),
        )


class _Plan(Value):
    """What was read and found fit to be taken over, before anything is changed."""

    __slots__ = ("old", "home", "root", "root_is_new", "registry", "agents", "tokens", "latest")

    old: Home
    home: Home
    root: KeyPair | None
    root_is_new: bool
    registry: bytes
    agents: list[tuple[OldAgent, bool]]
    tokens: list[OldToken]
    latest: str | None

    def __init__(self, old: Home, home: Home, now: int) -> None:
        published.refuse_links(old)
        root = published.read_root(old)
        registry, found = published.read_agents(old)
        self._fill(
            old,
            home,
            root,
            _is_new_root(old, home, root),
            registry,
            [(agent, agents.check_free(home, agent.name, agent.key.did)) for agent in found],
            _judged(old, home, root, now),
            published.read_latest(old) if files.read(home.latest) is None else None,
        )
        self._check_what_is_here()

    def _check_what_is_here(self) -> None:
        """Read what will be looked at before it is written over. Raises: StorageError, KeyPermissions, KeyInvalid."""
        for agent, _ in self.agents:
            keystore.find_agent_key(self.home, agent.key.public, agent.key.did)
        if self.root is not None:
            files.read(self.home.local_pub)
        if self.old != self.home:
            for token in self.tokens:
                files.read(_place(self.home, token))


def migrate(source: Path | None = None, *, dry_run: bool = False) -> Migration:
    """Take over a home of the published product. source: default `~/.kanoniv` · dry_run: check, and change nothing.

    Raises: UsageError and StorageError, before anything is changed, for what cannot be taken over as it is.
    """
    home, old, now = find_home(os.environ), find_home({}, source), int(time.time())
    if _is_same(old, home):
        old = home
    if not published.is_home(old):
        fix = "name the directory: kanoniv-auth migrate --from DIR"
        raise UsageError("usage", detail=f"there is nothing to take over in {old.path}", fix=fix)
    with nullcontext() if dry_run else files.Lock(home.lock):
        plan = _Plan(old, home, now)
        exposed = [path for path in _private(plan) if published.open_mode(path) is not None]
        if dry_run:
            return Migration(plan, exposed, [])
        _try_folders(home)
        tightened, left_open = _tighten(plan, exposed)
        _take_root(plan, now)
        _take_agents(plan, now)
        _take_tokens(plan)
    made = Migration(plan, tightened, left_open)
    audit_log.record(
        home, "migrate", result="ok", agent=made.root, source=made.old,
        agents=len(made.agents), tokens=len(made.tokens),
    )  # fmt: skip
    return made


def _is_same(old: Home, home: Home) -> bool:
    try:
        return os.path.samefile(old.path, home.path)  # noqa: PTH121 - paths are text in this package
    except OSError:
        return old == home


def _exists(old: Home, name: str) -> bool:
    return os.path.lexists(f"{old.path}/{name}")


def _is_new_root(old: Home, home: Home, root: KeyPair | None) -> bool:
    """Whether this home has no root yet. Raises: UsageError when it has another one."""
    if root is None or old == home:
        return False
    known = keystore.read_key(home.root_key)
    if known is not None and known != root:
        detail = f"{home.path} has the root {known.did}, and {old.path} another: {root.did}"
        fix = "choose an empty directory: KANONIV_HOME=DIR kanoniv-auth migrate"
        raise UsageError("usage", detail=detail, fix=fix)
    return known is None


def _judged(old: Home, home: Home, root: KeyPair | None, now: int) -> list[OldToken]:
    roots = trusted_roots(home) if root is None else TrustedRoots(keys=(root.public,))
    revoked, found = revocations.known(home), []
    for path, text in published.read_tokens(old):
        if not is_v1(text):
            continue  # of this version, or none
        try:
            prove_v1(text, roots=roots, audience=None, now=now, revoked=revoked)
        except AuthError as error:
            found.append(OldToken(path, text, error.slug, str(error)))
        else:
            found.append(OldToken(path, text, "ok", ""))
    return found


def _private(plan: _Plan) -> list[str]:
    paths = published.private_paths(plan.old)
    # another directory may be anything, and have other things in it
    return [*paths, plan.home.path] if plan.old == plan.home else paths


def _try_folders(home: Home) -> None:
    """Begin a file in each folder that is there already, so that one that takes none is known now.

    Raises: StorageError.
    """
    for folder in (home.keys, home.tokens, home.trusted_roots):
        if os.path.lexists(folder):
            with files.NewFile(f"{folder}/.try"):
                pass


def _tighten(plan: _Plan, paths: list[str]) -> tuple[list[str], list[str]]:
    done, left = [], []
    for path in paths:
        try:
            published.tighten(plan.old, path)
            done.append(path)
        except StorageError:
            if plan.old == plan.home:
                raise
            left.append(
                path
            )  # another user's, or on a disk that is only read: said, and no hindrance
    return done, left


def _take_root(plan: _Plan, now: int) -> None:
    if plan.root is None:
        return
    if plan.root_is_new:
        keystore.create_root(plan.home.root_key, plan.root, now, force=False)
    keystore.pin_local_root(plan.home, plan.root.public)


def _take_agents(plan: _Plan, now: int) -> None:
    rows = [(agent.name, agent.key.did, agent.created_at) for agent, new in plan.agents if new]
    for agent, _ in plan.agents:
        keystore.save_agent_key(plan.home, agent.key, now)
    if not rows:
        return
    if files.read(plan.old.agents) != plan.registry:
        # the published product knows no lock: whom it has just registered would be lost
        detail = f"{plan.old.agents} was changed in the meantime"
        raise StorageError("storage", detail=detail, fix="run kanoniv-auth migrate again")
    # every key is in a file of its own by now, and the registry loses them
    agents.adopt(plan.home, rows)


def _take_tokens(plan: _Plan) -> None:
    if plan.old != plan.home:
        for token in plan.tokens:
            if token.code == "ok":
                _copy(plan.home, token)
    if plan.latest is not None:
        files.write(plan.home.latest, plan.latest.encode("ascii"))


def _place(home: Home, token: OldToken) -> str:
    return f"{home.tokens}/{token.path.rpartition('/')[2]}"


def _copy(home: Home, token: OldToken) -> None:
    data, path = token.text.encode("ascii"), _place(home, token)
    if files.read(path) not in (None, data):
        path = f"{home.tokens}/{sha256(data)[:16].hex()}.token"
    files.write(path, data)
