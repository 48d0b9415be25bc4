from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.model import Run, RunStatus
from engine.ports import Delivery, Message
from engine.runtime.control import AtOnce, Over, Pause, Preview, Resume, Shift
from engine.runtime.ledger import Claimed
from tests.playbooks import NOON, hours
from tests.runtime.conftest import ScriptedMailer, yes
from tests.runtime.control.conftest import ADA, Hands

Make = Callable[..., Hands]
BY_HAND = ("pause", "paused by hand: wrong prices")


def paused_for(hands: Hands, length: float, after: float = 0) -> None:
    """Ada is paused some hours after her first email, and time passes."""
    hands.enter("ada")
    hands.engine.pass_time(hours=after)
    hands.do(Pause("wrong prices"), email=ADA)
    hands.engine.pass_time(hours=length)


# Pausing


def test_a_paused_run_gets_nothing_however_long_it_lasts(hands: Make) -> None:
    course = hands()
    paused_for(course, 1000)
    assert course.sent() == ["one"]
    assert course.told()[-1] == BY_HAND
    assert course.run().due_at == NOON + hours(24)


def test_only_those_who_were_meant_stand_still(hands: Make) -> None:
    course = hands()
    course.enter("ada", "bo", "cy")
    assert course.do(Pause(), email="BO@example.com").done == 1
    assert course.do(Pause(), run=course.run("cy").id).done == 1
    course.engine.pass_time(hours=24)
    assert course.paused() == ["bo", "cy"]
    assert (course.sent("ada"), course.sent("bo")) == (["one", "two"], ["one"])


def test_a_run_that_is_paused_already_keeps_its_beginning(hands: Make) -> None:
    course = hands()
    paused_for(course, 5)
    preview = course.look(Pause(), email=ADA)
    assert (preview.nothing, [one.why for one in preview.unfit]) == (
        True,
        ["it is the run of a trigger, and what comes in is always taken in; pause a sequence", "it is paused already"],
    )


def test_an_email_that_is_going_out_is_written_down_and_then_the_run_stands_still(hands: Make) -> None:
    """Somebody pauses the run while the mailer has its email in hand."""
    course: Hands

    def answer(message: Message) -> Delivery:
        if message.template == "one":
            assert course.do(Pause("wrong prices"), email=ADA).done == 1
        return yes(message)

    course = hands("- email: one\n- email: two", mailer=ScriptedMailer(answer=answer))
    course.enter("ada")
    course.engine.pass_time(hours=1)

    assert course.sent() == ["one"]
    assert (course.run().step, course.paused()) == ("two", ["ada"])
    course.resume(email=ADA)
    course.engine.work()
    assert course.sent() == ["one", "two"]
    assert course.run().status is RunStatus.FINISHED


def test_an_email_that_was_about_to_go_out_does_not_and_leaves_no_doubt(hands: Make) -> None:
    """The run was claimed before the pause and decided on after it; a day later it goes on as if nothing was."""
    course = hands()
    course.enter("ada")
    course.engine.clock.forward(hours=24)
    runner = course.engine.runner()
    claimed: list[Claimed] = runner.claim(100)
    course.do(Pause(), email=ADA)
    runner.work(claimed)
    assert course.sent() == ["one"]

    course.engine.pass_time(hours=30)
    course.resume(email=ADA)
    course.engine.work()
    assert course.sent() == ["one", "two"]


def test_a_worker_that_sends_one_after_the_other_stops_at_a_pause(hands: Make) -> None:
    course: Hands

    def answer(message: Message) -> Delivery:
        course.do(Pause(), sequence="course")
        return yes(message)

    course = hands(mailer=ScriptedMailer(batch=1, answer=answer))
    course.enter("ada", "bo", "cy")
    assert len(course.engine.mailer.given) == 1
    course.engine.mailer.answer = None
    course.engine.pass_time(hours=30)
    course.resume(sequence="course")
    course.engine.work()
    assert sorted(course.sent("ada") + course.sent("bo") + course.sent("cy")) == ["one", "one", "one", "two"]


