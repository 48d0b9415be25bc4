"""``advance`` and ``enrol``: programs from the real language, looks at real runs, no mocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.enrolment import enrol, told
from engine.intake import start_directly
from engine.interpreter import advance, hold
from engine.model import (
    Accepted,
    Answered,
    Contact,
    Decision,
    Entry,
    Move,
    Next,
    Ordered,
    Playbook,
    RaiseAlert,
    Refused,
    Retry,
    Run,
    RunStatus,
    SendEmail,
    ShowProgress,
    Sleep,
    StartRun,
    StopRuns,
    Tick,
    Unready,
)
from engine.patience import KEY_MEMORY, LONGEST_RETRY, LOOK_AGAIN, LOOK_AGAIN_AT_TROUBLE, MOST_TRIES, backoff
from engine.scene import Scene
from tests.playbooks import NOON, ada, hours, playbook, steps

SENT = Answered(Accepted(template="one", subject="One", provider_id="p1"))


def begin(book: Playbook, contact: Contact | None = None, name: str = "course") -> Decision:
    """Look for the first time at a run of a sequence."""
    program, who = book.program(name), contact or ada(book)
    assert program is not None
    return advance(program, start_directly(program, who, run_id="r1", now=NOON), who, Tick(), NOON)


def go_on(
    book: Playbook, decision: Decision, event: Any = None, after: timedelta = timedelta(0), **changes: Any
) -> Decision:
    """What follows when something happens to a run some time after noon."""
    program = book.program(decision.run.program)
    assert program is not None
    contact = decision.contact.evolve(**changes)
    return advance(program, decision.run, contact, event or Tick(), NOON + after)


def notes(decision: Decision) -> list[tuple[str | None, str, str]]:
    return [(entry.step, entry.kind, entry.note) for entry in decision.story]


# -- Emails -----------------------------------------------------------------------------------


def test_an_email_is_asked_for_and_the_run_waits_for_the_answer() -> None:
    decision = begin(steps("- email: one"))

    assert decision.effects == (SendEmail(step="one", template="one"),)
    assert (decision.run.status, decision.run.step, decision.run.asked_at) == (RunStatus.SENDING, "one", NOON)
    assert decision.story == ()


def test_an_accepted_email_moves_the_run_and_tells_its_subject() -> None:
    book = steps("- email: one")

    decision = go_on(book, begin(book), SENT, after=hours(1))

    first, last = decision.story
    assert (first.kind, first.template, first.subject, first.provider_id, first.attempts) == (
        "email",
        "one",
        "One",
        "p1",
        1,
    )
    assert (last.kind, last.note) == ("end", "end of course")
    assert (decision.run.status, decision.run.ended_at, decision.run.due_at) == (
        RunStatus.FINISHED,
        NOON + hours(1),
        None,
    )


def test_a_look_at_a_sending_run_asks_for_the_same_email_again() -> None:
    book = steps("- email: one\n- email: two")
    first = begin(book)

    again = go_on(book, first, after=hours(2))

    assert again.effects == first.effects
    assert again.run.asked_at == NOON


def test_an_email_is_chosen_by_the_frozen_segment() -> None:
    book = steps("- email: {HOT: hot, COLD: cold}\n  id: mail\n- email: {HOT: hot2, COLD: cold2}\n  id: mail2")
    decision = begin(book, ada(book, red=3))

    later = go_on(book, decision, SENT, values={**decision.contact.values, "red": 0, "segment": "COLD"})

    assert decision.effects == (SendEmail(step="mail", template="hot"),)
    assert later.effects == (SendEmail(step="mail2", template="hot2"),)


def test_an_email_for_the_other_segments() -> None:
    book = steps("- email: {HOT: hot, otherwise: cold}\n  id: mail")

    assert begin(book, ada(book, red=0)).effects == (SendEmail(step="mail", template="cold"),)


def test_an_unknown_segment_holds_the_run_and_a_change_heals_it() -> None:
    book = steps("- email: {HOT: hot, COLD: cold}\n  id: mail")
    held = begin(book)

    healed = go_on(book, held, after=hours(1), values={"email": "ada@example.com", "red": 2})

    assert held.run.status is RunStatus.HELD
    assert held.run.reason == "the segment cannot be told while red is unknown"
    assert held.run.due_at == NOON + LOOK_AGAIN
    assert healed.effects == (SendEmail(step="mail", template="hot"),)


def test_everything_an_email_step_says_is_asked_for() -> None:
    book = steps(
        '- email: one\n  subject: "Hi {{ first_name }}"\n  from: Team <team@example.com>\n'
        "  reply_to: help@example.com\n  to: team@example.com"
    )

    assert begin(book).effects == (
        SendEmail(
            step="one",
            template="one",
            subject="Hi {{ first_name }}",
            sender="Team <team@example.com>",
            reply_to="help@example.com",
            to="team@example.com",
        ),
    )


def test_an_email_in_a_trigger_is_left_out_for_a_suppressed_contact() -> None:
    book = playbook("triggers:\n  enter: {requires: [email], then: [{email: one}]}\n")

    decision = begin(book, ada(book).evolve(suppressed="unsubscribed"), "trigger enter")

    assert notes(decision)[0] == ("one", "email", "not sent: unsubscribed")
    assert decision.run.status is RunStatus.FINISHED


# -- Retries ----------------------------------------------------------------------------------


def test_a_retry_keeps_the_run_sending_and_comes_later_each_time() -> None:
    book = steps("- email: one")
    decision, waits = begin(book), []
    for _ in range(MOST_TRIES - 1):
        decision = go_on(book, decision, Answered(Retry(reason="busy")))
        assert decision.run.due_at is not None
        waits.append(decision.run.due_at - NOON)

    assert decision.run.status is RunStatus.SENDING
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_RETRY
    assert decision.run.attempt == MOST_TRIES - 1


def test_an_email_that_gives_trouble_again_and_again_is_held_and_told() -> None:
    book = steps("- email: one")
    decision = begin(book)
    for _ in range(MOST_TRIES):
        decision = go_on(book, decision, Answered(Retry(reason="an answer nobody understands")))

    assert decision.run.status is RunStatus.HELD
    assert decision.run.due_at == NOON + LOOK_AGAIN_AT_TROUBLE
    assert decision.run.reason == "given up after 12 tries: an answer nobody understands"
    assert [effect.topic for effect in decision.effects if isinstance(effect, RaiseAlert)] == [
        "course given up after 12 tries: an answer nobody understands"
    ]


def test_an_email_waits_for_a_vendor_that_is_away_however_long_and_says_so_once() -> None:
    book = steps("- email: one")
    away = Retry(reason="Resend could not be reached", after=3, vendor_wide=True)
    decision, told, effects = begin(book), [], []
    for _ in range(2 * MOST_TRIES):
        decision = go_on(book, decision, Answered(away))
        told += notes(decision)
        effects += decision.effects

    assert told == [("one", "retry", "waits: Resend could not be reached")]
    assert effects == []
    assert (decision.run.status, decision.run.attempt) == (RunStatus.SENDING, 0)
    assert decision.run.due_at == NOON + timedelta(seconds=3)
    assert notes(go_on(book, decision, SENT))[0] == ("one", "email", "sent")


def test_an_email_that_may_be_out_waits_for_no_vendor_longer_than_its_key_is_remembered() -> None:
    book = steps("- email: one")
    away = Retry(reason="no answer", uncertain=True, vendor_wide=True)
    doubtful = go_on(book, begin(book), Answered(away))

    late = go_on(book, doubtful, Answered(away), after=KEY_MEMORY + hours(1))

    assert late.run.status is RunStatus.HELD


def test_a_vendor_says_how_long_to_stay_away() -> None:
    book = steps("- email: one")

    decision = go_on(book, begin(book), Answered(Retry(reason="quota", after=3600)))

    assert decision.run.due_at == NOON + hours(1)


def test_retries_of_different_runs_are_spread() -> None:
    run = begin(steps("- email: one")).run.evolve(attempt=1)

    assert len({backoff(run.evolve(id=f"run{number}"), None) for number in range(9)}) > 3
    assert backoff(run, 1e12) == timedelta(days=1)


def test_the_story_tells_the_first_retry_and_then_ever_fewer() -> None:
    book = steps("- email: one")
    decision, told_at = begin(book), []
    for number in range(1, 10):
        decision = go_on(book, decision, Answered(Retry(reason="busy")))
        if decision.story:
            told_at.append(number)

    assert told_at == [1, 2, 4, 8]


def test_the_team_is_told_once_when_emails_have_to_wait() -> None:
    book = steps("- email: one")
    decision, alerts = begin(book), []
    for _ in range(9):
        decision = go_on(book, decision, Answered(Retry(reason="the key is revoked")))
        alerts += decision.effects

    assert alerts == [
        RaiseAlert(
            message="emails of course have to wait: the key is revoked",
            topic="waiting the key is revoked",
            colour="orange",
        )
    ]


def test_the_number_of_tries_is_told_when_it_was_sent_at_last() -> None:
    book = steps("- email: one")
    retried = go_on(book, begin(book), Answered(Retry(reason="busy")))

    assert notes(go_on(book, retried, SENT))[0] == ("one", "email", "sent on try 2")


def test_an_unknown_outcome_is_held_when_the_provider_may_have_forgotten_the_key() -> None:
    book = steps("- email: one")
    doubtful = go_on(book, begin(book), Answered(Retry(reason="no answer", uncertain=True)))

    soon = go_on(book, doubtful, Answered(Retry(reason="busy")), after=KEY_MEMORY)
    late = go_on(book, doubtful, Answered(Retry(reason="busy")), after=KEY_MEMORY + hours(1))

    assert soon.run.status is RunStatus.SENDING
    assert late.run.status is RunStatus.HELD
    assert late.run.reason == "it is not known whether this email was sent: busy"


def test_an_email_in_doubt_is_not_asked_for_again_after_its_key_is_forgotten() -> None:
    book = steps("- email: one")
    doubtful = go_on(book, begin(book), Answered(Retry(reason="no answer", uncertain=True)))

    held = go_on(book, doubtful, after=KEY_MEMORY + hours(1))

    assert (held.run.status, held.run.reason) == (
        RunStatus.HELD,
        "it is not known whether this email was sent: no answer",
    )


def test_a_vendor_that_is_certainly_down_is_asked_for_days() -> None:
    book = steps("- email: one")

    decision = go_on(book, begin(book), Answered(Retry(reason="refused the connection")), after=hours(72))

    assert decision.run.status is RunStatus.SENDING


@pytest.mark.parametrize(
    ("policy", "status", "kinds"),
    [
        ("", RunStatus.HELD, ["hold"]),
        ("\n  if_it_fails: hold", RunStatus.HELD, ["hold"]),
        ("\n  if_it_fails: stop", RunStatus.FAILED, ["stop"]),
        ("\n  if_it_fails: go_on", RunStatus.SENDING, ["email"]),
    ],
)
def test_a_refused_email_does_what_the_step_says(policy: str, status: RunStatus, kinds: list[str]) -> None:
    book = steps(f"- email: one{policy}\n- email: two")

    decision = go_on(book, begin(book), Answered(Refused(reason="no such address")))

    assert decision.run.status is status
    assert [entry.kind for entry in decision.story] == kinds
    assert decision.story[0].error == "no such address"


def test_a_hold_alerts_once_however_often_it_is_looked_at() -> None:
    book = steps("- email: one", record="{error: Email Sequence Error}")
    unready = Answered(Unready(reason="city is unknown"))
    held = go_on(book, begin(book), unready)

    again = go_on(book, go_on(book, held, after=hours(1)), unready, after=hours(1))

    assert [type(effect) for effect in held.effects] == [RaiseAlert, ShowProgress]
    assert held.effects[1] == ShowProgress({"Email Sequence Error": "city is unknown"})
    assert (again.effects, again.story) == ((), ())
    assert again.run.due_at == NOON + hours(1) + LOOK_AGAIN


def test_an_answer_for_a_step_that_has_gone_from_the_file_loses_nothing() -> None:
    before, after = steps("- email: one"), steps("- email: two")
    asked = begin(before)

    accepted, refused = go_on(after, asked, SENT), go_on(after, asked, Answered(Refused(reason="no")))

    assert accepted.run.status is RunStatus.FINISHED
    assert refused.run.status is RunStatus.HELD
    assert go_on(after, asked).run.reason == 'step "one" is no longer in the file'


def test_an_email_that_turned_into_something_else_in_the_file_is_done_as_that() -> None:
    asked = begin(steps("- email: one"))
    after = steps("- alert: Hello\n  id: one")

    decision = go_on(after, asked)

    assert [type(effect) for effect in decision.effects] == [RaiseAlert]
    assert decision.run.status is RunStatus.FINISHED


def test_an_email_that_may_not_be_sent_any_more_when_asked_again_is_not() -> None:
    book = steps("- email: {HOT: hot, COLD: cold}\n  id: mail")
    asked = begin(book, ada(book, red=0))

    held = advance(book.sequences["course"], asked.run.evolve(segment=None), ada(book), Tick(), NOON)

    assert held.run.status is RunStatus.HELD


# -- What ends a run --------------------------------------------------------------------------


def test_a_suppressed_contact_ends_the_run_whatever_it_is_doing() -> None:
    book = steps("- email: one")

    decision = go_on(book, begin(book), suppressed="unsubscribed")

    assert (decision.run.status, decision.run.reason) == (RunStatus.STOPPED, "unsubscribed")
    assert decision.effects == ()


def test_stop_when_ends_the_run_before_the_next_step() -> None:
    book = steps("- email: one\n- email: two", stop_when="customer = true")
    asked = begin(book)

    decision = go_on(book, asked, SENT, values={**asked.contact.values, "customer": True})

    assert notes(decision) == [("one", "email", "sent"), ("two", "stop", "customer = true")]


def test_somebody_from_outside_ends_the_run() -> None:
    book = steps("- wait: 1 day\n- email: one")

    decision = go_on(book, begin(book), Ordered("stopped by hand"))

    assert (decision.run.status, decision.run.ended_at) == (RunStatus.STOPPED, NOON)


def test_a_program_that_is_gone_holds_its_runs() -> None:
    asked = begin(steps("- email: one"))

    decision = hold(asked.run, asked.contact, "course is no longer in the file", NOON)

    assert decision.run.status is RunStatus.HELD
    assert [type(effect) for effect in decision.effects] == [RaiseAlert]


# -- Other steps ------------------------------------------------------------------------------


def test_steps_that_ask_for_no_answer_are_done_in_one_look() -> None:
    book = steps(
        "- save: {visits: 3, signup_date: now, first_name: unknown}\n"
        '- alert: "{{ first_name }} has {{ visits }}"\n  title: Hello\n  colour: red\n'
        '  fields: {Name: "{{ first_name }}"}\n'
        "- start: course\n"
        "- stop: enough"
    )

    decision = begin(book, ada(book, first_name="Ada"))

    assert decision.contact.values["visits"] == 3
    assert decision.contact.values["signup_date"] == "2025-11-12T12:00:00Z"
    assert "first_name" not in decision.contact.values
    assert decision.effects[1:] == (
        RaiseAlert(message="there has 3", title="Hello", colour="red", fields=(("Name", "there"),)),
        StartRun(sequence="course"),
    )
    assert (decision.run.status, decision.run.reason) == (RunStatus.STOPPED, "enough")


def test_a_saved_list_is_told_as_it_stands_in_the_file() -> None:
    head = "version: 1\ncontact: {email: {type: email}, likes: {type: list}, loves: {type: list}}\n"
    book = playbook("triggers: {enter: {requires: [email], then: [{save: {loves: likes}}]}}\n", head=head)

    decision = begin(book, ada(likes=["tea", "rain"]), "trigger enter")

    assert notes(decision)[0] == ("save loves", "save", "loves = [tea, rain]")


def test_saving_a_value_moves_the_contact_to_its_new_segment() -> None:
    book = steps("- save: {red: 5}")

    assert begin(book, ada(book, red=0)).contact.values["segment"] == "HOT"


def test_saving_a_value_can_take_the_contact_out_of_every_segment() -> None:
    head = (
        "version: 1\ncontact: {email: {type: email}, red: {type: whole number, min: 0, max: 9},"
        " kind: {type: segment}}\n"
        "segments: [{HOT: red > 1}, {otherwise: none}]\n"
    )
    book = playbook("triggers: {enter: {requires: [email], then: [{save: {red: 0}}]}}\n", head=head)

    decision = begin(book, ada(book, red=5), "trigger enter")

    assert (ada(book, red=5).values["kind"], "kind" in decision.contact.values) == ("HOT", False)


def test_a_file_without_a_segment_field_saves_all_the_same() -> None:
    head = "version: 1\ncontact:\n  email: {type: email}\n  visits: {type: whole number}\n"
    book = playbook("triggers:\n  enter: {requires: [email], then: [{save: {visits: 1}}]}\n", head=head)

    assert begin(book, name="trigger enter").contact.values["visits"] == 1


def test_stop_of_another_sequence_is_an_effect_and_of_its_own_an_end() -> None:
    text = "triggers:\n  enter: {requires: [email], then: [{start: a}, {start: b}]}\n"
    text += "sequences:\n  a: {steps: [{stop: {sequence: b}}, {email: one}]}\n  b: {steps: [{stop: {sequence: b}}]}\n"
    book = playbook(text)

    other, own = begin(book, name="a"), begin(book, name="b")

    assert other.effects[0] == StopRuns(sequence="b", reason="stopped by a")
    assert (own.run.status, own.run.reason) == (RunStatus.STOPPED, "stopped by b")


def test_when_leaves_a_step_out_and_says_why() -> None:
    book = steps("- email: one\n  when: visits > 3\n- email: two\n  when: customer = true\n- email: three")

    assert notes(begin(book, ada(book))) == [
        ("one", "email", "skipped: visits > 3 cannot be told"),
        ("two", "email", "skipped: customer = true is not true"),
    ]


def test_what_cannot_be_told_opens_no_branch_and_ends_nothing() -> None:
    book = steps(
        "- choose:\n  - {when: visits > 3, steps: [{email: one}]}\n  - {otherwise: [{email: two}]}",
        stop_when="visits > 3",
    )

    begun = begin(book, ada(book))

    assert begun.run.status is not RunStatus.STOPPED
    assert [effect.template for effect in begun.effects if isinstance(effect, SendEmail)] == ["two"]


def test_when_that_is_true_changes_nothing() -> None:
    book = steps("- email: one\n  when: visits > 3")

    assert begin(book, ada(book, visits=5)).effects == (SendEmail(step="one", template="one"),)


CHOICE = """
- choose:
    - when: visits > 5
      steps:
        - email: many
        - wait: 1 hour
    - when: visits > 2
      steps: []
    {otherwise}
