"""Rows for every table there is, made from its columns: a table or a column that comes later is not forgotten."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, text

from engine.runtime.ledger import Ledger
from engine.runtime.ledger.tables import metadata

ROWS = 5
HARD = "✨ \\N \t\n\r'\"; \\. % {} é"
"""What trips those who write rows as text."""


def fill(ledger: Ledger, rows: int = ROWS) -> None:
    """Put rows into every table, with NULL in the first wherever it may be."""
    with ledger.write() as tx:
        for table in metadata.sorted_tables:
            tx.connection.execute(table.insert(), [row_of(table, number) for number in range(1, rows + 1)])
            if tx.connection.dialect.name == "postgresql" and table.autoincrement_column is not None:
                name = table.autoincrement_column.name
                tx.connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', '{name}'), {rows})"))


def row_of(table: Table, number: int) -> dict[str, Any]:
    """The row of a number."""
    return {column.name: value_of(column, number) for column in table.columns}


def value_of(column: Column[Any], number: int) -> Any:
    """A value of the column's type that no other row has; those that refer to a row find one."""
    if column.foreign_keys:
        return value_of(next(iter(column.foreign_keys)).column, number)
    if column.nullable and number == 1:
        return None
    if column.name == "left_sequences":  # read again when a ledger takes the place of another
        return f'{{"sequence {number}": {1_763_000_000_000 + number}}}'
    match column.type:
        case LargeBinary():
            return bytes(range(256)) * (number % 20)
        case BigInteger() if not column.primary_key:
            return 1_763_000_000_000 + number
        case Integer() | BigInteger():
            return number
        case _:
            return f"{column.table.name}.{column.name} {number} {HARD}"


def everything(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with ledger.read() as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.connection.execute(table.select())), key=repr)
            for table in metadata.sorted_tables
        }
