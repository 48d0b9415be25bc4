"""The next moment at which a wait may end, where an author says between which hours or on which days.

The moment is the earliest one, from a given one on, whose own clock time and own weekday are allowed where the
contact is. So a night from 22:00 to 06:00 on Fridays is the Friday's first six hours and its last two, a clock time
that is skipped opens with the change of the clocks, and an hour that is shown twice is open twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.model import Window
from engine.timing import MIDNIGHT, instant
from engine.workdays import MOST_DAYS_OFF

_SECOND = timedelta(seconds=1)


def forward(at: datetime, window: Window, zone: ZoneInfo, holidays: Set[date]) -> datetime:
    """The first moment from ``at`` on that is inside the window, in UTC."""
    if inside(at, window, zone, holidays):
        return at
    today = at.astimezone(zone).date()
    for ahead in range(MOST_DAYS_OFF):
        day = today + timedelta(days=ahead)
        if _allowed(day, window, holidays):
            openings = (one for one in _openings(day, window, zone) if one > at)
            found = min((one for one in openings if inside(one, window, zone, holidays)), default=None)
            if found is not None:
                return found
    return at  # more than a year of holidays: late is worse than on a day off


def inside(at: datetime, window: Window, zone: ZoneInfo, holidays: Set[date]) -> bool:
    """Whether a wait may end at this moment."""
    local = at.astimezone(zone)
    return _allowed(local.date(), window, holidays) and _open(local.time(), window)


def _allowed(day: date, window: Window, holidays: Set[date]) -> bool:
    return day.weekday() in window.days and (window.holidays or day not in holidays)


def _open(clock: time, window: Window) -> bool:
    opens, closes = window.opens or MIDNIGHT, window.closes or MIDNIGHT
    if opens < closes:
        return opens <= clock < closes
    return clock >= opens or clock < closes


def _openings(day: date, window: Window, zone: ZoneInfo) -> Iterator[datetime]:
    """Every moment of a day at which the window may open, and some at which it does not."""
    for clock in (MIDNIGHT, window.opens or MIDNIGHT):
        for fold in (0, 1):
            yield instant(day, clock.replace(fold=fold), zone)
    yield from _change(day, zone)


def _change(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """The moment of this day at which the clocks change, to the second, if they do."""
    before, after = instant(day, MIDNIGHT, zone) - _SECOND, instant(day + timedelta(days=1), MIDNIGHT, zone)
    shown = before.astimezone(zone).utcoffset()
    if after.astimezone(zone).utcoffset() == shown:
        return
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == shown:
            before = middle
        else:
            after = middle
    yield after.astimezone(UTC)
