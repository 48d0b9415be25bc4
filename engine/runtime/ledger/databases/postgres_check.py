"""Whether a ledger in Postgres is whole: every row is read, every reference followed, every index compared."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, ForeignKey, Table

from engine.runtime.ledger.tables import metadata

# ruff: noqa: S608 - names of our own tables

_INDEXES = """
    SELECT i.indexrelid::regclass::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
    JOIN pg_am AS a ON a.oid = c.relam WHERE i.indrelid = %s::regclass AND a.amname = 'btree'
"""
_AMCHECK = "SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'"


def faults(connection: Connection) -> Iterator[str]:
    """A sentence for each fault. A page that cannot be read raises the server's error."""
    amcheck = bool(connection.exec_driver_sql(_AMCHECK).scalar())
    for table in metadata.sorted_tables:
        _read(connection, table)
        for key in table.foreign_keys:
            yield from _orphans(connection, table, key)
        if amcheck:
            _compare(connection, table)


def _read(connection: Connection, table: Table) -> None:
    """Every value, what is kept apart and compressed included."""
    connection.exec_driver_sql(f'SELECT sum(hashtext(t::text)) FROM "{table.name}" AS t')


def _orphans(connection: Connection, table: Table, key: ForeignKey) -> Iterator[str]:
    there, here = key.column, key.parent
    missing = connection.exec_driver_sql(f"""
        SELECT count(*) FROM "{table.name}" AS c
        WHERE NOT EXISTS (SELECT 1 FROM "{there.table.name}" AS p WHERE p."{there.name}" = c."{here.name}")
    """).scalar()
    if missing:
        yield f"{missing} rows of {table.name} refer to rows of {there.table.name} that are missing."


def _compare(connection: Connection, table: Table) -> None:
    for index in connection.exec_driver_sql(_INDEXES, (table.name,)).scalars():
        connection.exec_driver_sql("SELECT bt_index_check(%s::regclass, true)", (index,))
