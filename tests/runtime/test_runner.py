"""The loop on a real ledger: crashes are runners that stop where a test says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine.errors import LedgerUnavailable
from engine.model import LEFT, REPLIED, Answered, Refused, Retry, RunStatus, TemplateText
from engine.pacing import PaceState
from engine.ports import Delivery, Message
from engine.runtime.deciding import Decider
from engine.runtime.paces import MemoryStore, SharedPace
from engine.runtime.runner import DEADLY, LEASE
from tests.playbooks import NOON, AnyTemplate, playbook, steps
from tests.runtime.conftest import Engine, HandClock, ScriptedMailer, arrival, yes
from tests.test_simulation import ORDER

Make = Callable[..., Engine]


def subjects(engine: Engine) -> list[str]:
    return [message.template for message in engine.mailer.given]


def test_an_event_becomes_emails_on_time(engine: Make) -> None:
    course = engine(steps("- email: one\n- wait: 24 hours\n- email: two\n- wait: 48 hours\n- email: three"))
    course.accept()
    course.work()

    course.pass_time(hours=23, minutes=59)
    before = subjects(course)
    course.pass_time(minutes=1)
    course.pass_time(hours=48)

    assert before == ["one"]
    assert subjects(course) == ["one", "two", "three"]
    assert [run.status for run in course.runs()] == [RunStatus.FINISHED]
    assert [(entry.kind, entry.template) for entry in course.story(course.runs()[0])] == [
        ("start", None),
        ("email", "one"),
        ("wait", None),
        ("email", "two"),
        ("wait", None),
        ("email", "three"),
        ("end", None),
    ]


def test_a_late_start_sends_at_once_and_waits_from_the_real_send(engine: Make) -> None:
    course = engine(steps("- email: one\n- wait: 1 hour\n- email: two\n- wait: 1 hour\n- email: three"))
    course.accept()
    course.work()

    course.pass_time(hours=10)
    course.pass_time(minutes=59)
    before = subjects(course)
    course.pass_time(minutes=1)

    assert before == ["one", "two"]
    assert subjects(course) == ["one", "two", "three"]


class Killed(BaseException):
    """The process is gone: nothing catches it."""


def killed_after(answer: Callable[[Message], Delivery]) -> Callable[[Message], Delivery]:
    def die(message: Message) -> Delivery:
        answer(message)
        raise Killed

    return die


def test_a_kill_between_the_send_and_its_record_asks_again_with_the_same_bytes(engine: Make) -> None:
    course = engine(steps("- email: one"))
    course.accept()
    course.mailer.answer = killed_after(yes)
    with pytest.raises(Killed):
        course.work()

    course.mailer.answer = None
    course.pass_time(seconds=LEASE.total_seconds() - 1)
    during_the_lease = len(course.mailer.given)
    course.pass_time(seconds=2)

    assert during_the_lease == 1
    first, second = course.mailer.given
    assert first == second
    assert course.runs()[0].status is RunStatus.FINISHED


def test_a_template_edited_between_two_tries_changes_nothing(engine: Make) -> None:
    class Edited(AnyTemplate):
        subject = "First words"

        def find(self, name: str) -> TemplateText | None:
            return TemplateText(name=name, subject=self.subject, body="Hello\n", format="markdown")

    course = engine(steps("- email: one"), templates=Edited())
    course.accept()
    course.mailer.answer = lambda _: Retry(reason="busy")
    course.work()
    Edited.subject = "Other words"
    course.mailer.answer = None

    course.pass_time(minutes=20)

    assert [message.subject for message in course.mailer.given] == ["First words", "First words"]
    assert course.mailer.given[0] == course.mailer.given[1]


def test_a_worker_that_lost_its_lease_writes_nothing(engine: Make) -> None:
    course = engine(steps("- email: one\n- wait: 1 day\n- email: two"))
    course.accept()
    slow, quick = course.runner(), course.runner()
    slow.work(slow.claim(100))
    stale = slow.claim(100)
    course.clock.forward(seconds=LEASE.total_seconds() + 1)
    quick.work(quick.claim(100))

    slow.work(stale)

    assert subjects(course) == ["one"]
    assert [entry.kind for entry in course.story(course.runs()[0])] == ["start", "email", "wait"]


def test_a_refused_email_is_written_anew_when_the_contact_has_changed(engine: Make) -> None:
    book = playbook(
        "triggers:\n  enter: {requires: [email], accepts: [first_name], then: [{start: course}]}\n"
        "sequences:\n  course: {steps: [{email: one, subject: 'Hi {{ first_name }}'}]}\n"
    )
    course = engine(book)
    course.accept(first_name="Ad")
    course.mailer.answer = lambda _: Refused(reason="no such person")
    course.work()
    held = course.runs()[0]
    course.mailer.answer = None
    course.accept(first_name="Ada")

    course.work()

    assert (held.status, held.reason) == (RunStatus.HELD, "no such person")
    assert [message.subject for message in course.mailer.given] == ["Hi Ad", "Hi Ada"]
    assert course.runs()[0].status is RunStatus.FINISHED
    with course.ledger.read() as tx:
        assert [record.message.subject for record in tx.emails_to("ada@example.com")] == ["Hi Ada"]


def test_a_missing_template_holds_the_run_alerts_once_and_heals(engine: Make) -> None:
    class Empty(AnyTemplate):
        there = False

        def find(self, name: str) -> TemplateText | None:
            return super().find(name) if self.there else None

    course = engine(steps("- email: one"), templates=Empty())
    course.accept()
    course.work()
    course.pass_time(minutes=16)
    held, alerts = course.runs()[0], course.errands("alert")
    Empty.there = True
    course.pass_time(minutes=16)

    assert (held.status, held.reason) == (RunStatus.HELD, 'there is no template "one", or it is switched off')
    assert len(alerts) == 1
    assert subjects(course) == ["one"]


def test_one_bad_run_does_not_hold_up_the_others(engine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    course = engine(steps("- email: one"))
    course.accept_all(*(arrival(email=f"ada+{number}@example.com") for number in range(20)))
    decide = Decider.decide

    def trip(self: Decider, turn: Any, likely: int) -> Any:
        if turn.contact.email == "ada+7@example.com" and not turn.run.program.startswith("trigger"):
            raise ZeroDivisionError
        return decide(self, turn, likely)

    monkeypatch.setattr(Decider, "decide", trip)
    course.work()

    assert len(course.mailer.given) == 19
    parked = [run for run in course.runs() if run.status is RunStatus.HELD]
    assert [run.reason for run in parked] == ["busos failed on this run: ZeroDivisionError"]


def test_a_mailer_that_breaks_is_asked_again_later(engine: Make) -> None:
    course = engine(steps("- email: one"))
    course.accept()

    def broken(_: Message) -> Delivery:
        raise ZeroDivisionError

    course.mailer.answer = broken
    course.work()
    broken_run = course.runs()[0]
    course.mailer.answer = None
    course.pass_time(minutes=1)

    assert (broken_run.status, broken_run.in_doubt) == (RunStatus.SENDING, True)
    assert course.runs()[0].status is RunStatus.FINISHED


def test_a_ledger_that_goes_away_is_the_workers_to_know(engine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    course = engine(steps("- email: one"))
    course.accept()
    runner = course.runner()
    claimed = runner.claim(100)

    def away(*_: Any) -> Any:
        raise LedgerUnavailable("the disk is full")

    monkeypatch.setattr(runner, "_commit", away)

    with pytest.raises(LedgerUnavailable):
        runner.work(claimed)


def test_a_sequence_that_left_the_file_holds_its_people_and_takes_them_back(engine: Make) -> None:
    with_it, without = steps("- wait: 1 day\n- email: one"), playbook("triggers: {other: {requires: [email]}}\n")
    course = engine(with_it)
    course.accept()
    course.work()
    course.playbook = without
    course.pass_time(days=1)
    orphan = course.runs()[0]
    course.playbook = with_it

    course.pass_time(minutes=20)

    assert (orphan.status, orphan.reason) == (RunStatus.HELD, "course is no longer in the file")
    assert course.runs()[0].status is RunStatus.FINISHED


def test_many_emails_go_out_in_chunks_under_a_lease_that_is_renewed(engine: Make) -> None:
    clock = HandClock()

    class Slow(ScriptedMailer):
        def send(self, messages: Any) -> Any:
            clock.forward(seconds=20)
            return super().send(messages)

    course = engine(steps("- email: one"), clock=clock, mailer=Slow(batch=10))
    course.accept_all(*(arrival(email=f"ada+{number}@example.com") for number in range(60)))
    course.work()

    assert len(course.mailer.given) == 60
    assert len({message.key for message in course.mailer.given}) == 60


def test_values_that_a_run_saves_are_kept_and_wake_the_other_runs(engine: Make) -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: course}]}
  bought: {requires: [email], then: [{save: {customer: true, visits: 3}}]}
sequences:
  course: {stop_when: customer = true, steps: [{wait: 9 days}, {email: one}]}
"""
    course = engine(playbook(text))
    course.accept()
    course.work()
    course.accept("bought")
    course.work()

    assert course.values()["visits"] == 3
    run = course.runs()[0]
    assert (run.status, run.reason, run.ended_at) == (RunStatus.STOPPED, "customer = true", NOON)


