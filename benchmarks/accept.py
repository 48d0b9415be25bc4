"""Accepted webhooks per second, durable, beside the bare limit of the same parts on this machine.

    python benchmarks/accept.py [--requests N] [--rounds N]

Baseline: a bare Litestar handler that validates the same body and writes one row through a group commit
(SQLite, WAL, synchronous=FULL) and nothing else. Ours: the real server on a real ledger: validated,
idempotency-checked, contact, event and run on disk, segment in the answer. Both run as their own process, in
turns, under the same client; every round gives a ratio and the median round is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLIENTS = 32


@contextlib.contextmanager
def process(*command: str, port: int, folder: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server of its own, answering on a port."""
    given = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    child = subprocess.Popen(command, cwd=folder, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if child.poll() is not None or time.monotonic() > until:
                said = child.stderr.read().decode() if child.stderr else ""
                raise SystemExit(f"{command} does not answer: {said[-2000:]}")
            time.sleep(0.05)
        yield child
    finally:
        child.terminate()
        child.wait(timeout=20)
        if child.stderr:
            child.stderr.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def client(port: int, path: str, bodies: Iterator[bytes], seconds: list[float]) -> None:
    """One keep-alive connection that posts one body after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: "
    for body in bodies:
        begun = time.perf_counter()
        writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 202"):
            raise SystemExit(f"not accepted: {answer.decode()[:300]}")
        length = next(line for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        seconds.append(time.perf_counter() - begun)
    writer.close()
    await writer.wait_closed()


def bodies(count: int, mark: str) -> Iterator[bytes]:
    for number in range(count):
        payload = {"email": f"ada+{mark}{number}@example.com", "red_systems": number % 9, "orange_systems": number % 5}
        yield json.dumps(payload).encode()


async def load(port: int, path: str, count: int, mark: str) -> tuple[float, float]:
    """Requests per second and the 99th percentile in seconds."""
    seconds: list[float] = []
    shared = bodies(count, mark)
    begun = time.perf_counter()
    await asyncio.gather(*(client(port, path, shared, seconds) for _ in range(CLIENTS)))
    took = time.perf_counter() - begun
    return count / took, statistics.quantiles(seconds, n=100)[98]


def measure(command: tuple[str, ...], port: int, path: str, count: int, **environ: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder, process(*command, port=port, folder=folder, **environ):
        asyncio.run(load(port, path, 500, "warm"))
        return asyncio.run(load(port, path, count, "run"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", action="store_true", help="let a worker in the same process work off what comes in")
    options = parser.parse_args()
    bare_port, port = free_port(), free_port()
    bare = (sys.executable, str(ROOT / "benchmarks" / "bare.py"), str(bare_port))
    verb = "dev" if options.worker else "serve"
    ours = (sys.executable, "-m", "server.cli", verb, "--port", str(port), "--file", str(ROOT / "sequences.yaml"))
    secret = {"BUSOS_SECRET_KEY": "only for a benchmark", "BUSOS_DATABASE_URL": "sqlite:///busos.db"}
    rounds = []
    for number in range(options.rounds):
        limit = measure(bare, bare_port, "/", options.requests)
        found = measure(ours, port, "/webhook/assessment", options.requests, **secret)
        rounds.append((found[0] / limit[0], found, limit))
        print(
            f"round {number + 1}: busos {found[0]:,.0f}/s p99 {found[1] * 1000:.0f} ms   "
            f"bare {limit[0]:,.0f}/s p99 {limit[1] * 1000:.0f} ms   ratio {found[0] / limit[0]:.2f}",
            flush=True,
        )
    rounds.sort()
    ratio, found, limit = rounds[len(rounds) // 2]
    print(
        f"median: {found[0]:,.0f} webhooks/s on disk, p99 {found[1] * 1000:.0f} ms, "
        f"{ratio:.0%} of the bare limit of {limit[0]:,.0f}/s"
    )


if __name__ == "__main__":
    main()
