"""Processes that are started, hurt and ended: each in a group of its own, so that a kill leaves nothing of it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class CouldNotRun(Exception):
    """Something that the trial needs does not work; the trial says nothing about the product."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has just now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Child:
    """One process and whatever it starts. Everything it says goes into ``logs/NAME.log``."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / "logs" / f"{name}.log"
        self._command = [*command]
        self._folder = folder
        self._environ = {**environ}
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    @property
    def alive(self) -> bool:
        """Whether it runs (or is stopped)."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._process.pid if self._process else None

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start it (again)."""
        self.log.parent.mkdir(exist_ok=True)
        self._started = time.monotonic()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environ, stdout=log, stderr=log, start_new_session=True
            )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole group; nothing happens to what has ended."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; False when it still runs."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait(30)

    def end(self, seconds: float) -> float | None:
        """Ask it to end: the seconds that it took, or None when it had to be killed."""
        begun = time.monotonic()
        self.signal(signal.SIGTERM)
        if self.wait(seconds):
            return time.monotonic() - begun
        self.kill()
        return None

    def tail(self, characters: int = 3000) -> str:
        """The last words of its log."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""
