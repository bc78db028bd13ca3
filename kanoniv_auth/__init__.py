"""Scoped, time-bounded, verifiable delegation for agents: the public names, and nothing else.

Silent and cheap to import: each name loads its module when it is first used (PEP 562).
"""

from __future__ import annotations

import sys as _sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kanoniv_auth.api.agents import (
        get_agent as get_agent,
        list_agents as list_agents,
        register_agent as register_agent,
        remove_agent as remove_agent,
        rename_agent as rename_agent,
        resolve_name as resolve_name,
    )
    from kanoniv_auth.api.blocks import delegated as delegated, narrow as narrow
    from kanoniv_auth.api.delegation import delegate as delegate
    from kanoniv_auth.api.guards import requires as requires
    from kanoniv_auth.api.keys import generate_keys as generate_keys, load_keys as load_keys
    from kanoniv_auth.api.legacy import delegate_v1 as delegate_v1
    from kanoniv_auth.api.revoking import revoke as revoke
    from kanoniv_auth.api.roots import init_root as init_root, load_root as load_root
    from kanoniv_auth.api.signing import sign as sign
    from kanoniv_auth.api.tokens import list_tokens as list_tokens, load_token as load_token
    from kanoniv_auth.api.verification import verify as verify
    from kanoniv_auth.core.errors import (
        AudienceMismatch as AudienceMismatch,
        AuthError as AuthError,
        CaveatViolation as CaveatViolation,
        ChainTooDeep as ChainTooDeep,
        HolderUnproven as HolderUnproven,
        KeyInvalid as KeyInvalid,
        KeyPermissions as KeyPermissions,
        ListRefused as ListRefused,
        LogBroken as LogBroken,
        NoRootKey as NoRootKey,
        NoTrustedRoot as NoTrustedRoot,
        Revoked as Revoked,
        ScopeViolation as ScopeViolation,
        SignatureInvalid as SignatureInvalid,
        StorageError as StorageError,
        TokenExpired as TokenExpired,
        TokenParseError as TokenParseError,
        UsageError as UsageError,
    )
    from kanoniv_auth.core.keys import KeyPair as KeyPair
    from kanoniv_auth.core.scopes import scope as scope

_HOME_OF = {
    "AudienceMismatch": "core.errors",
    "AuthError": "core.errors",
    "CaveatViolation": "core.errors",
    "ChainTooDeep": "core.errors",
    "HolderUnproven": "core.errors",
    "KeyInvalid": "core.errors",
    "KeyPair": "core.keys",
    "KeyPermissions": "core.errors",
    "ListRefused": "core.errors",
    "LogBroken": "core.errors",
    "NoRootKey": "core.errors",
    "NoTrustedRoot": "core.errors",
    "Revoked": "core.errors",
    "ScopeViolation": "core.errors",
    "SignatureInvalid": "core.errors",
    "StorageError": "core.errors",
    "TokenExpired": "core.errors",
    "TokenParseError": "core.errors",
    "UsageError": "core.errors",
    "delegate": "api.delegation",
    "delegate_v1": "api.legacy",
    "delegated": "api.blocks",
    "generate_keys": "api.keys",
    "get_agent": "api.agents",
    "init_root": "api.roots",
    "list_agents": "api.agents",
    "list_tokens": "api.tokens",
    "load_keys": "api.keys",
    "load_root": "api.roots",
    "load_token": "api.tokens",
    "narrow": "api.blocks",
    "register_agent": "api.agents",
    "remove_agent": "api.agents",
    "rename_agent": "api.agents",
    "requires": "api.guards",
    "resolve_name": "api.agents",
    "revoke": "api.revoking",
    "scope": "core.scopes",
    "sign": "api.signing",
    "verify": "api.verification",
}

__version__ = "0.5.0"  # a test compares it with pyproject.toml; the Action runs this code without installing it


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    module = f"{__name__}.{_HOME_OF[name]}"
    __import__(module)
    value = getattr(_sys.modules[module], name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_HOME_OF, "__version__"])
