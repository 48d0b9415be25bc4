"""When a wait may end: ``between: "09:00-17:00"`` and ``only_on: weekdays``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time

from engine.language.durations.clocks import CLOCK, clock_of, of_twelve, of_words
from engine.language.flaws import Flaw
from engine.language.spelling import closest
from engine.model import Window

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DAYS = {"weekdays": frozenset(range(5)), "weekends": frozenset({5, 6})}
_ALSO = {
    **dict.fromkeys(("weekday", "workdays", "working days", "business days", "business day", "work days"), "weekdays"),
    **dict.fromkeys(("weekend", "the weekend"), "weekends"),
}
_ENDS = re.compile(r"\s*(?:[-–—‒−‐]|\bto\b|\band\b|\buntil\b|\btill\b)\s*", re.IGNORECASE)
_STRICT = re.compile(r"(\d{1,2}:\d\d) ?- ?(\d{1,2}:\d\d)", re.ASCII)
_LEAD = re.compile(r"^(?:between|from)\s+", re.IGNORECASE)
_HALF = re.compile(r"(\d{1,2})(?::\d\d)?\s*([ap])\.?m\.?", re.ASCII | re.IGNORECASE)
_TWO = 2
_EXAMPLE = 'write it like "09:00-17:00"'

Clocks = tuple[time, time]


def parse_between(text: str) -> Clocks | Flaw:
    """When a window opens and closes, ``09:00-17:00``; over midnight where it closes before it opens."""
    written = text.strip()
    found = _STRICT.fullmatch(written)
    clocks = [clock_of(part) for part in found.groups()] if found else []
    opens, closes = clocks or (None, None)
    if opens is None or closes is None:
        return _explain(text, written)
    if opens == closes:
        return _between_flaw(text, f'"{written}" closes when it opens', "leave it out if any time will do")
    return opens, closes


def hours_of(clocks: Clocks) -> float:
    """How long a window is open."""
    opens, closes = (clock.hour * 60 + clock.minute for clock in clocks)
    return ((closes - opens) % 1440) / 60


def shown(clocks: Clocks) -> str:
    """As it is written."""
    return "-".join(clock.strftime("%H:%M") for clock in clocks)


def parse_days(written: str | Sequence[str]) -> frozenset[int] | tuple[tuple[str, str], ...]:
    """The weekdays that may be, 0 is Monday; else each word that is none, with what to write instead."""
    if isinstance(written, str) and written.strip().casefold() in _DAYS:
        return _DAYS[written.strip().casefold()]
    words = [written] if isinstance(written, str) else list(written)
    numbers = {name.casefold(): number for number, name in enumerate(WEEKDAYS)}
    wrong = tuple((word, _hint(word, one=len(words) == 1)) for word in words if word.strip().casefold() not in numbers)
    return wrong or frozenset(numbers[word.strip().casefold()] for word in words)


def parse_window(between: str | None, only_on: str | Sequence[str] | None) -> Window | None:
    """When a wait may end, of two texts that were checked; None where it may at any time."""
    if between is None and only_on is None:
        return None
    clocks = parse_between(between) if between else None
    days = parse_days(only_on) if only_on else None
    opens, closes = (None, None) if clocks is None or isinstance(clocks, Flaw) else clocks
    told = [f"between {shown((opens, closes))}" if opens and closes else "", _told(only_on)]
    return Window(
        text=", ".join(part for part in told if part),
        opens=opens,
        closes=closes,
        days=days if isinstance(days, frozenset) else frozenset(range(7)),
        holidays=not (isinstance(only_on, str) and only_on.strip().casefold() == "weekdays"),
    )


def _told(only_on: str | Sequence[str] | None) -> str:
    words = [only_on] if isinstance(only_on, str) else list(only_on or ())
    return f"only on {', '.join(words)}" if words else ""


def _between_flaw(text: str, message: str, hint: str, part: str = "") -> Flaw:
    start = text.index(part or text.strip())
    return Flaw(start=start, end=start + len(part or text.strip()), message=message, hint=hint, rule="window")


def _explain(text: str, written: str) -> Flaw:
    """What is wrong with a window, and the window that was meant."""
    parts = [part for part in _ENDS.split(_LEAD.sub("", written)) if part]
    if wrong := next((part for part in parts if CLOCK.fullmatch(part) and clock_of(part) is None), None):
        midnight = "midnight is 00:00" if wrong == "24:00" else _EXAMPLE
        return _between_flaw(text, f'"{wrong}" is not a time of the day', midnight, wrong)
    meant = [_clock(part) for part in _halved(parts)]
    known = [clock for clock in meant if clock]
    hint = f'write "{"-".join(known)}"' if len(known) == len(meant) == _TWO else _EXAMPLE
    return _between_flaw(text, f'"{written}" does not say between which times of the day', hint)


def _halved(parts: list[str]) -> list[str]:
    """Of ``2-5 pm`` both are in the afternoon, of ``9-5 pm`` only the second."""
    half = _HALF.fullmatch(parts[-1]) if len(parts) == _TWO else None
    if half and parts[0].isdigit() and int(parts[0]) < int(half[1]):
        return [f"{parts[0]} {half[2]}m", parts[1]]
    return parts


def _clock(written: str) -> str | None:
    """A time of the day as it is written here: of ``9 am``, ``9.30`` and a bare ``9``."""
    bare = f"{written}:00" if re.fullmatch(r"\d{1,2}", written, re.ASCII) else written
    clock = clock_of(bare)
    return clock.strftime("%H:%M") if clock else of_twelve(written) or of_words(bare)


def _hint(word: str, *, one: bool) -> str:
    folded = word.strip().casefold()
    if folded in _ALSO or folded in _DAYS:
        return f"write  only_on: {_ALSO.get(folded, folded)}" if one else "name each of the days"
    if one and len(parts := [part for part in re.split(r"\s*(?:,|\band\b|&)\s*", word.strip()) if part]) > 1:
        return f"write a list:  only_on: [{', '.join(closest(part, WEEKDAYS) or part for part in parts)}]"
    near = closest(folded, (*WEEKDAYS, *_DAYS)) or next((day for day in WEEKDAYS if day[:3].casefold() == folded), None)
    return f'did you mean "{near}"?' if near else f"write weekdays, weekends, or days: [{', '.join(WEEKDAYS[:2])}]"
