"""What SQLite says when it cannot, put into a sentence for the operator."""

from __future__ import annotations

import sqlite3

# By the beginning of SQLite's own name of the error; the first that fits.
_SENTENCES = {
    "SQLITE_BUSY": "is locked by another process. Wait a moment; if it lasts, look for a process that hangs",
    "SQLITE_LOCKED": "is locked by another process. Wait a moment; if it lasts, look for a process that hangs",
    "SQLITE_FULL": "cannot grow: the disk is full. Free some space",
    "SQLITE_CANTOPEN": "cannot be opened. Its folder must exist, and this user must be allowed to write there",
    "SQLITE_READONLY_DBMOVED": "was moved or deleted while in use. Put it back, or restart to begin a new one",
    "SQLITE_READONLY": "is read-only. Allow this user to write the file and its folder",
    "SQLITE_PERM": "may not be touched by this user. Allow this user to write the file and its folder",
    "SQLITE_NOTADB": "is not a busos ledger: it is no SQLite database. Point BUSOS_DATABASE_URL at another file",
    "SQLITE_CORRUPT": "is damaged. Stop busos, keep the file, and restore the latest copy",
    "SQLITE_IOERR": "cannot be read or written: the disk failed, or the file was moved while in use. Check the disk, "
    "then restart",
    "SQLITE_NOMEM": "cannot be used: this machine is out of memory",
}


def sentence(error: BaseException | None, place: str) -> str | None:
    """What to tell the operator; None for an error that is a mistake of ours rather than of the world."""
    name = getattr(error, "sqlite_errorname", "") if isinstance(error, sqlite3.Error) else ""
    for beginning, words in _SENTENCES.items():
        if name.startswith(beginning):
            return f"The ledger {place} {words}. Nothing was written."
    return None
