"""When: moving an instant by a duration, and the next moment a wait is for, in a person's time zone.

Instants go in and come out in UTC. A clock time that a zone skips (02:30 on the night the clocks go
forward) is the moment as far after the change as it was meant to be after it: 03:30. One that a zone
shows twice is the first of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from datetime import UTC, date, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from engine import workdays
from engine.model import After, Around, AtClock, Duration, FieldType, OnDate, OnWeekday, Until, Value

# Moments outside these years are typing errors; inside, no arithmetic of ours can overflow.
FIRST_YEAR, LAST_YEAR = 1000, 9000

MIDNIGHT = time(0, 0)
NO_HOLIDAYS: Set[date] = frozenset()
_DATE_LENGTH = len("2025-11-12")


def instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which the clocks of ``zone`` show this."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)


def add(start: datetime, duration: Duration, zone: ZoneInfo, holidays: Set[date] = NO_HOLIDAYS) -> datetime:
    """The instant a duration after ``start``: days keep the clock time in ``zone``, seconds are exact."""
    return _move(start, duration, 1, zone, holidays)


def subtract(start: datetime, duration: Duration, zone: ZoneInfo, holidays: Set[date] = NO_HOLIDAYS) -> datetime:
    """The instant a duration before ``start``: days keep the clock time in ``zone``, seconds are exact."""
    return _move(start, duration, -1, zone, holidays)


def _move(start: datetime, duration: Duration, sign: int, zone: ZoneInfo, holidays: Set[date]) -> datetime:
    found = start.astimezone(UTC)
    if duration.days or duration.business_days:
        local = start.astimezone(zone).replace(fold=0)  # of a repeated hour, the first
        day = local.date() + timedelta(days=sign * duration.days)
        day = workdays.moved(day, sign * duration.business_days, holidays)
        found = instant(day, local.time(), zone)
    return found + timedelta(seconds=sign * duration.seconds)


def stored_moment(value: Value) -> date | datetime | None:
    """The day or the instant that a stored value tells; None when it tells neither."""
    if not isinstance(value, str):
        return None
    try:
        found = date.fromisoformat(value) if len(value) == _DATE_LENGTH else datetime.fromisoformat(value)
    except ValueError:
        return None
    if isinstance(found, datetime) and found.tzinfo is None:
        return None  # nobody can say which instant this is
    return found if FIRST_YEAR <= found.year < LAST_YEAR else None


def stored_form(told: date, kind: FieldType, zone: ZoneInfo) -> str:
    """A day or an instant as a field of this type stores it, in UTC and whole seconds."""
    if kind is FieldType.DATE:
        return day_of(told, zone).isoformat()
    return instant_of(told, zone).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def day_of(told: date, zone: ZoneInfo) -> date:
    """The day that an instant falls on in ``zone``; a day as it is."""
    return told.astimezone(zone).date() if isinstance(told, datetime) else told


def instant_of(told: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, that is told; of a day, its beginning in ``zone``."""
    return told.astimezone(UTC) if isinstance(told, datetime) else instant(told, MIDNIGHT, zone)


def moment(
    until: Until,
    since: datetime,
    look: Callable[[str], Value],
    zone: ZoneInfo,
    holidays: Set[date] = NO_HOLIDAYS,
) -> datetime | None:
    """The instant a wait that began at ``since`` is for; None while the field that tells it is unknown.

    Weekdays and clock times mean the next such moment strictly after ``since``. A date, and a moment
    around a field, may lie before it.
    """
    match until:
        case After(duration):
            return add(since, duration, zone, holidays)
        case OnWeekday(weekday, at):
            ahead = (weekday - since.astimezone(zone).weekday()) % 7
            return _next(since, ahead, 7, at or MIDNIGHT, zone)
        case AtClock(at):
            return _next(since, 0, 1, at, zone)
        case OnDate(day, at):
            return instant(day, at or MIDNIGHT, zone)
        case Around():
            return _around(until, look(until.field), zone, holidays)
        case _:
            assert_never(until)


def _next(since: datetime, ahead: int, every: int, at: time, zone: ZoneInfo) -> datetime:
    day = since.astimezone(zone).date() + timedelta(days=ahead)
    found = instant(day, at, zone)
    return found if found > since else instant(day + timedelta(days=every), at, zone)


def _around(until: Around, value: Value, zone: ZoneInfo, holidays: Set[date]) -> datetime | None:
    told = stored_moment(value)
    if told is None:
        return None
    centre = instant_of(told, zone)
    if until.offset is None:
        return centre
    return (subtract if until.before else add)(centre, until.offset, zone, holidays)
