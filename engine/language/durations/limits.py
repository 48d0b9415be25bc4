"""How many emails somebody gets: ``3 per week``."""

from __future__ import annotations

import re

from engine.language.durations.amounts import parse_duration
from engine.language.flaws import Flaw
from engine.model import Duration, Limit

_STRICT = re.compile(r"([1-9]\d{0,3})\s+per\s+(.+)", re.ASCII | re.IGNORECASE)
_ONE = re.compile(r"(?:hour|day|week)", re.IGNORECASE)
_MONTHS = re.compile(r"\bmonths?\b", re.IGNORECASE)
_LOOSE = re.compile(
    r"(?P<most>\d+|once|one|twice|two|three)?\s*(?:emails?)?\s*(?:times?)?\s*(?:/|an?|every|each|in|per)?\s*"
    r"(?P<unit>hour|day|daily|week|weekly)s?",
    re.ASCII | re.IGNORECASE,
)
_NUMBERS = {"once": "1", "one": "1", "twice": "2", "two": "2", "three": "3"}
_UNITS = {"daily": "day", "weekly": "week"}
_EXAMPLE = 'write it like "1 per day" or "3 per week"'


def parse_limit(text: str) -> Limit | Flaw:
    """A number of emails and a length of time, which is that long wherever one looks: a rolling week, no calendar's."""
    written = " ".join(text.split())
    found = _STRICT.fullmatch(written)
    if found is None:
        return _flaw(text, f'"{written}" does not say how many emails somebody gets', _meant(written))
    length = parse_duration(f"1 {found[2]}" if _ONE.fullmatch(found[2]) else found[2])
    if not isinstance(length, Duration) or length.business_days or not (length.days or length.seconds):
        months = _MONTHS.search(found[2])
        hint = f'months differ: write "{found[1]} per 30 days"' if months else _EXAMPLE
        return _flaw(text, f'emails cannot be counted per "{found[2]}"', hint)
    return Limit(most=int(found[1]), within=length, text=written)


def _meant(written: str) -> str:
    found = _LOOSE.fullmatch(written)
    if found is None or found["most"] == "0":
        return _EXAMPLE
    most, unit = (found["most"] or "1").casefold(), found["unit"].casefold()
    return f'write "{_NUMBERS.get(most, most)} per {_UNITS.get(unit, unit)}"'


def _flaw(text: str, message: str, hint: str) -> Flaw:
    return Flaw(start=0, end=len(text), message=message, hint=hint, rule="email-limit")
