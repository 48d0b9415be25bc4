"""How instants, JSON and messages cross the border between Python and the ledger's columns.

Instants are whole UTC milliseconds (rounded down), so that they sort and compare as integers on every
database. JSON is text. A rendered email is JSON too, compressed
lightly: its HTML becomes a quarter, at the cost of some microseconds.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from engine.ports import Message

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_read_message = msgspec.json.Decoder(Message).decode
_read_object = msgspec.json.Decoder(dict[str, Any]).decode


def millis(moment: datetime) -> int:
    """UTC milliseconds of an aware datetime; what is below a millisecond is cut off."""
    return (moment - _EPOCH) // _MILLISECOND


def millis_or_none(moment: datetime | None) -> int | None:
    """The same for a moment that may be missing."""
    return None if moment is None else (moment - _EPOCH) // _MILLISECOND


def instant(milliseconds: int) -> datetime:
    """The aware UTC datetime of a column."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def instant_or_none(milliseconds: int | None) -> datetime | None:
    """The same for a column that may be NULL."""
    return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)


def json_text(value: Mapping[str, Any]) -> str:
    """A JSON object as the text of a column."""
    return msgspec.json.encode(dict(value)).decode()


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in the text of a column."""
    return _read_object(text)


def message_bytes(message: Message) -> bytes:
    """A rendered email as it is kept: the same bytes give the same email at every try."""
    plain = msgspec.json.encode(replace(message, headers=dict(message.headers)))
    return zlib.compress(plain, 1)


def message_from(data: bytes) -> Message:
    """The rendered email again."""
    return _read_message(zlib.decompress(data))
