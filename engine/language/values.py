"""A value written outside a condition (``save``, ``accepts``, ``default``), read as the type of its field.

A word is, in this order: ``unknown``, ``now`` or ``today`` where the field holds moments, a value that the
field can have, another field, and for text the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.language.conditions.values import Sort, choices_of, sort_of
from engine.language.durations import parse_date, parse_datetime
from engine.language.flaws import Flaw
from engine.language.spelling import did_you_mean
from engine.model import Constant, Datum, Field, FieldType, FieldValue, Moment, Operand, Vocabulary

UNKNOWN = "unknown"
_NOWS = {"now": Moment(), "today": Moment(day_only=True)}
EMAIL_FORM = re.compile(r"[^@\s<>,;]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_FORMS = {
    FieldType.EMAIL: EMAIL_FORM,
    FieldType.LINK: re.compile(r"https?://[^\s/]+\S*"),
    FieldType.PHONE: re.compile(r"\+?[0-9][0-9 ()./-]{4,24}"),
    FieldType.TIMEZONE: re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*"),
}
_EXAMPLES: Mapping[FieldType, str] = {
    FieldType.EMAIL: "an email address, such as ada@example.com",
    FieldType.LINK: "a link, such as https://example.com",
    FieldType.PHONE: "a phone number, such as +1 555 0100",
    FieldType.TIMEZONE: "a time zone, such as America/Toronto",
    FieldType.CHECKBOX: "true or false",
    FieldType.WHOLE: "a whole number",
    FieldType.NUMBER: "a number",
    FieldType.DATE: "a date, such as 2025-11-12, or today",
    FieldType.DATETIME: "a date and time, such as 2025-11-12 09:00, or now",
    FieldType.LIST: "a list of texts in square brackets",
    FieldType.TEXT: "a text",
}


def read_value(field: Field, raw: object, vocabulary: Vocabulary) -> Operand | Flaw | None:
    """What to save in a field: a constant, a moment, another field's value, or None to make it unknown."""
    if raw == UNKNOWN:
        return None
    if isinstance(raw, str) and raw in _NOWS and sort_of(field.type) is Sort.MOMENT:
        return _NOWS[raw]
    found = _constant(field, raw, vocabulary)
    other = vocabulary.fields.get(raw) if isinstance(raw, str) else None
    if other and (found is None or sort_of(field.type) is Sort.TEXT):
        return FieldValue(other.name) if _takes(field, other) else _unlike(field, other)
    if found is None:
        return _refusal(field, raw, vocabulary)
    return _bounded(field, found)


def read_literal(field: Field, raw: object, vocabulary: Vocabulary) -> Datum | Flaw | None:
    """A value that is given as it is, as tests give them, in its stored form; None for unknown."""
    if raw == UNKNOWN:
        return None
    found = _constant(field, raw, vocabulary)
    if found is None:
        return _refusal(field, raw, vocabulary)
    bounded = _bounded(field, found)
    return bounded.value if isinstance(bounded, Constant) else bounded


def read_moment(raw: object, vocabulary: Vocabulary) -> Operand | Flaw | None:
    """What is read as a moment without being saved in a field; a day stands for its beginning."""
    day = isinstance(raw, str) and parse_date(raw) is not None
    return read_value(Field(name="this moment", type=FieldType.DATE if day else FieldType.DATETIME), raw, vocabulary)


def _constant(field: Field, raw: object, vocabulary: Vocabulary) -> Datum | None:
    """The stored form of a literal; None when the field cannot hold it."""
    match sort_of(field.type):
        case Sort.NUMBER:
            return _number(field, raw)
        case Sort.TICK:
            return raw if isinstance(raw, bool) else None
        case Sort.LIST:
            return [str(item) for item in raw] if isinstance(raw, list) else None
        case _:
            return _text(field, raw, vocabulary) if isinstance(raw, str) else None


def _number(field: Field, raw: object) -> int | float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    if field.type is FieldType.WHOLE:
        return int(raw) if float(raw).is_integer() else None
    return raw


def _text(field: Field, raw: str, vocabulary: Vocabulary) -> str | None:
    if field.type is FieldType.DATE:
        return parse_date(raw)
    if field.type is FieldType.DATETIME:
        return parse_datetime(raw, vocabulary.zone)
    if sort_of(field.type) is Sort.CHOICE:
        choices = choices_of(field, vocabulary)
        return raw if raw in choices or not choices else None
    form = _FORMS.get(field.type)
    return raw if form is None or form.fullmatch(raw) else None


def _bounded(field: Field, value: Datum) -> Constant | Flaw:
    if isinstance(value, str) and len(value) > field.max_length:
        return _flaw(value, f"{field.name} has {field.max_length} characters at most; this has {len(value)}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = field.minimum, field.maximum
        if low is not None and value < low:
            return _flaw(value, f"{field.name} is {low:g} or more, so it cannot be {value:g}")
        if high is not None and value > high:
            return _flaw(value, f"{field.name} is {high:g} or less, so it cannot be {value:g}")
    return Constant(value)


def _takes(field: Field, other: Field) -> bool:
    """Whether every value of ``other`` can stand in ``field``."""
    if field.type is FieldType.TEXT:
        return sort_of(other.type).compared_as is Sort.TEXT
    if field.type is FieldType.CHOICE:
        return other.type is FieldType.CHOICE and set(other.choices) <= set(field.choices)
    if field.type is FieldType.NUMBER:
        return sort_of(other.type) is Sort.NUMBER
    return field.type is other.type or {field.type, other.type} == {FieldType.DATE, FieldType.DATETIME}


def _unlike(field: Field, other: Field) -> Flaw:
    more = [choice for choice in other.choices if choice not in field.choices]
    if field.type is other.type and more:
        message = f'"{other.name}" can also be {", ".join(more)}, and {field.name} cannot'
        return _flaw(other.name, message, "add it to the choices, or write a value")
    message = f'"{other.name}" is a field of type {other.type}, and {field.name} is of type {field.type}'
    return _flaw(other.name, message, "name a field of the same type, or write a value")


def _refusal(field: Field, raw: object, vocabulary: Vocabulary) -> Flaw:
    choices = choices_of(field, vocabulary)
    wanted = f"one of {', '.join(choices)}" if choices else _EXAMPLES.get(field.type, "one of its choices")
    told = "this list" if isinstance(raw, list) else f'"{raw}"' if isinstance(raw, str) else str(raw).lower()
    others = [name for name in vocabulary.fields if name != field.name]
    near = did_you_mean(raw, (*choices, *others)) if isinstance(raw, str) else ""
    return _flaw(raw, f"{field.name} takes {wanted}, not {told}", near or _hint(field, raw))


def _flaw(raw: object, message: str, hint: str = "") -> Flaw:
    return Flaw(start=0, end=len(str(raw)), message=message, hint=hint, rule="value")


def _hint(field: Field, raw: object) -> str:
    if field.type is FieldType.CHECKBOX and isinstance(raw, str):
        return {"yes": "write true", "on": "write true", "no": "write false", "off": "write false"}.get(raw.lower(), "")
    if isinstance(raw, bool | int | float) and sort_of(field.type).compared_as is Sort.TEXT:
        return f'put quotes around it: "{str(raw).lower()}"'
    return f"put it in brackets: [{raw}]" if field.type is FieldType.LIST else ""
