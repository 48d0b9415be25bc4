"""Lengths of time, waits and dates, as people write them."""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.durations import parse_date, parse_datetime, parse_duration, parse_until
from engine.language.flaws import Flaw
from engine.model import (
    After,
    Around,
    AtClock,
    Duration,
    Field,
    FieldType,
    OnDate,
    OnWeekday,
    Vocabulary,
)

TORONTO, TOKYO = ZoneInfo("America/Toronto"), ZoneInfo("Asia/Tokyo")
FIELDS = {
    "appointment_time": FieldType.DATETIME,
    "birthday": FieldType.DATE,
    "customer": FieldType.CHECKBOX,
}
WORDS = Vocabulary(
    fields={name: Field(name=name, type=kind) for name, kind in FIELDS.items()}, segments=(), zone=TORONTO
)
UNITS = {"week": (7, 0), "day": (1, 0), "hour": (0, 3600), "minute": (0, 60), "second": (0, 1)}


@pytest.mark.parametrize(
    ("text", "days", "seconds"),
    [
        ("24 hours", 0, 86_400),
        ("1 day", 1, 0),
        ("1 day 6 hours", 1, 21_600),
        ("6 hours 1 day", 1, 21_600),
        ("1 Week 2 DAYS", 9, 0),
        ("1 days", 1, 0),
        ("0 days 1 hour", 0, 3_600),
        ("  90   minutes ", 0, 5_400),
        ("10 seconds", 0, 10),
        ("0000000000001 hour", 0, 3_600),
        ("3650 days", 3_650, 0),
    ],
)
def test_a_length_of_time_is_numbers_with_units(text: str, days: int, seconds: int) -> None:
    assert parse_duration(text) == Duration(text=text.strip(), days=days, seconds=seconds)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 business days", Duration(text="2 business days", business_days=2)),
        ("1 Business Day 6 hours", Duration(text="1 Business Day 6 hours", business_days=1, seconds=21_600)),
        ("1 week 1 business day", Duration(text="1 week 1 business day", days=7, business_days=1)),
        ("2614 business days", Duration(text="2614 business days", business_days=2614)),
    ],
)
def test_business_days_are_counted_apart(text: str, expected: Duration) -> None:
    assert parse_duration(text) == expected


