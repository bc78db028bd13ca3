"""GET /dashboard: counts and the newest delegations as one HTML page, without a script. Every value is escaped."""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING

from kanoniv_auth.core.durations import format_ttl
from kanoniv_server.domain.values import READ
from kanoniv_server.web.problems import Answer
from kanoniv_server.web.service import Reply, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanoniv_server.domain.values import Delegation
    from kanoniv_server.web.service import Call

_ROWS = 20
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}"
    "dl{display:flex;gap:2rem;flex-wrap:wrap}dt{color:#666}dd{margin:0;font-size:1.6rem}code{font-size:.85em}"
)
_HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # nothing but this page's own style: a value that got past `escape` would still do nothing
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
)


async def dashboard(call: Call) -> Answer:
    """Show a tenant's counts. Raises: StorageError."""
    tenant, store = await call.tenant(), call.service.store
    counts = await call.counts()
    page = await store.delegations(tenant.name, limit=_ROWS)
    numbers = {
        "delegations": counts.delegations,
        "active": counts.active,
        "revoked": counts.revoked,
        "audit records": counts.audit,
    }
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(tenant.name)}: delegations</title>'
        f"<style>{_STYLE}</style><h1>{escape(tenant.name)}</h1>"
        f"<dl>{''.join([f'<div><dt>{name}</dt><dd>{n}</dd></div>' for name, n in numbers.items()])}</dl>"
        "<table><thead><tr><th>holder</th><th>label</th><th>scopes</th><th>issued</th><th>expires</th>"
        f"<th>state</th></tr></thead><tbody>{_table(page.items, call.now)}</tbody></table>"
        f"<p>root <code>{escape(tenant.root_did)}</code></p></html>\n"
    )
    return Answer(200, html.encode("utf-8"), _HEADERS)


def _table(rows: Iterable[Delegation], now: int) -> str:
    return "".join(
        [
            f"<tr><td><code>{escape(one.holder_did)}</code></td><td>{escape(one.name or '')}</td>"
            f"<td>{escape(', '.join(one.scopes))}</td><td>{_date(one.issued_at)}</td>"
            f"<td>{_date(one.expires_at)}</td><td>{_state(one, now)}</td></tr>"
            for one in rows
        ]
    )


def _date(seconds: int | None) -> str:
    return (
        format_ttl(None)
        if seconds is None
        else time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
    )


def _state(one: Delegation, now: int) -> str:
    if one.revoked_at is not None:
        return "revoked"
    return "expired" if one.expires_at is not None and one.expires_at <= now else "active"


def _row(path: str) -> Row:
    return Row(
        "GET",
        path,
        dashboard,
        "Counts and the newest delegations, for people",
        {200: Reply("a page", None, "text/html")},
        right=READ,
        browser=True,
        text="A browser asks for the API key as a password, with any user name. Nothing else here takes it like that.",
        tag="published product",
    )


ROWS = (_row("/dashboard"), _row("/"))
