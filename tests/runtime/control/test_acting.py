"""Stopping, leaving out and trying again: what is meant, what is refused, and runs in the hands of workers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.asking import UNSURE
from engine.model import Refused, RunStatus
from engine.model import Retry as TryLater
from engine.ports import Delivery, Message
from engine.runtime.control import Pause, Retry, Skip, Stop
from engine.runtime.control.control import LOOKS
from engine.runtime.runner import LEASE
from tests.playbooks import NOON, hours, playbook
from tests.runtime.conftest import ScriptedMailer, yes
from tests.runtime.control.conftest import ADA, Hands

Make = Callable[..., Hands]
BACK_TO_BACK = "- email: one\n- email: two"


# Which runs are meant


def wrong_batch(hands: Make) -> Hands:
    """Ada enters at noon, Bo and Cy an hour later, Di at two."""
    course = hands()
    for names in (("ada",), ("bo", "cy"), ("di",)):
        course.enter(*names)
        course.engine.clock.forward(hours=1)
    return course


def test_what_was_started_in_a_window_ends_and_the_others_go_on(hands: Make) -> None:
    course = wrong_batch(hands)
    outcome = course.do(Stop("wrong list"), since=NOON + hours(1), until=NOON + hours(2))
    course.engine.pass_time(hours=30)
    assert outcome.done == 2
    assert [course.run(name).status for name in ("ada", "bo", "cy", "di")] == [
        RunStatus.WAITING,
        RunStatus.STOPPED,
        RunStatus.STOPPED,
        RunStatus.WAITING,
    ]
    assert [course.sent(name) for name in ("ada", "bo")] == [["one", "two"], ["one"]]
    assert course.told("bo")[-1] == ("stop", "stopped by hand: wrong list")


def test_a_window_without_an_end_reaches_to_now(hands: Make) -> None:
    course = wrong_batch(hands)
    assert course.do(Stop(), since=NOON + hours(1), sequence="course").done == 3
    assert course.run("ada").status is RunStatus.WAITING


def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(hands: Make) -> None:
    course = wrong_batch(hands)
    assert len(course.look(Stop(), since=NOON, until=NOON + hours(1)).chosen) == 1
    assert len(course.look(Stop(), since=NOON + timedelta(milliseconds=1), until=NOON + hours(1)).chosen) == 0


def test_the_runs_of_a_window_are_found_by_when_they_were_made(hands: Make) -> None:
    """A clock that was set back makes ids that are later than the moment of their start."""
    course = hands()
    course.engine.clock.forward(hours=5)
    course.enter("ada")
    course.engine.clock.at = NOON
    course.enter("bo")
    preview = course.look(Stop(), since=NOON, until=NOON + hours(1))
    assert preview.examples == ["bo@example.com"]


def test_a_webhook_belongs_to_its_window_however_late_its_run_begins(hands: Make) -> None:
    course = hands()
    course.engine.accept(email=ADA)
    course.engine.clock.forward(hours=3)
    course.engine.work()
    course.enter("bo")
    preview = course.look(Stop(), since=NOON, until=NOON + hours(1))
    assert preview.examples == [ADA]
    assert len(course.look(Stop(), since=NOON, until=NOON + hours(4)).chosen) == 2
    assert course.look(Stop(), email="bo@example.com", since=NOON, until=NOON + hours(1)).chosen == []


def test_a_segment_and_a_step_narrow_what_is_meant(hands: Make) -> None:
    course = hands()
    for name, red in (("ada", 3), ("bo", 0), ("cy", 4)):
        course.engine.accept(email=f"{name}@example.com", red=red)
    course.engine.work()
    course.do(Skip(), run=course.run("cy").id)
    course.engine.work()
    assert course.look(Stop(), sequence="course", segment="HOT").examples == ["ada@example.com", "cy@example.com"]
    assert course.look(Stop(), sequence="course", segment="HOT", step="three").examples == ["cy@example.com"]


def test_a_batch_that_no_worker_has_seen_yet_is_undone_too(hands: Make) -> None:
    course = hands()
    course.engine.accept(email=ADA)
    assert course.do(Stop(), since=NOON).done == 1
    assert course.engine.work() == 0
    assert course.engine.runs("course") == []


def test_a_person_is_found_however_the_address_is_written_and_others_are_left_alone(hands: Make) -> None:
    course = hands()
    course.enter("ada", "bo")
    preview = course.look(Stop(), email="ADA@example.com", sequence="course")
    assert [run_id for run_id, _ in preview.chosen] == [course.run("ada").id]
    assert course.look(Stop(), run=course.run("ada").id, email="bo@example.com").chosen == []
    assert course.look(Stop(), run="nothing").unfit == []


def test_what_would_happen_is_counted_by_sequence_and_step(hands: Make) -> None:
    course = hands()
    course.enter("ada", "bo", "cy", "di")
    course.do(Skip(), run=course.run("ada").id)
    course.engine.work()
    preview = course.look(Stop(), sequence="course")
    assert preview.steps == {("course", "three"): 1, ("course", "two"): 3}
    assert len(preview.examples) == 3


# Ends


def test_a_paused_run_ends_and_is_paused_no_more(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    course.do(Pause(), email=ADA)
    course.do(Stop(), email=ADA)
    assert (course.run().status, course.paused()) == (RunStatus.STOPPED, [])


def test_a_run_that_has_left_the_file_can_be_ended(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    course.engine.playbook = playbook("sequences:\n  other:\n    steps: [{email: one}]\n")
    assert course.do(Stop(), email=ADA).done == 1


def test_what_is_over_is_over(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    course.do(Stop("enough"), email=ADA)
    [told] = course.look(Stop(), run=course.run().id).unfit
    assert told.why == "it is over: stopped: stopped by hand: enough"


# In the hands of a worker


def test_a_run_in_hand_is_waited_for_and_then_ended(hands: Make) -> None:
    course = hands(BACK_TO_BACK)
    course.engine.accept(email=ADA)
    runner = course.engine.runner()
    runner.work(runner.claim(100))  # the trigger starts the course
    claimed = runner.claim(100)

    def finish() -> None:
        if claimed:
            runner.work([claimed.pop()])

    course.engine.mailer.answer = lambda message: TryLater(reason="busy")
    course.while_waiting = finish
    outcome = course.do(Stop(), email=ADA)
    assert (outcome.done, outcome.in_hand, course.waited) == (1, [], [0.25])
    assert course.run().status is RunStatus.STOPPED


def test_a_run_that_stays_in_hand_is_left_to_its_worker_and_named(hands: Make) -> None:
    course = hands(BACK_TO_BACK)
    course.engine.accept(email=ADA)
    runner = course.engine.runner()
    runner.work(runner.claim(100))
    [claimed] = runner.claim(100)
    outcome = course.do(Stop(), email=ADA)
    assert (outcome.done, outcome.in_hand) == (0, [claimed.run.id])
    assert course.waited == [0.25] * LOOKS
    assert course.run().status is RunStatus.READY

    course.engine.clock.forward(seconds=LEASE.total_seconds())
    assert course.do(Stop(), email=ADA).done == 1
    runner.work([claimed])
    assert course.sent() == [], "its worker was dead or asleep, and has nothing to say any more"


def test_the_preview_says_how_many_are_in_hand(hands: Make) -> None:
    course = hands(BACK_TO_BACK)
    course.engine.accept(email=ADA)
    runner = course.engine.runner()
    runner.work(runner.claim(100))
    assert course.look(Stop(), email=ADA).in_hand == 0
    runner.claim(100)
    assert course.look(Stop(), email=ADA).in_hand == 1


# Left out


def test_a_skipped_email_is_never_sent_and_the_next_gap_counts_from_then(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    course.engine.pass_time(hours=10)
    course.do(Skip("not for her"), email=ADA)
    course.engine.pass_time(hours=47)
    assert course.sent() == ["one"]
    course.engine.pass_time(hours=1)
    assert course.sent() == ["one", "three"]
    assert ("email", "left out by hand: not for her") in course.told()


def test_a_paused_run_leaves_a_step_out_and_stays_paused(hands: Make) -> None:
    course = hands(BACK_TO_BACK)
    course.do(Pause(), sequence="course")
    course.enter("ada")
    course.do(Skip(), email=ADA)
    course.engine.work()
    assert (course.run().step, course.paused(), course.sent()) == ("two", ["ada"], [])


def test_a_preview_leaves_out_no_other_step_than_it_showed(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    preview = course.look(Skip(), email=ADA)
    course.engine.pass_time(hours=24)
    outcome = course.control().carry_out(preview)
    assert (outcome.done, outcome.moved, course.run().step) == (0, 1, "three")


@pytest.mark.parametrize(("text", "soon"), [(BACK_TO_BACK, 1), ("- email: one\n- wait: 1 day\n- email: two", 0)])
def test_leaving_a_step_out_may_make_the_next_email_due(hands: Make, text: str, soon: int) -> None:
    course = hands(text, mailer=ScriptedMailer(answer=lambda message: TryLater(reason="busy")))
    course.enter("ada")
    assert course.look(Skip(), email=ADA).soon == soon


def test_a_step_that_has_left_the_file_is_refused_with_what_to_write(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    course.engine.playbook = playbook("sequences:\n  course:\n    steps: [{email: other}]\n")
    [refused] = course.look(Skip(), email=ADA).refused
    assert refused.why == 'step "two" is no longer in the file; say which step it is now with  was: two'
    course.engine.playbook = playbook("sequences:\n  other:\n    steps: [{email: other}]\n")
    [refused] = course.look(Skip(), email=ADA).refused
    assert refused.why == "course is no longer in the file, so nobody can say what follows"


def test_the_end_cannot_be_left_out(hands: Make) -> None:
    course = hands("- email: one")
    course.do(Pause(), sequence="course")
    course.enter("ada")
    course.do(Skip(), email=ADA)
    [refused] = course.look(Skip(), email=ADA).refused
    assert refused.why == "it has no step left: it ends at its next look"


def test_the_run_of_a_trigger_leaves_a_step_out_where_it_is_named(hands: Make) -> None:
    course = hands()
    receipt = course.engine.accept(email=ADA)
    assert course.look(Skip(), email=ADA).chosen == []
    assert course.do(Skip(), run=receipt.event_id).done == 1
    course.engine.work()
    assert course.engine.runs("course") == []


# Tried again


def refusing(hands: Make, text: str = BACK_TO_BACK, answer: Delivery | None = None) -> Hands:
    course = hands(text, mailer=ScriptedMailer(answer=lambda message: answer or Refused(reason="no such address")))
    course.enter("ada")
    course.engine.mailer.answer = None
    return course


def test_a_held_run_is_tried_again_at_once(hands: Make) -> None:
    course = refusing(hands)
    assert course.run().status is RunStatus.HELD
    assert course.do(Retry(), email=ADA).done == 1
    course.engine.work()
    assert course.sent() == ["one", "one", "two"]
    assert ("again", "tried again by hand") in course.told()


def test_a_failed_run_lives_again(hands: Make) -> None:
    course = refusing(hands, "- email: one\n  if_it_fails: stop\n- email: two")
    assert course.run().status is RunStatus.FAILED
    course.do(Retry(), email=ADA)
    course.engine.work()
    assert (course.run().status, course.run().ended_at) == (RunStatus.FINISHED, course.engine.clock.now())
    assert course.sent() == ["one", "one", "two"]


def test_a_failed_run_stays_so_beside_a_newer_one(hands: Make) -> None:
    text = "sequences:\n  course:\n    again_after: any_time\n    steps:\n      - {email: one, if_it_fails: stop}\n"
    course = Hands(hands().engine)
    course.engine.playbook = playbook("triggers:\n  enter: {requires: [email], then: [{start: course}]}\n" + text)
    course.engine.mailer.answer = lambda message: Refused(reason="no such address")
    course.enter("ada")
    older = course.run()
    course.engine.clock.forward(hours=1)
    course.enter("ada")

    preview = course.look(Retry(), sequence="course")
    assert [run_id for run_id, _ in preview.chosen] == [course.run().id]
    [refused] = preview.refused
    assert refused.run.id == older.id
    assert refused.why == f"a newer run of the same person in course is failed: {course.run().id}"


def given_up(hands: Make) -> Hands:
    """An email that gave trouble at every try."""
    course = refusing(hands, answer=TryLater(reason="busy"))
    course.engine.mailer.answer = lambda message: TryLater(reason="busy")
    while course.run().status is not RunStatus.HELD:
        course.engine.pass_time(minutes=20)
    return course


def test_an_email_that_was_given_up_has_all_its_tries_again(hands: Make) -> None:
    course = given_up(hands)
    course.do(Retry(), email=ADA)
    course.engine.work()
    assert (course.run().status, course.run().attempt) == (RunStatus.SENDING, 1)
    course.engine.mailer.answer = None
    course.engine.pass_time(minutes=20)
    assert course.run().status is RunStatus.FINISHED


def test_only_what_is_held_or_failed_is_tried_again(hands: Make) -> None:
    course = refusing(hands)
    course.do(Pause(), email=ADA)
    [told] = course.look(Retry(), run=course.run().id).unfit
    assert told.why == "it is paused: resume it"
    course.resume(email=ADA)
    course.do(Retry(), email=ADA)
    course.engine.work()
    [told] = course.look(Retry(), run=course.run().id).unfit
    assert told.why == "it is finished: only what is held or has failed is tried again"


def unsure(hands: Make) -> Hands:
    """An email of which nobody knows whether it is out, for longer than the provider remembers its key."""
    course = refusing(hands, answer=TryLater(reason="timeout", uncertain=True))
    course.engine.mailer.answer = lambda message: TryLater(reason="timeout", uncertain=True)
    course.engine.pass_time(hours=24)
    assert (course.run().reason or "").startswith(UNSURE)
    course.engine.mailer.answer = None
    course.engine.mailer.given.clear()
    return course


def test_an_email_that_may_be_out_is_not_tried_again(hands: Make) -> None:
    course = unsure(hands)
    preview = course.look(Retry(), email=ADA)
    assert preview.nothing
    assert [one.why for one in preview.refused] == [
        f"{UNSURE}; skip counts it as sent, retry --send-again may send it twice"
    ]


def test_an_email_that_may_be_out_is_sent_again_by_whoever_takes_the_risk(hands: Make) -> None:
    course = unsure(hands)
    assert course.do(Retry(send_again=True), email=ADA).done == 1
    course.engine.work()
    assert course.sent() == ["one", "two"]
    assert ("again", "tried again by hand, although it may have been sent already") in course.told()


def test_an_email_that_may_be_out_counts_as_sent_when_it_is_left_out(hands: Make) -> None:
    course = unsure(hands)
    course.do(Skip(), email=ADA)
    course.engine.work()
    assert course.sent() == ["two"]
    assert ("email", f"left out by hand; {UNSURE}, and it counts as sent") in course.told()


def test_a_try_that_died_with_its_worker_is_not_forgotten_by_trying_again(hands: Make) -> None:
    """The worker was killed while it sent, the run was parked, and the provider has forgotten the key since."""
    course = hands(BACK_TO_BACK)

    def die(message: Message) -> Delivery:
        raise SystemExit

    course.engine.mailer.answer = die
    with pytest.raises(SystemExit):
        course.enter("ada")
    course.engine.clock.forward(minutes=2)
    with course.engine.ledger.write() as tx:
        [taken] = tx.take([course.run().id], course.engine.clock.now(), LEASE)
        tx.settle([taken.run.evolve(status=RunStatus.HELD, reason="busos failed on this run: KeyError")])
    course.engine.mailer.answer = yes
    course.engine.clock.forward(hours=30)
    course.do(Retry(), email=ADA)
    course.engine.work()
    assert (course.run().reason or "").startswith(UNSURE)
    assert course.sent() == ["one"]
