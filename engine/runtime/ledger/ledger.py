"""The ledger: the one memory of busos. Everything else may be killed at any instant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import sleep
from typing import Self, TypeVar

from sqlalchemy.exc import IntegrityError

from engine.errors import LedgerUnavailable
from engine.runtime.ledger.databases import Database, database_at
from engine.runtime.ledger.databases.patience import pauses
from engine.runtime.ledger.faults import drivers_error, told_apart
from engine.runtime.ledger.transaction import Transaction

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Absent:
    """An address at which there is no ledger yet, and whether this user may make one there."""

    place: str
    can_be_made: bool


def there_is_none(url: str) -> Absent | None:
    """What to know of an address where there is no ledger; None where there is one. Nothing is made.

    Raises ``LedgerUnavailable`` and ``SettingsError`` as ``Ledger.open`` does.
    """
    database = database_at(url)
    try:
        with told_apart(database):
            return None if database.exists() else Absent(database.place, database.can_be_made())
    finally:
        database.close()


class Ledger:
    """An open ledger, for any number of threads; ``open`` it once for each process."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def open(cls, url: str) -> Self:
        """Open ``sqlite:///PATH`` or ``postgresql://…``, making or migrating the tables as needed.

        Raises ``LedgerTooNew`` for a ledger of a newer busos, ``LedgerUnavailable`` when it cannot be used,
        ``SettingsError`` for an address that is not one of ours.
        """
        database = database_at(url)
        try:
            with told_apart(database):
                database.prepare()
        except BaseException:
            database.close()
            raise
        return cls(database)

    @property
    def place(self) -> str:
        """Where it is, in words for people."""
        return self.database.place

    @property
    def apart(self) -> bool:
        """Whether the database may crash, and forget what was not durable, while this process lives on.

        A claim that it forgets could be given to somebody else under the same number, while we still work on it.
        """
        return self.database.apart

    def close(self) -> None:
        """Close every connection; the ledger can be opened again."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Transaction]:
        """A transaction that is on disk when the block ends, and leaves no trace when the block raises.

        ``durable=False`` does not wait for the disk. Others see the result all the same, and a killed
        process loses nothing; a power cut may take it back, whole. That is enough for signs of life, and for
        claims where it takes back the worker as well (see ``apart``). What is durable later makes it durable too.
        """
        with told_apart(self.database), self.database.writing(durable=durable) as connection:
            yield Transaction(connection)

    def transact(self, work: Callable[[Transaction], Result], *, durable: bool = True) -> Result:
        """Do ``work`` in a write transaction, and all of it again when others were in the way.

        On a database with many writers two of them may want the same row, or add the same address, at once:
        then one of them is told to begin anew. What ``work`` keeps outside the transaction it must make anew too.
        """
        for pause in pauses():
            try:
                with self.write(durable=durable) as tx:
                    return work(tx)
            except (LedgerUnavailable, IntegrityError) as error:
                if not self.database.passes(drivers_error(error)):
                    raise
            sleep(pause)
        with self.write(durable=durable) as tx:
            return work(tx)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """The ledger as it is at this moment; writing through it fails."""
        with told_apart(self.database), self.database.reading() as connection:
            yield Transaction(connection)

    def size(self) -> int:
        """Bytes on disk."""
        with told_apart(self.database):
            return self.database.size()

    def check(self) -> list[str]:
        """What is wrong with it, a sentence each; nothing when it is sound. Reads all of it."""
        try:
            with told_apart(self.database):
                return self.database.check()
        except LedgerUnavailable as error:
            return [str(error)]
