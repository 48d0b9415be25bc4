"""Only one process at a time makes or migrates a file of a folder.

The lock is on the folder, so that no lock file is left behind; never on the database file itself, because
closing that would drop the locks that SQLite holds on it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import LedgerUnavailable

PATIENCE = 60.0
"""Seconds to wait for another process that makes or migrates a ledger."""


@contextmanager
def folder_locked(path: Path) -> Iterator[None]:
    """Hold the folder of a file."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise LedgerUnavailable(
            f"The ledger {path} cannot be opened: the folder {path.parent} is missing or closed to this user. "
            "Create it, or correct BUSOS_DATABASE_URL."
        ) from error
    try:
        _lock(folder, path)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise LedgerUnavailable(
                    f"The ledger {path} is being made or migrated by another process for more than "
                    f"{PATIENCE:.0f} seconds. Look for a process that hangs, then try again."
                ) from error
            time.sleep(0.01)
        else:
            return
