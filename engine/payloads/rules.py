r"""What each type of contact field takes: its JSON Schema, and the function that reads one value.

A ``Rule`` says both from one source, so that the published schema and the answers cannot drift apart. Patterns are
written out in full, because ``\s`` and ``\d`` mean different characters in Python and in a browser.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from email_validator import EmailNotValidError, validate_email

from engine.model import Datum, Field, FieldType, Value, Vocabulary

LARGEST = 2**53 - 1  # the largest whole number that every JSON reader keeps exactly
LONGEST_EMAIL = 254
LONGEST_LINK = 2048
MOST_ITEMS = 100
SHOWN = 40  # characters of a wrong value that an error repeats

_SPACE = r" \t\n\r\u0085\u00a0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
_CONTROL = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f"
_REFUSED = re.compile(rf"[{_CONTROL}\ud800-\udfff]")
VISIBLE = re.compile(f"[^{_SPACE}]")
TEXT_PATTERN = rf"^[^{_CONTROL}]*$"
VISIBLE_PATTERN = rf"^[^{_CONTROL}]*[^{_CONTROL}{_SPACE}][^{_CONTROL}]*$"
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_PHONE_PATTERN = r"^\+?(?:[ ().\-/]*[0-9]){6,15}[ ().\-/]*$"
_LINK_PATTERN = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://[^\u0000-\u0020\u007f-\u009f<>\"\\^`{|}/?#@\[\]]+"
    r"([/?#][^\u0000-\u0020\u007f-\u009f<>\"]*)?$"
)


class WrongValueError(ValueError):
    """A value that is not what its field takes; ``must`` completes the sentence that starts with the field's name."""

    def __init__(self, must: str, value: object = ..., hint: str = "") -> None:
        super().__init__(must)
        self.must = must
        self.value = value
        self.hint = hint

    def sentence(self, subject: str, *, private: bool) -> str:
        """The whole sentence; the value of a private field is not repeated in it."""
        if private or self.value is ...:
            return f"{subject} {self.must}"
        return f"{subject} {self.must}, not {shown(self.value)}{self.hint}"


class WrongItemsError(ValueError):
    """Items of a list that are wrong, each with its place."""

    def __init__(self, items: list[tuple[int, WrongValueError]]) -> None:
        super().__init__()
        self.items = items


@dataclass(frozen=True, slots=True)
class Rule:
    """How one field is described and read. ``empty`` says that ``""`` stands for a value left out."""

    expected: str
    schema: Mapping[str, Any]
    read: Callable[[Any], Datum]
    empty: bool = True


# -- The rules, one for each type ---------------------------------------------------------------


def _text(field: Field, _: Vocabulary) -> Rule:
    longest = field.max_length

    def read(value: Any) -> str:
        if value.__class__ is not str:
            raise WrongValueError("must be text", value, _quotes(value))
        return _clean(value, longest)

    schema = {"type": "string", "maxLength": longest, "pattern": TEXT_PATTERN}
    return Rule(f"text of at most {longest:,} characters", schema, read)


def _email(_: Field, __: Vocabulary) -> Rule:
    expected = "an email address such as ada@example.com"

    def read(value: Any) -> str:
        if value.__class__ is not str:
            raise WrongValueError(f"must be {expected}", value)
        return _address(value.strip(), f"must be {expected}")

    return Rule(expected, {"type": "string", "format": "email", "maxLength": LONGEST_EMAIL}, read)


def _whole(field: Field, _: Vocabulary) -> Rule:
    expected = f"a whole number{_range(field)}"
    low, high = _bounds(field)

    def read(value: Any) -> int:
        if value.__class__ is float and value.is_integer():
            value = int(value)
        if value.__class__ is not int or not low <= value <= high:
            raise WrongValueError(f"must be {expected}", value, _unquote(value, int))
        return int(value)

    return Rule(expected, {"type": "integer", "minimum": int(low), "maximum": int(high)}, read, empty=False)


def _number(field: Field, _: Vocabulary) -> Rule:
    expected = f"a number{_range(field)}"
    low, high = _bounds(field)

    def read(value: Any) -> float:
        if value.__class__ not in (int, float) or not low <= value <= high:
            raise WrongValueError(f"must be {expected}", value, _unquote(value, float))
        return value  # an int stays an int

    return Rule(expected, {"type": "number", "minimum": low, "maximum": high}, read, empty=False)


