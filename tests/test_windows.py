"""When a wait may end: hours and days, where the contact is, over the changes of the clocks."""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import Window
from engine.windows import forward, inside

TORONTO, SYDNEY, BEIRUT = ZoneInfo("America/Toronto"), ZoneInfo("Australia/Sydney"), ZoneInfo("Asia/Beirut")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
OFFICE = Window(text="", opens=time(9), closes=time(17))
NIGHT = Window(text="", opens=time(22), closes=time(6))
WEEKDAYS = Window(text="", days=frozenset(range(5)), holidays=False)
WEEKENDS = Window(text="", days=frozenset({5, 6}))
WORK = Window(text="", opens=time(9), closes=time(17), days=frozenset(range(5)), holidays=False)
MONDAYS = Window(text="", days=frozenset({0}))
NONE: Set[date] = frozenset()
CHRISTMAS = frozenset({date(2025, 12, 25), date(2025, 12, 26)})


def local(text: str, zone: ZoneInfo = TORONTO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


# 2025-11-12 is a Wednesday, 2025-12-25 a Thursday.
@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        (OFFICE, "2025-11-12 08:59", "2025-11-12 09:00"),
        (OFFICE, "2025-11-12 09:00", "2025-11-12 09:00"),
        (OFFICE, "2025-11-12 16:59:59", "2025-11-12 16:59:59"),
        (OFFICE, "2025-11-12 17:00", "2025-11-13 09:00"),
        (OFFICE, "2025-11-15 12:00", "2025-11-15 12:00"),
        (NIGHT, "2025-11-12 05:59", "2025-11-12 05:59"),
        (NIGHT, "2025-11-12 06:00", "2025-11-12 22:00"),
        (NIGHT, "2025-11-12 23:00", "2025-11-12 23:00"),
        (WEEKDAYS, "2025-11-14 23:59", "2025-11-14 23:59"),
        (WEEKDAYS, "2025-11-15 00:00", "2025-11-17 00:00"),
        (WEEKDAYS, "2025-12-25 10:00", "2025-12-29 00:00"),  # two holidays, then a weekend
        (WEEKENDS, "2025-12-25 10:00", "2025-12-27 00:00"),
        (MONDAYS, "2025-11-12 10:00", "2025-11-17 00:00"),
        (WORK, "2025-11-14 17:00", "2025-11-17 09:00"),
        (WORK, "2025-11-15 12:00", "2025-11-17 09:00"),
        (WORK, "2025-12-24 18:00", "2025-12-29 09:00"),
        # the clocks go forward from 02:00 to 03:00 on 2025-03-09
        (Window(text="", opens=time(2, 30), closes=time(4)), "2025-03-09 01:00", "2025-03-09 03:00"),
        (Window(text="", opens=time(2), closes=time(2, 30)), "2025-03-09 01:00", "2025-03-10 02:00"),
        (OFFICE, "2025-03-08 18:00", "2025-03-09 09:00"),
        (OFFICE, "2025-11-01 18:00", "2025-11-02 09:00"),
    ],
)
def test_the_next_moment_that_is_allowed(window: Window, at: str, expected: str) -> None:
    assert forward(local(at), window, TORONTO, CHRISTMAS) == local(expected)


def test_a_day_that_is_named_counts_whether_or_not_it_is_a_holiday() -> None:
    thursdays = Window(text="", days=frozenset({3}))

    assert forward(local("2025-12-24 10:00"), thursdays, TORONTO, CHRISTMAS) == local("2025-12-25 00:00")


def test_in_the_south_the_clocks_change_the_other_way_round() -> None:
    assert forward(local("2025-10-04 18:00", SYDNEY), OFFICE, SYDNEY, NONE) == local("2025-10-05 09:00", SYDNEY)
    assert forward(local("2025-04-05 18:00", SYDNEY), OFFICE, SYDNEY, NONE) == local("2025-04-06 09:00", SYDNEY)


