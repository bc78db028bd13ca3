"""What the service is told: flags and `KANONIV_SERVER_*` variables of the same names, as one frozen value.

One table has them all. Everything that is wrong is said at once, each with its fix. Nothing is opened here but the two
files that may hold an address with a password.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kanoniv_auth.core.errors import UsageError
from kanoniv_server.domain.issuers import GITHUB, check_issuer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "KANONIV_SERVER_"
# the root key itself, and not a file: see `signer`
ROOT_KEY = PREFIX + "ROOT_KEY"
_TRUE = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_LONGEST_FILE = 4096


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. name: a flag's, or a variable's that is none · fix: what to write instead."""

    name: str
    detail: str
    fix: str

    @property
    def line(self) -> str:
        """All of it in one line."""
        name = self.name if self.name.startswith(PREFIX) else f"--{self.name}"
        return f"{name}: {self.detail}. Fix: {self.fix}"


class SettingsRefused(Exception):
    """The service cannot start like that. faults: all of them."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.line for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    root_key: file of the first tenant's root · public_url: without a slash at its end · policy_dir: trust policies ·
    oidc_issuers: whose tokens count ·
    admin_key_file: where the first admin key is written instead of being printed · rate, open_rate: requests a second
    for each API key, and for each address without one; 0 for no limit · trusted_proxies: whose X-Forwarded-For is
    believed · concurrency: requests at once · read_timeout: seconds for a request to arrive
    """

    host: str
    port: int
    data_dir: Path
    database_url: str
    redis_url: str | None
    public_url: str | None
    root_key: Path
    policy_dir: Path | None
    oidc_issuers: tuple[str, ...]
    allow_old_root_key_route: bool
    admin_key_file: Path | None
    rate: int
    open_rate: int
    concurrency: int
    read_timeout: int
    trusted_proxies: tuple[str, ...]

    def __repr__(self) -> str:
        # addresses of databases hold passwords
        return f"Settings({self.host}:{self.port}, data_dir={str(self.data_dir)!r})"


class _Unreadable(Exception):
    """A value that cannot be read. args: what is wrong, and the fix."""


@dataclass(frozen=True, slots=True)
class Option:
    """One flag. read: its text to its value · default: as text, None for none · secret: may also come from a file."""

    name: str
    read: Callable[[str], Any]
    default: str | None
    text: str
    secret: bool = False
    is_flag: bool = False

    @property
    def variable(self) -> str:
        """The variable of the same name; the file with the root key has its own, as ROOT_KEY is the key."""
        if self.name == "root-key":
            return ROOT_KEY + "_FILE"
        return PREFIX + self.name.upper().replace("-", "_")


