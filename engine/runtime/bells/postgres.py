"""One connection to Postgres that belongs to the process: it listens, it rings, and its locks show that we live.

LISTEN and session locks are the two things that outlive a transaction, so they get a connection to themselves, with a
thread that does nothing else. When it is cut, it is made anew within a moment, the locks are taken again, and a ring
that may have been missed is taken for heard.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from select import select
from typing import Any

import psycopg
import structlog
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import URL

from engine.runtime.bell import POLL
from engine.runtime.bells import GAP
from engine.runtime.redis_link import Pause

log = structlog.get_logger(__name__)

CHANNEL = "busos_bell"
LOCK = "hashtext('busos worker ' || current_schema()), "
CHECK = 5.0
"""Seconds of silence after which the server is asked whether it still lives."""
LOCK_AGAIN = 0.1
"""Seconds before a lock is asked for again that the server still holds for our last connection."""
LONGEST_PAUSE = 1.0
CONNECT = 3
_SETTINGS = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3"


def _words(url: URL) -> dict[str, Any]:
    """What the driver is told, as the ledger's own connections tell it: of several servers, too."""
    dialect: Any = PGDialect_psycopg
    found: dict[str, Any] = dialect().create_connect_args(url)[1]
    return found


class PostgresSession:
    """The connection and its thread. ``hear`` is called for each ring of another process."""

    def __init__(self, url: URL, hear: Callable[[], None]) -> None:
        self._address = _words(url)
        self._hear = hear
        self._rung = False
        self._wanted: set[int] = set()
        self._held: set[int] = set()
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._listens = False
        self._inside, self._outside = socket.socketpair()
        self._inside.setblocking(False)
        self._outside.setblocking(False)
        self._thread = threading.Thread(target=self._work, name="postgres session", daemon=True)

    def start(self) -> None:
        """Begin to listen, and to pass rings on."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the connection, and with it of the locks."""
        self._ended.set()
        self._wake()
        self._thread.join()
        self._inside.close()
        self._outside.close()

    def state(self) -> str:
        """Whether rings come through."""
        return "the ledger" if self._listens else f"the ledger's bell is away: looking every {POLL:g} s"

    def ring(self) -> None:
        """Pass a ring on, soon."""
        if not self._rung:
            self._rung = True
            self._wake()

    def hold(self, number: int, patience: float) -> bool:
        """Hold the lock of this number from now on, over all connections to come; whether it is held already."""
        self._wanted.add(number)
        self._wake()
        with self._changed:
            return self._changed.wait_for(lambda: number in self._held, patience)

    def let_go(self, number: int) -> None:
        """Hold this lock no longer."""
        self._wanted.discard(number)
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # it is full: the thread wakes anyway
            self._outside.send(b"!")

    # The thread

    def _work(self) -> None:
        pause = Pause(longest=LONGEST_PAUSE)
        while not self._ended.is_set():
            try:
                with psycopg.connect(**{**self._address, "autocommit": True, "connect_timeout": CONNECT}) as connection:
                    self._meet(connection)
                    pause.end()
                    self._serve(connection)
            except (psycopg.Error, OSError) as error:
                self._lost(error)
                pause.begin()
                self._ended.wait(pause.left)
            self._held.clear()

    def _meet(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(_SETTINGS)
        connection.execute(f"LISTEN {CHANNEL}")
        self._change_locks(connection)
        self._listens = True
        self._hear()  # whatever was rung while nobody listened

    def _serve(self, connection: psycopg.Connection[Any]) -> None:
        next_ring, next_check = 0.0, time.monotonic() + CHECK
        while not self._ended.is_set():
            now = time.monotonic()
            if self._rung and now >= next_ring:
                self._rung = False
                connection.execute(f"NOTIFY {CHANNEL}")
                next_ring, next_check = now + GAP, now + CHECK
            elif now >= next_check:
                connection.execute("SELECT 1")
                next_check = now + CHECK
            self._change_locks(connection)
            self._listen(connection, self._idle(next_ring, next_check))

    def _idle(self, next_ring: float, next_check: float) -> float:
        """Seconds until there is something to do, if nobody rings."""
        until = next_ring if self._rung else next_check
        if self._wanted - self._held:
            until = min(until, time.monotonic() + LOCK_AGAIN)
        return max(0.0, until - time.monotonic())

    def _listen(self, connection: psycopg.Connection[Any], timeout: float) -> None:
        select([connection.fileno(), self._inside.fileno()], [], [], timeout)
        with suppress(BlockingIOError):
            while self._inside.recv(4096):
                pass
        own = connection.info.backend_pid
        if any([notify.pid != own for notify in connection.notifies(timeout=0)]):  # noqa: C419 - read all of them
            self._hear()

    def _change_locks(self, connection: psycopg.Connection[Any]) -> None:
        for number in self._held - self._wanted:
            connection.execute(f"SELECT pg_advisory_unlock({LOCK}%s)", (number,))
            self._held.discard(number)
        for number in self._wanted - self._held:
            row = connection.execute(f"SELECT pg_try_advisory_lock({LOCK}%s)", (number,)).fetchone()
            if row and row[0]:
                with self._changed:
                    self._held.add(number)
                    self._changed.notify_all()

    def _lost(self, error: Exception) -> None:
        before, self._listens = self._listens, False
        if before:
            log.warning(self.state(), reason=type(error).__name__)
