"""Several processes of one verb: started, watched, started again when they die, and ended together.

The parent does nothing else, so that it has nothing to lose. With each child it shares a pair of sockets: the child
says there that it is ready, and ends when the other side closes, however the parent died.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import structlog

import server

if TYPE_CHECKING:
    from engine.runtime.system import System
    from server.cli.stopping import Stop

log = structlog.get_logger(__name__)

LOOK_EVERY = 0.1
GRACE = 9.0
"""Seconds that children have to end; then they are killed, which loses nothing."""
SETTLED = 5.0
"""Seconds after which a child counts as well started: when it dies later, the next one starts at once."""
LONGEST_PAUSE = 30.0
COULD_NOT_START = 2

Function = TypeVar("Function", bound=Callable[..., Any])


def processes_option(function: Function) -> Function:
    """``--processes``, and the hidden socket that a child shares with its parent."""
    lifeline = click.option("--lifeline", type=int, hidden=True)
    processes = click.option(
        "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes."
    )
    return processes(lifeline(function))


@dataclass(slots=True)
class Place:
    """Where a child runs, and when the next one may start if it dies."""

    child: subprocess.Popen[bytes] | None = None
    link: socket.socket | None = None
    began: float = 0.0
    again_at: float = 0.0
    pause: float = 0.0
    worked: bool = False

    def heard(self) -> bool:
        """Whether a child of this place has ever said that it is ready."""
        with suppress(OSError):
            self.worked = self.worked or (self.link is not None and bool(self.link.recv(1, socket.MSG_DONTWAIT)))
        return self.worked

    def clear(self) -> None:
        """There is no child here any more."""
        if self.link is not None:
            self.link.close()
        self.child = self.link = None


class Supervisor:
    """Keeps ``count`` processes of ``busos WORDS`` alive until somebody asks for the end."""

    def __init__(self, words: Sequence[str], count: int, keep: Sequence[int] = ()) -> None:
        # -P and our own place: a folder named server beside the user's file must not be taken for ours
        self._words = [sys.executable, "-P", "-m", "server.cli", *words, "--lifeline"]
        paths = [str(Path(server.__file__ or "").parents[1]), os.environ.get("PYTHONPATH", "")]
        self._environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self._keep = tuple(keep)
        self._places = [Place() for _ in range(count)]

    def run(self, stop: Stop) -> int:
        """The exit status: 0 when it was asked to end, 2 when the processes cannot start."""
        stop.on_ask(lambda: None)
        status = 0
        try:
            while not stop.wait(LOOK_EVERY) and not status:
                status = max(map(self._look, self._wanted()))
        finally:
            self._end()
        return status

    def _wanted(self) -> Sequence[Place]:
        """The first alone until it is ready: what keeps all of them from starting is said by one."""
        return self._places if any(place.worked for place in self._places) else self._places[:1]

    def _look(self, place: Place) -> int:
        """Start a child where there is none; the status that means that it is no use."""
        now = time.monotonic()
        if place.child is None:
            if now >= place.again_at:
                self._start(place, now)
            return 0
        status = place.child.poll()
        worked = place.heard()
        if status is None:
            return 0
        if status == COULD_NOT_START and not worked:
            return status  # it has said why
        place.pause = 0.0 if now - place.began > SETTLED else min(max(1.0, 2 * place.pause), LONGEST_PAUSE)
        log.warning("process died", pid=place.child.pid, status=status, again_in=place.pause)
        place.clear()
        place.again_at = now + place.pause
        return 0

    def _start(self, place: Place, now: float) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            words, keep = [*self._words, str(theirs.fileno())], (theirs.fileno(), *self._keep)
            place.child = subprocess.Popen(words, pass_fds=keep, env=self._environ)  # noqa: S603
        place.link, place.began = ours, now

    def _end(self) -> None:
        """Tell all of them, wait for them, and kill who does not hear."""
        children = [place.child for place in self._places if place.child is not None]
        for child in children:
            child.send_signal(signal.SIGTERM)
        until = time.monotonic() + GRACE
        for child in children:
            try:
                child.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("process killed: it did not end in time", pid=child.pid)
                child.kill()
                child.wait()
        for place in self._places:
            place.clear()


class Lifeline:
    """A child's side of what it shares with its parent; without a parent it does nothing."""

    def __init__(self, number: int | None) -> None:
        self._link = None if number is None else socket.socket(fileno=number)
        if self._link is not None:
            threading.Thread(target=self._watch, args=(self._link,), name="lifeline", daemon=True).start()

    def ready(self) -> None:
        """Say that this process works."""
        if self._link is not None:
            with suppress(OSError):
                self._link.send(b"!")

    def _watch(self, link: socket.socket) -> None:
        with suppress(OSError):
            link.recv(1)
        os.kill(os.getpid(), signal.SIGTERM)


def end_now_if_late(system: System) -> None:
    """Where something is still in hand after its time, end like a killed process: others take it up."""
    if not system.clean:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