- email: last
"""


@pytest.mark.parametrize(
    ("visits", "otherwise", "first", "note"),
    [
        (9, "- otherwise: [{email: few}]", "many", "visits > 5"),
        (3, "- otherwise: [{email: few}]", "last", "visits > 2"),
        (1, "- otherwise: [{email: few}]", "few", "otherwise"),
        (1, "", "last", "no branch applies"),
    ],
)
def test_choose_takes_the_first_open_way(visits: int, otherwise: str, first: str, note: str) -> None:
    book = steps(CHOICE.replace("{otherwise}", otherwise))

    decision = begin(book, ada(book, visits=visits))

    assert decision.run.step == first
    assert notes(decision) == [("choose", "choose", note)]


def test_the_ways_meet_again_after_their_own_waits() -> None:
    book = steps(CHOICE.replace("{otherwise}", "- otherwise: [{email: few}]"))

    waiting = go_on(book, begin(book, ada(book, visits=9)), SENT)

    assert waiting.run.status is RunStatus.WAITING
    assert waiting.run.due_at == NOON + hours(1)
    assert go_on(book, waiting, after=hours(1)).run.step == "last"


def test_progress_is_recorded_by_the_position_of_the_email() -> None:
    book = steps(
        "- email: one\n- email: two",
        record='{sent: "Email {n} Sent", sent_at: "Email {n} Sent Date", finished: Sequence Complete}',
    )

    first = go_on(book, begin(book), SENT)
    second = go_on(book, first, SENT)

    shown = [effect.properties for effect in (*first.effects, *second.effects) if isinstance(effect, ShowProgress)]
    assert shown == [
        {"Email 1 Sent": True},
        {"Email 1 Sent Date": "2025-11-12T12:00:00Z"},
        {"Email 2 Sent": True},
        {"Email 2 Sent Date": "2025-11-12T12:00:00Z"},
        {"Sequence Complete": True},
    ]


# -- Waits ------------------------------------------------------------------------------------


def test_a_wait_is_a_due_time_and_an_early_look_changes_nothing() -> None:
    book = steps("- wait: 24 hours\n- email: one")
    waiting = begin(book)

    early = go_on(book, waiting, after=hours(5))

    assert (waiting.run.status, waiting.run.due_at) == (RunStatus.WAITING, NOON + hours(24))
    assert (waiting.story[0].kind, waiting.story[0].note, waiting.story[0].until) == (
        "wait",
        "24 hours",
        NOON + hours(24),
    )
    assert (early.run.due_at, early.story) == (NOON + hours(24), ())
    assert go_on(book, waiting, after=hours(24)).run.status is RunStatus.SENDING


def test_a_moment_that_had_passed_leaves_the_next_email_out() -> None:
    book = steps("- wait: until 24 hours before appointment\n- alert: Soon\n- email: one\n- email: two")

    decision = begin(book, ada(book, appointment="2025-11-12T20:00:00Z"))

    assert notes(decision) == [
        (
            "alert discord",
            "wait",
            'the moment of "until 24 hours before appointment" had passed: the next email is left out',
        ),
        ("alert discord", "alert", "Soon"),
        ("one", "email", "left out: its moment had passed"),
    ]
    assert decision.run.step == "two"


def test_a_moment_that_had_passed_may_stop_the_run_or_be_ignored() -> None:
    text = "- wait: until 24 hours before appointment\n  if_past: {policy}\n- email: one"
    stopping, going = steps(text.format(policy="stop")), steps(text.format(policy="go_on"))
    soon = "2025-11-12T20:00:00Z"

    assert begin(stopping, ada(stopping, appointment=soon)).run.status is RunStatus.STOPPED
    assert begin(going, ada(going, appointment=soon)).run.status is RunStatus.SENDING


def test_an_unknown_moment_holds_stops_or_goes_on() -> None:
    text = "- wait: until 24 hours before appointment\n  if_unknown: {policy}\n- email: one"
    outcomes = {policy: begin(steps(text.format(policy=policy))).run for policy in ("hold", "stop", "go_on")}

    assert outcomes["hold"].reason == '"until 24 hours before appointment" cannot be told: appointment is unknown'
    assert {name: run.status for name, run in outcomes.items()} == {
        "hold": RunStatus.HELD,
        "stop": RunStatus.STOPPED,
        "go_on": RunStatus.SENDING,
    }


def test_a_trigger_that_may_not_create_contacts_waits_for_one_that_may() -> None:
    book = playbook("triggers:\n  quiz: {requires: [email], unknown_contact: hold 1 hour, then: [{alert: Hello}]}\n")
    stranger = ada(book).evolve(known=False)

    waiting = begin(book, stranger, "trigger quiz")
    still = go_on(book, waiting, after=timedelta(minutes=30))
    late = go_on(book, still, after=hours(1))
    met = go_on(book, waiting, after=timedelta(minutes=30), known=True)

    assert (waiting.run.status, waiting.run.due_at) == (RunStatus.WAITING, NOON + hours(1))
    assert (still.run.due_at, still.story) == (NOON + hours(1), ())
    assert (late.run.status, late.run.reason) == (RunStatus.STOPPED, "the contact did not become known within 1 hour")
    assert [effect.message for effect in late.effects if isinstance(effect, RaiseAlert)] == [
        "trigger quiz: ada@example.com did not become known within 1 hour; nothing was started"
    ]
    assert met.run.status is RunStatus.FINISHED


def test_a_trigger_may_reject_strangers() -> None:
    book = playbook("triggers:\n  quiz: {requires: [email], unknown_contact: reject, then: [{alert: Hello}]}\n")

    decision = begin(book, ada(book).evolve(known=False), "trigger quiz")

    assert (decision.run.status, decision.run.reason) == (RunStatus.STOPPED, "the contact did not become known")


@dataclass(frozen=True)
class Nap:
    """A verb that sleeps once, as a step of a later version may."""

    def move(self, scene: Scene) -> Move:
        return Sleep(NOON + hours(2), "nap") if scene.now < NOON + hours(2) else Next("awake")


def test_a_verb_may_sleep() -> None:
    book = steps("- email: one")
    course = book.sequences["course"]
    napping = replace(course, steps={"one": replace(course.steps["one"], kind="nap", verb=Nap())})
    run = start_directly(napping, ada(book), run_id="r1", now=NOON)

    asleep = advance(napping, run, ada(book), Tick(), NOON)
    awake = advance(napping, asleep.run, ada(book), Tick(), NOON + hours(2))

    assert (asleep.run.status, asleep.run.due_at) == (RunStatus.WAITING, NOON + hours(2))
    assert [entry.note for entry in awake.story] == ["awake", "end of course"]


def test_a_contact_in_no_segment_is_held_where_the_segment_chooses() -> None:
    head = (
        "version: 1\nemail: {from: sang@example.com}\n"
        "contact: {email: {type: email}, red: {type: whole number, min: 0, max: 9}, kind: {type: segment}}\n"
        "segments: [{HOT: red > 1}, {otherwise: none}]\n"
    )
    text = "triggers: {enter: {requires: [email], then: [{start: course}]}}\n"
    book = playbook(text + "sequences: {course: {steps: [{email: {HOT: hot}, id: mail}]}}\n", head=head)

    assert begin(book, ada(book, red=0)).run.reason == "the contact is in no segment"


# -- Entering ---------------------------------------------------------------------------------


def enter(book: Playbook, *earlier: Run, **contact: Any) -> Any:
    who = ada(book, red=2).evolve(**contact)
    return enrol(book.sequences["course"], who, earlier, run_id="new", event_id="e1", now=NOON)


def past(status: RunStatus, days: int = 10) -> Run:
    begun = NOON - timedelta(days=days)
    return Run(
        id=f"old{days}",
        program="course",
        contact_id="c1",
        status=status,
        step=None,
        since=begun,
        due_at=None,
        started_at=begun,
    )


def test_a_first_start_freezes_the_segment() -> None:
    entered = enter(steps("- email: one"))

    assert (entered.note, entered.run.segment, entered.run.step, entered.run.due_at) == ("started", "HOT", "one", NOON)


@pytest.mark.parametrize(
    ("policy", "note", "replaces"),
    [("ignore", "not started: already in it", 0), ("restart", "started again", 1), ("run_both", "started", 0)],
)
def test_who_is_in_it_now_enters_as_the_file_says(policy: str, note: str, replaces: int) -> None:
    entered = enter(steps("- email: one", if_already_in=policy), past(RunStatus.WAITING))

    assert (entered.note, len(entered.replaced)) == (note, replaces)


@pytest.mark.parametrize(
    ("rest", "days", "note"),
    [
        ("never", 900, "not started: was in it before, on 2023-05-27"),
        ("any_time", 0, "started"),
        ("90 days", 89, "not started: may enter again on 2025-11-13"),
        ("90 days", 91, "started"),
    ],
)
def test_who_was_in_it_before_enters_again_as_the_file_says(rest: str, days: int, note: str) -> None:
    assert enter(steps("- email: one", again_after=rest), past(RunStatus.FINISHED, days)).note == note


@pytest.mark.parametrize(
    ("rest", "note"), [("never", "was in it before, on 2025-11-10"), ("7 days", "may enter again on 2025-11-17")]
)
def test_the_days_it_tells_of_are_those_of_the_file(rest: str, note: str) -> None:
    """Late in the evening it is the next day already where the hours are counted from."""
    evening = datetime(2025, 11, 11, 3, 0, tzinfo=UTC)  # 22:00 of the tenth in Toronto
    before = past(RunStatus.FINISHED).evolve(started_at=evening)
    assert enter(steps("- email: one", again_after=rest), before).note == f"not started: {note}"


def test_a_suppressed_contact_does_not_enter() -> None:
    assert enter(steps("- email: one"), suppressed="unsubscribed").note == "not started: unsubscribed"


def test_the_story_says_what_became_of_a_start() -> None:
    line = Entry(at=NOON, step="start course", kind="start", note="course")
    skipped = line.evolve(note="skipped: customer is not true")
    other = line.evolve(note="other")

    found = told([skipped, line, other, line], [("course", "started"), ("other", "started"), ("course", "not started")])

    assert [entry.note for entry in found] == [
        "skipped: customer is not true",
        "course: started",
        "other: started",
        "course: not started",
    ]
    assert told([line], []) == [line]


def test_what_a_run_saves_may_end_it_at_once() -> None:
    book = steps("- save: {customer: true}\n- email: one", stop_when="customer = true")

    decision = begin(book)

    assert (decision.run.status, decision.run.step) == (RunStatus.STOPPED, "one")
    assert [effect for effect in decision.effects if isinstance(effect, SendEmail)] == []
