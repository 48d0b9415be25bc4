"""Quiet hours and how many emails somebody gets: by the same interpreter that simulate and production use."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.interpreter import advance
from engine.language.durations import parse_limit
from engine.language.flaws import Flaw
from engine.model import Accepted, Contact, Duration, Limit, Playbook, Refused, RunStatus, SendEmail, Tick
from engine.simulation import Setting, Simulation, simulate_sequence
from tests.playbooks import HEAD, playbook

TORONTO = ZoneInfo("America/Toronto")
BARE = HEAD.replace("email: {from: Sang Le <sang@example.com>}\n", "")
STEPS = "steps: [{email: one}, {wait: 1 hour}, {email: two}, {wait: 1 hour}, {email: three}]"


def at(text: str, zone: ZoneInfo = TORONTO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def course(email: str, steps: str = STEPS, *, testing: bool = False) -> Playbook:
    text = f"email: {{from: a@example.com, {email}}}\nsequences: {{course: {{{steps}}}}}\n"
    return playbook(text, testing=testing, head=BARE)


def played(email: str, begin: str, steps: str = STEPS, values=None, happenings=(), testing: bool = False) -> Simulation:
    book = playbook(
        f"email: {{from: a@example.com, {email}}}\nsequences: {{course: {{{steps}}}}}\n", testing=testing, head=BARE
    )
    contact = Contact(id="c", email="ada@example.com", values=values or {})

    def post(effect, scene):
        return Accepted(template=effect.template, subject="Hello")

    return simulate_sequence(book, "course", contact, at(begin), post, happenings)


def emails(found: Simulation) -> list[str]:
    return [entry.at.astimezone(TORONTO).strftime("%d %H:%M") for entry in found.story if entry.template]


def test_an_email_that_falls_due_at_night_goes_out_in_the_morning_and_the_next_gap_counts_from_there() -> None:
    found = played('quiet_hours: "21:00-08:00"', "2025-11-12 19:30")

    assert emails(found) == ["12 19:30", "12 20:30", "13 08:00"]
    waits = [entry for entry in found.story if entry.note == "quiet hours"]
    assert [entry.until for entry in waits] == [at("2025-11-13 08:00")]
    assert found.run is not None
    assert (found.run.status, found.run.reason) == (RunStatus.FINISHED, "end of course")


def test_quiet_hours_are_those_of_the_contact() -> None:
    found = played('quiet_hours: "21:00-08:00"', "2025-11-12 19:30", values={"zone": "Europe/Berlin"})
    assert emails(found)[0] == "13 02:00"


def test_no_more_than_so_many_in_any_such_time() -> None:
    found = played("at_most: 2 per day", "2025-11-12 10:00")
    assert emails(found) == ["12 10:00", "12 11:00", "13 10:00"]
    assert [entry.note for entry in found.story if "at most" in entry.note] == ["at most 2 per day"]


def test_when_there_is_room_at_night_it_is_still_night() -> None:
    found = played('at_most: 1 per 12 hours, quiet_hours: "21:00-08:00"', "2025-11-12 10:00")
    assert emails(found) == ["12 10:00", "13 08:00", "13 20:00"]


def test_a_change_of_the_contact_at_night_neither_sends_nor_tells_again() -> None:
    changes = [Setting(values={"red": number}, at=at(f"2025-11-13 0{number}:00")) for number in (1, 2, 3)]
    found = played('quiet_hours: "21:00-08:00"', "2025-11-12 22:00", happenings=changes)
    assert emails(found)[0] == "13 08:00"
    assert [entry.note for entry in found.story].count("quiet hours") == 1


def test_transactional_emails_do_not_wait_but_count() -> None:
    steps = "steps: [{email: one, transactional: true}, {wait: 1 minute}, {email: two}]"
    found = played('at_most: 1 per day, quiet_hours: "21:00-08:00"', "2025-11-12 22:00", steps)
    assert emails(found) == ["12 22:00", "14 08:00"]  # there is room from 22:00 of the 13th on, and then it is night


def test_emails_to_the_team_neither_wait_nor_count() -> None:
    steps = "steps: [{email: one, to: team@example.com}, {email: two}]"
    assert emails(played("at_most: 1 per day", "2025-11-12 10:00", steps)) == ["12 10:00", "12 10:00"]
    quiet = played('quiet_hours: "21:00-08:00"', "2025-11-12 22:00", "steps: [{email: one, to: team@example.com}]")
    assert emails(quiet) == ["12 22:00"]


def test_nobody_who_rehearses_waits_for_the_morning() -> None:
    found = played('quiet_hours: "21:00-08:00"', "2025-11-12 22:00", testing=True)
    assert emails(found)[0] == "12 22:00"


def test_an_email_that_was_refused_is_none() -> None:
    book = playbook(
        "email: {from: a@example.com, at_most: 1 per day}\n"
        "sequences: {course: {steps: [{email: one, if_it_fails: go_on}, {email: two}]}}\n",
        head=BARE,
    )

    def post(effect, scene):
        return Refused(reason="no") if effect.template == "one" else Accepted(template=effect.template, subject="Hi")

    contact = Contact(id="c", email="ada@example.com")
    found = simulate_sequence(book, "course", contact, at("2025-11-12 10:00"), post)
    assert emails(found) == ["12 10:00"]


def test_what_may_be_out_already_is_seen_through() -> None:
    book = course('quiet_hours: "21:00-08:00"')
    program, contact, night = book.sequences["course"], Contact(id="c", email="ada@example.com"), at("2025-11-12 22:00")
    evening = at("2025-11-12 20:00")
    asked = advance(program, begun(program, contact, evening), contact, Tick(), evening)
    assert [type(effect) for effect in asked.effects] == [SendEmail]

    certain = advance(program, asked.run, contact, Tick(), night)
    doubtful = advance(program, asked.run.evolve(in_doubt=True), contact, Tick(), night)

    assert (certain.run.status, certain.effects) == (RunStatus.WAITING, ())
    assert [type(effect) for effect in doubtful.effects] == [SendEmail]


def begun(program, contact, now):
    from engine.intake import start_directly

    return start_directly(program, contact, run_id="r", now=now)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("1 per day", Limit(most=1, within=Duration(text="", days=1), text="1 per day")),
        (" 3  per  week ", Limit(most=3, within=Duration(text="", days=7), text="3 per week")),
        (
            "2 Per 3 days 12 hours",
            Limit(most=2, within=Duration(text="", days=3, seconds=43_200), text="2 Per 3 days 12 hours"),
        ),
    ],
)
def test_a_limit_is_a_number_and_a_length_of_time(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("3 a week", 'write "3 per week"'),
        ("3/week", 'write "3 per week"'),
        ("twice a day", 'write "2 per day"'),
        ("daily", 'write "1 per day"'),
        ("two emails per week", 'write "2 per week"'),
        ("3 per month", 'months differ: write "3 per 30 days"'),
        ("0 per day", 'write it like "1 per day" or "3 per week"'),
        ("3 per 0 days", 'write it like "1 per day" or "3 per week"'),
        ("1 per business day", 'write it like "1 per day" or "3 per week"'),
        ("sometimes", 'write it like "1 per day" or "3 per week"'),
    ],
)
def test_what_is_none_says_what_to_write(text: str, hint: str) -> None:
    found = parse_limit(text)
    assert isinstance(found, Flaw)
    assert (found.hint, found.rule) == (hint, "email-limit")
