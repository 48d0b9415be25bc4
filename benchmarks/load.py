"""A careful sender of webhooks: keep-alive connections, each posting one body after the other, every answer checked."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

CLIENTS = 32


class NotAnsweredError(Exception):
    """An answer was missing, or not the right one."""


@dataclass
class Load:
    """What a load came to."""

    began: float = 0.0
    took: float = 0.0
    seconds: list[float] = field(default_factory=list)

    def add(self, other: Load) -> None:
        """Count another one in."""
        self.took += other.took
        self.seconds += other.seconds

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.seconds) / self.took

    @property
    def p99(self) -> float:
        """Seconds that one in a hundred had to wait for, or longer."""
        return percentile(self.seconds, 99)


def percentile(values: Sequence[float], which: int) -> float:
    """The value that ``which`` of a hundred do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[which - 1] if len(values) > 1 else values[0]


def assessments(count: int, mark: str) -> Iterator[bytes]:
    """Bodies of the shipped file's assessment, each of another contact."""
    for number in range(count):
        payload = {"email": f"ada+{mark}{number}@example.com", "red_systems": number % 9, "orange_systems": number % 5}
        yield json.dumps(payload).encode()


def post(
    ports: Sequence[int],
    path: str,
    bodies: Iterable[bytes],
    *,
    clients: int = CLIENTS,
    status: int = 202,
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Post every body once, over so many connections spread evenly over the ports; anything but ``status`` ends it."""
    try:
        with asyncio.Runner(loop_factory=_loops()) as runner:
            return runner.run(_post(ports, path, iter(bodies), clients, status, headers or {}))
    except NotAnsweredError as error:
        raise SystemExit(str(error)) from None


def _loops() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        return cast("Callable[[], asyncio.AbstractEventLoop]", import_module("uvloop").new_event_loop)
    except ImportError:
        return None


async def _post(
    ports: Sequence[int], path: str, bodies: Iterator[bytes], clients: int, status: int, headers: Mapping[str, str]
) -> Load:
    loop, load = asyncio.get_running_loop(), Load(time.perf_counter())
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\n{lines}Content-Length: "
    made = [_Client(head.encode(), bodies, f"HTTP/1.1 {status} ".encode(), load) for _ in range(clients)]
    for number, client in enumerate(made):
        await loop.create_connection(lambda client=client: client, "127.0.0.1", ports[number % len(ports)])
    load.began = time.perf_counter()
    for client in made:
        client.next()
    try:
        await asyncio.gather(*(client.done for client in made))
    finally:
        for client in made:
            client.abort()
    load.took = time.perf_counter() - load.began
    return load


class _Client(asyncio.Protocol):
    """One connection: the next body goes out when the answer to the one before is whole."""

    def __init__(self, head: bytes, bodies: Iterator[bytes], good: bytes, load: Load) -> None:
        self._head, self._bodies, self._good, self._load = head, bodies, good, load
        self._answer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def abort(self) -> None:
        self._transport.abort()

    def next(self) -> None:
        body = next(self._bodies, None)
        if body is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, rest = self._answer.partition(b"\r\n\r\n")
        if not end or len(rest) < _length(head):
            return
        self._answer = b""
        if not head.startswith(self._good):
            self.done.set_exception(NotAnsweredError(f"not accepted: {head.decode()} {rest.decode()[:300]}"))
            return
        self._load.seconds.append(time.perf_counter() - self._began)
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(NotAnsweredError(f"the connection broke: {error or 'closed without an answer'}"))


def _length(head: bytes) -> int:
    start = head.lower().index(b"content-length:") + 15
    return int(head[start : head.find(b"\r\n", start) if b"\r\n" in head[start:] else None])
