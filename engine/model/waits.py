"""Lengths of time, moments, and the gap before a step."""

from __future__ import annotations

from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class ForTrigger:
    """Until this trigger comes for the contact, ``at_most`` so long."""

    trigger: str
    at_most: Duration


@dataclass(frozen=True, slots=True)
class ForCondition:
    """Until this is true of the contact, ``at_most`` so long."""

    condition: Condition
    at_most: Duration


Awaited = ForTrigger | ForCondition
"""What may come at any time, and for which nobody waits for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The clock times and days on which a wait may end, where the contact is.

    ``opens`` counts, ``closes`` does not any more; a window that closes before it opens goes over midnight, and None
    is midnight. ``days`` are weekdays, 0 is Monday; ``holidays`` says whether a holiday counts as the weekday it is.
    ``text`` is what the author wrote.
    """

    text: str = field(compare=False)
    opens: time | None = None
    closes: time | None = None
    days: frozenset[int] = frozenset(range(7))
    holidays: bool = True


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
    """The gap before a step. In testing mode ``testing`` replaces ``until``, or its ``at_most``; no window counts."""

    text: str
    until: Until | Awaited
    testing: Duration
    window: Window | None = None
    if_past: IfPast = IfPast.SKIP
    if_unknown: IfUnknown = IfUnknown.HOLD
    when: Condition | None = None
    line: int = 0

    @property
    def words(self) -> str:
        """The wait and its window in the author's words."""
        return f"{self.text}, {self.window.text}" if self.window else self.text
