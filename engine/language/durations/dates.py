"""Days and instants, from the ways they are written to the one way they are stored."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from engine.model import FieldType
from engine.timing import instant, stored_form, stored_moment

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(
    r"""(?P<day>\d{4}-\d\d-\d\d) [Tt\ ]
        (?P<hour>\d{1,2}) : (?P<minute>\d\d) (?: :(?P<second>\d\d) (?:[.,]\d+)? )?
        \s? (?P<offset> [Zz] | [+-]\d\d(?::?\d\d)? )?""",
    re.ASCII | re.VERBOSE,
)


def parse_date(text: str) -> str | None:
    """A day of the calendar, ``2025-11-12``; None when the text is none."""
    day = text.strip()
    return day if _DAY.fullmatch(day) and stored_moment(day) else None


def parse_datetime(text: str, zone: ZoneInfo) -> str | None:
    """An ISO date and time as it is stored, ``2025-11-12T15:00:00Z``; None when the text is none.

    Without an offset it is what the clocks of ``zone`` show. Fractions of a second are cut off.
    """
    found = _DATETIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        told = _instant(found, zone)
    except (ValueError, OverflowError):  # 2025-02-30, 25:00, an hour before the year 1
        return None
    stored = stored_form(told, FieldType.DATETIME, zone)
    return stored if stored_moment(stored) else None


def _instant(found: re.Match[str], zone: ZoneInfo) -> datetime:
    day = date.fromisoformat(found["day"])
    clock = time(int(found["hour"]), int(found["minute"]), int(found["second"] or 0))
    if found["offset"] is None:
        return instant(day, clock, zone)
    shift = datetime.fromisoformat(f"{day}T{clock}{found['offset'].upper()}")
    return shift.astimezone(UTC)
