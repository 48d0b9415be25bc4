"""How named SQL meets a connection: compiled once, many rows at a time, plain tuples back.

SQLAlchemy brings the pool, the dialect and the errors; a statement is SQL in the subset that SQLite and
PostgreSQL share, with ``:name`` for values. It is compiled once to the driver's own placeholders, because
compiling and converting row by row costs several times what the database does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, TextClause, bindparam, text
from sqlalchemy.engine import Dialect

Row = Sequence[Any]
_AT_ONCE = 500  # keys in one IN list; with thousands SQLite prefers to read the whole table


class Statement:
    """SQL with ``:name`` values."""

    __slots__ = ("_compiled", "sql")

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self._compiled: dict[str, tuple[str, tuple[str, ...]]] = {}

    def compiled(self, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
        """The driver's text and, where the driver counts its values, their names in order."""
        found = self._compiled.get(dialect.name)
        if found is None:
            ready: Any = text(self.sql).compile(dialect=dialect)
            found = self._compiled[dialect.name] = (str(ready), tuple(ready.positiontup or ()))
        return found


class Lookup:
    """SQL that asks for many keys at once: ``… IN :keys``, and other values by name."""

    __slots__ = ("clause",)

    def __init__(self, sql: str) -> None:
        self.clause: TextClause = text(sql).bindparams(bindparam("keys", expanding=True))


def _in_order(names: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    return tuple(values[name] for name in names) if names else dict(values)


class Session:
    """What every family of statements can do with the connection of its transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

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

    def _many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run one statement once for each row, in one call of the driver."""
        if not rows:
            return
        sql, names = statement.compiled(self.connection.dialect)
        pick = itemgetter(*names) if len(names) > 1 else None
        batch: Any = [pick(row) for row in rows] if pick else [_in_order(names, row) for row in rows]
        self.connection.exec_driver_sql(sql, batch)

    def _lookup(self, lookup: Lookup, keys: Sequence[Any], **values: Any) -> Iterator[Row]:
        """The rows for many keys, some hundred keys at a time."""
        for start in range(0, len(keys), _AT_ONCE):
            part = {"keys": keys[start : start + _AT_ONCE], **values}
            yield from self.connection.execute(lookup.clause, part).fetchall()
