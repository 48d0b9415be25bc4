"""Business days: which they are, and what so many of them after a day are."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import Around, Duration
from engine.timing import add, moment, subtract
from engine.workdays import MOST_DAYS_OFF, is_business_day, moved

TORONTO, SYDNEY, TOKYO = ZoneInfo("America/Toronto"), ZoneInfo("Australia/Sydney"), ZoneInfo("Asia/Tokyo")
CHRISTMAS = frozenset({date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1)})


def business(days: int, seconds: int = 0) -> Duration:
    return Duration(text=f"{days} business days", business_days=days, seconds=seconds)


def local(text: str, zone: ZoneInfo = TORONTO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


# 2025-11-14 is a Friday, 2025-12-24 a Wednesday.
@pytest.mark.parametrize(
    ("start", "days", "after", "before"),
    [
        ("2025-11-12 10:00", 1, "2025-11-13 10:00", "2025-11-11 10:00"),  # a Wednesday
        ("2025-11-14 10:00", 1, "2025-11-17 10:00", "2025-11-13 10:00"),  # a Friday
        ("2025-11-15 10:00", 1, "2025-11-17 10:00", "2025-11-14 10:00"),  # a Saturday: the next is Monday
        ("2025-11-16 23:59", 1, "2025-11-17 23:59", "2025-11-14 23:59"),  # a Sunday: the next is Monday, too
        ("2025-11-17 00:00", 1, "2025-11-18 00:00", "2025-11-14 00:00"),  # a Monday: before it was Friday
        ("2025-11-14 10:00", 5, "2025-11-21 10:00", "2025-11-07 10:00"),
        ("2025-11-15 10:00", 5, "2025-11-21 10:00", "2025-11-10 10:00"),
        ("2025-12-24 10:00", 1, "2025-12-29 10:00", "2025-12-23 10:00"),  # two holidays and a weekend
        ("2025-12-25 10:00", 1, "2025-12-29 10:00", "2025-12-24 10:00"),  # a holiday is no day to count from
        ("2025-12-31 10:00", 1, "2026-01-02 10:00", "2025-12-30 10:00"),
        ("2025-12-29 10:00", 3, "2026-01-02 10:00", "2025-12-22 10:00"),
    ],
)
def test_weekends_and_holidays_are_skipped_and_the_clock_time_is_kept(
    start: str, days: int, after: str, before: str
) -> None:
    assert add(local(start), business(days), TORONTO, CHRISTMAS) == local(after)
    assert subtract(local(start), business(days), TORONTO, CHRISTMAS) == local(before)


@pytest.mark.parametrize(
    ("zone", "start", "after"),
    [
        (TORONTO, "2025-03-07 10:00", "2025-03-10 10:00"),  # forward, in the north
        (TORONTO, "2025-10-31 10:00", "2025-11-03 10:00"),  # and back
        (SYDNEY, "2025-10-03 10:00", "2025-10-06 10:00"),  # forward, in the south
        (SYDNEY, "2025-04-04 10:00", "2025-04-07 10:00"),  # and back
    ],
)
def test_the_clock_time_is_kept_over_a_change_of_the_clocks(zone: ZoneInfo, start: str, after: str) -> None:
    assert add(local(start, zone), business(1), zone) == local(after, zone)
    assert subtract(local(after, zone), business(1), zone) == local(start, zone)


def test_the_weekend_is_where_the_contact_is() -> None:
    friday_night = local("2025-11-14 20:00")  # Saturday morning in Tokyo

    assert add(friday_night, business(1), TORONTO) == local("2025-11-17 20:00")
    assert add(friday_night, business(1), TOKYO) == local("2025-11-17 10:00", TOKYO)


def test_days_come_first_then_business_days_then_hours() -> None:
    mixed = Duration(text="2 days 1 business day 6 hours", days=2, business_days=1, seconds=6 * 3600)

    assert add(local("2025-11-13 20:00"), mixed, TORONTO) == local("2025-11-18 02:00")


def test_before_an_appointment() -> None:
    until = Around("at", business(1), before=True)
    found = moment(until, local("2025-11-01 10:00"), {"at": "2025-12-29"}.get, TORONTO, CHRISTMAS)

    assert found == local("2025-12-24 00:00")


def test_a_list_of_holidays_without_an_end_does_not_keep_us_searching() -> None:
    always = frozenset(date(2025, 1, 1) + timedelta(days=day) for day in range(3000))

    assert moved(date(2025, 1, 1), 1, always) == date(2025, 1, 1) + timedelta(days=MOST_DAYS_OFF)


# -- Against a model that looks at every day ---------------------------------------------------

DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
OFF = st.frozensets(st.dates(date(2025, 1, 1), date(2025, 3, 31)), max_size=40)


def slowly(day: date, count: int, holidays: Set[date]) -> date:
    """The number of business days in (day, found] is the count, and found is one of them."""
    step = timedelta(days=1 if count > 0 else -1)
    left = abs(count)
    while left:
        day += step
        left -= day.strftime("%a") not in ("Sat", "Sun") and day not in holidays
    return day


@given(DAYS | st.dates(date(2024, 12, 1), date(2025, 4, 30)), st.integers(-60, 60), OFF)
def test_so_many_business_days_away(day: date, count: int, holidays: Set[date]) -> None:
    found = moved(day, count, holidays)

    assert found == slowly(day, count, holidays)
    assert not count or is_business_day(found, holidays)


@given(DAYS, DAYS, st.integers(1, 30), OFF)
def test_a_later_day_and_a_greater_count_never_end_earlier(one: date, other: date, count: int, off: Set[date]) -> None:
    first, last = sorted((one, other))

    assert moved(first, count, off) <= moved(last, count, off)
    assert moved(first, count, off) < moved(first, count + 1, off)
    assert moved(first, -count, off) < first < moved(first, count, off)


@given(
    st.datetimes(datetime(2024, 12, 1), datetime(2025, 4, 30), timezones=st.just(UTC)),
    st.integers(1, 30),
    OFF,
    st.sampled_from(["America/Toronto", "Australia/Sydney", "Asia/Kathmandu", "America/Santiago", "Europe/London"]),
)
def test_the_clock_shows_the_same_on_a_business_day(at: datetime, days: int, off: Set[date], name: str) -> None:
    zone = ZoneInfo(name)
    found = add(at, business(days), zone, off).astimezone(zone)

    assert found > at
    assert is_business_day(found.date(), off)
    clock = at.astimezone(zone).time()
    assert found.time() == clock or time(0) <= clock < time(4)  # which some zones skip on one night
