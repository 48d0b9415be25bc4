"""Locks that Postgres frees when a connection ends. A connection may also be cut while its worker lives on."""

from __future__ import annotations

from collections.abc import Iterable

from engine.runtime.bells.postgres import LOCK, PostgresSession
from engine.runtime.ledger import Ledger

HOLD = 2.0
"""Seconds to wait for the lock at the start; where the server is slow, the beat alone has to do until then."""
_HELD = f"""
    SELECT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2 AND granted
    AND classid::bigint = ({LOCK.removesuffix(", ")}::bigint & 4294967295)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 - our own words


class SessionLocks:
    """The locks of the workers of one ledger, wherever they run."""

    patience = 1.5
    beat_every = 0.5

    def __init__(self, session: PostgresSession, ledger: Ledger) -> None:
        self._session = session
        self._ledger = ledger
        self._number: int | None = None

    def hold(self, number: int) -> None:
        """Hold the lock of this number from now on, over all connections to come."""
        self.let_go()
        self._session.hold(number, HOLD)
        self._number = number

    def let_go(self) -> None:
        """Hold nothing any more."""
        if self._number is not None:
            self._session.let_go(self._number)
            self._number = None

    def held(self, numbers: Iterable[int]) -> set[int]:
        """Those of these numbers whose connection the server knows."""
        with self._ledger.read() as tx:
            found = {row[0] for row in tx.connection.exec_driver_sql(_HELD)}
        return found & set(numbers)