def test_a_day_that_begins_at_one_begins_then() -> None:
    """In Beirut the clocks go from 00:00 to 01:00 on Sunday, 2025-03-30."""
    sundays = Window(text="", days=frozenset({6}))

    assert forward(local("2025-03-28 12:00", BEIRUT), sundays, BEIRUT, NONE) == local("2025-03-30 01:00", BEIRUT)


def test_an_hour_that_is_shown_twice_is_open_twice() -> None:
    window = Window(text="", opens=time(1), closes=time(1, 30))
    between = datetime(2025, 11, 2, 5, 45, tzinfo=UTC)  # 01:45 for the first time

    assert forward(between, window, TORONTO, NONE) == datetime(2025, 11, 2, 6, 0, tzinfo=UTC)


def test_a_window_may_open_because_the_clocks_go_back_into_it() -> None:
    window = Window(text="", opens=time(0, 30), closes=time(1, 15))
    closed = datetime(2025, 11, 2, 5, 20, tzinfo=UTC)  # 01:20 for the first time

    assert forward(closed, window, TORONTO, NONE) == datetime(2025, 11, 2, 6, 0, tzinfo=UTC)


def test_more_than_a_year_of_holidays_delays_nobody() -> None:
    always = frozenset(date(2025, 1, 1) + timedelta(days=day) for day in range(3000))
    at = local("2025-11-15 12:00")

    assert forward(at, WEEKDAYS, TORONTO, always) == at


# -- Against a model that looks at every minute ------------------------------------------------

CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 45, 59]))
ZONES = st.sampled_from([TORONTO, SYDNEY, BEIRUT, LORD_HOWE, ZoneInfo("America/Santiago"), ZoneInfo("Asia/Kolkata")])
CHANGES = [
    *(datetime(2025, 3, 9, 6), datetime(2025, 11, 2, 4), datetime(2025, 10, 4, 14), datetime(2025, 4, 5, 14)),
    *(datetime(2025, 3, 29, 20), datetime(2025, 10, 25, 20), datetime(2025, 9, 7, 2), datetime(2025, 4, 6, 1)),
]
MOMENTS = st.one_of(
    st.datetimes(datetime(2025, 1, 1), datetime(2025, 12, 31)),
    st.builds(lambda at, minutes: at + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-600, 600)),
).map(lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    opens, closes = draw(st.tuples(CLOCKS, CLOCKS).filter(lambda pair: pair[0] != pair[1]))
    days = draw(st.just(frozenset(range(7))) | st.frozensets(st.integers(0, 6), min_size=3))
    return Window(text="", opens=opens, closes=closes, days=days, holidays=draw(st.booleans()))


def slowly(at: datetime, window: Window, zone: ZoneInfo, holidays: Set[date]) -> datetime:
    while True:
        here = at.astimezone(zone)
        opens, closes = window.opens or time(0), window.closes or time(0)
        clock = here.time()
        over_night = opens > closes
        is_open = (clock >= opens or clock < closes) if over_night else opens <= clock < closes
        if is_open and here.weekday() in window.days and (window.holidays or here.date() not in holidays):
            return at
        at += timedelta(minutes=1)


@settings(deadline=None)
@given(MOMENTS, windows(), ZONES, st.frozensets(st.sampled_from([date(2025, 3, 10), date(2025, 11, 3)])))
def test_it_is_the_first_minute_that_is_allowed(
    at: datetime, window: Window, zone: ZoneInfo, holidays: Set[date]
) -> None:
    found = forward(at, window, zone, holidays)

    assert found == slowly(at, window, zone, holidays)
    assert inside(found, window, zone, holidays)
    assert forward(found, window, zone, holidays) == found


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2025, 12, 31), timezones=st.just(UTC)),
    st.timedeltas(timedelta(0), timedelta(days=9)),
    windows(),
    ZONES,
)
def test_who_comes_later_never_goes_earlier(at: datetime, later: timedelta, window: Window, zone: ZoneInfo) -> None:
    assert at <= forward(at, window, zone, NONE) <= forward(at + later, window, zone, NONE)
