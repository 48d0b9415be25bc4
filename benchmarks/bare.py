"""The bare limit that ``accept.py`` measures against: Litestar, a validated body, one row, a group commit."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any

import msgspec
import uvicorn
from litestar import Litestar, Response, get, post


class Assessment(msgspec.Struct):
    """The body."""

    email: str
    red_systems: int
    orange_systems: int


queue: SimpleQueue[tuple[str, asyncio.AbstractEventLoop, asyncio.Future[None]]] = SimpleQueue()


def writer() -> None:
    """One thread writes; requests of about two milliseconds share a transaction."""
    connection = sqlite3.connect("bare.db", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE rows (id TEXT, body TEXT)")
    while True:
        group = [queue.get()]
        until = time.monotonic() + 0.002
        while len(group) < 500:
            try:
                group.append(queue.get(timeout=max(until - time.monotonic(), 0)))
            except Empty:
                break
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO rows VALUES (?, ?)", [(str(time.time_ns()), body) for body, *_ in group])
        connection.execute("COMMIT")
        by_loop: dict[Any, list[Any]] = {}
        for _, loop, future in group:
            by_loop.setdefault(loop, []).append(future)
        for loop, futures in by_loop.items():
            loop.call_soon_threadsafe(lambda futures=futures: [future.set_result(None) for future in futures])


@post("/", status_code=202)
async def accept(data: Assessment) -> Response[dict[str, str]]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()
    queue.put((msgspec.json.encode(data).decode(), loop, future))
    await future
    return Response({"status": "accepted", "email": data.email}, status_code=202)


@get("/ready")
async def ready() -> str:
    return "ready"


if __name__ == "__main__":
    threading.Thread(target=writer, daemon=True).start()
    app = Litestar([accept, ready], openapi_config=None, logging_config=None)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False)
