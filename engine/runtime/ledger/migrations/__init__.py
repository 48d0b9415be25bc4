"""How a ledger file comes to the shape of this version: forward only, by itself, one process at a time.

A file that is up to date is recognised by one SELECT; Alembic is not even imported for it.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine

from engine.errors import LedgerTooNew, LedgerUnavailable
from engine.runtime.ledger.connection import make_file, making, plain_connection

_FOLDER = Path(__file__).parent
VERSIONS = tuple(sorted(path.name[1:5] for path in (_FOLDER / "versions").glob("v[0-9]*.py")))
HEAD = VERSIONS[-1]


def bring_up_to_date(engine: Engine, path: Path) -> None:
    """Make the file, or migrate it, unless it is as this version wants it."""
    if path.exists() and version_of(path) == HEAD and _is_wal(path):
        return
    with making(path):
        make_file(path)
        found = version_of(path)
        if found == HEAD:
            return  # another process was first, or the file is a copy that had lost its WAL mode
        if found is not None:
            _keep_copy(path, found)
        with engine.begin() as connection:
            _upgrade(connection)


def version_of(path: Path) -> str | None:
    """The version of a file: None for one that is new. Refuses what is not ours or newer than we are."""
    with plain_connection(path) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            _must_be_empty(path, tables)
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    version = str(row[0]) if row else None
    if version is not None and version not in VERSIONS:
        raise LedgerTooNew(
            f"The ledger {path} was written by a newer busos (its version is {version}, this one knows up to {HEAD}). "
            "Upgrade busos, or point BUSOS_DATABASE_URL at another file."
        )
    return version


def _is_wal(path: Path) -> bool:
    with plain_connection(path) as connection:
        return bool(connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal")


def _must_be_empty(path: Path, tables: set[str]) -> None:
    if tables:
        raise LedgerUnavailable(
            f"The file {path} is not a busos ledger: it is a database of something else (it has a table "
            f"'{min(tables)}'). Point BUSOS_DATABASE_URL at another file. Nothing was written."
        )


def _keep_copy(path: Path, version: str) -> None:
    """The file as it was, beside it, before anything changes."""
    copy = path.with_name(f"{path.name}.before-{HEAD}-was-{version}")
    copy.unlink(missing_ok=True)  # left by a migration that did not come to its end
    with plain_connection(path) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - an import of a tenth of a second that few starts need
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
