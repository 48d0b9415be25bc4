"""Many rows in one statement of PostgreSQL: the rows travel as one JSON text, and the server takes them apart.

Row by row each of them costs the driver and the server several times what its work costs. A statement that is
written for one row (``… VALUES (:id, :step)``, ``UPDATE … SET step = :step WHERE id = :id``) becomes one for all:
each ``:name`` is a column of the rows. No two rows may be about the same thing, because a statement changes a row
of a table once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Integer

from engine.runtime.ledger.tables import metadata

_NAME = re.compile(r"(?<!:):(\w+)")
_TYPES = {column.name: column.type for table in metadata.sorted_tables for column in table.columns}
_BYTES = {"body"}  # of messages; JSON has them in base64
_OTHERS = {"now": "bigint", "until": "bigint", "kept": "integer", "nth": "integer"}  # no columns
_NUL = b"\\u0000"


def for_all_rows(sql: str) -> str:
    """The statement for rows in ``:rows``."""
    names = list(dict.fromkeys(_NAME.findall(sql)))
    read = ", ".join(f"{_read(name)} AS _{name}" for name in names)
    declared = ", ".join(f"{name} {_type(name)}" for name in names)
    rows = f"(SELECT {read} FROM json_to_recordset(:rows) AS r ({declared})) AS v"  # noqa: S608 - our own words
    words = _NAME.sub(r"v._\1", sql)
    if (start := words.find("VALUES (")) >= 0:
        end = _closing(words, start + len("VALUES ("))
        return f"{words[:start]}SELECT {words[start + len('VALUES (') : end]} FROM {rows}{words[end + 1 :]}"  # noqa: S608 - as above
    where = next(found.start() for found in re.finditer(r"\bWHERE\b", words) if _depth(words, found.start()) == 0)
    joined = "FROM" if words.lstrip().startswith("UPDATE") else ","
    return f"{words[:where].rstrip()} {joined} {rows} {words[where:]}"


def as_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as ``:rows``. U+0000 becomes U+FFFD, as in every text that goes there."""
    text = msgspec.json.encode(rows)
    if _NUL in text:
        text = msgspec.json.encode([{name: _without_nul(value) for name, value in row.items()} for row in rows])
    return text.decode()


def _without_nul(value: Any) -> Any:
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value


def _type(name: str) -> str:
    if name in _OTHERS or name in _BYTES:
        return _OTHERS.get(name, "text")
    found = _TYPES[name]
    return "bigint" if isinstance(found, BigInteger) else "integer" if isinstance(found, Integer) else "text"


def _read(name: str) -> str:
    return f"decode({name}, 'base64')" if name in _BYTES else name


def _closing(words: str, start: int) -> int:
    """Where the parenthesis is closed that was opened before ``start``."""
    depth = 1
    for place in range(start, len(words)):
        depth += (words[place] == "(") - (words[place] == ")")
        if depth == 0:
            return place
    raise ValueError(f"a parenthesis is not closed: {words}")


def _depth(words: str, place: int) -> int:
    return words.count("(", 0, place) - words.count(")", 0, place)
