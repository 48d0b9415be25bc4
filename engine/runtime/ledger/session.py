"""How named SQL meets a connection: compiled once, many rows at a time, plain tuples back.

SQLAlchemy brings the pool, the dialect and the errors; a statement is SQL in the subset that SQLite and
PostgreSQL share, with ``:name`` for values, and has other words for PostgreSQL only where it must: mostly to lock
the rows that it decides on, which SQLite's single writer need not. It is compiled once to the driver's own
placeholders, because compiling and converting row by row costs several times what the database does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.engine import Dialect

from engine.runtime.ledger.together import as_text, for_all_rows

Row = Sequence[Any]


class Statement:
    """SQL with ``:name`` values; ``postgresql`` where that database needs other words.

    ``together`` says that no two rows for it are about the same thing, so that all may go at once where that is faster.
    """

    __slots__ = ("_compiled", "_postgresql", "sql", "together")

    def __init__(self, sql: str, *, postgresql: str | None = None, together: bool = False) -> None:
        self.sql = sql
        self.together = Statement(sql, postgresql=for_all_rows(postgresql or sql)) if together else None
        self._postgresql = postgresql or sql
        self._compiled: dict[str, tuple[str, tuple[str, ...]]] = {}

    def words(self, dialect: str) -> str:
        """The SQL for a database, before it is compiled."""
        return self._postgresql if dialect == "postgresql" else self.sql

    def compiled(self, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
        """The driver's text and, where the driver counts its values, their names in order."""
        found = self._compiled.get(dialect.name)
        if found is None:
            ready: Any = text(self.words(dialect.name)).compile(dialect=dialect)
            found = self._compiled[dialect.name] = (str(ready), tuple(ready.positiontup or ()))
        return found


class Lookup:
    """SQL that asks for many keys at once: ``… IN :keys``, and other values by name.

    The keys are one value, an array or JSON, however many there are: so it is one statement, planned once.
    """

    __slots__ = ("statement",)

    def __init__(self, sql: str, *, postgresql: str | None = None) -> None:
        self.statement = Statement(
            sql.replace("IN :keys", "IN (SELECT value FROM json_each(:keys))"),
            postgresql=(postgresql or sql).replace("IN :keys", "= ANY(:keys)"),
        )


def _in_order(names: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    return tuple(values[name] for name in names) if names else dict(values)


class Session:
    """What every family of statements can do with the connection of its transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def _many_write(self) -> bool:
        """Whether others may write at the same time: then what is decided on has to be locked first."""
        return self.connection.dialect.name == "postgresql"

    def _all(self, statement: Statement, **values: Any) -> Sequence[Row]:
        """The rows of one statement."""
        sql, names = statement.compiled(self.connection.dialect)
        return self.connection.exec_driver_sql(sql, _in_order(names, values)).fetchall()

    def _first(self, statement: Statement, **values: Any) -> Row | None:
        """The first row, or None."""
        rows = self._all(statement, **values)
        return rows[0] if rows else None

    def _do(self, statement: Statement, **values: Any) -> int:
        """Run one statement without rows; how many rows it touched."""
        sql, names = statement.compiled(self.connection.dialect)
        return self.connection.exec_driver_sql(sql, _in_order(names, values)).rowcount

    def _many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run one statement once for each row, in one call of the driver; how many rows it touched."""
        if not rows:
            return 0
        if statement.together is not None and self._many_write:
            return self._do(statement.together, rows=as_text(rows))
        sql, names = statement.compiled(self.connection.dialect)
        pick = itemgetter(*names) if len(names) > 1 else None
        batch: Any = [pick(row) for row in rows] if pick else [_in_order(names, row) for row in rows]
        return self.connection.exec_driver_sql(sql, batch).rowcount

    def _lookup(self, lookup: Lookup, keys: Sequence[Any], **values: Any) -> Sequence[Row]:
        """The rows for many keys."""
        return self._all(lookup.statement, keys=self._array(keys), **values) if keys else ()

    def _touch(self, lookup: Lookup, keys: Sequence[Any], **values: Any) -> int:
        """Run a statement without rows for many keys; how many rows it touched."""
        return self._do(lookup.statement, keys=self._array(keys), **values) if keys else 0

    def _array(self, keys: Sequence[Any]) -> str:
        return f"{{{','.join(map(_element, keys))}}}" if self._many_write else json.dumps(keys)


def _element(key: Any) -> str:
    """A key within the text of an array: the driver's own way takes longer than the server needs for the lookup."""
    if isinstance(key, int):
        return str(key)
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