EXAMPLES = 'write it like "24 hours" or "1 day 6 hours"'


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("48 houres", '"48 houres" is not a length of time; did you mean "48 hours"?', ""),
        ("48 houres 3 mins", '"48 houres 3 mins" is not a length of time; did you mean "48 hours 3 minutes"?', ""),
        (24, "24 what? A length of time says its unit", 'write "24 hours" or "24 days"'),
        ("24", "24 what? A length of time says its unit", 'write "24 hours" or "24 days"'),
        (1.5, "1.5 what? A length of time says its unit", EXAMPLES),
        ("24h", '"24h" is not how a length of time is written', 'write "24 hours"'),
        ("24 hrs", '"24 hrs" is not how a length of time is written', 'write "24 hours"'),
        ("1d 6h", '"1d 6h" is not how a length of time is written', 'write "1 day 6 hours"'),
        ("an hour", '"an hour" is not how a length of time is written', 'write "1 hour"'),
        ("Three days", '"Three days" is not how a length of time is written', 'write "3 days"'),
        ("1 day and 6 hours", '"1 day and 6 hours" is not how a length of time is written', 'write "1 day 6 hours"'),
        ("1 hour 1 hour", '"1 hour 1 hour" is not how a length of time is written', 'write "2 hours"'),
        ("1.5 hours", '"1.5 hours" is not how a length of time is written', 'write "1 hour 30 minutes"'),
        ("1,5 hours", '"1,5 hours" is not how a length of time is written', 'write "1 hour 30 minutes"'),
        ("PT24H", '"PT24H" is the computer\'s way to write a length of time', 'write "24 hours"'),
        ("P2D", '"P2D" is the computer\'s way to write a length of time', 'write "2 days"'),
        ("p1dt1h", '"p1dt1h" is the computer\'s way to write a length of time', 'write "1 day 1 hour"'),
        ("P1M", "months are not all equally long, so they are no length of time here",
         'write it in days or weeks, like "30 days"'),
        ("1 month", "months are not all equally long, so they are no length of time here",
         'write it in days or weeks, like "30 days"'),
        ("2 yrs", "years are not all equally long, so they are no length of time here",
         'write it in days or weeks, like "365 days"'),
        ("1 weekday", '"1 weekday" is not how a length of time is written', 'write "1 business day"'),
        ("3 working days", '"3 working days" is not how a length of time is written', 'write "3 business days"'),
        ("two business days", '"two business days" is not how a length of time is written', 'write "2 business days"'),
        ("2 bussiness days", '"2 bussiness days" is not a length of time; did you mean "2 business days"?', ""),
        ("2 businessdays", '"2 businessdays" is not a length of time; did you mean "2 business days"?', ""),
        ("1.5 business days", '"1.5 business days": a business day cannot be divided',
         'write whole ones, with hours beside them: "1 business day 4 hours"'),
        ("0 business days", '"0 business days" is no time at all', "write at least 1 second"),
        ("2615 business days", '"2615 business days" is more than 10 years', "write a shorter length of time"),
        ("business days", '"business days" is not a length of time', EXAMPLES),
        ("-2 days", '"-2 days" is negative; time only goes forward', 'write "2 days"'),
        ("0 hours", '"0 hours" is no time at all', "write at least 1 second"),
        ("0h", '"0 hours" is no time at all', "write at least 1 second"),
        ("PT0S", '"0 seconds" is no time at all', "write at least 1 second"),
        ("4000 days", '"4000 days" is more than 10 years', "write a shorter length of time"),
        ("99999999999 seconds", '"99999999999 seconds" is more than 10 years', "write a shorter length of time"),
        ("", "a length of time is missing", EXAMPLES),
        ("soon", '"soon" is not a length of time', EXAMPLES),
        ("2 lightyears", '"2 lightyears" is not a length of time', EXAMPLES),
        ("1,500 seconds", '"1,500 seconds" is not a length of time', EXAMPLES),
        ("hours 24", '"hours 24" is not a length of time', EXAMPLES),
        ("٣ days", '"٣ days" is not a length of time', EXAMPLES),
        (True, '"True" is not a length of time', EXAMPLES),
    ],
)  # fmt: skip
def test_what_is_no_length_of_time_says_what_to_write(text: str | float, message: str, hint: str) -> None:
    found = parse_duration(text)
    assert found == Flaw(start=0, end=len(str(text)), message=message, hint=hint, rule="duration")


def test_a_flaw_points_at_the_text_without_the_space_around_it() -> None:
    found = parse_duration("  24h ")
    assert isinstance(found, Flaw)
    assert (found.start, found.end) == (2, 5)


@given(st.dictionaries(st.sampled_from(list(UNITS)), st.integers(1, 60), min_size=1), st.booleans())
def test_every_sum_of_units_is_read_as_it_adds_up(parts: dict[str, int], plural: bool) -> None:
    text = " ".join(f"{count} {unit}{'s' if plural else ''}" for unit, count in parts.items())
    days = sum(count * UNITS[unit][0] for unit, count in parts.items())
    seconds = sum(count * UNITS[unit][1] for unit, count in parts.items())
    assert parse_duration(text) == Duration(text=text, days=days, seconds=seconds)


WORD = st.sampled_from([*UNITS, "h", "hrs", "houre", "-1", "1.5", "0", "2", "a", "and", ",", "P1D", "business", "days"])


@given(st.text() | st.lists(WORD).map(" ".join) | st.lists(WORD).map("".join) | st.floats() | st.integers())
def test_nothing_is_too_odd_to_be_told_about_and_what_is_advised_can_be_read(text: str | float) -> None:
    found = parse_duration(text)
    if isinstance(found, Flaw):
        assert found.message
        assert 0 <= found.start <= found.end <= len(str(text))
        meant = re.fullmatch(r'write "([^"]*)"', found.hint) or re.search(r'did you mean "(.*)"', found.message)
        if meant and found.message.endswith(("is written", "a length of time", '"?')):
            assert isinstance(parse_duration(meant[1]), Duration)


