"""How a text of ours reaches Postgres: without the one character that it cannot hold."""

from __future__ import annotations

from psycopg.adapt import Dumper


class TextDumper(Dumper):
    """Writes U+FFFD for U+0000, which SQLite keeps and Postgres refuses: a vendor's garbage must not hold up a run."""

    oid = 0  # of no type: the server takes the column's

    def dump(self, obj: str) -> bytes:
        """UTF-8."""
        return obj.replace("\x00", "\ufffd").encode()
