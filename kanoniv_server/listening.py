"""Connections: uvicorn with a deadline for every request, a limit for its head, and a graceful end. Not the answers."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kanoniv_server.web.bodies import LATE
from kanoniv_server.web.limits import network
from kanoniv_server.web.problems import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import TypeAlias, TypeVar

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from kanoniv_server.settings import Settings
    from kanoniv_server.web.asgi import App

    T = TypeVar("T")
    Direct: TypeAlias = Callable[[list[tuple[bytes, bytes]], str, bytes], bytes | None]

DRAIN = 10  # seconds that requests in hand have at the end
_KEEP_ALIVE = 10
_LONGEST_HEAD = 32768
# next to the requests in hand: connections that are quiet
_MOST_CONNECTIONS = 4096
# of them for one address, so that it alone does not keep the others out
_SHARE = 1024
# times the patience for a request: as long may an answer lie unread
_UNREAD = 3


class Connection(HttpToolsProtocol):
    """One connection. A request that is not there whole in time ends: nobody holds a place by sending slowly."""

    patience = 10.0
    # (headers, address, body) -> the end of a 200 for POST `path`, or None for the application to answer
    direct: Direct | None = None
    path = b""
    # how many connections each address has; None behind proxies, whose addresses are nobody's
    neighbours: dict[str, int] | None = None
    _known: tuple[object, bytes] = (None, b"")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0
        self._whole = True
        self._deadline: asyncio.TimerHandle | None = None
        # the body of a request whose answer may be direct, None for any other request
        self._held: bytes | None = None
        # one for each reading: whoever sends many requests at once waits for the others, as on the usual way
        self._may_again = True
        # whose neighbour this one is counted as
        self._of = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless there are too many."""
        super().connection_made(transport)
        self._whole = False
        self._let_go_of_who_does_not_read()
        if len(self.connections) > _MOST_CONNECTIONS or not self._has_room():
            transport.write(bare(503, "busy"))
            transport.close()
            return
        self._deadline = self.loop.call_later(self.patience, self._late)

    def _let_go_of_who_does_not_read(self) -> None:
        """Have the kernel end it when nothing of an answer was taken for long: closed by us, it would wait for ever."""
        option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux has it
        made = self.transport.get_extra_info("socket")
        if option is not None and made is not None and made.family != getattr(socket, "AF_UNIX", 0):
            milliseconds = int(_UNREAD * self.patience * 1000)
            made.setsockopt(socket.IPPROTO_TCP, option, milliseconds)

    def _has_room(self) -> bool:
        if self.neighbours is None or self.client is None:
            return True
        self._of = network(self.client[0])
        count = self.neighbours[self._of] = self.neighbours.get(self._of, 0) + 1
        return count <= _SHARE

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline, and make room."""
        self._settle()
        if self._of and self.neighbours is not None:
            self.neighbours[self._of] -= 1
            if not self.neighbours[self._of]:
                del self.neighbours[self._of]
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to count a request's head."""
        self._head, self._whole = 0, False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; a trailer is none, whatever its name."""
        if self._head >= 0:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Stop counting: the body is counted by whoever reads it."""
        self._head = -1
        if self._may_be_direct():
            self._held = b""
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held += body

    def on_message_complete(self) -> None:
        """The request is there."""
        self._whole = True
        self._settle()
        if self._held is not None:
            if self._answered(self._held):
                self._held = None
                self.on_response_complete()
                return
            self._let_go()
        super().on_message_complete()

    def _may_be_direct(self) -> bool:
        return (
            self.direct is not None
            and self._may_again
            and self.url == self.path
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and self._is_idle()
            and not self.transport.is_closing()
        )

    def _is_idle(self) -> bool:
        """Whether the request before is answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _answered(self, body: bytes) -> bool:
        if self.direct is None:
            return False
        end = self.direct(self.headers, self.client[0] if self.client else "", body)
        if end is None:
            return False
        self._may_again = False
        self.transport.write(self._head_of_200() + end)
        return True

    def _head_of_200(self) -> bytes:
        # the date among them, in a new list for each second
        own = self.server_state.default_headers
        if own is not self._known[0]:
            lines = b"".join([b"%b: %b\r\n" % one for one in own])
            Connection._known = (own, b"HTTP/1.1 200 OK\r\n" + lines)
        return self._known[1]

    def _let_go(self) -> None:
        """Hand what was held back to the application."""
        body, self._held = self._held, None
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._may_again = True
        super().data_received(data)
        if self._held is not None:
            # not whole at the first reading: it is not held any longer, so that its end is the usual one
            self._let_go()
        if self._whole:
            if self.timeout_keep_alive_task is not None or not self._is_idle():
                return
            # something has ended the waiting for a request and is none, an empty line: one has to follow in time
            self._whole = False
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.patience, self._late)
        if self._head >= 0:
            self._head += len(data)
            if self._head > _LONGEST_HEAD:
                self._end(431, "long_head")

    def _settle(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if self._whole or self.transport.is_closing():
            return
        if self._head >= 0 or self.cycle is None:
            self._end(408, "too_slow")
        elif self.cycle.response_complete:
            self.transport.close()
        else:
            # whoever reads the body is told, and refuses in the words of its route
            self.cycle.scope.setdefault("state", {})[LATE] = True
            self.cycle.message_event.set()

    def _end(self, status: int, slug: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(bare(status, slug))
            self.transport.close()


class Server(uvicorn.Server):
    """Ends with 0 after SIGTERM or SIGINT; uvicorn would raise the signal again. listening: told the address."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[str], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals for as long as it runs."""
        kept = {one: signal.signal(one, self.handle_exit) for one in _ENDS}
        try:
            yield
        finally:
            for one, handler in kept.items():
                signal.signal(one, handler)

    async def startup(self, sockets: Any = None) -> None:
        """Begin to listen, and say where."""
        await super().startup(sockets)
        for server in self.servers:
            for one in server.sockets:
                host, port = one.getsockname()[:2]
                self._listening(f"http://{f'[{host}]' if ':' in host else host}:{port}")


_ENDS = (signal.SIGTERM, signal.SIGINT)


def server(
    app: App,
    settings: Settings,
    listening: Callable[[str], None],
    direct: tuple[bytes, Direct] | None = None,
) -> Server:
    """Make a server that is ready to `serve()`. direct: the path of a POST, and what may answer it at once."""
    own: dict[str, object] = {"patience": float(settings.read_timeout)}
    # behind proxies the address is in a header, which the application's own way reads
    if direct is not None and not settings.trusted_proxies:
        own |= {"path": direct[0], "direct": staticmethod(direct[1])}
    if not settings.trusted_proxies:
        own["neighbours"] = {}
    protocol = type("Connection", (Connection,), own)
    return Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=DRAIN,
            backlog=1024,
        ),
        listening,
    )


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a whole program, on the quick event loop where there is one."""
    if sys.platform == "win32":
        return asyncio.run(work)
    # not everywhere, and a sixth of the start
    import uvloop  # noqa: PLC0415

    return uvloop.run(work)
