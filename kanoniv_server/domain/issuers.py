"""Whose OIDC tokens an operator may let count: addresses, spelled as in `iss`, which a policy can name as well."""

from __future__ import annotations

import re

from kanoniv_auth.core.errors import UsageError
from kanoniv_auth.core.policy_form import ISSUER

GITHUB = "https://token.actions.githubusercontent.com"
_LONGEST = 200  # characters: it is part of a namespace of what was used


def check_issuer(text: str) -> str:
    """Return an issuer: https, or http on this machine, without a slash at its end. Raises: UsageError."""
    found = re.fullmatch(ISSUER, text) if len(text) <= _LONGEST else None
    segments = text.split("/")
    port = segments[2].rpartition(":")[2] if len(segments) > 2 else ""
    if found is None or {".", ".."} & set(segments) or (port.isdigit() and int(port) > 65535):
        detail = f"issuer {text[:_LONGEST]!r} is not https (http only on this machine), spelled as in `iss`"
        raise UsageError("usage", detail=detail, fix=GITHUB)
    return text
