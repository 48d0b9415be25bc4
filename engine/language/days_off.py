"""``holidays:`` as days of the calendar: dates, ranges, days of every year, and those of a country.

The days of a country come from the package ``holidays``, which is loaded when a file names a country and not
before. Which days these are is worked out once, while the file is read: what runs later only looks them up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, timedelta
from functools import cache
from importlib.util import find_spec
from typing import Any

from engine.language.durations import parse_date
from engine.language.flaws import Flaw
from engine.language.spelling import closest

YEARS = range(2000, 2101)
"""A wait that ends in another year knows no holidays."""

_MOST_DAYS = 366
_LETTERS = 2
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_RANGE = re.compile(r"(\S+)\s+to\s+(\S+)")
_YEARLY = re.compile(r"(\d{1,2})\s+([^\W\d_]+)", re.ASCII)
_FOREIGN = re.compile(
    r"""(?P<month>[a-z]+)\.? \s+ (?P<day>\d{1,2})(?:st|nd|rd|th)?
      | (?P<one>\d{1,2})(?:st|nd|rd|th|\.)? \s+ (?P<name>[a-z]+)\.?""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?", re.ASCII)
_FORMS = 'write "2025-12-25", "2025-12-24 to 2026-01-01", or for every year "25 December"'


def holidays_of(written: Any) -> frozenset[date]:
    """The days that ``holidays:`` says; what is wrong in it is left out."""
    if isinstance(written, str):
        return of_country(*split(written))
    if isinstance(written, list):
        return _days(written)
    if not isinstance(written, Mapping):
        return frozenset()
    code = (written.get("country"), written.get("region", ""))
    of = of_country(*code) if all(isinstance(part, str) for part in code) else frozenset[date]()
    return (of | _days(written.get("also"))) - _days(written.get("not"))


def split(written: str) -> tuple[str, str]:
    """``CA-ON`` as the country and its region."""
    country, _, region = written.strip().partition("-")
    return country, region


def _days(written: Any) -> frozenset[date]:
    texts = [text for text in written if isinstance(text, str)] if isinstance(written, list) else []
    found = [parse_day_off(text) for text in texts]
    return frozenset(day for days in found if not isinstance(days, Flaw) for day in days)


# -- Dates ------------------------------------------------------------------------------------


def parse_day_off(text: str) -> Set[date] | Flaw:
    """The days of one line: a date, a range of dates, or a day of every year."""
    written = text.strip()
    if day := parse_date(written):
        return frozenset({date.fromisoformat(day)})
    if found := _RANGE.fullmatch(written):
        return _range(text, found)
    if (found := _YEARLY.fullmatch(written)) and found[2].capitalize() in _MONTHS:
        return _yearly(text, int(found[1]), found[2].capitalize())
    return _flaw(text, f'"{written}" is not a day', _hint(written))


def _range(text: str, found: re.Match[str]) -> Set[date] | Flaw:
    for one in found.groups():
        if parse_date(one) is None:
            return _flaw(text, f'"{one}" is no day of the calendar', _hint(one), one)
    first, last = (date.fromisoformat(one) for one in found.groups())
    if last < first:
        return _flaw(text, f'"{text.strip()}" ends before it begins', f'write "{_turned(first, last)}"')
    length = (last - first).days + 1
    if length > _MOST_DAYS:
        return _flaw(text, f'"{text.strip()}" is more than a year', "write the days that are holidays")
    return frozenset(first + timedelta(days=ahead) for ahead in range(length))


def _turned(first: date, last: date) -> str:
    """Over the New Year the second date is one of the next year; elsewhere the two were exchanged."""
    if last.year == first.year and last.month < first.month:
        return f"{first} to {last.year + 1}{last:-%m-%d}"
    return f"{last} to {first}"


def _yearly(text: str, day: int, month: str) -> Set[date] | Flaw:
    number = _MONTHS.index(month) + 1
    found = frozenset(_in_years(day, number))
    return found or _flaw(text, f"{month} has no day {day}", _FORMS)


def _in_years(day: int, month: int) -> Iterator[date]:
    for year in YEARS:
        try:
            yield date(year, month, day)
        except ValueError:  # 29 February
            continue


def _hint(written: str) -> str:
    """What to write for ``December 25``, ``25th Dec`` and ``25.12.2025``."""
    if found := _FOREIGN.fullmatch(written):
        name = found["month"] or found["name"]
        month = closest(name, _MONTHS) or next((one for one in _MONTHS if one[:3].casefold() == name.casefold()), None)
        return f'write "{int(found["day"] or found["one"])} {month}"' if month else _FORMS
    found = _DOTTED.fullmatch(written)
    if found is None or not 1 <= int(found[2]) <= len(_MONTHS):
        return _FORMS
    day, number, year = int(found[1]), int(found[2]), found[3]
    return f'write "{year}-{number:02}-{day:02}"' if year else f'write "{day} {_MONTHS[number - 1]}"'


def _flaw(text: str, message: str, hint: str, part: str = "") -> Flaw:
    start = text.index(part or text.strip())
    return Flaw(start=start, end=start + len(part or text.strip()), message=message, hint=hint, rule="holiday")


# -- Countries --------------------------------------------------------------------------------

_NAMES = {
    "uk": "GB",
    "united kingdom": "GB",
    "great britain": "GB",
    "usa": "US",
    "united states": "US",
    "america": "US",
    "canada": "CA",
    "germany": "DE",
    "france": "FR",
    "spain": "ES",
    "italy": "IT",
    "netherlands": "NL",
    "australia": "AU",
    "new zealand": "NZ",
    "ireland": "IE",
    "austria": "AT",
    "switzerland": "CH",
}


def country_trouble(country: str) -> tuple[str, str] | None:
    """What is wrong with a country, and what to write; None where its holidays are known."""
    if find_spec("holidays") is None:
        hint = 'install it with  pip install "busos[holidays]",  or write the dates as a list'
        return "the holidays of countries come with a package that is not installed here", hint
    known = _countries()
    if country in known:
        return None
    code = _NAMES.get(country.strip().casefold(), country.strip().upper())
    hint = "write its two letters, such as CA, GB or DE, and after a hyphen the region, such as CA-ON"
    return f'"{country}" is not the code of a country', f"write  {code}" if code in known else hint


def region_trouble(country: str, region: str) -> tuple[str, str] | None:
    """What is wrong with a region of a country that is known, and what to write."""
    regions = _countries()[country]
    if not region or region in regions:
        return None
    there_are = f"the regions of {country} are {', '.join(regions)}" if regions else f"write {country} alone"
    hint = f"write  {region.upper()}" if region.upper() in regions else there_are
    return f'{country} has no region "{region}"', hint


@cache
def of_country(country: str, region: str = "") -> frozenset[date]:
    """The public holidays of a country, or of one of its regions; none where nobody knows it."""
    if country_trouble(country) or region_trouble(country, region):
        return frozenset()
    from holidays import country_holidays

    return frozenset(country_holidays(country, subdiv=region or None, years=YEARS))


@cache
def _countries() -> Mapping[str, Sequence[str]]:
    """The regions of every country there is, by the two letters of both."""
    from holidays import list_supported_countries

    known = list_supported_countries(include_aliases=False)
    return {code: regions for code, regions in known.items() if len(code) == _LETTERS}
