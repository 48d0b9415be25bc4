"""How a ledger comes to the shape of this version: forward only, by itself, one process at a time."""

from __future__ import annotations

import re
from collections.abc import Set
from pathlib import Path

from sqlalchemy import Connection

from engine.errors import LedgerTooNew, LedgerUnavailable

_FOLDER = Path(__file__).parent
VERSIONS = tuple(sorted(path.name[1:5] for path in (_FOLDER / "versions").glob("v[0-9]*.py")))
HEAD = VERSIONS[-1]
TABLE = "alembic_version"
ASK_VERSION = f"SELECT version_num FROM {TABLE}"  # noqa: S608 - our own words


def judged(tables: Set[str], version: str | None, place: str, kind: str) -> str | None:
    """The version of what was found: None where nothing is yet. Refuses what is not ours or newer than we are.

    ``place`` begins a sentence; ``kind`` is what the operator should look for instead: another file, or database.
    """
    if version is None and tables - {TABLE}:
        raise LedgerUnavailable(
            f"{place} is not a busos ledger: it is a database of something else (it has a table '{min(tables)}'). "
            f"Point BUSOS_DATABASE_URL at another {kind}. Nothing was written."
        )
    if version is None or version in VERSIONS:
        return version
    if re.fullmatch(r"\d{4}", version) and "runs" in tables:
        raise LedgerTooNew(
            f"{place} is a ledger that was written by a newer busos (its version is {version}, this one knows up to "
            f"{HEAD}). Upgrade busos, or point BUSOS_DATABASE_URL at another {kind}."
        )
    raise LedgerUnavailable(
        f"{place} is not a busos ledger: it is a database of something else that uses Alembic (its version is "
        f"'{version}'). Point BUSOS_DATABASE_URL at another {kind}. Nothing was written."
    )


def upgrade(connection: Connection) -> None:
    """Bring the tables to this version, inside the transaction of a connection."""
    from alembic import command  # noqa: PLC0415 - an import of a tenth of a second that few starts need
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
