"""What a contact may hold: the types of fields, and values as they are kept.

Values are plain JSON: text, numbers, true/false, lists of text; a date is ``2025-11-12`` and a datetime is
``2025-11-12T15:00:00Z`` (UTC, whole seconds), so that they sort as text and mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from engine.model.formulas import Formula
from engine.model.paths import PayloadPath

Datum = str | int | float | bool | list[str]
Value = Datum | None
Values = Mapping[str, Value]

EMPTY: Mapping[str, Any] = MappingProxyType({})


def written(value: Value) -> str:
    """A value as it would stand in the file."""
    match value:
        case None:
            return "unknown"
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(value)}]"
        case _:
            return str(value)


class FieldType(StrEnum):
    """What a contact field may hold."""

    TEXT = "text"
    EMAIL = "email"
    WHOLE = "whole number"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    CHOICE = "choice"
    DATE = "date"
    DATETIME = "datetime"
    PHONE = "phone"
    LINK = "link"
    LIST = "list"
    SEGMENT = "segment"
    TIMEZONE = "timezone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A declared contact field. ``default`` is said while the value is unknown and never saved.

    ``path`` is where it stands in payloads, for triggers that do not say otherwise. A field with ``computed`` is worth
    what its formula says (``engine.computing``), whatever is stored under its name.
    """

    name: str
    type: FieldType
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int = 500
    default: Value = None
    notion: str | None = None
    private: bool = False
    path: PayloadPath | None = None
    computed: Formula | None = None