# -- Waits ------------------------------------------------------------------------------------

DAY = Duration(text="1 day", days=1)
HOURS = Duration(text="24 hours", seconds=86_400)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24 hours", After(HOURS)),
        ("until Tuesday 09:00", OnWeekday(1, time(9))),
        ("until tuesday", OnWeekday(1)),
        ("  until   SUNDAY \t 9:30 ", OnWeekday(6, time(9, 30))),
        ("until 09:00", AtClock(time(9))),
        ("until 2025-11-12", OnDate(date(2025, 11, 12))),
        ("until 2025-11-12 10:00", OnDate(date(2025, 11, 12), time(10))),
        ("until 2025-11-12T10:00", OnDate(date(2025, 11, 12), time(10))),
        ("until 24 hours before appointment_time", Around("appointment_time", HOURS, True)),
        ("until 1 day after birthday", Around("birthday", DAY, False)),
        ("until appointment_time", Around("appointment_time")),
    ],
)
def test_what_a_wait_is_for(text: str, expected: object) -> None:
    assert parse_until(text, WORDS) == expected


FORMS = 'write "until Tuesday 09:00", "until 09:00", "until 2025-11-12 10:00" or "until 24 hours before FIELD"'
DATES = "fields that are: appointment_time, birthday"


@pytest.mark.parametrize(
    ("text", "place", "message", "hint", "rule"),
    [
        ("48 houres", "48 houres", '"48 houres" is not a length of time; did you mean "48 hours"?', "", "duration"),
        ("until 48 houres before birthday", "48 houres",
         '"48 houres" is not a length of time; did you mean "48 hours"?', "", "duration"),
        ("until 2 days before customer", "customer",
         'a wait can be until a date or a datetime; "customer" is a checkbox', DATES, "wait"),
        ("until customer", "customer",
         'a wait can be until a date or a datetime; "customer" is a checkbox', DATES, "wait"),
        ("until 2 days before apointment_time", "apointment_time", 'no field is called "apointment_time"',
         'did you mean "appointment_time"?', "unknown-field"),
        ("until 2 days before zzz", "zzz", 'no field is called "zzz"', DATES, "unknown-field"),
        ("until apointment_time", "apointment_time", '"apointment_time" is not a moment to wait until',
         'did you mean "appointment_time"?', "wait"),
        ("until before birthday", "before birthday", "how long before birthday?",
         'write "until 24 hours before birthday", or "until birthday"', "wait"),
        ("until 2025-02-30", "2025-02-30", '"2025-02-30" is no day of the calendar', 'write it like "2025-11-12"',
         "wait"),
        ("until 2025-11-12 25:00", "25:00", '"25:00" is not a time of the day', 'write it like "09:00" or "17:30"',
         "wait"),
        ("until 2025-11-12 before Tuesday", "before Tuesday", '"before Tuesday" is not a time of the day',
         'write it like "09:00" or "17:30"', "wait"),
        ("until 24:00", "24:00", '"24:00" is not a time of the day', 'write it like "09:00" or "17:30"', "wait"),
        ("until 9 pm", "9 pm", '"9 pm" is not a time of the day', 'write "21:00"', "wait"),
        ("until 12:30am", "12:30am", '"12:30am" is not a time of the day', 'write "00:30"', "wait"),
        ("until 13 pm", "13 pm", '"13 pm" is not a time of the day', 'write it like "09:00" or "17:30"', "wait"),
        ("until Tuesday 9pm", "9pm", '"9pm" is not a time of the day', 'write "21:00"', "wait"),
        ("until Tue 09:00", "Tue 09:00", '"Tue 09:00" is not a moment to wait until',
         'did you mean "until Tuesday 09:00"?', "wait"),
        ("until next Friday", "next Friday", '"next Friday" is not a moment to wait until',
         'did you mean "until Friday"?', "wait"),
        ("until tomorrow", "tomorrow", '"tomorrow" is not a moment to wait until', FORMS, "wait"),
        ("until 2 days", "2 days", '"2 days" is not a moment to wait until',
         'write "2 days" without until, or "until 2 days before FIELD"', "wait"),
        ("until", "", "until when?", FORMS, "wait"),
        ("Until 09:00", "Until 09:00", '"Until" is written in small letters', 'write "until 09:00"', "wait"),
        ("2 days before birthday", "2 days before birthday",
         '"2 days before birthday" is a moment, not a length of time', 'write "until 2 days before birthday"', "wait"),
    ],
)  # fmt: skip
def test_what_is_no_wait_says_what_to_write(text: str, place: str, message: str, hint: str, rule: str) -> None:
    found = parse_until(text, WORDS)
    start = text.rindex(place)
    assert found == Flaw(start=start, end=start + len(place), message=message, hint=hint, rule=rule)


