"""How the processes of one ledger find each other: the bell, the locks of the living, and where paces are kept.

All three follow from two addresses. A ledger in a file needs none but the file system; one in Postgres brings its own
bell; a Redis beside it rings and keeps the paces instead. None of them is needed for anything to be right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL, make_url

from engine.ports import Clock
from engine.runtime.bell import Bell
from engine.runtime.bells import Line, NoLine
from engine.runtime.ledger import Ledger
from engine.runtime.paces import LedgerStore, Store
from engine.runtime.presence import FileLocks, Locks
from engine.runtime.redis_link import client_of, is_redis
from engine.runtime.settings import Settings

if TYPE_CHECKING:
    from engine.runtime.bells.postgres import PostgresSession


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a process shares with others. ``start`` and ``stop`` it once."""

    line: Line
    locks: Locks
    paces: Store
    lines: Sequence[Line]

    def start(self) -> None:
        """Listen, ring, and be able to hold locks."""
        for line in self.lines:
            line.start()

    def stop(self) -> None:
        """Let go of every connection."""
        for line in self.lines:
            line.stop()


def neighbours(settings: Settings, ledger: Ledger, clock: Clock, bell: Bell) -> Neighbours:
    """For this ledger and this queue. Raises SettingsError; what is away now may come later."""
    url, kept = make_url(settings.database_url), LedgerStore(ledger, clock)
    if url.get_backend_name() == "sqlite":
        found = Neighbours(NoLine(), FileLocks(Path(url.database or "")), kept, ())
    else:
        found = _in_postgres(url, ledger, bell, kept)
    if settings.queue_url is not None and is_redis(settings.queue_url):
        found = _with_redis(settings.queue_url, found, kept, clock, bell)
    bell.lead_on(found.line.ring)
    return found


def _in_postgres(url: URL, ledger: Ledger, bell: Bell, kept: LedgerStore) -> Neighbours:
    from engine.runtime.bells.postgres import PostgresSession  # noqa: PLC0415 - an extra
    from engine.runtime.presence.session_locks import SessionLocks  # noqa: PLC0415 - as above

    session: PostgresSession = PostgresSession(url, bell.ring_here)
    return Neighbours(session, SessionLocks(session, ledger), kept, (session,))


def _with_redis(url: str, found: Neighbours, kept: LedgerStore, clock: Clock, bell: Bell) -> Neighbours:
    from engine.runtime.bells.redis import RedisLine  # noqa: PLC0415 - an extra
    from engine.runtime.paces.redis import RedisStore  # noqa: PLC0415 - as above

    line = RedisLine(url, bell.ring_here)
    return Neighbours(line, found.locks, RedisStore(client_of(url), kept, clock), (*found.lines, line))
