"""Waits for something, windows and holidays, as people write them."""

from __future__ import annotations

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language import days_off
from engine.language.days_off import country_trouble, holidays_of, of_country, parse_day_off, region_trouble
from engine.language.durations import parse_between, parse_days, parse_duration, parse_window
from engine.language.flaws import Flaw
from engine.language.waiting import parse_wait
from engine.model import Duration, Field, FieldType, ForCondition, ForTrigger, Vocabulary, Window

FIELDS = {
    "at": FieldType.DATETIME,
    "customer": FieldType.CHECKBOX,
    "plan": FieldType.TEXT,
    "event": FieldType.TEXT,
    "interests": FieldType.LIST,
}
WORDS = Vocabulary(
    fields={name: Field(name=name, type=kind) for name, kind in FIELDS.items()}, segments=(), zone=ZoneInfo("UTC")
)
TRIGGERS = ["booking", "sign-up"]
DAYS = Duration(text="3 days", days=3)

# -- For something --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["for trigger booking, at most 3 days", "  for   trigger\tbooking ,  at  most  3 days "]
)
def test_a_wait_for_a_trigger(text: str) -> None:
    assert parse_wait(text, WORDS, TRIGGERS) == ForTrigger("booking", DAYS)


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("for customer = true, at most 3 days", "customer = true"),
        ("for customer, at most 3 days", "customer"),
        ('for plan = "x, at most 2 days", at most 3 days', 'plan = "x, at most 2 days"'),
        ("for plan in [a, b] and not (event = 'max'), at most 3 days", "plan in [a, b] and not (event = 'max')"),
        ("for event = party, at most 3 days", "event = party"),
        ("for at is known or interests contains x or at = 2025-11-12, at most 3 days",
         "at is known or interests contains x or at = 2025-11-12"),
    ],
)  # fmt: skip
def test_a_wait_for_a_condition(text: str, condition: str) -> None:
    found = parse_wait(text, WORDS, TRIGGERS)

    assert isinstance(found, ForCondition)
    assert (found.condition.text, found.at_most) == (condition, DAYS)


def test_where_the_triggers_are_not_known_any_will_do() -> None:
    assert parse_wait("for trigger payment, at most 3 days", WORDS, None) == ForTrigger("payment", DAYS)
    assert parse_wait("until 09:00", WORDS, None) is not None


WRITTEN = 'for For trigger booking , at most 3 days until max customer = true "plan" plan ago now or and ( ) at < 1 P3D'
PIECES = st.sampled_from(WRITTEN.split(" "))


@given(st.text() | st.lists(PIECES).map(" ".join) | st.lists(PIECES).map(lambda parts: f"for {' '.join(parts)}"))
def test_nothing_is_too_odd_to_be_waited_for(text: str) -> None:
    found = parse_wait(text, WORDS, TRIGGERS)
    for flaw in found if isinstance(found, tuple) else ():
        assert flaw.message
        assert 0 <= flaw.start <= flaw.end <= len(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("until next Friday", 'did you mean "until Friday"?'),
        ("until customer = true", 'write "for customer = true, at most 7 days"'),
        ("until trigger booking", 'write "for trigger booking, at most 7 days"'),
        ("48 houres", ""),
    ],
)
def test_a_moment_that_is_none_may_be_something_to_wait_for(text: str, hint: str) -> None:
    found = parse_wait(text, WORDS, TRIGGERS)

    assert isinstance(found, tuple)
    assert [flaw.hint for flaw in found] == [hint]


# -- Windows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "opens", "closes"),
    [("09:00-17:00", 9, 17), ("9:00 - 17:00", 9, 17), (" 22:00-06:00 ", 22, 6), ("08:00-00:00", 8, 0)],
)
def test_between_two_times_of_the_day(text: str, opens: int, closes: int) -> None:
    assert parse_between(text) == (time(opens), time(closes))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("09:00–17:00", 'write "09:00-17:00"'),
        ("9-17", 'write "09:00-17:00"'),
        ("9am-5pm", 'write "09:00-17:00"'),
        ("9-5 pm", 'write "09:00-17:00"'),
        ("2-5 pm", 'write "14:00-17:00"'),
        ("2-5:30pm", 'write "14:00-17:30"'),
        ("from 9:30 am till 5 p.m.", 'write "09:30-17:00"'),
        ("between 9.00 and 17.30", 'write "09:00-17:30"'),
        ("09:00-24:00", "midnight is 00:00"),
        ("09:00-17:60", 'write it like "09:00-17:00"'),
        ("09:00-17:00-18:00", 'write it like "09:00-17:00"'),
        ("09:00-noon", 'write it like "09:00-17:00"'),
        ("09:00-09:00", "leave it out if any time will do"),
        ("", 'write it like "09:00-17:00"'),
    ],
)
def test_what_is_no_window_says_what_to_write(text: str, hint: str) -> None:
    found = parse_between(text)

    assert isinstance(found, Flaw)
    assert found.hint == hint
    assert 0 <= found.start <= found.end <= len(text)


