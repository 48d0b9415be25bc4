"""Errors of the world told apart from mistakes of ours, and those that pass from those that stay."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from engine.errors import LedgerUnavailable
from engine.runtime.ledger.databases import Database


@contextmanager
def told_apart(database: Database) -> Iterator[None]:
    """Turn errors of the world into ``LedgerUnavailable``; let mistakes of ours through as they are."""
    try:
        yield
    except NoConnection as error:
        raise LedgerUnavailable(f"The ledger {database.place} has no free connection. Nothing was written.") from error
    except DBAPIError as error:
        words = database.sentence(error.orig)
        if words is None:
            raise
        raise LedgerUnavailable(words) from error


def drivers_error(error: BaseException) -> BaseException | None:
    """The error of the driver that an error of ours, or of SQLAlchemy, was made from."""
    wrapped = error.__cause__ if isinstance(error, LedgerUnavailable) else error
    return wrapped.orig if isinstance(wrapped, DBAPIError) else None
