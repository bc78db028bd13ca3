"""The name of the repository that an address leads to: the last part of its path. Pure; the address is never shown.

The bare name, as the published product has it: two owners' repositories of one name share their scopes. An address
whose last part could mean something else to the server than it says here has no name, and is refused.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import UsageError

_HEX = frozenset(b"0123456789abcdefABCDEF")
_SCHEME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.")
_GITS_OWN = frozenset(("file", "ftp", "ftps", "git", "git+ssh", "http", "https", "ssh", "ssh+git"))
_FIX = "push to an address whose path ends with the repository's name, such as host:owner/name.git"


def repository_name(address: str) -> str:
    """Read the name out of a URL, of `host:path`, or of a path. address: as git gives it to a hook.

    Raises: UsageError when there is none, or no certain one; its text does not repeat the address, which may
    hold a password.
    """
    scheme = _scheme(address)
    path = _path(address) if scheme is None else _url_path(scheme, address)
    try:
        data = path.encode("utf-8", "surrogateescape")
        # as git does it for ssh:// and file://, and every server for http: a `%2f` does separate
        name = _last(data if scheme is None else _unescape(data)).decode("utf-8")
    except UnicodeError:
        raise _nameless("its path is not UTF-8") from None
    if name in ("", ".", "..", ".git"):
        raise _nameless("its path ends with no name")
    return name


def _scheme(address: str) -> str | None:
    """What git takes for a scheme: the text before `://` when it looks like one."""
    head, mark, _ = address.partition("://")
    return head if mark and head and _SCHEME.issuperset(head) else None


def _url_path(scheme: str, address: str) -> str:
    if scheme.lower() not in _GITS_OWN:
        raise _nameless("a remote helper decides where it leads")
    if "?" in address or "#" in address:
        raise _nameless("it holds a query or a fragment, so its end is not its path")
    return address.partition("://")[2].partition("/")[2]


def _path(address: str) -> str:
    """The path of `host:path`, or of what is a path already: in both, every byte is meant as it stands."""
    host, colon, path = address.partition(":")
    if not colon or "/" in host:
        return address
    if path.startswith(":") and _SCHEME.issuperset(host):
        raise _nameless("a remote helper decides where it leads")
    if "[" not in address.partition("/")[0]:
        return path
    # [host:port]:path and [::1]:path; git looks for brackets in other places, too
    host, closed, path = address.partition("]:")
    user, opened, inner = host.partition("[")
    plain_user = not user or (user.endswith("@") and user.count("@") == 1 and ":" not in user)
    if not closed or not opened or not plain_user or "/" in host or "[" in inner:
        raise _nameless("its host cannot be told from its path")
    return path


def _unescape(path: bytes) -> bytes:
    head, *parts = path.split(b"%")
    plain = [head]
    for part in parts:
        digits = part[:2]
        if len(digits) == 2 and _HEX.issuperset(digits) and int(digits, 16):
            plain.append(bytes([int(digits, 16)]) + part[2:])
        else:
            plain.append(b"%" + part)  # as git does
    return b"".join(plain)


def _last(path: bytes) -> bytes:
    """What `git clone` would call the directory: without the slashes, `/.git` and `.git` at the end."""
    path = path.rstrip(b"/")
    if path.endswith(b"/.git"):
        path = path[: -len(b"/.git")].rstrip(b"/")
    return path.rpartition(b"/")[2].removesuffix(b".git")


def _nameless(why: str) -> UsageError:
    detail = f"the remote's address names no repository: {why}"
    return UsageError("usage", detail=detail, fix=_FIX)
