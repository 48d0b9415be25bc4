"""A contact's values as Notion properties and back, by the type that the property has in the live database."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.adapters.notion.database import Property
from engine.adapters.notion.text import ITEMS, TooLongError, clip, plain_text, storable, text_items
from engine.model import Datum, FieldType, Value

NAME_UNITS = 100
SHORT_UNITS = {"email": 200, "phone_number": 200, "url": 2000}


class UnfitError(ValueError):
    """The value cannot be shown in this property; the text says why."""


# -- To Notion --------------------------------------------------------------------------------


def as_property(column: Property, value: Value) -> dict[str, Any]:
    """What to send so that the property shows the value; None clears it. Raises UnfitError."""
    writer = _WRITERS.get(column.type)
    if writer is None:
        raise UnfitError(f"it is of the type {column.type!r}, which only Notion fills in: choose another property")
    try:
        return {column.type: writer(column, value)}
    except TooLongError as error:
        raise UnfitError(str(error)) from None


def _text(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ", ".join(value)
    return str(value)


def _write_text(_: Property, value: Value) -> Any:
    return text_items(_text(value))


def _write_short(column: Property, value: Value) -> Any:
    text = storable(_text(value)).strip()
    if clip(text, SHORT_UNITS[column.type]) != text:
        raise UnfitError(f"the value is longer than the {SHORT_UNITS[column.type]} characters that Notion allows there")
    return text or None


def _write_number(_: Property, value: Value) -> Any:
    match value:
        case None:
            return None
        case bool():
            return int(value)
        case int() | float():
            number: float = value
        case _:
            number = _parsed_number(_text(value))
    if not math.isfinite(number):
        raise UnfitError("the value is not a finite number")
    return number


def _parsed_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise UnfitError("it is a number in Notion and the value is none: make it a text property") from None
    return int(number) if number.is_integer() else number


def _write_checkbox(_: Property, value: Value) -> Any:
    if isinstance(value, str):
        return value.casefold() in ("true", "yes")
    return bool(value)


def _option(text: str) -> dict[str, str]:
    """A choice: Notion allows no comma in its name, and 100 characters."""
    return {"name": clip(text.replace(",", ";").strip(), NAME_UNITS)}


def _write_select(_: Property, value: Value) -> Any:
    text = _text(value).strip()
    return _option(text) if text else None


def _write_status(column: Property, value: Value) -> Any:
    option = _write_select(column, value)
    if option and option["name"] not in column.options:
        known = ", ".join(column.options) or "none"
        raise UnfitError(f"it is a status and {option['name']!r} is not among its options ({known}): add it in Notion")
    return option


def _write_multi_select(_: Property, value: Value) -> Any:
    texts = value if isinstance(value, list) else [_text(value)]
    names = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if len(names) > ITEMS:
        raise UnfitError(f"the value has {len(names)} items, Notion holds {ITEMS}")
    return [_option(name) for name in names]


def _write_date(_: Property, value: Value) -> Any:
    if value is None or value == "":
        return None
    text = _text(value)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise UnfitError("it is a date in Notion and the value is none: make it a text property") from None
    return {"start": text}


_WRITERS: Mapping[str, Callable[[Property, Value], Any]] = {
    "title": _write_text,
    "rich_text": _write_text,
    "email": _write_short,
    "phone_number": _write_short,
    "url": _write_short,
    "number": _write_number,
    "checkbox": _write_checkbox,
    "select": _write_select,
    "status": _write_status,
    "multi_select": _write_multi_select,
    "date": _write_date,
}


# -- From Notion ------------------------------------------------------------------------------


def as_value(kind: FieldType, shown: Mapping[str, Any]) -> Value:
    """The value of a field of this type that a property shows; None when it is empty.

    ``shown`` is a property as Notion answers it, or as ``as_property`` would send it. Raises UnfitError when
    the field cannot hold what a person has put there.
    """
    try:
        found = _shown(shown)
    except (KeyError, TypeError, AttributeError):
        raise UnfitError("Notion's answer makes no sense") from None
    if found is None or found in ("", []):
        return None
    return _READERS.get(kind, _text)(found)


def _shown(shown: Mapping[str, Any]) -> Value:
    """What a property shows, before the field's type is asked for."""
    kind = next((each for each in _WRITERS if each in shown), None)
    if kind is None:
        raise UnfitError(f"it is of the type {shown.get('type', 'unknown')!r}, which is not read")
    content = shown[kind]
    match kind, content:
        case _, None:
            return None
        case (("title" | "rich_text"), _):
            return plain_text(content)
        case (("select" | "status"), _):
            return str(content["name"])
        case "multi_select", _:
            return [str(each["name"]) for each in content]
        case "date", _:
            return _moment(content)
    value: Datum = content
    return value


def _moment(content: Mapping[str, Any]) -> str:
    """A date as it is, a moment with its zone: the start of what a person may have made a range."""
    start = str(content["start"])
    zone = content.get("time_zone")
    if "T" not in start or not zone:
        return start
    try:
        moment = datetime.fromisoformat(start)
        return start if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)).isoformat()
    except (ValueError, ZoneInfoNotFoundError):
        return start


def _read_number(found: Datum) -> Value:
    if isinstance(found, str):
        return _parsed_number(found.strip())
    if isinstance(found, list):
        raise UnfitError("it is a list in Notion and the field a number")
    return int(found) if float(found).is_integer() else found


def _read_whole(found: Datum) -> Value:
    number = _read_number(found)
    if not isinstance(number, int):
        raise UnfitError(f"the field is a whole number and the page says {number}")
    return number


def _read_checkbox(found: Datum) -> Value:
    if isinstance(found, str):
        return found.strip().casefold() in ("true", "yes")
    return bool(found)


def _read_date(found: Datum) -> Value:
    text = _text(found).strip()
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise UnfitError(f"the field is a date and the page says {text[:40]!r}") from None


def _read_datetime(found: Datum) -> Value:
    text = _text(found).strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UnfitError(f"the field is a moment and the page says {text[:40]!r}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_list(found: Datum) -> Value:
    items = found if isinstance(found, list) else _text(found).split(",")
    return [item.strip() for item in items if item.strip()] or None


_READERS: Mapping[FieldType, Callable[[Datum], Value]] = {
    FieldType.NUMBER: _read_number,
    FieldType.WHOLE: _read_whole,
    FieldType.CHECKBOX: _read_checkbox,
    FieldType.DATE: _read_date,
    FieldType.DATETIME: _read_datetime,
    FieldType.LIST: _read_list,
}
