"""Business days: Monday to Friday, but for the holidays of the file."""

from __future__ import annotations

from collections.abc import Set
from datetime import date, timedelta

_SATURDAY = 5
_DAY = timedelta(days=1)

MOST_DAYS_OFF = 400
"""Nobody has so many days off in a row: a list of holidays that says so must not make us search for ever."""


def is_business_day(day: date, holidays: Set[date]) -> bool:
    """Whether people work on this day."""
    return day.weekday() < _SATURDAY and day not in holidays


def moved(day: date, count: int, holidays: Set[date]) -> date:
    """The business day so many business days after ``day``, or before it where ``count`` is negative.

    ``day`` itself is never counted: one business day after a Friday, a Saturday or a Sunday is the Monday.
    """
    step = _DAY if count > 0 else -_DAY
    for _ in range(abs(count)):
        day = _beside(day, step, holidays)
    return day


def _beside(day: date, step: timedelta, holidays: Set[date]) -> date:
    for _ in range(MOST_DAYS_OFF):
        day += step
        if is_business_day(day, holidays):
            break
    return day
