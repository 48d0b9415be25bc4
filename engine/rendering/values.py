"""How values are told to people: unknown ones, yes and no, lists, dates, numbers, links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from engine.errors import Unrenderable

ZONE = "timezone_"
DATE_FORMATS = ("long", "short", "weekday", "time")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LINK = re.compile(r"(?:https?://|mailto:|tel:)[^\s]+", re.IGNORECASE)
_BRACES = re.compile(r"\{(?=[{%#])|\}(?=\})")


class Unshowable(Unrenderable):
    """A known value cannot be told in the way the template asks for."""


class Unknown:
    """A value that nobody knows: false where it is tested, noted in ``asked`` where it is needed."""

    __slots__ = ("asked", "name")

    def __init__(self, name: str, asked: dict[str, None]) -> None:
        self.name = name
        self.asked = asked

    def __bool__(self) -> bool:
        return False

    def ask(self, _other: object = None) -> bool:
        """Note that the value was needed; no comparison with it is true."""
        self.asked[self.name] = None
        return False

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = ask
    __hash__ = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[str]:
        self.ask()
        return iter(())


def usable(value: object) -> object:
    """The value as templates see it: None for nothing and for blank text; lists without blank items."""
    match value:
        case str():
            return value if value.strip() else None
        case list():
            return [item for item in value if item.strip()]
        case _:
            return value


def told(value: object) -> str:
    """A value in words: yes and no, lists with commas, whole floats without ``.0``."""
    match value:
        case str():
            return value
        case Unknown():
            value.ask()
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            if not value:
                raise Unshowable("an empty list would be printed as nothing: put it behind an if")
            return ", ".join(value)
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def in_html(value: object) -> str:
    """For HTML, which Jinja escapes: braces as character references, so that no ``{{`` is in what we send."""
    text = told(value)
    if "{" not in text and "}" not in text:
        return text
    return Markup(_BRACES.sub(_reference, escape(text)))  # noqa: S704 - escaped a word before


def _reference(brace: re.Match[str]) -> str:
    return f"&#{ord(brace[0])};"


def in_text(value: object) -> str:
    """For text and subjects: as it is, but doubled braces are parted by an invisible word joiner."""
    text = told(value)
    return _BRACES.sub("\\g<0>\u2060", text) if "{" in text or "}" in text else text


# -- Filters ----------------------------------------------------------------------------------


@pass_context
def told_date(context: Context, value: object, style: str = "long") -> object:
    """``12 November 2025``; short ``12 Nov 2025``, weekday ``Wednesday 12 November``, time ``15:00``.

    A moment is told on the clock of the zone in the value ``timezone_``, else in UTC.
    """
    if isinstance(value, Unknown):
        return value
    when = _moment(value, context.get(ZONE))
    month = _MONTHS[when.month - 1]
    match style:
        case "short":
            return f"{when.day} {month[:3]} {when.year}"
        case "weekday":
            return f"{_DAYS[when.weekday()]} {when.day} {month}"
        case "time":
            return f"{when:%H:%M}"
        case _:
            return f"{when.day} {month} {when.year}"


def _moment(value: object, zone: object) -> datetime:
    try:
        text = str(value)
        if len(text) == len("2025-11-12"):
            return datetime.combine(date.fromisoformat(text), datetime.min.time())
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unshowable(f'"{value}" is not a date, so |date cannot tell it') from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(ZoneInfo(zone) if isinstance(zone, str) else UTC)
    except (KeyError, ValueError, OSError, OverflowError):
        raise Unshowable(f'"{value}" cannot be told in the time zone "{zone}"') from None


def told_number(value: object, places: int | None = None) -> object:
    """``1,234,567``, with so many decimal places when a number is given."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unshowable(f'"{told(value)}" is not a number, so |number cannot tell it')
    return f"{value:,}" if places is None else f"{value:,.{places}f}"


def otherwise(value: object, instead: object) -> object:
    """The value, or what to say while it is unknown."""
    return instead if isinstance(value, Unknown) or value == [] else value


def whole_link(value: object) -> object:
    """A value that is a whole address: only web, mail and phone addresses become links."""
    if isinstance(value, Unknown) or _LINK.fullmatch(str(value)):
        return value
    raise Unshowable(f'"{told(value)}" is not a link (it must begin with https:// or http://)')


def link_part(value: object) -> object:
    """A value inside an address, percent-encoded."""
    return value if isinstance(value, Unknown) else quote(told(value), safe="")


FILTERS: Mapping[str, Callable[..., Any]] = {"date": told_date, "default": otherwise, "number": told_number}
"""The filters that templates may use, by name."""


def known(value: object) -> bool:
    """Whether there is a value."""
    return not isinstance(value, Unknown)


def unknown(value: object) -> bool:
    """Whether there is none."""
    return isinstance(value, Unknown)


TESTS: Mapping[str, Callable[[object], bool]] = {
    "defined": known,
    "known": known,
    "undefined": unknown,
    "unknown": unknown,
}
"""What may follow ``is``."""