def _checkbox(_: Field, __: Vocabulary) -> Rule:
    def read(value: Any) -> bool:
        if value.__class__ is not bool:
            raise WrongValueError("must be true or false", value, _unquote(value, _BOOLEANS.__getitem__))
        return bool(value)

    return Rule("true or false", {"type": "boolean"}, read, empty=False)


def _choice(field: Field, _: Vocabulary) -> Rule:
    return _one_of(field.choices)


def _segment(_: Field, vocabulary: Vocabulary) -> Rule:
    return _one_of(tuple(rule.name for rule in vocabulary.segments))


def _timezone(_: Field, __: Vocabulary) -> Rule:
    rule = _one_of(tuple(sorted(_zones())))
    return Rule("a time zone such as America/Toronto", rule.schema, rule.read)


def _date(_: Field, __: Vocabulary) -> Rule:
    expected = "a date such as 2025-11-12"

    def read(value: Any) -> str:
        try:
            if value.__class__ is str and _DATE.fullmatch(value):
                return date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise WrongValueError(f"must be {expected}", value, f": {error}") from None
        raise WrongValueError(f"must be {expected}", value)

    return Rule(expected, {"type": "string", "format": "date"}, read)


def _datetime(_: Field, vocabulary: Vocabulary) -> Rule:
    expected = "a date and time such as 2025-11-12T15:00:00Z"

    def read(value: Any) -> str:
        try:
            if value.__class__ is str and _DATETIME.fullmatch(value):
                moment = datetime.fromisoformat(value.upper())
                return stamp(moment if moment.tzinfo else moment.replace(tzinfo=vocabulary.zone))
        except (ValueError, OverflowError) as error:
            raise WrongValueError(f"must be {expected}", value, f": {error}") from None
        raise WrongValueError(f"must be {expected}", value)

    return Rule(expected, {"type": "string", "format": "date-time"}, read)


def _phone(_: Field, __: Vocabulary) -> Rule:
    return _like("a phone number such as +1 416 555 0100, of 6 to 15 digits", _PHONE_PATTERN, 60)


def _link(_: Field, __: Vocabulary) -> Rule:
    return _like("a link that starts with https:// or http://", _LINK_PATTERN, LONGEST_LINK)


def _list(field: Field, vocabulary: Vocabulary) -> Rule:
    item = _text(field, vocabulary)

    def read(value: Any) -> list[str]:
        if value.__class__ is not list:
            raise WrongValueError("must be a list of texts", value)
        if len(value) > MOST_ITEMS:
            raise WrongValueError(f"must have at most {MOST_ITEMS} items, not {len(value):,}")
        return _read_items(value, item)

    schema = {"type": "array", "items": item.schema, "maxItems": MOST_ITEMS}
    return Rule(f"a list of at most {MOST_ITEMS} texts", schema, read, empty=False)


RULES: Mapping[FieldType, Callable[[Field, Vocabulary], Rule]] = {
    FieldType.TEXT: _text,
    FieldType.EMAIL: _email,
    FieldType.WHOLE: _whole,
    FieldType.NUMBER: _number,
    FieldType.CHECKBOX: _checkbox,
    FieldType.CHOICE: _choice,
    FieldType.DATE: _date,
    FieldType.DATETIME: _datetime,
    FieldType.PHONE: _phone,
    FieldType.LINK: _link,
    FieldType.LIST: _list,
    FieldType.SEGMENT: _segment,
    FieldType.TIMEZONE: _timezone,
}
_BOOLEANS = {"true": True, "false": False}


# -- What the rules share -----------------------------------------------------------------------


def _one_of(choices: tuple[str, ...]) -> Rule:
    known = frozenset(choices)
    expected = f"one of {', '.join(choices)}" if len(choices) <= 12 else f"one of the {len(choices)} known names"

    def read(value: Any) -> str:
        if value.__class__ is not str or value not in known:
            raise WrongValueError(f"must be {expected}", value, _meant(value, choices))
        return str(value)

    return Rule(expected, {"type": "string", "enum": list(choices)}, read)


