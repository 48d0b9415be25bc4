"""Alembic's door: migrations run on the connection, and inside the transaction, that the ledger hands over."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles

from engine.runtime.ledger.tables import metadata


@compiles(Text, "postgresql")
def _sorted_by_bytes(_type: Text, _compiler: Any, **_: Any) -> str:
    """Texts sort as in SQLite and in Python, whatever language the server speaks; comparing them is faster, too."""
    return 'TEXT COLLATE "C"'


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
with context.begin_transaction():
    context.run_migrations()
