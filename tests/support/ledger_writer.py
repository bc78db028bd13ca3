"""A warm process whose forked children write to a ledger until they are killed, and say what was acknowledged.

    python -m tests.support.ledger_writer ADDRESS

Each line on its standard input names a file: a child is forked, its process id printed, and the child writes there
what it was told is done: `issue ID` or `revoke SEQ ID`, a line each. A page cache survives a SIGKILL, so does the file.
"""

from __future__ import annotations

import asyncio
import os
import sys

from kanoniv_server.storage import postgres, sqlite  # noqa: F401 - loaded before the fork
from kanoniv_server.storage.migrating import migrate  # noqa: F401 - as above
from kanoniv_server.storage.opening import open_store
from tests.support.ledger import Desk, root


async def _write(address: str, said: int) -> None:
    desk = await Desk.open(await open_store(address))

    async def work(number: int) -> None:
        to = root(1000 + number).public
        while True:
            made = (await desk.issue(to=to)).chain.id
            os.write(said, f"issue {made.hex()}\n".encode())
            newest = await desk.revoke(ids=[made])
            os.write(said, f"revoke {newest.seq} {made.hex()}\n".encode())

    await asyncio.gather(*map(work, range(4)))


def main(address: str) -> None:
    """Fork a child for each line, and collect it before the next."""
    import alembic.command  # noqa: F401, PLC0415 - so that no child has to

    child = 0
    for line in sys.stdin:
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if child == 0:
            said = os.open(line.rstrip("\n"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            asyncio.run(_write(address, said))
            os._exit(70)
        print(child, flush=True)
    if child:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1])
