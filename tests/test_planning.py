"""What is different between two files, and how it is told; ``tests/runtime/test_edits`` has what it does to people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from engine.model import Contact, Moved, Run, RunStatus
from engine.planning import (
    Comparison,
    Edit,
    Fate,
    Person,
    SequenceAdded,
    SequenceRemoved,
    StepAdded,
    StepRemoved,
    StepRenamed,
    StepReplaced,
    StopChanged,
    Tally,
    WaitChanged,
    consequences,
    edits,
    headline,
    moved,
    record,
    unclear_rename,
)
from tests.playbooks import NOON, playbook, steps

BEFORE = """
- email: one
- wait: 1 day
- email: two
- wait: 2 days
- email: three
"""


def compared(after: str, before: str = BEFORE, **members: str) -> tuple[Edit, ...]:
    return edits(steps(before), steps(after, **members))


def person(step: str | None = "two", status: RunStatus = RunStatus.WAITING, days: int = 0, **more: object) -> Person:
    since = NOON - timedelta(days=days)
    run = Run(
        id="r",
        program="course",
        contact_id="c",
        status=status,
        step=step,
        since=since,
        due_at=since,
        started_at=since,
        **more,  # type: ignore[arg-type]
    )
    return Person(run, Contact(id="c", email="ada@example.com"))


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (BEFORE, ()),
        (BEFORE.replace("- wait: 1 day", "- wait: 1   day"), ()),
        (BEFORE.replace("1 day", "2 days"), (WaitChanged("course", "two", "1 day", "2 days"),)),
        (BEFORE.replace("- wait: 1 day\n", ""), (WaitChanged("course", "two", "1 day", ""),)),
        (BEFORE + "- email: four\n", (StepAdded("course", "four", "three"),)),
        ("- alert: hello\n" + BEFORE, (StepAdded("course", "alert discord", None),)),
        (
            BEFORE.replace("- email: two\n", ""),
            (StepRemoved("course", "two", "three"), WaitChanged("course", "three", "2 days", "1 day, then 2 days")),
        ),
        (BEFORE.replace("- wait: 2 days\n- email: three\n", ""), (StepRemoved("course", "three", None),)),
        (BEFORE.replace("email: two", "email: other"), (StepReplaced("course", "two", "other", "three"),)),
        (BEFORE.replace("email: two", "email: other\n  was: two"), (StepRenamed("course", "two", "other"),)),
        (
            BEFORE.replace("email: two", "email: other\n  was: nothing"),
            (StepRemoved("course", "two", "three"), StepAdded("course", "other", "one")),
        ),
        (
            BEFORE.replace("- email: two", "- alert: look"),
            (StepRemoved("course", "two", "three"), StepAdded("course", "alert discord", "one")),
        ),
        (
            BEFORE.replace("email: two", "email: other\n  was: two").replace("1 day", "3 days"),
            (StepRenamed("course", "two", "other"), WaitChanged("course", "other", "1 day", "3 days")),
        ),
    ],
)
def test_what_was_edited(after, found):
    assert compared(after) == found


def test_another_stop_when_is_an_edit_and_the_same_in_other_words_is_none():
    before, same = steps(BEFORE, stop_when="customer = true"), steps(BEFORE, stop_when="customer == true")
    assert edits(before, same) == ()
    assert edits(steps(BEFORE), before) == (StopChanged("course", None, "customer = true"),)
    assert edits(before, steps(BEFORE)) == (StopChanged("course", "customer = true", None),)


def test_sequences_come_and_go():
    one = playbook("sequences:\n  first: {steps: [{email: hello}]}\n")
    other = playbook("sequences:\n  second: {steps: [{email: hello}]}\n")
    assert edits(one, other) == (SequenceAdded("second"), SequenceRemoved("first"))
    assert moved(one, other) == {}


def test_a_step_that_was_replaced_by_a_named_one_leads_to_it_from_wherever_people_stood():
    after = steps("- email: one\n- wait: 1 day\n- email: last\n  was: three\n")
    assert moved(steps(BEFORE), after) == {
        "course": {"two": Moved("last"), "three": Moved("last", renamed=True)},
    }


def test_steps_of_a_trigger_lead_on_too():
    def file(then: str) -> str:
        trigger = f"triggers:\n  enter: {{requires: [email], then: [{then}]}}\n"
        return f"{trigger}sequences:\n  course: {{steps: [{{email: a}}]}}\n"

    old = playbook(file("{alert: hello}, {start: course}"))
    new = playbook(file("{start: course}"))
    gone = moved(old, new)
    assert gone == {"trigger enter": {"alert discord": Moved("start course")}}
    assert new.with_moved(gone).triggers["enter"].program.standing_before("alert discord").id == "start course"


def test_a_branch_that_is_ahead_is_reached_and_the_other_is_not():
    ways = "- choose:\n    - when: red >= 2\n      steps: [{email: hot}]\n    - otherwise: [{email: cold}]\n"
    before = f"{ways}  id: way\n- email: end\n"
    after = before.replace("[{email: hot}]", "[{email: hot}, {email: hotter}]")
    comparison = Comparison(steps(before), steps(after))
    added = StepAdded("course", "hotter", "hot")
    assert comparison.edits == (added,)
    fates = {step: dict(comparison.fates(person(step), NOON)) for step in ("way", "hot", "cold", "end", None)}
    assert fates == {
        "way": {added: Fate.AHEAD},
        "hot": {added: Fate.AHEAD},
        "cold": {added: Fate.PAST},
        "end": {added: Fate.PAST},
        None: {added: Fate.PAST},
    }


def test_held_people_and_other_sequences_are_no_business_of_a_wait():
    comparison = Comparison(steps(BEFORE), steps(BEFORE.replace("1 day", "2 days")))
    edit = comparison.edits[0]
    assert dict(comparison.fates(person(status=RunStatus.HELD), NOON)) == {}
    assert dict(comparison.fates(person("three"), NOON)) == {}
    assert dict(comparison.fates(person("one"), NOON)) == {edit: Fate.AHEAD}
    assert dict(comparison.fates(person(days=3), NOON)) == {edit: Fate.SAME}
    assert dict(comparison.fates(person(pinned=1), NOON)) == {}
    assert comparison.due(person("one"), NOON) is None
    assert comparison.due(person(status=RunStatus.SENDING), NOON) is None


def test_a_stop_when_that_went_away_stops_nobody():
    comparison = Comparison(steps(BEFORE, stop_when="customer = true"), steps(BEFORE))
    assert dict(comparison.fates(person(), NOON)) == {}


def test_every_edit_is_told_in_words_and_for_programs():
    old = playbook(
        "sequences:\n"
        "  gone: {steps: [{email: hello}]}\n"
        "  course:\n    stop_when: customer = true\n    steps:\n"
        "      - email: one\n      - wait: 1 day\n      - email: two\n      - wait: 1 day\n      - email: three\n"
        "      - wait: 1 day\n      - email: four\n      - wait: 1 day\n      - email: five\n"
    )
    new = playbook(
        "sequences:\n"
        "  fresh: {steps: [{email: hello}]}\n"
        "  course:\n    steps:\n"
        "      - email: one\n      - wait: 2 days\n      - email: two\n      - wait: 1 day\n      - email: drei\n"
        "        was: three\n      - wait: 1 day\n      - email: vier\n      - wait: 1 day\n      - email: six\n"
        "      - email: seven\n        was: nothing\n"
    )
    comparison = Comparison(old, new)
    tally = Tally(comparison, NOON)
    tally.add([person("two", days=1), person("two"), person("three"), person("four"), person("five")])
    told = [line for edit in comparison.edits for line in (headline(edit), *consequences(edit, tally))]
    assert told == [
        "fresh: this sequence is new",
        "course: stop_when: customer = true -> none",
        'course: step "three" is called "drei" now',
        "1 person waits at it, and still do",
        'course: "four" is gone and "vier" stands in its place: a rename?  '
        "then write  was: four  (or  was: nothing  if it is a new step)",
        "1 person waits at it; nothing is loaded until the file says which it is",
        'course: "five" is gone and "six" stands in its place: a rename?  '
        "then write  was: five  (or  was: nothing  if it is a new step)",
        "1 person waits at it; nothing is loaded until the file says which it is",
        "course: wait before two: 1 day -> 2 days",
        "2 people wait there: nobody would be sent at once, nobody earlier than before, 2 later",
        'course: step "seven" is new, after six',
        "3 people will still reach it, 2 are past it and will not",
        "gone: this sequence has gone",
        "nobody would be held where they are until it is back",
    ]
    records = [record(edit, tally) for edit in comparison.edits]
    assert {one["edit"] for one in records} | {"removed"} == {
        "wait",
        "added",
        "removed",
        "renamed",
        "unclear",
        "stop_when",
        "sequence added",
        "sequence removed",
    }
    assert len(get_args(Edit)) == 8
    assert "people" not in record(comparison.edits[0], None)


def test_the_rest_of_the_sentences():
    after = "- alert: x\n- email: one\n- wait: 1 hour\n- email: three\n"
    comparison = Comparison(steps(BEFORE), steps(after, stop_when="customer"))
    tally = Tally(comparison, NOON)
    people = [person("two", days=1), person("three", days=1), person("three", days=1), person("one")]
    tally.add([*people, replace(person("three"), paused=True)])
    told = [line for edit in comparison.edits for line in (headline(edit), *consequences(edit, tally))]
    assert told == [
        "course: stop_when: none -> customer",
        "nobody would stop at once",
        'course: step "two" has gone',
        "1 person waits at it: they go on to three, by the clock they have",
        'course: step "alert discord" is new, before all others',
        "nobody will still reach it, 5 are past it and will not",
        "course: wait before three: 2 days -> 1 hour",
        "3 people wait there: 2 would be sent at once (spread over 10 minutes), "
        "nobody earlier than before, nobody later",
        "1 person will come to it",
    ]
    assert tally.paused == 1
    assert {record(edit, tally)["edit"] for edit in comparison.edits} == {"stop_when", "removed", "added", "wait"}


def test_a_wait_where_nobody_is_says_so():
    comparison = Comparison(steps(BEFORE), steps(BEFORE.replace("1 day", "2 days")))
    assert consequences(comparison.edits[0], Tally(comparison, NOON)) == ["nobody waits there or will come to it"]


def test_who_is_to_stop_or_to_be_held_is_looked_at_now():
    customer = replace(person(), contact=Contact(id="c", email="ada@example.com", values={"customer": True}))
    assert Comparison(steps(BEFORE), steps(BEFORE, stop_when="customer")).due(customer, NOON) == NOON
    gone = Comparison(steps(BEFORE), playbook("sequences:\n  other: {steps: [{email: hello}]}\n"))
    assert gone.due(person(), NOON) == NOON
    assert gone.due(replace(person(), paused=True), NOON) is None
    newcomer = replace(person(), run=person().run.evolve(program="other"))
    assert list(gone.fates(newcomer, NOON)) == []


def test_the_question_names_the_place_and_both_answers():
    new = steps(BEFORE.replace("email: two", "email: other"))
    problem = unclear_rename(StepReplaced("course", "two", "other", "three"), new, "f.yaml", 1)
    assert problem.message.endswith('"other" stands in its place, and 1 person waits there: a rename?')
    assert (problem.line, problem.column) == (new.sequences["course"].steps["other"].line, 9)


def test_who_waits_in_a_changed_gap_has_a_new_moment():
    shorter = Comparison(steps(BEFORE), steps(BEFORE.replace("1 day", "1 hour")))
    assert shorter.due(person(), NOON) == NOON + timedelta(hours=1)
    assert not shorter.ends(person(), NOON)
    removed = Comparison(steps(BEFORE), steps(BEFORE.replace("- wait: 1 day\n- email: two\n", "")))
    assert removed.due(person(), NOON) == NOON + timedelta(days=2)
    elsewhere = replace(person(), run=person().run.evolve(program="other"))
    assert list(shorter.fates(elsewhere, NOON)) == []


# -- Places behind a wait for something, whose names no author gives -----------------------------------

FOR = "- wait: for customer = true, at most 3 days\n- wait: 1 day\n"
FOR_VISITS = "- wait: for visits > 3, at most 3 days\n- wait: 1 day\n"


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        # the step behind it has another name, or has gone: the place is called after the one that is there now
        (f"{FOR}- email: two", f"{FOR}- email: second\n  was: two", {"wait before two": "wait before second"}),
        (f"{FOR}- email: two\n- email: three", f"{FOR}- email: three", {"wait before two": "wait before three"}),
        (
            f"{FOR}- email: two\n{FOR_VISITS}- email: three",
            f"{FOR}{FOR_VISITS}- email: three",
            {"wait before two": "wait before wait before three"},
        ),
        # one of the two waits has gone: people wait before the step itself
        (f"{FOR}- email: two", "- wait: 1 day\n- email: two", {"wait before two": "two"}),
        (f"{FOR}- email: two\n- email: three", "- email: three", {"wait before two": "three"}),
        (f"- email: one\n{FOR}- email: two", "- email: one", {"wait before two": None}),
    ],
)
def test_whoever_waits_for_something_waits_for_it_at_its_new_place(
    before: str, after: str, where: dict[str, str | None]
) -> None:
    found = moved(steps(before), steps(after))["course"]

    assert {step: found[step].to for step in where} == where


def test_a_place_that_busos_named_is_never_a_question() -> None:
    before, after = steps(f"{FOR}- email: two"), steps(f"{FOR_VISITS}- email: two\n  id: second\n  was: two")

    assert not [one for one in edits(before, after) if isinstance(one, StepReplaced)]
    assert StepRenamed("course", "wait before two", "wait before second") in edits(before, after)


def test_hours_and_days_are_part_of_what_a_wait_means() -> None:
    plain, hours = "- wait: 1 day\n- email: one", "- wait: 1 day\n  between: 09:00-17:00\n- email: one"
    spelled = hours.replace("09:00-17:00", "9:00 - 17:00")

    assert compared(hours, plain) == (WaitChanged("course", "one", "1 day", "1 day, between 09:00-17:00"),)
    assert compared(spelled, hours) == ()


@pytest.mark.parametrize(
    ("wait", "zone", "days_off"),
    [
        ("- wait: until 09:00", True, False),
        ("- wait: until Tuesday 09:00", True, False),
        ("- wait: until 2026-12-24", True, False),
        ("- wait: 1 day", True, False),
        ("- wait: 24 hours", False, False),
        ("- wait: 24 hours\n  between: 09:00-17:00", True, False),
        ("- wait: 24 hours\n  only_on: weekdays", True, True),
        ("- wait: 2 business days", True, True),
        ("- wait: until 24 hours before call_at", False, False),
        ("- wait: until call_at", False, False),
        ("- wait: until 1 day before call_at", True, False),
        ("- wait: until 24 hours before day_at", True, False),
        ("- wait: for visits > 3, at most 24 hours", False, False),
        ("- wait: for visits > 3, at most 2 business days", True, True),
        ("- wait: for trigger enter, at most 2 days", True, False),
    ],
)
def test_another_clock_or_other_days_off_are_another_wait_where_it_counts_with_them(wait, zone, days_off):
    """Nobody has touched the wait, and it ends at another moment all the same."""
    body = "".join(f"      {line}\n" for line in f"- email: one\n{wait}\n- email: two".splitlines())
    types = {"email": "email", "call_at": "datetime", "day_at": "date", "visits": "whole number"}
    fields = "contact:\n" + "".join(f"  {name}: {{type: {kind}}}\n" for name, kind in types.items())
    text = f"{fields}triggers: {{enter: {{requires: [email]}}}}\nsequences:\n  course:\n    steps:\n{body}"
    head = "version: 1\nemail: {from: you@example.com}\n"
    here, there = playbook(text, head=head), playbook(text, head=f"{head}timezone: Europe/Berlin\n")
    holiday = playbook(text, head=f"{head}holidays: [2026-12-24]\n")
    found = edits(here, there), edits(here, holiday)
    assert tuple(map(bool, found)) == (zone, days_off)
    assert all(isinstance(one, WaitChanged) for some in found for one in some)
    if zone:
        assert found[0][0].before.endswith(" in UTC")
        assert found[0][0].after == found[0][0].before.replace("UTC", "Europe/Berlin")
    if days_off:
        assert found[1][0].after == f"{found[1][0].before}, with other holidays"
