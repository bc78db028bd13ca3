"""All routes, in the order in which /openapi.json shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanoniv_server.routes import (
    audit,
    dashboard,
    delegations,
    openapi,
    published,
    revocations,
    status,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_server.web.service import Row


def rows(*more: Iterable[Row]) -> tuple[Row, ...]:
    """Give all rows. more: of routes that a setting switches on."""
    found = [
        *verify.ROWS,
        *delegations.ROWS,
        *revocations.ROWS,
        *audit.ROWS,
        *status.ROWS,
    ]
    for others in more:
        found.extend(others)
    found.extend((*published.ROWS, *dashboard.ROWS))
    return (*found, openapi.row(found))