def test_restart_and_stop_end_the_runs_they_mean(engine: Make) -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: course}]}
  leave: {requires: [email], then: [{stop: {sequence: course}}]}
sequences:
  course: {if_already_in: restart, steps: [{wait: 9 days}, {email: one}]}
"""
    course = engine(playbook(text))
    course.accept()
    course.work()
    course.accept()
    course.work()
    course.accept("leave")
    course.work()

    assert [(run.status, run.reason) for run in course.runs()] == [
        (RunStatus.STOPPED, "stopped by trigger leave"),
        (RunStatus.STOPPED, "started again"),
    ]


def test_two_starts_of_one_trigger_enter_once(engine: Make) -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: course}, {start: course, id: again}]}
sequences:
  course: {steps: [{wait: 9 days}, {email: one}]}
"""
    course = engine(playbook(text))
    course.accept()
    course.work()

    assert len(course.runs()) == 1


def test_alerts_and_progress_leave_through_the_outbox(engine: Make) -> None:
    course = engine(
        steps("- alert: Hello\n- email: one", record='{sent: "Email {n} Sent", finished: Done}'), mirrored=True
    )
    course.accept()
    course.work()

    assert [item.payload["message"] for item in course.errands("alert")] == ["Hello"]
    mirror = course.errands("mirror")
    assert len(mirror) == 1
    assert mirror[0].payload == {"progress": {"Email 1 Sent": True, "Done": True}}