def test_a_sequence_that_is_paused_takes_nobody_further_and_whoever_enters_waits_at_its_door(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    course.do(Pause("wrong prices"), sequence="course")
    course.enter("bo")

    assert (course.sent("bo"), course.paused()) == ([], ["ada", "bo"])
    assert course.run("bo").status is RunStatus.READY
    with course.engine.ledger.read() as tx:
        assert [(one.program, one.reason) for one in tx.standstills()] == [("course", "paused by hand: wrong prices")]

    course.resume(sequence="course")
    course.enter("cy")
    assert (course.sent("bo"), course.sent("cy"), course.paused()) == (["one"], ["one"], [])


def test_whoever_enters_while_a_sequence_is_being_paused_stands_still_too(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    preview = course.look(Pause(), sequence="course")
    course.enter("bo")
    assert course.control().carry_out(preview).done == 2
    assert course.paused() == ["ada", "bo"]


def test_an_empty_sequence_can_be_paused_once(hands: Make) -> None:
    course = hands()
    preview = course.look(Pause(), sequence="course")
    assert not preview.nothing
    course.control().carry_out(preview)
    assert course.look(Pause(), sequence="course").nothing
    assert not course.look(Resume(AtOnce()), sequence="course").nothing
    course.enter("ada")
    assert course.paused() == ["ada"]


def test_a_sequence_with_another_selector_is_not_paused_for_those_who_come_later(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    course.do(Pause(), sequence="course", step="two")
    course.enter("bo")
    assert (course.paused(), course.sent("bo")) == (["ada"], ["one"])


# Resuming


def due(run: Run) -> float:
    """Hours after noon."""
    assert run.due_at is not None
    return (run.due_at - NOON) / timedelta(hours=1)


def test_what_is_not_overdue_keeps_its_time(hands: Make) -> None:
    course = hands()
    paused_for(course, 10)
    course.resume(email=ADA)
    assert (due(course.run()), course.told()[-1]) == (24, ("resume", "resumed by hand after 10 hours"))


def test_now_sends_the_overdue_at_once_and_the_next_gap_counts_from_there(hands: Make) -> None:
    course = hands()
    paused_for(course, 100, after=4)
    course.resume(email=ADA)
    course.engine.work()
    assert course.sent() == ["one", "two"]
    assert due(course.run()) == 104 + 48


def test_shift_leaves_the_time_paused_out_of_every_gap(hands: Make) -> None:
    course = hands()
    paused_for(course, 100, after=4)
    course.do(Resume(Shift()), email=ADA)
    assert (due(course.run()), course.run().since) == (124, NOON + hours(100))
    assert course.told()[-1] == ("resume", "resumed by hand after 4 days 4 hours; the time paused does not count")
    course.engine.pass_time(hours=19.99)
    assert course.sent() == ["one"]
    course.engine.pass_time(hours=0.01)
    assert course.sent() == ["one", "two"]


def test_shift_holds_when_the_run_is_looked_at_before_its_time(hands: Make) -> None:
    course = hands()
    paused_for(course, 100, after=4)
    course.do(Resume(Shift()), email=ADA)
    course.engine.accept("enter", first_name="Ada L.")
    course.engine.work()
    assert (due(course.run()), course.sent()) == (124, ["one"])


def test_spread_sends_the_oldest_first_and_the_others_evenly_after_it(hands: Make) -> None:
    course = hands()
    for name in ("ada", "bo", "cy", "di"):
        course.enter(name)
        course.engine.clock.forward(hours=1)
    course.do(Pause(), sequence="course")
    course.engine.clock.forward(hours=22.5)  # it is 26.5 hours later: three are overdue, one is not
    preview = course.look(Resume(Over(hours(3))), sequence="course")
    assert (preview.overdue, preview.oldest_due) == (3, NOON + hours(24))
    course.control().carry_out(preview)

    assert [due(course.run(name)) for name in ("ada", "bo", "cy", "di")] == [26.5, 27.5, 28.5, 27]
    course.engine.work()
    assert [course.sent(name) for name in ("ada", "bo", "cy")] == [["one", "two"], ["one"], ["one"]]
    course.engine.pass_time(hours=1)
    assert [course.sent(name) for name in ("ada", "bo", "cy")] == [["one", "two"], ["one", "two"], ["one"]]


@pytest.mark.parametrize(
    ("catch_up", "soon"), [(AtOnce(), 60), (Over(hours(1)), 10), (Shift(), 0), (Over(hours(0.1)), 60)]
)
def test_what_would_be_due_soon_is_counted(hands: Make, catch_up: AtOnce | Over | Shift, soon: int) -> None:
    course = hands()
    course.enter(*(f"p{number}" for number in range(60)))
    course.do(Pause(), sequence="course")
    course.engine.clock.forward(hours=30)
    preview: Preview = course.look(Resume(catch_up), sequence="course")
    assert (len(preview.chosen), preview.soon) == (60, soon)


def test_what_is_about_to_be_due_counts_too(hands: Make) -> None:
    course = hands()
    paused_for(course, 23.9)
    assert course.look(Resume(AtOnce()), email=ADA).soon == 1
    assert course.look(Resume(AtOnce()), email=ADA).overdue == 0


def test_a_change_of_the_contact_during_the_pause_is_seen_when_it_ends(hands: Make) -> None:
    course = hands('- email: one\n- wait: "until 1 day before appointment"\n- email: two')
    course.engine.accept(email=ADA, appointment="2025-12-12T12:00:00Z")
    course.engine.work()
    course.do(Pause(), email=ADA)
    course.engine.accept(email=ADA, appointment="2025-11-14T12:00:00Z")
    course.engine.work()
    course.resume(email=ADA)
    course.engine.work()
    assert due(course.run()) == 24


def test_an_unsubscribed_contact_gets_nothing_when_the_pause_ends(hands: Make) -> None:
    course = hands()
    paused_for(course, 30)
    with course.engine.ledger.write() as tx:
        tx.suppress([course.run().contact_id], "unsubscribed", NOON)
    course.resume(email=ADA)
    course.engine.work()
    assert (course.sent(), course.run().reason) == (["one"], "unsubscribed")


def test_nobody_is_resumed_who_was_not_paused(hands: Make) -> None:
    course = hands()
    course.enter("ada")
    preview = course.look(Resume(AtOnce()), run=course.run().id)
    assert (preview.nothing, [one.why for one in preview.unfit]) == (True, ["it is not paused"])


def test_who_moves_or_ends_while_a_sequence_is_paused_is_counted_once(hands: Make) -> None:
    """Workers go on between the look and the deed: who moved on is found again, and only who ended is left alone."""
    course = hands("- email: one\n- wait: 24 hours\n- email: two")
    course.enter("ada")
    course.engine.pass_time(hours=20)
    course.enter("bo", "cy")
    course.engine.pass_time(hours=3)
    course.do(Pause(), email="cy@example.com")
    preview = course.look(Pause(), sequence="course")
    course.resume(email="cy@example.com")
    course.engine.pass_time(hours=1)
    course.enter("di")
    assert course.run("ada").status is RunStatus.FINISHED
    outcome = course.control().carry_out(preview)
    assert (outcome.done, outcome.moved) == (3, 1)
    assert course.paused() == ["bo", "cy", "di"]


def test_who_moved_a_step_while_a_sequence_is_paused_was_not_left_alone(hands: Make) -> None:
    course = hands()
    course.enter("ada", "bo")
    preview = course.look(Pause(), sequence="course")
    course.engine.pass_time(hours=24)
    outcome = course.control().carry_out(preview)
    assert (outcome.done, outcome.moved) == (2, 0)
    assert course.paused() == ["ada", "bo"]
    some = course.look(Resume(AtOnce()), email=ADA)
    course.resume(email=ADA)
    assert (course.control().carry_out(some).done, course.control().carry_out(some).moved) == (0, 1)