@given(st.text() | st.lists(st.sampled_from([*"0123456789:-–", "am", "pm", " to ", " "])).map("".join))
def test_no_window_is_too_odd_to_be_told_about_and_what_is_advised_can_be_read(text: str) -> None:
    found = parse_between(text)
    if isinstance(found, Flaw):
        assert 0 <= found.start <= found.end <= len(text)
        if found.hint.startswith('write "'):
            advised = parse_between(found.hint.removeprefix('write "').removesuffix('"'))
            assert not isinstance(advised, Flaw) or advised.message.endswith("closes when it opens")


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("weekdays", {0, 1, 2, 3, 4}),
        ("Weekends ", {5, 6}),
        ("tuesday", {1}),
        (["Monday", "SUNDAY", "Monday"], {0, 6}),
    ],
)
def test_days_of_the_week(written: str | list[str], days: set[int]) -> None:
    assert parse_days(written) == days


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("weekday", [("weekday", "write  only_on: weekdays")]),
        ("working days", [("working days", "write  only_on: weekdays")]),
        ("Mon", [("Mon", 'did you mean "Monday"?')]),
        ("Thu", [("Thu", 'did you mean "Thursday"?')]),
        ("Monday, Thrsday & Friday",
         [("Monday, Thrsday & Friday", "write a list:  only_on: [Monday, Thursday, Friday]")]),
        ("always", [("always", "write weekdays, weekends, or days: [Monday, Tuesday]")]),
        (["Monday", "weekends", "Tusday"],
         [("weekends", "name each of the days"), ("Tusday", 'did you mean "Tuesday"?')]),
    ],
)  # fmt: skip
def test_what_is_no_day_says_what_to_write(written: str | list[str], told: list[tuple[str, str]]) -> None:
    assert parse_days(written) == tuple(told)


def test_a_window_of_both() -> None:
    assert parse_window(None, None) is None
    assert parse_window("9:00-17:00", "weekdays") == Window(
        text="between 09:00-17:00, only on weekdays",
        opens=time(9),
        closes=time(17),
        days=frozenset(range(5)),
        holidays=False,
    )
    assert parse_window(None, ["Monday", "Friday"]) == Window(
        text="only on Monday, Friday", days=frozenset({0, 4}), holidays=True
    )
    assert parse_window("22:00-00:00", None) == Window(text="between 22:00-00:00", opens=time(22), closes=time(0))


# -- Holidays ----------------------------------------------------------------------------------------


def test_days_off_in_their_three_forms() -> None:
    assert parse_day_off(" 2025-12-25 ") == {date(2025, 12, 25)}
    assert parse_day_off("2025-12-31 to 2026-01-01") == {date(2025, 12, 31), date(2026, 1, 1)}
    found = parse_day_off("25 december")
    assert not isinstance(found, Flaw)
    assert {date(2000, 12, 25), date(2100, 12, 25)} <= found
    leap = parse_day_off("29 February")
    assert not isinstance(leap, Flaw)
    assert date(2028, 2, 29) in leap
    assert len(leap) == 25


FORMS = 'write "2025-12-25", "2025-12-24 to 2026-01-01", or for every year "25 December"'