def _number(low: int, high: int, such_as: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and low <= int(text[:12]) <= high:
            return int(text)
        raise _Unreadable(f"{text[:40]!r} is not a number from {low} to {high}", f"write {such_as}")

    return read


def _host(text: str) -> str:
    if text and text.isprintable() and not set(text) & set(" /@"):
        return text
    raise _Unreadable(f"{text[:80]!r} is no host or address", "write 127.0.0.1")


def _path(text: str) -> Path:
    if text and "\0" not in text:
        return Path(text).expanduser()
    raise _Unreadable("it is empty", "give a path")


def _public_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        loopback = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        sound = bool(parts.hostname) and parts.port is not False
    except ValueError:
        sound = loopback = False
        parts = urlsplit("")
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if sound and plain and text.isascii() and text.isprintable() and " " not in text:
        if parts.scheme == "https" or (parts.scheme == "http" and loopback):
            return text.rstrip("/")
        raise _Unreadable(
            "it is not https, so whoever is between can read keys and tokens",
            "write https://…; http is for localhost alone",
        )
    raise _Unreadable("it is no URL of a service", "write https://auth.example.com")


def _redis_url(text: str) -> str:
    if text.partition("://")[0] in {"redis", "rediss", "unix"} and "://" in text:
        return text
    # never shown: it may hold a password
    raise _Unreadable("it is no address of Redis", "write redis://HOST:PORT/0")


def _database_url(text: str) -> str:
    if text == "memory:" or text.partition("://")[0].partition("+")[0] in {
        "sqlite",
        "postgresql",
        "postgres",
    }:
        return text
    fix = "write sqlite:///kanoniv.db or postgresql://user@host/name"
    raise _Unreadable("it is no address of a database", fix)


def _switch(text: str) -> bool:
    found = _TRUE.get(text.lower())
    if found is None:
        raise _Unreadable(f"{text[:40]!r} is neither true nor false", "write true")
    return found


def _networks(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in parts:
        try:
            ip_network(part)
        except ValueError:
            fix = "write 10.0.0.0/8,192.0.2.7"
            raise _Unreadable(f"{part[:80]!r} is no address or network", fix) from None
    return parts


def _issuers(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return tuple(check_issuer(one) for one in found)
    except UsageError as error:
        raise _Unreadable(str(error), f"write {GITHUB}") from None


OPTIONS = (
    Option("host", _host, "127.0.0.1", "address to listen on"),
    Option("port", _number(0, 65535, 7400), "7400", "port to listen on; 0 for any that is free"),
    Option("data-dir", _path, ".", "where the SQLite files and the root key lie"),
    Option("database-url", _database_url, None, "sqlite:///FILE or postgresql://…", secret=True),
    Option("redis-url", _redis_url, None, "redis://…, where processes count together", secret=True),
    Option("public-url", _public_url, None, "https://…, how clients reach it; needed for OIDC"),
    Option("root-key", _path, None, "file of the root key, made when it is not there"),
    Option("policy-dir", _path, None, "trust policies, *.yaml, for OIDC"),
    Option("oidc-issuers", _issuers, GITHUB, "whose OIDC tokens count, separated by commas"),
    Option(
        "allow-old-root-key-route", _switch, "false", "also /v1/auth/oidc/root-key", is_flag=True
    ),
    Option("admin-key-file", _path, None, "write the first admin key there, 0600, not to stdout"),
    Option(
        "rate", _number(0, 10**6, 500), "500", "requests a second for each API key; 0: no limit"
    ),
    Option("open-rate", _number(0, 10**6, 100), "100", "… for each address without a key"),
    Option("concurrency", _number(1, 10000, 256), "256", "requests at once; more are told to wait"),
    Option("read-timeout", _number(1, 300, 10), "10", "seconds in which a request must arrive"),
    Option("trusted-proxies", _networks, "", "addresses whose X-Forwarded-For is believed"),
)


def read_settings(flags: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
    """Read settings: a flag wins over its variable, that over the default.

    flags: what was typed, by name without dashes in front. Raises: SettingsRefused with all that is wrong.
    """
    faults = list(_unknown(environ))
    found: dict[str, Any] = {}
    for option in OPTIONS:
        try:
            text = _given(option, flags, environ)
            found[option.name.replace("-", "_")] = None if text is None else option.read(text)
        except _Unreadable as error:
            faults.append(Fault(option.name, *error.args))
    if ROOT_KEY in environ and found.get("root_key") is not None:
        faults.append(
            Fault("root-key", f"{ROOT_KEY} is set, too", "keep one of the two, the file if you can")
        )
    keyless = found.get("policy_dir") or found.get("allow_old_root_key_route")
    if keyless and None in (found.get("policy_dir"), found.get("public_url")):
        both = "OIDC needs --policy-dir, and --public-url, which is the audience of its tokens"
        faults.append(Fault("policy-dir", both, "give both, or neither"))
    if faults:
        raise SettingsRefused(faults)
    data = found["data_dir"].absolute()
    found["data_dir"] = data
    found["root_key"] = (found["root_key"] or data / "root.key").absolute()
    found["database_url"] = found["database_url"] or f"sqlite:///{data / 'kanoniv.db'}"
    return Settings(**found)


def _given(option: Option, flags: Mapping[str, str], environ: Mapping[str, str]) -> str | None:
    by_name = {option.name: flags.get(option.name), option.variable: environ.get(option.variable)}
    if option.secret:
        file, variable = f"{option.name}-file", f"{option.variable}_FILE"
        path = flags.get(file) or environ.get(variable)
        if path is not None:
            if any(text is not None for text in by_name.values()):
                raise _Unreadable("it is given twice, also by file", "keep the file")
            return _contents(path)
    return next((text for text in by_name.values() if text is not None), option.default)


def _contents(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(_LONGEST_FILE).strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise _Unreadable(f"{path}: {why}", "make the file readable for the service") from None


def _unknown(environ: Mapping[str, str]) -> Iterable[Fault]:
    """What looks like a setting and is none: mistyped, it would be silently without effect."""
    known = {ROOT_KEY}
    for option in OPTIONS:
        known.add(option.variable)
        if option.secret:
            known.add(option.variable + "_FILE")
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, 1)
            fix = f"write {near[0]}" if near else "unset it"
            yield Fault(name, "this is no setting", fix)
