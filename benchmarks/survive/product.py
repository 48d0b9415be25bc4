"""The product as its users run it: ``busos dev``, or ``busos serve`` beside workers, in a folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.survive import clock
from benchmarks.survive.campaign import ROOT
from benchmarks.survive.children import Child, CouldNotRun, free_port

PATIENCE = 30.0
"""Seconds after which a start is given up; what is promised is far below."""
OURS = ("BUSOS_", "NOTION_", "RESEND_", "SMTP_", "DISCORD_", "TESTING_")
ODD_EXIT = -1
STARTING = 15.0
"""Seconds in which a process may still be on its way to work: until then SIGTERM itself may be its end."""


class Product:
    """One host: its processes, where it is reached, and how it is hurt."""

    def __init__(self, folder: Path, environ: Mapping[str, str], workers: int, name: str = "host") -> None:
        self.folder = folder
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
        self.environ = {**clean, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environ}
        self.starts: list[float] = []
        first = self._child("serve" if workers else "dev", "server", "--port", str(self.port))
        self.workers = [self._child("worker", f"worker-{number}") for number in range(1, workers + 1)]
        self.children = [first, *self.workers]

    def _child(self, verb: str, name: str, *options: str) -> Child:
        command = [sys.executable, *clock.launcher(self.environ), verb, *options]
        return Child(f"{self.name}-{name}", command, self.folder, self.environ)

    def start(self) -> float:
        """Start what does not run, and wait until it is healthy: the seconds that took."""
        begun = time.monotonic()
        self.launch()
        self.await_health(begun)
        return self.starts[-1]

    def launch(self) -> None:
        """Start what does not run, and wait for nothing."""
        for child in self.children:
            if not child.alive:
                child.start()

    def await_health(self, begun: float) -> None:
        """Wait until it says that it is healthy, and remember how long it took since ``begun`` (monotonic)."""
        server = self.children[0]
        while not self.healthy():
            if not server.alive or time.monotonic() - begun > PATIENCE:
                raise CouldNotRun(
                    f"{server.name} is not healthy after {time.monotonic() - begun:.1f} s:\n{server.tail()}"
                )
            time.sleep(0.02)
        self.starts.append(time.monotonic() - begun)

    def healthy(self) -> bool:
        """Whether ``GET /health`` says so."""
        with contextlib.suppress(URLError, OSError, ValueError), urlopen(f"{self.url}/health", timeout=2) as answer:
            return bool(json.load(answer)["status"] == "healthy")
        return False

    def kill(self) -> None:
        """Kill -9 on everything, at once."""
        for child in self.children:
            child.signal(signal.SIGKILL)
        for child in self.children:
            child.wait(30)

    def end(self, seconds: float, children: Iterable[Child] | None = None) -> list[tuple[float, int]]:
        """Ask all to end at once: the seconds and exit status of each; killed ones count with ``ODD_EXIT``."""
        asked = [child for child in (self.children if children is None else children) if child.alive]
        begun, ends = time.monotonic(), []
        young = {child for child in asked if child.age < STARTING}
        for child in asked:
            child.signal(signal.SIGTERM)
        for child in asked:
            done = child.wait(max(0.0, begun + seconds - time.monotonic()))
            status = child.status if done and child.status is not None else ODD_EXIT
            ends.append((time.monotonic() - begun, 0 if status == -signal.SIGTERM and child in young else status))
            if not done:
                child.kill()
        return ends

    def ask(self, *words: str) -> tuple[int, str]:
        """Run another command of the product in the same folder: its exit status and what it printed."""
        child = Child(
            f"{self.name}-asked", [sys.executable, *clock.launcher(self.environ), *words], self.folder, self.environ
        )
        child.log.unlink(missing_ok=True)
        child.start()
        if not child.wait(60):
            child.kill()
        return child.status if child.status is not None else ODD_EXIT, child.tail(2_000_000)

    def story(self, email: str) -> dict[str, Any]:
        """What ``busos runs show`` tells about somebody; an empty one when it tells nothing."""
        status, said = self.ask("runs", "show", email, "--json")
        with contextlib.suppress(ValueError):
            found = json.loads(said[said.index("{") :])
            return found if status == 0 and isinstance(found, dict) else {}
        return {}
