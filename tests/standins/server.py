"""A small HTTP/1.1 server on loopback that plays a vendor: it answers, misbehaves when told, and tells what it saw.

A vendor is a ``Vendor``: what it answers and what it remembers. ``StandIn`` gives it a port and a thread of
its own. Everything of one vendor happens on that one thread, so a vendor needs no locks.

    with StandIn(Resend()) as server:
        ResendMailer("re_123", base_url=server.url).send([message])
        assert server.vendor.violations == []

Whoever runs it as a separate process asks over HTTP (``control.py``), on its port or, since that may refuse every
connection when told to, on a second one that never misbehaves.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Generic, Self, TextIO, TypeVar, cast

from tests.standins.control import Control
from tests.standins.faults import AFTERWARDS, BEFORE, Fault, Faults
from tests.standins.vendor import Pause, Vendor
from tests.standins.wire import Intake, Reply, Request

__all__ = ["AFTERWARDS", "BEFORE", "Fault", "Faults", "Pause", "Reply", "Request", "StandIn", "Vendor"]

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: what is left unsaid is thrown away, and the other side learns of it by a reset."""

V = TypeVar("V", bound=Vendor)
Loops = Callable[[], asyncio.AbstractEventLoop]


class StandIn(Generic[V]):
    """A vendor on a port of 127.0.0.1, on its own thread; ``with`` starts and stops it.

    ``control_port`` opens a second door that only answers questions about the first (0: any free port).
    """

    def __init__(
        self,
        vendor: V,
        port: int = 0,
        log: TextIO | None = None,
        *,
        control_port: int | None = None,
        loops: Loops | None = None,
    ) -> None:
        self.vendor = vendor
        self.port = port
        self.control_port = control_port
        self.faults = Faults()
        self.control = Control(self)
        self._log = log
        self._loops = loops
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=vendor.name, daemon=True)
        self._failure: OSError | None = None
        self._door: asyncio.Server | None = None
        self._second: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def faults(self) -> Faults:
        """How it misbehaves."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = self.vendor.faults = faults

    def start(self) -> Self:
        """Listen; OSError when the port is taken."""
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure
        return self

    def stop(self) -> None:
        """Close every connection and wait for the thread."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=self._loops) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self.connections: set[Connection] = set()
        try:
            await self.listen()
            if self.control_port is not None:
                self._second = await self._loop.create_server(lambda: Connection(self), "127.0.0.1", self.control_port)
                self.control_port = self._second.sockets[0].getsockname()[1]
        except OSError as error:
            self._failure = error
            return
        finally:
            self._ready.set()
        await self._stopping.wait()
        self.refuse()
        if self._second is not None:
            self._second.close()
        await asyncio.gather(*(one.ended() for one in set(self.connections)))

    async def listen(self) -> None:
        """Take connections, on the same port as before."""
        if self._door is None:
            self._door = await self._loop.create_server(
                lambda: Connection(self), "127.0.0.1", self.port, backlog=1024, reuse_address=True
            )
            self.port = self._door.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Take no connection any more, and break those that are open (but those of whoever controls us)."""
        if self._door is not None:
            self._door.close()
            self._door = None
        for one in self.connections:
            if one.port == self.port:
                one.reset()

    async def exchange(self, request: Request) -> Reply | None:
        """The answer to one request; None: the connection closes without one."""
        if request.path.startswith("/_"):
            return await self.control.answer(request)
        if self.faults.down:
            self._remember(request, "down", None)
            return None
        self.vendor.arrived()
        fault = self.faults.draw(request.body)
        reply = await self._perform(request, fault)
        self.vendor.said(reply)
        self._remember(request, fault, reply)
        if fault in ("hang", "stall", "late"):
            await self.control.held(self.faults.window if fault == "late" else self.faults.hang, done=fault != "stall")
        # What went down meanwhile says nothing any more.
        return None if self._faults.down else reply

    async def _perform(self, request: Request, fault: Fault) -> Reply | None:
        if isinstance(fault, Mapping):
            return Reply(**fault)
        if fault in ("lost", "stall"):
            return None
        if fault == "echo":
            return _echo(request)
        if fault != "ok" and fault not in AFTERWARDS:
            return self._said(self.vendor.fault(fault))
        reply = await self.vendor.answer(request, self.faults.pause)
        return reply if fault in ("ok", "late") else self._spoilt(fault)

    def _said(self, reply: Reply) -> Reply:
        """The vendor's fault, with the pause that the stand-in was told to ask for."""
        if "retry-after" not in reply.headers:
            return reply
        return Reply(reply.status, reply.body, {**reply.headers, "retry-after": f"{self.faults.retry_after:g}"})

    def _spoilt(self, fault: str) -> Reply | None:
        if fault == "garbage":
            return Reply(200, b"<html>Everything is fine.</html>", {"content-type": "text/html"})
        return self.vendor.fault("500") if fault == "500 after" else None

    def _remember(self, request: Request, fault: Fault, reply: Reply | None) -> None:
        line = self.vendor.note(request, fault, reply.status if reply else None)
        if self._log:
            self._log.write(json.dumps({"vendor": self.vendor.name, **line}) + "\n")

    def seen(self, *, brief: bool = False) -> dict[str, Any]:
        """Everything that was seen; ``brief`` counts the lists instead of showing them."""
        return self.control.seen(brief=brief)


def _echo(request: Request) -> Reply:
    heard = f"{request.method} {request.path} {dict(request.headers)} {request.body.decode(errors='replace')}"
    return Reply(
        500,
        {
            "object": "error",
            "name": "internal_server_error",
            "code": "internal_server_error",
            "status": 500,
            "statusCode": 500,
            "message": f"could not handle {heard}",
        },
    )


class Connection(asyncio.Protocol):
    """One caller: requests are answered one after the other."""

    def __init__(self, server: StandIn[Any]) -> None:
        self._server = server
        self._intake = Intake()
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has called."""
        self._transport = cast("asyncio.Transport", transport)
        self.port = transport.get_extra_info("sockname")[1]
        self._server.connections.add(self)
        if self._server.faults.down == "reset" and self.port == self._server.port:
            self.reset()

    def connection_lost(self, _error: Exception | None) -> None:
        """He has gone; what he asked for goes on, as at any vendor."""
        self._gone = True
        self._server.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """He says something."""
        self._intake.feed(data)
        try:
            while request := self._intake.take():
                self._waiting.append(request)
        except ValueError:
            self._transport.close()
            return
        if self._waiting and (self._task is None or self._task.done()):
            self._task = asyncio.ensure_future(self._answer())

    async def _answer(self) -> None:
        while self._waiting:
            request = self._waiting.popleft()
            reply = await self._server.exchange(request)
            if self._gone:
                continue
            if reply is None:
                self._transport.close()
                return
            self._transport.write(reply.encoded())
            if request.headers.get("connection") == "close":
                self._transport.close()

    def reset(self) -> None:
        """Break the connection: the other side reads a reset, not an end."""
        sock: socket.socket = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()

    async def ended(self) -> None:
        """Stop whatever it still does."""
        self._transport.abort()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