def _like(expected: str, pattern: str, longest: int) -> Rule:
    matches = re.compile(pattern.removesuffix("$") + r"\Z").match  # in Python, $ lets a last newline through

    def read(value: Any) -> str:
        if value.__class__ is not str or not matches(_clean(value, longest)):
            raise WrongValueError(f"must be {expected}", value)
        return str(value)

    return Rule(expected, {"type": "string", "pattern": pattern, "maxLength": longest}, read)


def _read_items(values: list[Any], rule: Rule) -> list[str]:
    items: list[str] = []
    wrong: list[tuple[int, WrongValueError]] = []
    for place, value in enumerate(values):
        try:
            items.append(str(rule.read(value)))
        except WrongValueError as error:
            wrong.append((place, error))
    if wrong:
        raise WrongItemsError(wrong)
    return items


def _clean(value: str, longest: int) -> str:
    if len(value) > longest:
        raise WrongValueError(f"must be at most {longest:,} characters long, not {len(value):,}")
    if found := _REFUSED.search(value):
        raise WrongValueError(
            f"must not contain the control character U+{ord(found[0]):04X} (at character {found.start() + 1})"
        )
    return value


def _address(value: str, must: str) -> str:
    if len(value) > LONGEST_EMAIL:
        raise WrongValueError(f"must be at most {LONGEST_EMAIL} characters long, not {len(value):,}")
    local, _, domain = value.rpartition("@")
    if len(local) <= 64 and _PLAIN_LOCAL.fullmatch(local) and domain.isascii() and _is_domain(domain):
        return value
    try:
        checked = _validated(value)
    except (EmailNotValidError, UnicodeError) as error:
        raise WrongValueError(must, value, f": {error}") from None
    return value if value.isascii() else checked  # one spelling for the many that Unicode has


def _validated(address: str) -> str:
    # test_environment lets .test through, which is reserved for rehearsing just this.
    return validate_email(address, check_deliverability=False, strict=True, test_environment=True).normalized


@functools.lru_cache(maxsize=4096)
def _is_domain(domain: str) -> bool:
    """Whether a plain name is good at this domain: most addresses share a few domains, and this is the slow part."""
    try:
        return bool(_validated(f"a@{domain}"))
    except EmailNotValidError:
        return False


def _bounds(field: Field) -> tuple[float, float]:
    low = -LARGEST if field.minimum is None else field.minimum
    return low, LARGEST if field.maximum is None else field.maximum


def _range(field: Field) -> str:
    if field.minimum is not None and field.maximum is not None:
        return f" from {field.minimum:g} to {field.maximum:g}"
    if field.minimum is not None:
        return f" of at least {field.minimum:g}"
    return f" of at most {field.maximum:g}" if field.maximum is not None else ""


def shown(value: object) -> str:
    """A wrong value as an error repeats it: short, and without characters that a terminal would obey."""
    match value:
        case list():
            return "a list"
        case dict():
            return "an object"
        case str():
            return json.dumps(value[:SHOWN] + ("…" if len(value) > SHOWN else ""), ensure_ascii=not value.isprintable())
        case _:
            return json.dumps(value, default=str)[:SHOWN]


def _unquote(value: object, read: Callable[[str], object]) -> str:
    """A hint for a number or true/false that was sent in quotes."""
    try:
        return f"; write {read(value)!r} without quotes".lower() if isinstance(value, str) else ""
    except (ValueError, KeyError):
        return ""


def _quotes(value: object) -> str:
    return "; put it in quotes" if value.__class__ in (int, float) else ""


def _meant(value: object, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(value[:SHOWN], known, n=1) if isinstance(value, str) else ()
    return f"; did you mean {close[0]}?" if close else ""


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - {"localtime"})


def stamp(moment: datetime) -> str:
    """An instant in the form in which contacts keep it: UTC, whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


# -- One value by itself ------------------------------------------------------------------------


def takes(field: Field, value: Value, vocabulary: Vocabulary) -> bool:
    """Whether a field may have this value: what a payload may not say, nobody may write elsewhere. None may stand."""
    try:
        return value is None or RULES[field.type](field, vocabulary).read(value) is not None
    except (WrongValueError, WrongItemsError):
        return False