def test_a_file_without_dates_says_so() -> None:
    bare = Vocabulary(fields={"customer": WORDS.fields["customer"]}, segments=(), zone=TORONTO)
    found = parse_until("until 2 days before customer", bare)
    assert isinstance(found, Flaw)
    assert found.hint == "no field of this file is one"


PIECES = "until Until for Tuesday Tue 09:00 9 pm 2025-11-12 2 days before after birthday customer"
PIECE = st.sampled_from(PIECES.split())


@given(st.text() | st.lists(PIECE).map(" ".join) | st.text().map("until {}".format))
def test_no_wait_is_too_odd_to_be_told_about(text: str) -> None:
    found = parse_until(text, WORDS)
    if isinstance(found, Flaw):
        assert 0 <= found.start <= found.end <= len(text)
        assert found.message


# -- Dates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-12", "2025-11-12"),
        (" 2024-02-29 ", "2024-02-29"),
        ("2025-02-29", None),
        ("2025-1-5", None),
        ("20251112", None),
        ("2025-11-12 10:00", None),
        ("0001-01-01", None),
        ("tomorrow", None),
    ],
)
def test_days(text: str, expected: str | None) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-12 10:00", "2025-11-12T15:00:00Z"),
        ("2025-11-12T10:00", "2025-11-12T15:00:00Z"),
        ("2025-07-12 9:00", "2025-07-12T13:00:00Z"),
        ("2025-11-12T10:00:07.123456", "2025-11-12T15:00:07Z"),
        ("2025-11-12t10:00:00z", "2025-11-12T10:00:00Z"),
        ("2025-11-12 10:00 Z", "2025-11-12T10:00:00Z"),
        ("2025-11-12T10:00:00.5+05:30", "2025-11-12T04:30:00Z"),
        ("2025-11-12T10:00-0500", "2025-11-12T15:00:00Z"),
        ("2025-11-12T10:00+02", "2025-11-12T08:00:00Z"),
        ("2025-03-09 02:30", "2025-03-09T07:30:00Z"),
        ("2025-11-12", None),
        ("2025-02-30 10:00", None),
        ("2025-11-12 25:00", None),
        ("0001-01-01T00:00+14:00", None),
        ("0500-01-01 00:00", None),
        ("10:00", None),
        ("", None),
    ],
)
def test_instants(text: str, expected: str | None) -> None:
    assert parse_datetime(text, TORONTO) == expected


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(-840, 840))
def test_an_instant_with_an_offset_is_the_same_everywhere(at: datetime, minutes: int) -> None:
    told = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    expected = told.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert parse_datetime(told.isoformat(), TORONTO) == parse_datetime(told.isoformat(" "), TOKYO) == expected


@given(st.text())
def test_no_text_is_too_odd_to_be_a_date(text: str) -> None:
    assert parse_date(text) is None or len(text.strip()) == 10
    assert parse_datetime(text, TORONTO) is None or ":" in text
