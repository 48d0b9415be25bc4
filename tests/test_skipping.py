"""Steps that somebody leaves out, and runs that somebody ends: what ``advance`` makes of it."""

from __future__ import annotations

from datetime import timedelta

from engine.asking import UNSURE
from engine.intake import start_directly
from engine.interpreter import advance, stop
from engine.model import (
    Accepted,
    Answered,
    Contact,
    Decision,
    Event,
    Playbook,
    Retry,
    RunStatus,
    SendEmail,
    Skipped,
    Tick,
    Unready,
)
from tests.playbooks import NOON, ada, hours, steps

SENT = Answered(Accepted(template="one", subject="One"))
BY_HAND = Skipped("left out by hand")


def lived(book: Playbook, *events: tuple[float, Event], contact: Contact | None = None) -> Decision:
    """What the last of these events makes of a run that began at noon; each comes so many hours after that."""
    program, who = book.sequences["course"], contact or ada(book)
    run = start_directly(program, who, run_id="r1", now=NOON)
    decision = Decision(run=run, contact=who)
    for after, event in events:
        decision = advance(program, decision.run, decision.contact, event, NOON + hours(after))
    return decision


def told(decision: Decision) -> list[tuple[str | None, str, str]]:
    return [(entry.step, entry.kind, entry.note) for entry in decision.story]


def test_the_email_that_a_run_waits_for_is_left_out_and_the_next_gap_begins_now() -> None:
    book = steps("- email: one\n- wait: 24 hours\n- email: two\n- wait: 48 hours\n- email: three")

    skipped = lived(book, (0, Tick()), (0, SENT), (6, BY_HAND))
    later = advance(book.sequences["course"], skipped.run, skipped.contact, Tick(), NOON + hours(7))

    assert told(skipped) == [("two", "email", "left out by hand")]
    assert skipped.effects == ()
    assert (skipped.run.step, skipped.run.status) == ("three", RunStatus.READY)
    assert (skipped.run.since, skipped.run.due_at) == (NOON + hours(6), NOON + hours(6))
    assert (later.run.status, later.run.due_at) == (RunStatus.WAITING, NOON + hours(6 + 48))


def test_a_held_email_is_left_out_and_the_next_look_goes_on() -> None:
    book = steps("- email: one\n- email: two")

    skipped = lived(book, (0, Tick()), (0, Answered(Unready(reason="no template"))), (1, BY_HAND))
    later = advance(book.sequences["course"], skipped.run, skipped.contact, Tick(), NOON + hours(1))

    assert (skipped.run.step, skipped.run.reason) == ("two", None)
    assert later.effects == (SendEmail(step="two", template="two"),)


def test_an_email_that_may_be_out_counts_as_sent_and_the_story_says_so() -> None:
    book = steps("- email: one\n- email: two")

    unsure = lived(book, (0, Tick()), (0, Answered(Retry(reason="timeout", uncertain=True))), (30, Tick()))
    skipped = lived(
        book, (0, Tick()), (0, Answered(Retry(reason="timeout", uncertain=True))), (30, Tick()), (31, BY_HAND)
    )

    assert unsure.run.reason == f"{UNSURE}: timeout"
    assert told(skipped) == [("one", "email", f"left out by hand; {UNSURE}, and it counts as sent")]
    assert (skipped.run.step, skipped.run.in_doubt, skipped.run.asked_at) == ("two", False, None)


def test_the_tries_of_an_email_that_is_left_out_do_not_count_for_the_next() -> None:
    book = steps("- email: one\n- email: two")

    skipped = lived(book, (0, Tick()), (0, Answered(Retry(reason="busy"))), (1, BY_HAND))

    assert (skipped.run.attempt, skipped.run.status) == (0, RunStatus.READY)


def test_the_last_step_left_out_leads_to_the_end() -> None:
    book = steps("- email: one")

    skipped = lived(book, (0, Tick()), (1, BY_HAND))
    later = advance(book.sequences["course"], skipped.run, skipped.contact, Tick(), NOON + hours(1))

    assert skipped.run.step is None
    assert not skipped.run.status.ended
    assert told(later) == [(None, "end", "end of course")]


def test_a_choice_is_left_out_with_all_of_its_branches() -> None:
    book = steps(
        "- wait: 1 hour\n- choose:\n    - when: red >= 2\n      steps: [{email: hot}]\n"
        "    - otherwise: [{email: cold}]\n  id: fork\n- email: last"
    )

    assert lived(book, (0, Tick()), (0.5, BY_HAND)).run.step == "last"


def test_an_email_whose_moment_has_passed_is_left_out_once() -> None:
    book = steps('- wait: "until 1 day before appointment"\n- alert: soon\n- email: one\n- email: two')
    contact = ada(book, appointment="2025-11-12T18:00:00Z")

    marked = lived(book, (0, Tick()), contact=contact)
    program = book.sequences["course"]
    waiting = marked.run.evolve(step="one", status=RunStatus.HELD, skipping=True)
    skipped = advance(program, waiting, contact, BY_HAND, NOON)

    assert marked.run.step == "two"
    assert (skipped.run.step, skipped.run.skipping) == ("two", False)


def test_what_is_left_out_before_such_an_email_leaves_it_to_be_left_out() -> None:
    book = steps("- alert: soon\n- email: one\n- email: two")
    first = lived(book).run.evolve(skipping=True)

    assert advance(book.sequences["course"], first, ada(book), BY_HAND, NOON).run.skipping


def test_a_step_that_has_left_the_file_cannot_be_left_out() -> None:
    book = steps("- email: one")
    lost = lived(book).run.evolve(step="gone")

    skipped = advance(book.sequences["course"], lost, ada(book), BY_HAND, NOON)

    assert (skipped.run.status, skipped.run.step) == (RunStatus.HELD, "gone")
    assert skipped.run.reason == 'step "gone" is no longer in the file'


def test_a_run_is_ended_whose_program_has_left_the_file() -> None:
    waiting = lived(steps("- email: one\n- wait: 1 day\n- email: two"), (0, Tick()), (0, SENT))

    ended = stop(waiting.run, waiting.contact, "stopped by hand", NOON + timedelta(hours=3))

    assert (ended.run.status, ended.run.reason, ended.run.due_at) == (RunStatus.STOPPED, "stopped by hand", None)
    assert ended.run.ended_at == NOON + timedelta(hours=3)
    assert told(ended) == [("two", "stop", "stopped by hand")]
    assert ended.effects == ()
