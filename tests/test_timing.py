"""Durations and waits across time zones and daylight-saving changes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import After, Around, AtClock, Duration, FieldType, OnDate, OnWeekday
from engine.timing import add, day_of, instant, instant_of, moment, stored_form, stored_moment, subtract

TORONTO = ZoneInfo("America/Toronto")
DAY = Duration(text="1 day", days=1)
HOURS = Duration(text="24 hours", seconds=86_400)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def local(text: str, zone: ZoneInfo = TORONTO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def nothing(name: str) -> None:
    return None


@pytest.mark.parametrize(
    ("start", "after_a_day", "after_24_hours"),
    [
        ("2025-03-08 10:00", "2025-03-09 10:00", "2025-03-09 11:00"),  # the clocks go forward
        ("2025-11-01 10:00", "2025-11-02 10:00", "2025-11-02 09:00"),  # and back
        ("2025-06-01 10:00", "2025-06-02 10:00", "2025-06-02 10:00"),
    ],
)
def test_a_day_keeps_the_clock_time_and_24_hours_do_not(start: str, after_a_day: str, after_24_hours: str) -> None:
    assert add(local(start), DAY, TORONTO) == local(after_a_day)
    assert add(local(start), HOURS, TORONTO) == local(after_24_hours)
    assert subtract(local(after_a_day), DAY, TORONTO) == local(start)
    assert subtract(local(after_24_hours), HOURS, TORONTO) == local(start)


def test_a_clock_time_that_is_skipped_moves_on_by_the_hour_that_is_missing() -> None:
    assert add(local("2025-03-08 02:30"), DAY, TORONTO) == utc("2025-03-09T07:30Z") == local("2025-03-09 03:30")


def test_of_a_clock_time_that_is_shown_twice_the_first_is_meant() -> None:
    assert add(local("2025-11-01 01:30"), DAY, TORONTO) == utc("2025-11-02T05:30Z")


def test_a_start_in_the_second_showing_does_not_stay_in_second_showings() -> None:
    start = utc("2025-11-02T06:30Z")
    assert start.astimezone(TORONTO).fold == 1
    assert add(start, Duration(text="364 days", days=364), TORONTO) == utc("2026-11-01T05:30Z")


def test_days_go_first_and_seconds_after() -> None:
    mixed = Duration(text="1 day 6 hours", days=1, seconds=6 * 3600)
    assert add(local("2025-03-08 00:00"), mixed, TORONTO) == local("2025-03-09 07:00")
    assert subtract(local("2025-03-10 00:00"), mixed, TORONTO) == local("2025-03-08 18:00")


@pytest.mark.parametrize("name", sorted(available_timezones()))
def test_in_every_zone_a_day_keeps_the_clock_time_all_year(name: str) -> None:
    zone = ZoneInfo(name)
    for day in range(0, 366, 7):
        start = (datetime(2025, 1, 1, 12, 0, tzinfo=zone) + timedelta(days=day)).astimezone(UTC)
        ahead = add(start, DAY, zone)
        assert ahead.astimezone(zone).time() == time(12, 0)
        assert timedelta(hours=22) <= ahead - start <= timedelta(hours=26)
        assert add(start, HOURS, zone) - start == timedelta(hours=24)
        assert ahead.tzinfo is UTC


@given(
    st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 800),
    st.integers(0, 10**6),
    st.sampled_from(["America/Toronto", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_time_added_never_goes_backwards(start: datetime, days: int, seconds: int, name: str) -> None:
    zone = ZoneInfo(name)
    duration = Duration(text="", days=days, seconds=seconds)
    assert add(start, duration, zone) >= start
    assert subtract(start, duration, zone) <= start


# 2025-11-12 is a Wednesday.
@pytest.mark.parametrize(
    ("until", "since", "expected"),
    [
        (After(HOURS), "2025-11-12 10:00", "2025-11-13 10:00"),
        (OnWeekday(1, time(9)), "2025-11-12 10:00", "2025-11-18 09:00"),
        (OnWeekday(2, time(11)), "2025-11-12 10:00", "2025-11-12 11:00"),
        (OnWeekday(2, time(10)), "2025-11-12 10:00", "2025-11-19 10:00"),
        (OnWeekday(2), "2025-11-12 00:00", "2025-11-19 00:00"),
        (OnWeekday(6), "2025-11-12 23:59", "2025-11-16 00:00"),
        (AtClock(time(9)), "2025-11-12 10:00", "2025-11-13 09:00"),
        (AtClock(time(10)), "2025-11-12 10:00", "2025-11-13 10:00"),
        (AtClock(time(11)), "2025-11-12 10:00", "2025-11-12 11:00"),
        (AtClock(time(2, 30)), "2025-03-08 12:00", "2025-03-09 03:30"),
        (OnDate(date(2025, 11, 20)), "2025-11-12 10:00", "2025-11-20 00:00"),
        (OnDate(date(2020, 1, 1), time(8)), "2025-11-12 10:00", "2020-01-01 08:00"),
    ],
)
def test_a_wait_is_for_the_next_such_moment(until: object, since: str, expected: str) -> None:
    assert moment(until, local(since), nothing, TORONTO) == local(expected)  # type: ignore[arg-type]


def test_the_weekday_is_the_one_where_the_contact_is() -> None:
    since = utc("2025-11-12T02:00Z")  # still Tuesday in Toronto, Wednesday in Tokyo
    assert moment(OnWeekday(1, time(23)), since, nothing, TORONTO) == local("2025-11-11 23:00")
    tokyo = ZoneInfo("Asia/Tokyo")
    assert moment(OnWeekday(1, time(23)), since, nothing, tokyo) == local("2025-11-18 23:00", tokyo)


@given(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.one_of(st.builds(AtClock, st.times()), st.builds(OnWeekday, st.integers(0, 6), st.none() | st.times())),
)
def test_weekdays_and_clock_times_lie_strictly_ahead_and_no_further_than_they_must(
    since: datetime, until: OnWeekday | AtClock
) -> None:
    found = moment(until, since, nothing, TORONTO)
    longest = timedelta(days=7 if isinstance(until, OnWeekday) else 1, hours=1)
    assert found is not None
    assert timedelta(0) < found - since <= longest


@pytest.mark.parametrize(
    ("until", "value", "expected"),
    [
        (Around("at", HOURS, True), "2025-11-12T15:00:00Z", utc("2025-11-11T15:00Z")),
        (Around("at", DAY, False), "2025-11-01T14:00:00Z", utc("2025-11-02T15:00Z")),
        (Around("at"), "2025-11-12T15:00:00Z", utc("2025-11-12T15:00Z")),
        (Around("at"), "2025-11-12T10:00:00-05:00", utc("2025-11-12T15:00Z")),
        (Around("at", HOURS, True), "2025-11-12", local("2025-11-11 00:00")),
        (Around("at"), None, None),
        (Around("at"), "soon", None),
        (Around("at"), 17, None),
        (Around("at"), "2025-11-12T15:00:00", None),  # which instant this is depends on a zone nobody named
        (Around("at", DAY), "9999-12-31", None),
        (Around("at", DAY, True), "0001-01-01", None),
    ],
)
def test_a_wait_around_a_field(until: Around, value: object, expected: datetime | None) -> None:
    assert moment(until, local("2025-11-12 10:00"), {"at": value}.get, TORONTO) == expected  # type: ignore[arg-type]


def test_a_stored_text_is_a_day_or_an_instant_by_its_shape() -> None:
    assert stored_moment("2025-11-12") == date(2025, 11, 12)
    assert stored_moment("2025-11-12T15:00:00Z") == datetime(2025, 11, 12, 15, tzinfo=UTC)


@given(st.text() | st.integers() | st.booleans() | st.lists(st.text()) | st.none() | st.floats())
def test_no_stored_value_is_too_odd_to_be_looked_at(value: object) -> None:
    found = stored_moment(value)  # type: ignore[arg-type]
    assert found is None or isinstance(found, date)


def test_a_late_evening_is_a_day_of_its_own_zone() -> None:
    late = utc("2025-11-13T03:00Z")
    assert day_of(late, TORONTO) == date(2025, 11, 12)
    assert day_of(date(2025, 11, 12), TORONTO) == date(2025, 11, 12)
    assert stored_form(late, FieldType.DATE, TORONTO) == "2025-11-12"
    assert stored_form(date(2025, 11, 12), FieldType.DATETIME, TORONTO) == "2025-11-12T05:00:00Z"
    assert instant_of(date(2025, 11, 12), TORONTO) == instant(date(2025, 11, 12), time(0), TORONTO)


def test_stored_instants_are_cut_to_whole_seconds() -> None:
    at = datetime(2025, 11, 12, 15, 0, 1, 999_999, tzinfo=UTC)
    assert stored_form(at, FieldType.DATETIME, TORONTO) == "2025-11-12T15:00:01Z"
