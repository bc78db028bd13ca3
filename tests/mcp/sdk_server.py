"""A server of the Python SDK, run with its own interpreter: sdk_server.py LOG, where each tool says that it ran."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
from mcp.server.mcpserver import Context, MCPServer  # type: ignore[import-not-found]

LOG = Path(sys.argv[1])
server = MCPServer("witness")


def ran(what: str) -> None:
    with LOG.open("a", encoding="utf-8") as log:
        log.write(what + "\n")


@server.tool()  # type: ignore[untyped-decorator]
def echo(text: str) -> str:
    ran(f"echo {text}")
    return text


@server.tool()  # type: ignore[untyped-decorator]
def merge(text: str = "") -> str:
    ran(f"merge {text}")
    return "merged"


@server.tool()  # type: ignore[untyped-decorator]
async def slow(ctx: Context) -> str:
    ran("slow")
    try:
        await ctx.report_progress(1, 2)
        await anyio.sleep(30)
    except anyio.get_cancelled_exc_class():
        ran("slow was cancelled")
        raise
    return "slept"


server.run("stdio")
