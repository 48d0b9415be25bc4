"""How instants, JSON and messages cross the border between Python and the ledger's columns.

Instants are whole UTC milliseconds (rounded down), so that they sort and compare as integers on every
database. JSON is text. A rendered email is JSON too, compressed lightly and against a specimen: an email
that shows all our layout can do. What both have in common is left out, so the frame around every email costs nothing,
and compressing is quicker too. An email without our layout, or from before there was a specimen, is read just the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from engine.model import EMPTY
from engine.ports import Message

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
SPECIMEN = Path(__file__).with_name("specimen.json").read_bytes()
"""Stored emails name it by its checksum and cannot be read without it: it never changes, whatever the layout does."""
_READY = zlib.compressobj(1, zlib.DEFLATED, wbits=13, memLevel=6, zdict=SPECIMEN)
"""A compressor that knows the specimen: copying it is quicker than reading the specimen for each email."""
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


def instants_text(moments: Mapping[str, datetime]) -> str | None:
    """Instants by name as the text of a column; NULL for none."""
    return json_text({name: millis(moment) for name, moment in moments.items()}) if moments else None


def instants(text: str | None) -> Mapping[str, datetime]:
    """Instants by name again."""
    return {name: instant(at) for name, at in json_object(text).items()} if text else EMPTY


def message_bytes(message: Message) -> bytes:
    """A rendered email as it is kept: the same bytes give the same email at every try."""
    plain = msgspec.json.encode(message.evolve(headers=dict(message.headers)))
    stream = _READY.copy()
    return stream.compress(plain) + stream.flush()


def message_from(data: bytes) -> Message:
    """The rendered email again."""
    return _read_message(zlib.decompressobj(zdict=SPECIMEN).decompress(data))
