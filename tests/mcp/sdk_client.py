"""A client of the Python SDK, run with the SDK's own interpreter: sdk_client.py MODE COMMAND... prints what it saw."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import anyio
from mcp import Client, StdioServerParameters  # type: ignore[import-not-found]
from mcp.shared.exceptions import MCPError  # type: ignore[import-not-found]

CALLS = 1000


async def main() -> dict[str, Any]:
    mode, command, *arguments = sys.argv[1:]
    parameters = StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
    saw: dict[str, Any] = {"wrong": 0, "granted": 0, "denied": 0, "codes": [], "progress": 0}
    async with Client(parameters, mode=mode) as client:
        saw["version"] = client.session.protocol_version
        saw["tools"] = [tool.name for tool in (await client.list_tools()).tools]
        room = anyio.Semaphore(64)

        async def one(number: int) -> None:
            tool = "echo" if number % 3 else "merge"
            async with room:
                try:
                    found = await client.call_tool(tool, {"text": f"n{number}"})
                except MCPError as error:
                    saw["denied"] += 1
                    saw["codes"] = sorted({*saw["codes"], error.error.code})
                    saw["wrong"] += tool != "merge"
                    return
            saw["granted"] += 1
            saw["wrong"] += found.content[0].text != f"n{number}"

        async with anyio.create_task_group() as group:
            for number in range(CALLS):
                group.start_soon(one, number)

        async def progressed(*_: object) -> None:
            saw["progress"] += 1

        start = time.monotonic()
        with anyio.move_on_after(0.7) as scope:
            await client.call_tool("slow", {}, progress_callback=progressed)
        saw["cancelled"] = scope.cancelled_caught and time.monotonic() - start < 5
        saw["after"] = (await client.call_tool("echo", {"text": "after"})).content[0].text
    return saw


print(json.dumps(anyio.run(main)))
