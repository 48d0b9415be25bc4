"""Which tables a copy takes, in which order, and the SQL that reads and fills them on every database."""

from __future__ import annotations

from sqlalchemy import Table

from engine.runtime.ledger.tables import metadata

TABLES: tuple[Table, ...] = tuple(metadata.sorted_tables)
"""Every table, those that others refer to first."""

TRACES: frozenset[str] = frozenset({"notes", "revisions", "workers", "templates", "paces", "moved"})
"""Tables with rows in a ledger that was looked at, but in which nothing has happened to anybody."""

AT_ONCE = 1000
"""Rows read and written together: what a copy holds in memory, however large the ledger is."""
PUT_NOTE = "INSERT INTO notes (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
ASK_NOTE = "SELECT value FROM notes WHERE name = ?"
DROP_NOTE = "DELETE FROM notes WHERE name = ?"


def named(table: Table) -> str:
    """The table's name in SQL."""
    return f'"{table.name}"'


def columns(table: Table) -> str:
    """The columns, in one order on both sides."""
    return ", ".join(f'"{column.name}"' for column in table.columns)


def select(table: Table) -> str:
    """Every row."""
    return f"SELECT {columns(table)} FROM {named(table)}"  # noqa: S608 - names of our own tables


def counted(table: Table) -> str:
    """How many rows there are."""
    return f"SELECT count(*) FROM {named(table)}"  # noqa: S608 - names of our own tables
