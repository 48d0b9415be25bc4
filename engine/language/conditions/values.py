"""The values written in a condition, read as the type of the field they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from engine.language.conditions.structure import Span, Written
from engine.language.conditions.tokens import Token
from engine.language.durations import parse_date, parse_datetime
from engine.model import Constant, Field, FieldType, Moment, Operand, Vocabulary


class Sort(Enum):
    """Types that are compared alike."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    TICK = "tick"
    MOMENT = "moment"
    LIST = "list"

    @property
    def compared_as(self) -> Sort:
        """Choices are compared with texts; every other sort only with itself."""
        return Sort.TEXT if self is Sort.CHOICE else self


ORDERED = (Sort.NUMBER, Sort.MOMENT)

_SORTS: Mapping[FieldType, Sort] = {
    **dict.fromkeys(FieldType, Sort.TEXT),
    FieldType.CHOICE: Sort.CHOICE,
    FieldType.SEGMENT: Sort.CHOICE,
    FieldType.WHOLE: Sort.NUMBER,
    FieldType.NUMBER: Sort.NUMBER,
    FieldType.CHECKBOX: Sort.TICK,
    FieldType.DATE: Sort.MOMENT,
    FieldType.DATETIME: Sort.MOMENT,
    FieldType.LIST: Sort.LIST,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a value cannot be compared with a field."""

    message: str
    hint: str = ""
    rule: str = "condition-type"


def sort_of(kind: FieldType) -> Sort:
    """How values of a type are compared."""
    return _SORTS[kind]


def choices_of(field: Field, vocabulary: Vocabulary) -> tuple[str, ...]:
    """What a choice or a segment can be; empty for every other type."""
    if field.type is FieldType.SEGMENT:
        return tuple(rule.name for rule in vocabulary.segments)
    return field.choices if field.type is FieldType.CHOICE else ()


def a(kind: FieldType) -> str:
    """A type with its article: ``an email``."""
    return f"an {kind}" if kind is FieldType.EMAIL else f"a {kind}"


def example(field: Field, vocabulary: Vocabulary) -> str:
    """A test that can be asked of a field."""
    match sort_of(field.type):
        case Sort.NUMBER:
            return f"{field.name} > 0"
        case Sort.TICK:
            return f"{field.name} = true"
        case Sort.MOMENT:
            return f"{field.name} < now"
        case Sort.LIST:
            return f'{field.name} contains "text"'
        case Sort.CHOICE:
            return f"{field.name} = {next(iter(choices_of(field, vocabulary)), 'CHOICE')}"
        case Sort.TEXT:
            return f'{field.name} = "text"'
        case never:
            assert_never(never)


def valued(field: Field, value: Written, vocabulary: Vocabulary, *, exact: bool) -> Operand | Refusal:
    """A value as the type of ``field``. ``exact`` asks whether the field can ever be equal to it."""
    match sort_of(field.type):
        case Sort.MOMENT:
            return _moment(field, value, vocabulary)
        case _ if isinstance(value, Span):
            return Refusal(f'"{value.text}" is a moment, and {field.name} is {a(field.type)}')
        case Sort.NUMBER:
            return _number(field, value, exact)
        case Sort.TICK:
            return _tick(field, value)
        case Sort.CHOICE:
            return _choice(field, value, vocabulary)
        case Sort.TEXT | Sort.LIST:
            return _text(field, value)
        case never:
            assert_never(never)


def _mismatch(field: Field, value: Token, hint: str = "") -> Refusal:
    written = value.text if value.kind in _WRITTEN else f'"{value.text}"'
    told = _WRITTEN.get(value.kind, "text" if value.kind == "text" else "neither that nor a field")
    return Refusal(f"{field.name} is {a(field.type)}, and {written} is {told}", hint)


_WRITTEN: Mapping[str, str] = {"number": "a number", "date": "a date", "datetime": "a date and time"}


def _number(field: Field, value: Token, exact: bool) -> Operand | Refusal:
    if value.kind != "number":
        unquoted = value.kind == "text" and value.text.strip().isdigit()
        return _mismatch(field, value, f"write {value.text.strip()} without quotes" if unquoted else "")
    number = float(value.text) if "." in value.text else int(value.text)
    if exact and not _possible(field, number):
        return Refusal(f"{field.name} is {extent(field)}, so it is never {value.text}", "", "condition-value")
    return Constant(number)


def _possible(field: Field, number: float) -> bool:
    fits = field.type is not FieldType.WHOLE or float(number).is_integer()
    above = field.minimum is None or number >= field.minimum
    return fits and above and (field.maximum is None or number <= field.maximum)


def extent(field: Field) -> str:
    """A number with its bounds: ``a whole number from 0 up to 8``."""
    low = f" from {field.minimum:g}" if field.minimum is not None else ""
    high = f" up to {field.maximum:g}" if field.maximum is not None else ""
    return f"{a(field.type)}{low}{high}"


def _tick(field: Field, value: Token) -> Operand | Refusal:
    if value.kind == "word" and value.text in _TICKS:
        return Constant(_TICKS[value.text])
    meant = _TICKS_ELSEWHERE.get(value.text.casefold())
    return _mismatch(field, value, f"write {meant}" if meant else "a checkbox is true or false")


_TICKS = {"true": True, "false": False}
_TICKS_ELSEWHERE = {
    **dict.fromkeys(("true", "yes", "on", "1", "ticked", "checked", "y"), "true"),
    **dict.fromkeys(("false", "no", "off", "0", "unticked", "unchecked", "n"), "false"),
}


def _choice(field: Field, value: Token, vocabulary: Vocabulary) -> Operand | Refusal:
    choices = choices_of(field, vocabulary)
    if not choices:
        return Constant(value.text)  # what is wrong with the choices is told where they are declared
    if field.type is FieldType.SEGMENT:
        message = f'no segment is called "{value.text}"; there are {", ".join(choices)}'
        return Refusal(message, "", "unknown-segment")
    return Refusal(f'{field.name} is never "{value.text}", only {", ".join(choices)}', "", "condition-value")


def _text(field: Field, value: Token) -> Operand | Refusal:
    if value.kind == "text" or (value.kind == "word" and value.text not in _TICKS and value.text not in _NOWS):
        return Constant(value.text)
    return _mismatch(field, value, f'write "{value.text}" in quotes if you mean the text')


_NOWS = {"now": Moment(), "today": Moment(day_only=True)}


def _moment(field: Field, value: Written, vocabulary: Vocabulary) -> Operand | Refusal:
    if isinstance(value, Span):
        return Moment(False, value.duration, value.sign)
    if value.kind == "word" and value.text in _NOWS:
        return _NOWS[value.text]
    if value.kind == "date":
        return _constant(parse_date(value.text), value)
    if value.kind == "datetime" and field.type is FieldType.DATETIME:
        return _constant(parse_datetime(value.text, vocabulary.zone), value)
    if value.kind == "datetime":
        return _mismatch(field, value, f"write {value.text[:10]}")
    bare = value.kind == "text" and (parse_date(value.text) or parse_datetime(value.text, vocabulary.zone))
    return _mismatch(field, value, f"write {value.text} without quotes" if bare else _moment_hint(value))


def _moment_hint(value: Token) -> str:
    if value.kind == "number":
        return f"write {value.text} days ago"
    return "" if value.kind == "word" else "write it like 2025-11-12, 30 days ago, now or today"


def _constant(stored: str | None, value: Token) -> Operand | Refusal:
    if stored is None:
        return Refusal(f"{value.text} is not in the calendar", "", "condition-value")
    return Constant(stored)
