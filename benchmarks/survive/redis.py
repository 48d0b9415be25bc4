"""A Redis of the trial's own, which may be emptied, killed and fed with strange bytes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import time
from pathlib import Path

from benchmarks.survive.children import Child, CouldNotRun, free_port


def program() -> str:
    """Where redis-server is; CouldNotRun when it is nowhere."""
    if found := shutil.which("redis-server"):
        return found
    raise CouldNotRun("Redis is not installed: no redis-server in PATH")


class RedisServer:
    """Redis in memory, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        command = [program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._child = Child("redis", [*command, "--dir", str(folder)], folder, os.environ)

    def start(self) -> None:
        """Start it (again), empty, and wait until it answers."""
        self._child.start()
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError, CouldNotRun):
                if self.ask("PING") == b"+PONG":
                    return
            time.sleep(0.02)
        raise CouldNotRun(f"redis-server does not answer:\n{self._child.tail()}")

    def kill(self) -> None:
        """Kill -9."""
        self._child.kill()

    def stop(self) -> None:
        """End it."""
        self._child.signal(signal.SIGCONT)
        self._child.end(10)

    def ask(self, *words: str | bytes) -> bytes:
        """One command in Redis' own protocol, and the first line of the answer."""
        parts = [word.encode() if isinstance(word, str) else word for word in words]
        request = b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(request)
            return connection.makefile("rb").readline().strip()

    def keys(self) -> list[bytes]:
        """Every key that there is now."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(b"*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n")
            answer = connection.makefile("rb")
            count = int(answer.readline()[1:])
            return [answer.read(int(answer.readline()[1:]) + 2)[:-2] for _ in range(count)]
