"""Databases of a real Postgres for tests: one for each worker of pytest, emptied before each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from engine.runtime.ledger import Ledger
from engine.runtime.ledger.tables import metadata

SERVER = os.environ.get("BUSOS_TEST_POSTGRES", "postgresql://127.0.0.1:5432/postgres")
"""Where tests find a server on which they may create databases."""


class Postgres:
    """A database with the tables of a ledger, and a connection of its own beside those of the ledger."""

    def __init__(self, url: str) -> None:
        self.url = url
        Ledger.open(url).close()
        self.connection = psycopg.connect(url, autocommit=True)

    def emptied(self) -> str:
        """The address of the database, with no row in it. (TRUNCATE would take a hundred times as long.)"""
        tables = [f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables)]
        numbers = "SELECT setval(seqrelid, 1, false) FROM pg_sequence WHERE seqrelid::regclass::text NOT LIKE '%.%'"
        self.connection.execute("; ".join(["BEGIN", *tables, numbers, "COMMIT"]).encode())
        return self.url

    def fresh(self) -> str:
        """The address of a schema in which there is nothing."""
        schema = f"fresh_{uuid.uuid4().hex}"
        self.connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        return make_url(self.url).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)

    def ask(self, asked: str, *values: Any) -> list[Any]:
        """Rows, from outside of the ledger."""
        return self.connection.execute(asked, values or None).fetchall()  # type: ignore[arg-type] # our own words

    def close(self) -> None:
        self.connection.close()


@contextmanager
def database(encoding: str = "UTF8") -> Iterator[str]:
    """A new database for the block. Skips the test, aloud, where no server answers."""
    name = f"busos_test_{uuid.uuid4().hex}"
    try:
        server = psycopg.connect(SERVER, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        pytest.skip(f"no Postgres for tests: {error}. Start one, or set BUSOS_TEST_POSTGRES to its address")
    create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 LOCALE 'C' ENCODING {}")
    with server:
        server.execute(create.format(sql.Identifier(name), sql.Literal(encoding)))
        try:
            yield make_url(SERVER).set(database=name).render_as_string(False)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
