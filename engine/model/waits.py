"""Lengths of time, moments, and the gap before a step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from engine.model.conditions import Condition
from engine.model.durations import Duration


@dataclass(frozen=True, slots=True)
class After:
    """A gap that lasts a duration: ``24 hours``."""

    duration: Duration


@dataclass(frozen=True, slots=True)
class OnWeekday:
    """Until the next such weekday (0 is Monday), at a clock time or at 00:00."""

    weekday: int
    at: time | None = None


@dataclass(frozen=True, slots=True)
class AtClock:
    """Until the next time that the clock shows this."""

    at: time


@dataclass(frozen=True, slots=True)
class OnDate:
    """Until a calendar date, at a clock time or at 00:00."""

    day: date
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """Until a moment told by a date or datetime field, or a duration before or after it."""

    field: str
    offset: Duration | None = None
    before: bool = False


Until = After | OnWeekday | AtClock | OnDate | Around


class IfPast(StrEnum):
    """What to do when the moment waited for has gone by before the wait began."""

    SKIP = "skip next email"
    GO_ON = "go_on"
    STOP = "stop"


class IfUnknown(StrEnum):
    """What to do when the field that tells the moment has no value."""

    HOLD = "hold"
    GO_ON = "go_on"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The gap before a step. In testing mode ``testing`` replaces ``until``."""

    text: str
    until: Until
    testing: Duration
    if_past: IfPast = IfPast.SKIP
    if_unknown: IfUnknown = IfUnknown.HOLD
    when: Condition | None = None
    line: int = 0