def test_suppression_ends_runs_and_later_starts(engine: Make) -> None:
    course = engine(steps("- email: one\n- wait: 1 day\n- email: two", again_after="any_time"))
    receipt = course.accept()
    course.work()
    with course.ledger.write() as tx:
        contact = tx.run(receipt.event_id)
        assert contact is not None
        tx.suppress([contact.contact_id], "unsubscribed", NOON + timedelta(hours=1))
        tx.poke([contact.contact_id], NOON + timedelta(hours=1))
    course.pass_time(hours=1)
    course.accept()
    course.work()

    assert [(run.status, run.reason) for run in course.runs()] == [(RunStatus.STOPPED, "unsubscribed")]


def test_a_run_that_breaks_after_its_email_went_out_sends_nothing_twice(
    engine: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = engine(steps("- email: one\n- email: two"), mailer=ScriptedMailer(batch=5))
    course.accept_all(*(arrival(email=f"ada+{number}@example.com") for number in range(20)))
    decide = Decider.decide
    healed = False

    def trip(self: Decider, turn: Any, likely: int) -> Any:
        if turn.contact.email == "ada+17@example.com" and isinstance(turn.event, Answered) and not healed:
            raise ZeroDivisionError
        return decide(self, turn, likely)

    monkeypatch.setattr(Decider, "decide", trip)
    course.work()
    parked = [run for run in course.runs() if run.status is RunStatus.HELD]
    healed = True
    course.pass_time(minutes=16)

    assert len(parked) == 1
    assert {run.status for run in course.runs()} == {RunStatus.FINISHED}
    assert len(course.mailer.given) == len({message.key for message in course.mailer.given}) == 40


def test_a_mailer_that_loses_count_is_not_believed(engine: Make) -> None:
    class Short(ScriptedMailer):
        def send(self, messages: Any) -> Any:
            return super().send(messages)[:-1]

    course = engine(steps("- email: one"), mailer=Short())
    course.accept()
    course.work()

    run = course.runs()[0]
    assert (run.status, run.in_doubt) == (RunStatus.SENDING, True)


def test_an_email_that_may_be_out_is_not_asked_for_after_its_key_is_forgotten(engine: Make) -> None:
    course = engine(steps("- email: one"))
    course.accept()
    course.mailer.answer = killed_after(yes)
    with pytest.raises(Killed):
        course.work()
    course.mailer.answer = None

    course.pass_time(hours=25)
    course.pass_time(hours=25)

    run = course.runs()[0]
    assert len(course.mailer.given) == 1
    assert (run.status, run.reason) == (RunStatus.HELD, "it is not known whether this email was sent")
    assert len(course.errands("alert")) == 1


def test_an_email_held_in_doubt_stays_held(engine: Make) -> None:
    course = engine(steps("- email: one"))
    course.accept()
    course.mailer.answer = lambda _: Retry(reason="no answer", uncertain=True, vendor_wide=True)
    course.work()
    for _ in range(100):
        course.pass_time(minutes=16)
    tries, held = len(course.mailer.given), course.runs()[0]

    course.pass_time(hours=24)

    assert (held.status, held.reason) == (RunStatus.HELD, "it is not known whether this email was sent: no answer")
    assert len(course.mailer.given) == tries


def test_a_provider_that_says_no_for_days_leaves_no_doubt(engine: Make) -> None:
    course = engine(steps("- email: one"))
    course.accept()
    course.mailer.answer = lambda _: Retry(reason="too many requests", after=60, vendor_wide=True)
    course.work()
    for _ in range(200):
        course.pass_time(minutes=16)
    waiting = course.runs()[0]
    course.mailer.answer = None
    course.pass_time(minutes=16)

    assert (waiting.status, waiting.in_doubt) == (RunStatus.SENDING, False)
    assert course.runs()[0].status is RunStatus.FINISHED


def test_what_comes_in_while_an_email_goes_out_counts_for_the_next_step(engine: Make) -> None:
    course = engine(steps("- email: one\n- email: two\n  when: customer = false"))
    course.accept()

    def buys(message: Message) -> Delivery:
        course.accept(customer=True)
        return yes(message)

    course.mailer.answer = buys
    course.work()

    assert subjects(course) == ["one"]


def test_who_unsubscribes_while_emails_go_out_gets_no_more_of_them(engine: Make) -> None:
    course = engine(steps("- email: one\n- email: two"), mailer=ScriptedMailer(batch=1))
    course.accept_all(*(arrival(email=f"{name}@example.com") for name in ("ada", "bob", "eve")))

    def leave(message: Message) -> Delivery:
        with course.ledger.write() as tx:
            tx.suppress([one.contact_id for one in course.runs()], "unsubscribed", course.clock.now())
        return yes(message)

    course.mailer.answer = leave
    course.work()

    assert [(message.to, message.template) for message in course.mailer.given] == [("ada@example.com", "one")]
    assert {run.reason for run in course.runs()} == {"unsubscribed"}


def test_who_unsubscribes_after_an_email_was_written_down_does_not_get_it(engine: Make) -> None:
    """Between the commit of a decision and the mailer: it is asked once more, right before the handing over."""

    class Late(AnyTemplate):
        def find(self, name: str) -> Any:
            with course.ledger.write() as tx:
                tx.suppress([one.contact_id for one in course.runs()], "unsubscribed", course.clock.now())
            return super().find(name)

    course = engine(steps("- email: one"), templates=Late())
    course.accept()
    course.work()

    assert course.mailer.given == []
    assert {(run.status, run.reason) for run in course.runs()} == {(RunStatus.STOPPED, "unsubscribed")}


@pytest.mark.parametrize("how", ["left", "replied"])
def test_who_left_a_sequence_or_replied_gets_no_more_of_it(engine: Make, how: str) -> None:
    course = engine(steps("- email: one\n- wait: 1 day\n- email: two", again_after="any_time"))
    course.accept()
    course.work()
    (run,), now = course.runs(), NOON + timedelta(hours=1)
    course.clock.forward(hours=1)
    with course.ledger.write() as tx:
        if how == "left":
            tx.change_suppressions([run.contact_id], lambda one: one.leaving("course", now, "link"), now)
        else:
            tx.replied(run.contact_id, now)
        tx.poke([run.contact_id], now)
    course.work()

    (ended,) = course.runs()
    assert (ended.status, ended.reason) == (RunStatus.STOPPED, LEFT if how == "left" else REPLIED)
    course.clock.forward(hours=1)
    course.accept()
    course.work()
    course.pass_time(days=2)
    assert subjects(course) == (["one"] if how == "left" else ["one", "one", "two"])


def test_answers_in_hand_wait_for_a_ledger_that_is_away(engine: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    course = engine(steps("- email: one"))
    course.accept()
    write = course.ledger.write
    away = 0

    def locked(**more: Any) -> Any:
        nonlocal away
        if course.mailer.given and away < 2:
            away += 1
            raise LedgerUnavailable("locked by another process")
        return write(**more)

    monkeypatch.setattr(course.ledger, "write", locked)
    course.work()

    assert away == 2
    assert subjects(course) == ["one"]
    assert course.runs()[0].status is RunStatus.FINISHED


def test_an_answer_that_comes_after_the_lease_is_still_believed(engine: Make) -> None:
    course = engine(steps("- email: one"))
    course.accept()
    quick, others = course.runner(), []

    def slow(message: Message) -> Delivery:
        course.clock.forward(seconds=LEASE.total_seconds() + 1)
        others.extend(quick.claim(100))
        return yes(message)

    course.mailer.answer = slow
    runner = course.runner()
    runner.work(runner.claim(100))
    runner.work(runner.claim(100))
    course.mailer.answer = None
    quick.work(others)

    assert subjects(course) == ["one"]
    assert course.runs()[0].status is RunStatus.FINISHED


def test_who_lost_a_run_cannot_raise_it_from_the_dead(engine: Make) -> None:
    text = """
triggers:
  enter: {requires: [email], then: [{start: course}]}
  leave: {requires: [email], then: [{stop: {sequence: course}}]}
sequences:
  course: {steps: [{email: one}]}
"""
    course = engine(playbook(text))
    course.accept()
    slow, quick = course.runner(), course.runner()
    slow.work(slow.claim(100))
    stale = slow.claim(100)
    course.clock.forward(minutes=-10)  # somebody corrects the clock
    course.accept("leave")
    course.clock.forward(minutes=12)
    quick.work(quick.claim(100))

    slow.work(stale)

    assert subjects(course) == []
    assert [run.status for run in course.runs()] == [RunStatus.STOPPED]


@pytest.mark.parametrize(
    ("edited", "meanwhile", "afterwards"),
    [
        ("- email: one\n- wait: 2 days\n- email: last", ["one"], ["one", "two", "last"]),
        ("- email: one\n- wait: 2 days\n- email: two_new\n- email: last", ["one"], ["one", "two", "last"]),
        ("- email: one\n- wait: 1 hour\n- email: two\n- email: last", ["one", "two", "last"], ["one", "two", "last"]),
        ("- email: one\n- wait: 9 days\n- email: two\n- email: last", ["one"], ["one", "two", "last"]),
        ("- email: zero\n- email: one\n- wait: 2 days\n- email: two\n- email: last", None, ["one", "two", "last"]),
    ],
    ids=["step removed", "step renamed", "wait shortened", "wait longer", "step added ahead"],
)
def test_an_edit_under_waiting_people_loses_nobody_and_repeats_nothing(
    engine: Make, edited: str, meanwhile: list[str] | None, afterwards: list[str]
) -> None:
    original = steps("- email: one\n- wait: 2 days\n- email: two\n- email: last")
    course = engine(original)
    course.accept()
    course.work()
    course.playbook = steps(edited)
    with course.ledger.write() as tx:
        tx.put_revision(course.playbook.revision, "", NOON)
    course.pass_time(days=3)
    during, waiting = subjects(course), course.runs()[0]
    course.playbook = original
    course.pass_time(days=7)

    assert during == (meanwhile if meanwhile is not None else afterwards)
    assert waiting.status is not RunStatus.HELD or waiting.reason == 'step "two" is no longer in the file'
    assert subjects(course) == afterwards
    assert [run.status for run in course.runs()] == [RunStatus.FINISHED]


# The vendor's pace


def paced(engine: Make, text: str, limit: int | None = None, **parts: Any) -> Engine:
    clock = HandClock()
    pace = SharedPace("scripted", MemoryStore(), clock, begin=PaceState(limit=limit, left=0))
    return engine(steps(text), clock=clock, pace=pace, **parts)


def people(course: Engine, count: int) -> None:
    course.accept_all(*(arrival(email=f"ada+{number:02}@example.com") for number in range(count)))


def test_emails_go_as_fast_as_the_vendor_allows_oldest_first(engine: Make) -> None:
    course = paced(engine, "- email: one", limit=5)
    people(course, 12)

    course.work()
    sent = [len(course.mailer.given)]
    for _ in range(3):
        course.pass_time(seconds=1)
        sent.append(len(course.mailer.given))

    assert sent == [5, 10, 12, 12]
    assert [one.to for one in course.mailer.given] == [f"ada+{number:02}@example.com" for number in range(12)]


def test_an_email_that_waits_for_its_turn_is_neither_written_nor_counted(engine: Make) -> None:
    course = paced(engine, "- email: one", limit=1)
    people(course, 2)
    course.work()

    [waiting] = [run for run in course.runs() if run.status is RunStatus.SENDING]
    with course.ledger.read() as tx:
        assert tx.emails_of_run(waiting.id) == []
    assert [entry.kind for entry in course.story(waiting)] == ["start"]
    course.clock.forward(hours=40)  # longer than any provider remembers a key
    course.work()
    assert [run.status for run in course.runs()] == [RunStatus.FINISHED] * 2


def test_a_vendor_that_is_away_delays_emails_and_nothing_else(engine: Make) -> None:
    course = paced(engine, "- email: one\n- save: {visits: 1}")
    course.pace.close(600, "Resend's daily sending quota is used up")
    people(course, 2)
    course.work()
    course.accept(email="ada+00@example.com", customer=True)
    course.work()

    assert course.mailer.given == []
    assert course.values("ada+00@example.com")["customer"] is True
    [first, second] = course.runs()
    assert {run.status for run in (first, second)} == {RunStatus.SENDING}
    assert [(entry.kind, entry.note) for entry in course.story(first)][1:] == [
        ("retry", "waits: Resend's daily sending quota is used up")
    ]
    for _ in range(12):  # after the closing one email goes first, and the others follow when it was taken
        course.pass_time(minutes=1)
    assert {run.status for run in course.runs()} == {RunStatus.FINISHED}
    assert len(course.mailer.given) == 2


def test_while_nobody_gets_through_failures_count_against_no_email(engine: Make) -> None:
    course = paced(engine, "- email: one")

    def down(_: Message) -> Delivery:
        course.pace.failed("no answer")
        return Retry(reason="no answer", uncertain=True)

    course.mailer.answer = down
    people(course, 30)
    for _ in range(200):
        course.pass_time(minutes=1)
    tries = len(course.mailer.given)
    waiting = course.runs()

    def back(message: Message) -> Delivery:
        course.pace.worked()
        return yes(message)

    course.mailer.answer = back
    for _ in range(5):
        course.pass_time(minutes=1)

    assert {run.status for run in waiting} == {RunStatus.SENDING}
    assert max(run.attempt for run in waiting) <= 5
    assert tries < 30 + 250, "one probe a minute, whoever waits"
    assert {run.status for run in course.runs()} == {RunStatus.FINISHED}


def test_one_email_that_only_gives_trouble_is_held_and_holds_up_nobody(engine: Make) -> None:
    course = paced(engine, "- email: one")

    def poisoned(message: Message) -> Delivery:
        if message.to == "ada+03@example.com":
            course.pace.failed("Resend failed (500)")
            return Retry(reason="Resend failed (500)", uncertain=True)
        course.pace.worked()
        return yes(message)

    course.mailer.answer = poisoned
    people(course, 8)
    course.work()
    others = [run for run in course.runs() if run.status is RunStatus.FINISHED]
    for number in range(40):
        course.accept(email=f"ada+late{number}@example.com")
        course.pass_time(minutes=20)

    [held] = [run for run in course.runs() if run.status is not RunStatus.FINISHED]
    assert len(others) == 7
    assert (held.status, held.reason) == (RunStatus.HELD, "given up after 12 tries: Resend failed (500)")


def test_a_stop_gives_back_what_was_not_sent_yet_without_a_doubt(engine: Make) -> None:
    course = engine(steps("- email: one"), mailer=ScriptedMailer(batch=2))
    people(course, 6)
    runner = course.runner()
    runner.work(runner.claim(100))

    def stop(message: Message) -> Delivery:
        runner.stop()
        return yes(message)

    course.mailer.answer = stop
    runner.work(runner.claim(100))
    left = [run for run in course.runs() if run.status is RunStatus.SENDING]
    with course.ledger.read() as tx:
        tries = [record.attempts for run in left for record in tx.emails_of_run(run.id)]
    course.mailer.answer = None
    course.work()

    assert tries == [0] * 4
    assert len(course.mailer.given) == 6
    assert {run.status for run in course.runs()} == {RunStatus.FINISHED}


# A run that kills its worker


def test_a_run_that_kills_its_workers_is_moved_alone_and_then_not_at_all(engine: Make) -> None:
    course = engine(steps("- email: one"))
    people(course, 5)
    deaths = 0

    def deadly(message: Message) -> Delivery:
        if message.to == "ada+02@example.com":
            raise Killed
        return yes(message)

    course.mailer.answer = deadly
    for _ in range(40):
        course.clock.forward(minutes=2)
        try:
            course.work()
        except Killed:
            deaths += 1

    [held] = [run for run in course.runs() if run.status is not RunStatus.FINISHED]
    assert len(course.runs()) == 5
    assert deaths == DEADLY
    assert held.status is RunStatus.HELD
    assert held.reason == "workers died 20 times while they had this run in hand; it is not moved any more"
    course.pass_time(hours=30)
    assert len(course.errands("alert")) == 1


def test_who_is_in_hand_when_a_machine_dies_again_and_again_is_not_blamed_for_it(engine: Make) -> None:
    course = engine(steps("- email: one"), mailer=ScriptedMailer(batch=1))
    people(course, 90)
    lives = 0

    def dies_soon(message: Message) -> Delivery:
        if len(course.mailer.given) % 4 == 0:
            raise Killed
        return yes(message)

    course.mailer.answer = dies_soon
    for _ in range(90):
        course.clock.forward(minutes=2)
        try:
            course.work()
        except Killed:
            lives += 1

    assert {run.status for run in course.runs()} == {RunStatus.FINISHED}
    assert lives > DEADLY


@pytest.mark.parametrize(
    ("policy", "triggers", "ends"),
    [
        ("ignore", ("enter", "anew"), ["stopped by trigger anew", None]),
        ("ignore", ("fickle",), ["stopped by trigger fickle"]),
        ("ignore", ("eager",), [None]),
        ("restart", ("eager",), ["started again", None]),
        ("run_both", ("eager",), [None, None]),
    ],
)
def test_what_a_trigger_does_is_done_in_its_order(
    engine: Make, policy: str, triggers: tuple[str, ...], ends: list[str | None]
) -> None:
    course = engine(playbook(ORDER.replace("IF_ALREADY_IN", policy)))
    for name in triggers:
        course.accept(name)
        course.work()

    assert [run.reason for run in reversed(course.runs())] == ends
    course.pass_time(days=2)
    assert len(course.mailer.given) == ends.count(None)