@pytest.mark.parametrize(
    ("text", "part", "message", "hint"),
    [
        ("Christmas", "Christmas", '"Christmas" is not a day', FORMS),
        ("December 25th", "December 25th", '"December 25th" is not a day', 'write "25 December"'),
        ("25. Dec", "25. Dec", '"25. Dec" is not a day', 'write "25 December"'),
        ("Zzz 3", "Zzz 3", '"Zzz 3" is not a day', FORMS),
        ("25.12.", "25.12.", '"25.12." is not a day', 'write "25 December"'),
        ("25.12.2025", "25.12.2025", '"25.12.2025" is not a day', 'write "2025-12-25"'),
        ("25.13.2025", "25.13.2025", '"25.13.2025" is not a day', FORMS),
        ("31 April", "31 April", "April has no day 31", FORMS),
        ("2025-02-30", "2025-02-30", '"2025-02-30" is not a day', FORMS),
        ("2025-12-01 to never", "never", '"never" is no day of the calendar', FORMS),
        ("2025-12-24 to 2025-01-02", "2025-12-24 to 2025-01-02", '"2025-12-24 to 2025-01-02" ends before it begins',
         'write "2025-12-24 to 2026-01-02"'),
        ("2025-07-24 to 2025-07-13", "2025-07-24 to 2025-07-13", '"2025-07-24 to 2025-07-13" ends before it begins',
         'write "2025-07-13 to 2025-07-24"'),
        ("2025-01-01 to 2026-01-02", "2025-01-01 to 2026-01-02", '"2025-01-01 to 2026-01-02" is more than a year',
         "write the days that are holidays"),
        ("", "", '"" is not a day', FORMS),
    ],
)  # fmt: skip
def test_what_is_no_day_off_says_what_to_write(text: str, part: str, message: str, hint: str) -> None:
    start = text.index(part)
    assert parse_day_off(text) == Flaw(start=start, end=start + len(part), message=message, hint=hint, rule="holiday")


@given(st.text() | st.from_regex(r"\d{1,4}[-. ]\w{1,9}[-. ]\d{0,4}( to .{0,12})?"))
def test_no_day_is_too_odd_to_be_told_about(text: str) -> None:
    found = parse_day_off(text)
    if isinstance(found, Flaw):
        assert 0 <= found.start <= found.end <= len(text)


CHRISTMAS, BOXING, CIVIC = date(2026, 12, 25), date(2026, 12, 26), date(2026, 8, 3)


def test_a_country_and_its_region_have_their_holidays() -> None:
    assert CHRISTMAS in of_country("CA")
    assert BOXING in of_country("CA", "ON") - of_country("CA")
    assert holidays_of("CA-ON") == of_country("CA", "ON")
    assert holidays_of("CA") == holidays_of({"country": "CA"})
    assert holidays_of(" DE-BY ") == of_country("DE", "BY")


def test_days_are_added_to_a_country_and_taken_from_it() -> None:
    found = holidays_of({"country": "CA", "region": "ON", "also": ["2026-08-03"], "not": ["26 December"]})

    assert CIVIC in found
    assert CHRISTMAS in found
    assert BOXING not in found


WRONG: list[object] = [
    *(None, 3, True, "", "Nowhere", "CA-XX", {}, {"country": 3}, {"region": "ON"}, {"country": "CA", "region": 3}),
    *({"also": "25 December"}, [3, "Christmas", None]),
]


@pytest.mark.parametrize("written", WRONG)
def test_what_is_wrong_is_left_out(written: object) -> None:
    assert holidays_of(written) == frozenset()


@pytest.mark.parametrize(
    ("country", "hint"),
    [
        ("ca", "write  CA"),
        ("Canada", "write  CA"),
        ("UK", "write  GB"),
        ("Atlantis", "write its two letters, such as CA, GB or DE, and after a hyphen the region, such as CA-ON"),
    ],
)
def test_a_country_that_is_none(country: str, hint: str) -> None:
    assert country_trouble(country) == (f'"{country}" is not the code of a country', hint)


def test_a_region_that_is_none() -> None:
    assert country_trouble("CA") is None
    assert region_trouble("CA", "") is None
    assert region_trouble("CA", "on") == ('CA has no region "on"', "write  ON")
    assert (region_trouble("CA", "Ontario") or ("", ""))[1].startswith("the regions of CA are AB, BC")
    assert region_trouble("JP", "X") == ('JP has no region "X"', "write JP alone")


def test_without_the_package_a_country_is_refused_and_dates_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(days_off, "find_spec", lambda name: None)
    of_country.cache_clear()

    found = country_trouble("CA")

    assert found is not None
    assert 'pip install "busos[holidays]"' in found[1]
    assert of_country("CA") == frozenset()
    assert holidays_of(["2026-12-25"]) == {CHRISTMAS}
    of_country.cache_clear()


def test_what_is_advised_for_a_length_can_be_read() -> None:
    assert parse_duration("1 business day 4 hours") == Duration(
        text="1 business day 4 hours", business_days=1, seconds=14_400
    )
