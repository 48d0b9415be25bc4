"""What Postgres and its driver say when they cannot, put into a sentence for the operator.

Errors of the server carry a code (its documentation, appendix A); those of a connection that never came about
carry only the words of the server or of libpq.
"""

from __future__ import annotations

from psycopg import Error, OperationalError, ProgrammingError

_AGAIN = "Wait a moment; if it lasts, look at the server"
_FULL = "cannot grow: the server's disk is full. Free some space"
_BUSY = "is busy: others hold the same rows. Wait a moment; if it lasts, look for a process that hangs"
_AWAY = f"is away: the server restarts or has ended the connection. {_AGAIN}"
_LOST = f"is away: the connection to the server was lost. {_AGAIN}"
_DAMAGED = "is damaged. Stop busos, keep the database as it is, and restore the latest backup"
_RIGHTS = "refuses this user: it may not do what busos needs. Let it own the schema, or grant it all rights there"
_USER = "refuses this user. Correct the user and the password in BUSOS_DATABASE_URL, and what pg_hba.conf allows"
_MISSING = "cannot be opened: the server has no database of this name. Create it (createdb), or correct "
_MISSING += "BUSOS_DATABASE_URL"
_POOLER = "is behind a pooler that mixes sessions: connect to the server itself, or use the pooler's session mode"
_OPTION = "cannot be opened: an option in BUSOS_DATABASE_URL is not one, or has no such value. Correct it"
_CROWDED = "has no connection left for us: the server's max_connections is reached. Raise it, or run fewer processes"

# By the beginning of the code; the first that fits.
_BY_CODE = {
    "57P03": f"is away: the server is starting or stopping. {_AGAIN}",
    "57014": f"was too slow: a statement took longer than it may. {_AGAIN}",
    "57P": _AWAY,
    "08": _LOST,
    "25P03": _AWAY,  # we slept within a transaction
    "25006": "is read-only: the server is a standby, or was made read-only. Point BUSOS_DATABASE_URL at the primary",
    "53100": _FULL,
    "53200": f"cannot be used: the server is out of memory. {_AGAIN}",
    "53300": _CROWDED,
    "53": f"cannot be used: the server has reached a limit. {_AGAIN}",
    "55P03": _BUSY,
    "40": _BUSY,
    "26000": _POOLER,
    "42P05": _POOLER,
    "28": _USER,
    "3D000": _MISSING,
    "3F000": "has no schema to live in: the search_path of this user names none that is there. Create the schema",
    "42501": _RIGHTS,
    "58": "cannot be read or written: the server's disk failed. Look at the server's log",
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}

# By words in the message of a connection that did not come about.
_BY_WORDS = {
    "connection option": _OPTION,
    "invalid ": _OPTION,
    "starting up": _BY_CODE["57P03"],
    "shutting down": _BY_CODE["57P03"],
    "not yet accepting": _BY_CODE["57P03"],
    "in recovery mode": _BY_CODE["57P03"],
    "too many clients": _CROWDED,
    "connection slots": _CROWDED,
    "too many connections": _CROWDED,
    "password": _USER,
    "authentication": _USER,
    "pg_hba.conf": _USER,
    "role": _USER,
    "database": _MISSING,
    "resolve host": "cannot be reached: the name of the server is not known. Correct BUSOS_DATABASE_URL",
    "translate host": "cannot be reached: the name of the server is not known. Correct BUSOS_DATABASE_URL",
    "refused": "cannot be reached: nothing answers at this address and port. Start the server, or correct "
    "BUSOS_DATABASE_URL",
    "timeout": f"cannot be reached: the server does not answer. {_AGAIN}",
    "session is read-only": _BY_CODE["25006"],  # target_session_attrs=read-write
    "SSL": "cannot be reached: no encrypted connection came about. Correct sslmode in BUSOS_DATABASE_URL",
    "certificate": "cannot be reached: the server's certificate is not accepted. Correct sslrootcert in "
    "BUSOS_DATABASE_URL",
}
_STAYS = (_OPTION, _USER, _MISSING, _BY_WORDS["SSL"], _BY_WORDS["certificate"])

# Two that want the same at once, a connection that is gone, a server that is on its way.
_PASSING = ("40001", "40P01", "23505", "57P01", "57P02", "57P03", "08", "53300", "25006", "25P03")


def sentence(error: BaseException | None, place: str) -> str | None:
    """What to tell the operator; None for an error that is a mistake of ours rather than of the world."""
    words = _words(error) if isinstance(error, Error) else None
    return f"The ledger {place} {words}. Nothing was written." if words else None


def passes(error: BaseException | None) -> bool:
    """Whether the same transaction may go well when it is tried again at once."""
    if not isinstance(error, Error):
        return False
    if error.sqlstate is not None:
        return error.sqlstate.startswith(_PASSING)
    return isinstance(error, OperationalError) and _words(error) not in _STAYS


def _words(error: Error) -> str | None:
    if error.sqlstate is not None:
        return next((words for code, words in _BY_CODE.items() if error.sqlstate.startswith(code)), None)
    named = next((words for part, words in _BY_WORDS.items() if part in str(error)), None)
    if isinstance(error, OperationalError):
        return named or _LOST
    return _OPTION if isinstance(error, ProgrammingError) and named is _OPTION else None
