"""COMMIT that knows what became of it: a connection that dies with the answer leaves the question open.

"Nothing was written" would be a guess then, and doing it again could do it twice. The server keeps the fate of
every transaction for a while under its number, which is asked for before COMMIT; so another connection can tell.

Whatever COMMIT comes to but an answer, the server is asked: it may say that it ends the connection, and have committed.

A number that was lost with a crash may be given again, and its "committed" would be another's. A crash, and a
failover to another server, show in the moment since when the server counts what it did: where that is not the
moment of our connection, only "aborted" is believed.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic, sleep

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from engine.errors import LedgerInDoubt

PATIENCE = 15.0
"""Seconds for the server to come back and tell."""
GRACE = 1.0
"""Seconds for what is left of the transaction to end by itself."""
COUNTING_SINCE = "SELECT stats_reset::text FROM pg_stat_bgwriter"
_NUMBER = "SELECT pg_current_xact_id_if_assigned()::text"
_WHO = f"SELECT pg_is_in_recovery(), ({COUNTING_SINCE})"
_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = %s::xid8::xid"
_FATE = "SELECT pg_xact_status(%s::xid8)"


def commit_surely(connection: Connection, engine: Engine, place: str) -> None:
    """Commit, and return only when it is so. Raises the driver's error when it is not so, ``LedgerInDoubt`` if unknown.

    ``connection.info["counting since"]`` is what ``COUNTING_SINCE`` gave when it was opened.
    """
    number = connection.exec_driver_sql(_NUMBER).scalar()
    since = connection.info["counting since"]
    try:
        connection.commit()
    except DBAPIError:
        if number is None or not _committed(number, since, engine, place):
            raise


def _committed(number: str, since: str, engine: Engine, place: str) -> bool:
    begun = monotonic()
    while monotonic() < begun + PATIENCE:
        with suppress(DBAPIError):
            fate, counting_since = _ask(number, engine, end=since if monotonic() > begun + GRACE else None)
            if fate == "aborted":
                return False
            if fate == "committed" and counting_since == since:
                return True
            if fate != "in progress":
                break
        sleep(0.1)
    raise LedgerInDoubt(
        f"The connection to the ledger {place} was lost at the end of a transaction, and the server cannot tell "
        "whether it was written. Look at the server's log."
    )


def _ask(number: str, engine: Engine, *, end: str | None) -> tuple[str | None, str]:
    """The fate of a transaction, and since when the server that tells it counts.

    Where the server has not noticed that we are gone, it waits for us, with our rows in its hands: ``end`` ends that,
    if the server has counted since then; if not, the number may be another's by now.
    """
    with engine.connect() as connection:
        standby, since = connection.exec_driver_sql(_WHO).one()
        if standby:
            return "in progress", since  # what it has not heard of may have been committed elsewhere
        if end == since:
            connection.exec_driver_sql(_END, (number,))
        try:
            return connection.exec_driver_sql(_FATE, (number,)).scalar(), since
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.InvalidParameterValue):
                return "aborted", since  # a number that was not given yet: whoever had it was lost
            raise
