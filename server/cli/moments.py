"""Moments from the shell: ``2025-11-12 10:00`` in the zone of the file, or ``+3 days`` after a beginning."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import click

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXAMPLE = 'write it like "2025-11-12 10:00"'


def moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The instant in UTC that a text means: a date with or without a clock time, or ``now``."""
    if text.strip().lower() == "now":
        return now
    written = text.strip().replace(" ", "T", 1)
    if not _DATE.match(written):
        raise click.UsageError(f'"{text}" is not a date and time; {_EXAMPLE}')
    try:
        return _instant(written, zone)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f'"{text}" is not a date and time ({error}); {_EXAMPLE}') from None


def after(text: str, start: datetime, zone: ZoneInfo) -> datetime:
    """An instant, told by itself or as ``+3 days`` after ``start``."""
    from engine.language.durations import parse_duration
    from engine.model import Duration
    from engine.timing import add

    if not text.startswith("+"):
        return moment(text, zone, start)
    length = parse_duration(text[1:].strip())
    if isinstance(length, Duration):
        return add(start, length, zone)
    hint = f": {length.hint}" if length.hint else ""
    raise click.UsageError(f"{length.message}{hint}")


def _instant(written: str, zone: ZoneInfo) -> datetime:
    from engine.timing import FIRST_YEAR, LAST_YEAR, instant

    found = datetime.fromisoformat(written)
    if not FIRST_YEAR <= found.year < LAST_YEAR:
        raise ValueError("that year is a typing error")
    return (
        found.astimezone(UTC)
        if found.tzinfo
        else instant(date(found.year, found.month, found.day), _clock(found), zone)
    )


def _clock(found: datetime) -> time:
    return time(found.hour, found.minute, found.second)
