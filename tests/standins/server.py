"""A small HTTP/1.1 server on loopback that plays a vendor: it answers, misbehaves when told, and tells what it saw.

A vendor is a ``Vendor``: what it answers and what it remembers. ``StandIn`` gives it a port and a thread of
its own. Everything of one vendor happens on that one thread, so a vendor needs no locks.

    with StandIn(Resend()) as server:
        ResendMailer("re_123", base_url=server.url).send([message])
        assert server.vendor.violations == []

Over HTTP, for whoever runs it as a separate process: ``GET /_seen`` (``?brief=1`` without the lists),
``POST /_faults``, ``POST /_reset``.
"""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Self, TextIO, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

Fault = str | Mapping[str, Any]
Pause = Callable[[], Awaitable[None]]

AFTERWARDS = ("drop", "hang", "garbage", "500 after")
"""Faults that come after the vendor has done the work: the caller cannot know that it was done."""

BEFORE = ("lost", "500", "429", "quota")
"""Faults that come instead of the work."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The parsed body; ValueError when it is not JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: bytes go out as they are, None is no body, anything else is JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The answer as it goes over the wire."""
        raw = (
            self.body if isinstance(self.body, bytes) else b"" if self.body is None else json.dumps(self.body).encode()
        )
        headers = {"content-type": "application/json", **self.headers, "content-length": str(len(raw))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} \r\n{head}\r\n".encode() + raw


class Vendor:
    """What a stand-in answers and remembers. Subclasses say ``answer`` and, for their own state, ``state``."""

    name = "vendor"

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything; subclasses add what they remember."""
        self.requests: list[dict[str, Any]] = []
        self.violations: list[str] = []

    @property
    def judges(self) -> bool:
        """Whether requests are held against the vendor's published contract."""
        return False

    async def answer(self, request: Request, pause: Pause) -> Reply:
        """Do what the vendor does. ``await pause()`` stands where the vendor takes its time."""
        raise NotImplementedError

    def fault(self, kind: str) -> Reply:
        """How this vendor says one of ``BEFORE`` ("500", "429", "quota"), or a fault of its own."""
        raise NotImplementedError(f"{self.name} has no fault {kind!r}")

    def state(self) -> dict[str, Any]:
        """What ``GET /_seen`` shows beyond requests and violations."""
        return {}

    def violation(self, sentence: str) -> None:
        """Remember that a request was not what the contract asks for."""
        self.violations.append(sentence)


@dataclass
class Faults:
    """How the stand-in misbehaves.

    ``script`` is used up first, one entry a request: "ok", one of ``BEFORE`` or ``AFTERWARDS``, a fault that the
    vendor knows by name, or an answer as ``{"status": 422, "body": {...}, "headers": {...}}``. Then ``chances``
    says how often each fault happens (0 to 1). ``latency`` and ``hang`` are seconds. ``down`` closes every connection.
    """

    script: list[Fault] = field(default_factory=list)
    chances: Mapping[str, float] = field(default_factory=dict)
    latency: float = 0.0
    hang: float = 60.0
    down: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        self.script = list(self.script)
        self._random = random.Random(self.seed)

    def draw(self) -> Fault:
        """What happens to this request."""
        if self.script:
            return self.script.pop(0)
        if not self.chances:
            return "ok"
        kinds = [*self.chances, "ok"]
        weights = [*self.chances.values(), max(0.0, 1 - sum(self.chances.values()))]
        return self._random.choices(kinds, weights)[0]

    async def pause(self) -> None:
        """The vendor takes its time."""
        if self.latency:
            await asyncio.sleep(self.latency)


V = TypeVar("V", bound=Vendor)


class StandIn(Generic[V]):
    """A vendor on a port of 127.0.0.1, on its own thread; ``with`` starts and stops it."""

    def __init__(self, vendor: V, port: int = 0, log: TextIO | None = None) -> None:
        self.vendor = vendor
        self.port = port
        self.faults = Faults()
        self._log = log
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name=vendor.name, daemon=True)
        self._failure: OSError | None = None

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

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

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()
        try:
            server = await asyncio.start_server(self._connection, "127.0.0.1", self.port, limit=2**26, backlog=1024)
            self.port = server.sockets[0].getsockname()[1]
        except OSError as error:
            self._failure = error
            return
        finally:
            self._ready.set()
        await self._stopping.wait()
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        # A caller that went away, or our own stop, is no event worth a traceback.
        try:
            with suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
                while await self._exchange(await read_request(reader), writer):
                    pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection must be closed."""
        if request.path.startswith("/_"):
            reply: Reply | None = self._control(request)
        elif self.faults.down:
            reply = None
        else:
            reply = await self._play(request)
        if reply is None:
            return False
        writer.write(reply.encoded())
        await writer.drain()
        return request.headers.get("connection") != "close"

    async def _play(self, request: Request) -> Reply | None:
        """The vendor's answer, or the fault that takes its place; None: no answer at all."""
        fault = self.faults.draw()
        reply = await self._perform(request, fault)
        self._note(request, fault, reply)
        if fault == "hang":
            await asyncio.sleep(self.faults.hang)
        return reply

    async def _perform(self, request: Request, fault: Fault) -> Reply | None:
        if isinstance(fault, Mapping):
            return Reply(**fault)
        if fault == "lost":
            return None
        if fault != "ok" and fault not in AFTERWARDS:
            return self.vendor.fault(fault)
        reply = await self.vendor.answer(request, self.faults.pause)
        return reply if fault == "ok" else self._spoilt(fault)

    def _spoilt(self, fault: str) -> Reply | None:
        if fault == "garbage":
            return Reply(200, b"<html>Everything is fine.</html>", {"content-type": "text/html"})
        return self.vendor.fault("500") if fault == "500 after" else None

    def _note(self, request: Request, fault: Fault, reply: Reply | None) -> None:
        line = {
            "method": request.method,
            "path": request.path,
            "key": request.headers.get("idempotency-key"),
            "status": reply.status if reply else None,
            "fault": fault,
        }
        self.vendor.requests.append(line)
        if self._log:
            self._log.write(json.dumps({"vendor": self.vendor.name, **line}) + "\n")

    def _control(self, request: Request) -> Reply:
        match request.method, request.path:
            case "GET", "/_seen":
                return Reply(body=self.seen(brief="brief" in request.query))
            case "POST", "/_faults":
                return self._set_faults(request)
            case "POST", "/_reset":
                self.vendor.reset()
                self.faults = Faults()
                return Reply(204)
        return Reply(404, {"message": "GET /_seen, POST /_faults or POST /_reset"})

    def _set_faults(self, request: Request) -> Reply:
        try:
            self.faults = Faults(**request.json())
        except (TypeError, ValueError) as error:
            return Reply(400, {"message": str(error)})
        return Reply(204)

    def seen(self, *, brief: bool = False) -> dict[str, Any]:
        """Everything that was seen; ``brief`` counts the lists instead of showing them."""
        vendor = self.vendor
        judged = "judged by the published contract" if vendor.judges else "NOTHING WAS JUDGED: no contracts were found"
        full = {"requests": vendor.requests, "violations": vendor.violations, **vendor.state()}
        statuses = Counter(str(line["status"]) for line in vendor.requests)
        shown = {name: len(value) if isinstance(value, Sequence) else value for name, value in full.items()}
        return {"vendor": vendor.name, "judges": vendor.judges, "note": judged, "statuses": statuses} | (
            shown if brief else full
        )


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next request of a connection; IncompleteReadError when the caller has gone."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    address = urlsplit(target)
    return Request(method, unquote(address.path), dict(parse_qsl(address.query)), headers, body)
