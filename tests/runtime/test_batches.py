"""Batches on a real ledger: stored before the first try, repeated whole, taken apart only when nothing of it is out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.model import Retry, RunStatus, TemplateText
from engine.pacing import PaceState, Unpaced
from engine.ports import Conflict, Delivery, Message, OneByOne, Pace
from engine.runtime.ledger import EmailRecord
from engine.runtime.paces import MemoryStore, SharedPace
from engine.runtime.runner import LEASE
from tests.playbooks import AnyTemplate, steps
from tests.runtime.conftest import Engine, HandClock, ScriptedMailer, arrival
from tests.runtime.provider import Killed, Provider

Make = Callable[..., Engine]
ONE = "- email: one"
FINISHED, SENDING, HELD, STOPPED = RunStatus.FINISHED, RunStatus.SENDING, RunStatus.HELD, RunStatus.STOPPED


def someone(number: int) -> str:
    return f"ada+{number:03}@example.com"


def begun(engine: Make, count: int, text: str = ONE, **parts: Any) -> tuple[Engine, Provider]:
    """A course that so many people have begun, before anything was sent."""
    provider = parts.pop("mailer", None) or Provider(**parts.pop("provider", {}))
    course = engine(steps(text), mailer=provider, **parts)
    course.accept_all(*(arrival(email=someone(number)) for number in range(count)))
    return course, provider


def killed(course: Engine) -> None:
    with pytest.raises(Killed):
        course.work()


def after_the_lease(course: Engine) -> None:
    course.pass_time(seconds=LEASE.total_seconds() + 1)


def statuses(course: Engine) -> set[RunStatus]:
    return {run.status for run in course.runs()}


def unsubscribe(course: Engine, email: str) -> None:
    with course.ledger.write() as tx:
        contact = tx.contacts_by_email([email])[email].id
        tx.suppress([contact], "unsubscribed", course.clock.now())
        tx.poke([contact], course.clock.now())


def records(course: Engine) -> list[EmailRecord]:
    with course.ledger.read() as tx:
        return [record for run in course.runs() for record in tx.emails_of_run(run.id)]


def each_once(course: Engine, provider: Provider, count: int) -> None:
    assert provider.reached == [(someone(number), "one") for number in range(count)]
    assert statuses(course) == {FINISHED}


# Together


def test_emails_that_go_at_once_are_one_request_in_the_order_in_which_they_fell_due(engine: Make) -> None:
    course, provider = begun(engine, 30)
    course.work()

    [(key, to)] = provider.asked
    assert to == [someone(number) for number in range(30)]
    assert {record.batch for record in records(course)} == {key.removeprefix("batch/")}
    each_once(course, provider, 30)


def test_one_email_goes_by_itself_under_its_own_key(engine: Make) -> None:
    course, provider = begun(engine, 1)
    course.work()

    [record] = records(course)
    assert provider.asked == [(record.key, [someone(0)])]
    assert record.batch is None


def test_a_request_holds_no_more_than_the_provider_takes(engine: Make) -> None:
    course, provider = begun(engine, 7, provider={"bulk": 3})
    course.work()

    assert [len(to) for _, to in provider.asked] == [3, 3, 1]
    assert len({key for key, _ in provider.asked}) == 3
    each_once(course, provider, 7)


def test_the_next_email_of_the_same_people_is_another_batch(engine: Make) -> None:
    course, provider = begun(engine, 3, "- email: one\n- email: two")
    course.work()

    assert [len(to) for _, to in provider.asked] == [3, 3]
    assert len({key for key, _ in provider.asked}) == 2


def paced(limit: int) -> dict[str, Any]:
    clock = HandClock()
    begin = PaceState(limit=limit, left=0)
    return {"clock": clock, "pace": SharedPace("provider", MemoryStore(), clock, begin=begin)}


def test_one_permit_pays_for_one_request_however_many_emails_are_in_it(engine: Make) -> None:
    course, provider = begun(engine, 100, provider={"bulk": 20}, **paced(2))
    course.work()
    sent = [len(provider.sent)]
    for _ in range(2):
        course.pass_time(seconds=1)
        sent.append(len(provider.sent))

    assert sent == [40, 80, 100]
    assert [len(to) for _, to in provider.asked] == [20] * 5
    each_once(course, provider, 100)


def test_what_goes_alone_needs_a_permit_of_its_own(engine: Make) -> None:
    course, provider = begun(engine, 6, provider={"bulk": 20, "faults": ["refused"]}, **paced(2))
    course.work()
    asked = [len(provider.asked)]
    course.pass_time(seconds=5)
    asked.append(len(provider.asked))
    for _ in range(2):
        course.pass_time(seconds=1)
        asked.append(len(provider.asked))

    assert asked == [1, 3, 5, 7], "one for the batch, then two a second"
    each_once(course, provider, 6)


# Killed, or without an answer


@pytest.mark.parametrize("fault", ["die", "die after"])
def test_a_batch_whose_worker_died_is_repeated_whole_with_the_same_key_and_bytes(engine: Make, fault: str) -> None:
    class Edited(AnyTemplate):
        subject = "First words"

        def find(self, name: str) -> TemplateText | None:
            return TemplateText(name=name, subject=self.subject, body="Hello\n", format="markdown")

    course, provider = begun(engine, 5, templates=Edited(), provider={"faults": [fault]})
    killed(course)
    Edited.subject = "Other words"
    course.pass_time(seconds=LEASE.total_seconds() - 1)
    during_the_lease = len(provider.asked)
    course.pass_time(seconds=2)

    assert during_the_lease == 1
    assert provider.asked[0] == provider.asked[1]
    assert {message.subject for message in provider.sent} == {"First words"}
    each_once(course, provider, 5)


def test_whoever_has_one_of_its_runs_sends_all_of_it_and_the_others_learn_of_it(engine: Make) -> None:
    course, provider = begun(engine, 6, provider={"faults": ["die"]})
    killed(course)
    course.clock.forward(seconds=LEASE.total_seconds() + 1)
    quick = course.runner()
    quick.work(quick.claim(2, "post"), "post")

    assert [run.status for run in course.runs()].count(FINISHED) == 2
    assert {record.status for record in records(course)} == {"accepted"}
    course.work()
    assert len(provider.asked) == 2, "the batch that died, and its repetition"
    each_once(course, provider, 6)


def test_who_unsubscribed_since_stays_in_the_repeated_batch(engine: Make) -> None:
    course, provider = begun(engine, 3, "- email: one\n- email: two", provider={"faults": ["die after"]})
    killed(course)
    unsubscribe(course, someone(1))
    after_the_lease(course)

    assert provider.asked[0] == provider.asked[1]
    assert [run.reason for run in course.runs() if run.status is STOPPED] == ["unsubscribed"]
    assert [to for to, template in provider.reached if template == "two"] == [someone(0), someone(2)]


def test_a_batch_without_an_answer_is_tried_again_by_one_hand_at_one_moment(engine: Make) -> None:
    course, provider = begun(engine, 40, provider={"faults": ["drop"]})
    course.work()
    waiting = course.runs()
    for _ in range(10):
        course.pass_time(seconds=1)

    assert {(run.status, run.in_doubt, run.attempt) for run in waiting} == {(SENDING, True, 1)}
    assert len({run.due_at for run in waiting}) == 1
    assert len(provider.asked) == 2
    assert provider.asked[0] == provider.asked[1]
    each_once(course, provider, 40)


def test_an_open_batch_takes_in_nobody_new(engine: Make) -> None:
    course, provider = begun(engine, 3, provider={"faults": ["drop"]})
    course.work()
    course.accept_all(*(arrival(email=someone(number)) for number in (3, 4)))
    for _ in range(10):
        course.pass_time(seconds=1)

    assert sorted(len(to) for _, to in provider.asked) == [2, 3, 3]
    each_once(course, provider, 5)


def test_an_answer_that_comes_after_the_lease_settles_those_whom_others_have(engine: Make) -> None:
    course, provider = begun(engine, 4)
    others: list[Any] = []
    quick = course.runner()

    def slow() -> None:
        course.clock.forward(seconds=LEASE.total_seconds() + 1)
        others.extend(quick.claim(2, "post"))

    provider.meanwhile = slow
    runner = course.runner()
    runner.work(runner.claim(100))
    runner.work(runner.claim(100))
    provider.meanwhile = lambda: None
    quick.work(others, "post")
    course.work()

    assert len(provider.asked) == 1
    each_once(course, provider, 4)


# Surely not taken


def test_what_was_surely_not_taken_is_free_and_goes_without_who_unsubscribed(engine: Make) -> None:
    course, provider = begun(engine, 5, provider={"faults": ["429"]})
    course.work()
    loose = records(course)
    unsubscribe(course, someone(2))
    course.pass_time(seconds=5)

    assert {(record.status, record.batch, record.attempts) for record in loose} == {("asked", None, 0)}
    assert {run.in_doubt for run in course.runs()} == {False}
    (first, _), (second, to) = provider.asked
    assert first != second
    assert to == [someone(number) for number in (0, 1, 3, 4)]


def test_after_a_doubt_nothing_dissolves_a_batch_but_an_answer(engine: Make) -> None:
    course, provider = begun(engine, 4, provider={"faults": ["drop", "429", "refused"]})
    course.work()
    for _ in range(40):
        course.pass_time(seconds=1)

    assert len(provider.asked) == 4
    assert len({(key, *to) for key, to in provider.asked}) == 1
    each_once(course, provider, 4)


def overtaken(engine: Make) -> tuple[Engine, Provider]:
    """Stopped before the request, past the lease: another one has sent it, unanswered, when this one is told 429."""
    course, provider = begun(engine, 4, provider={"faults": ["429"]})
    quick = course.runner()
    ask = provider._ask

    def slow(key: str, messages: Any) -> Any:
        provider._ask = ask  # type: ignore[method-assign]
        course.clock.forward(seconds=LEASE.total_seconds() + 1)
        provider.faults.insert(0, "drop")
        quick.work(quick.claim(2, "post"), "post")
        return ask(key, messages)

    provider._ask = slow  # type: ignore[method-assign]
    runner = course.runner()
    runner.work(runner.claim(100))
    runner.work(runner.claim(100))
    return course, provider


def test_who_was_overtaken_dissolves_nothing(engine: Make) -> None:
    course, provider = overtaken(engine)
    for _ in range(90):
        course.pass_time(seconds=1)

    assert len({key for key, _ in provider.asked}) == 1
    each_once(course, provider, 4)


@pytest.mark.parametrize("sees", [True, False])
def test_who_was_overtaken_is_in_doubt_as_well(engine: Make, sees: bool) -> None:
    course, provider = overtaken(engine)
    course.clock.forward(hours=25)
    provider.known.clear()
    provider.sees, asked = sees, len(provider.asked)
    course.work()

    assert len(provider.asked) == asked, "it is not sent again"
    assert statuses(course) == {FINISHED if sees else HELD}
    assert provider.reached == [(someone(number), "one") for number in range(4)]


def test_a_stop_before_a_batch_goes_out_leaves_no_doubt(engine: Make) -> None:
    course, provider = begun(engine, 6, provider={"bulk": 3})
    runner = course.runner()
    runner.work(runner.claim(100))
    provider.meanwhile = runner.stop
    runner.work(runner.claim(100))
    left = [record for record in records(course) if record.status == "asked"]
    course.work()

    assert {(record.batch, record.attempts) for record in left} == {(None, 0)}
    assert len(left) == 3
    each_once(course, provider, 6)


@pytest.mark.parametrize("how", ["paused", "unsubscribed"])
def test_a_batch_that_waits_is_made_anew_without_those_who_leave(engine: Make, how: str) -> None:
    course, provider = begun(engine, 6, provider={"bulk": 3})

    def leave() -> None:
        provider.meanwhile = lambda: None
        if how == "unsubscribed":
            unsubscribe(course, someone(4))
            return
        with course.ledger.write() as tx:
            contact = tx.contacts_by_email([someone(4)])[someone(4)].id
            tx.pause_runs([run.id for run in course.runs() if run.contact_id == contact], course.clock.now())

    provider.meanwhile = leave
    course.work()

    assert [to for _, to in provider.asked] == [[someone(n) for n in numbers] for numbers in ([0, 1, 2], [3, 5])]
    assert someone(4) not in [to for to, _ in provider.reached]


# Refused


def test_one_bad_recipient_is_held_alone(engine: Make) -> None:
    course, provider = begun(engine, 10, provider={"unwanted": {someone(3)}})
    course.work()
    [held] = [run for run in course.runs() if run.status is HELD]
    provider.unwanted = set()
    course.pass_time(minutes=16)

    assert held.reason == "no such person"
    assert len(provider.asked[0][1]) == 10
    assert provider.asked[1][1] == [someone(3)]
    each_once(course, provider, 10)


def test_after_a_refusal_of_the_whole_each_goes_by_itself(engine: Make) -> None:
    course, provider = begun(engine, 8, provider={"faults": ["refused"], "unwanted": {someone(3)}})
    course.work()
    for _ in range(10):
        course.pass_time(seconds=1)

    assert [len(to) for _, to in provider.asked] == [8] + [1] * 8
    assert [run.reason for run in course.runs() if run.status is not FINISHED] == ["no such person"]
    assert len(provider.sent) == 7


def test_killed_between_the_refusal_of_the_whole_and_its_record_nobody_gets_two(engine: Make) -> None:
    course, provider = begun(engine, 5, provider={"faults": ["refused"]})
    ask = provider._ask

    def die(key: str, messages: Any) -> Any:
        ask(key, messages)
        raise Killed

    provider._ask = die  # type: ignore[method-assign]
    killed(course)
    provider._ask = ask  # type: ignore[method-assign]
    after_the_lease(course)

    assert [len(to) for _, to in provider.asked] == [5, 5]
    each_once(course, provider, 5)


# One that spoils it


def test_one_poisoned_email_holds_up_nobody_but_itself(engine: Make) -> None:
    course, provider = begun(engine, 20, provider={"poison": {someone(7)}, "sees": False})
    for _ in range(120):
        course.pass_time(seconds=1)
    others = [run for run in course.runs() if run.status is FINISHED]
    for _ in range(60):
        course.pass_time(minutes=5)

    assert len(others) == 19
    whole = [to for key, to in provider.asked if key.startswith("batch/")]
    assert [len(to) for to in whole] == [20, 20, 20, 20, 1], "after three tries one of them proves that nobody has it"
    [poisoned] = [run for run in course.runs() if run.status is not FINISHED]
    assert (poisoned.status, poisoned.reason) == (HELD, "given up after 12 tries: no answer")
    assert provider.reached == [(someone(number), "one") for number in range(20) if number != 7]


def test_a_batch_that_went_out_unseen_is_not_sent_piece_by_piece(engine: Make) -> None:
    course, provider = begun(engine, 6, provider={"faults": ["drop", "500", "500", "500"], "sees": False})
    for _ in range(200):
        course.pass_time(seconds=1)

    assert [len(to) for _, to in provider.asked] == [6, 6, 6, 6, *[1] * 6, 6], "each conflicts"
    each_once(course, provider, 6)


def test_one_poisoned_email_that_is_asked_with_is_not_the_last_one_asked_with(engine: Make) -> None:
    """Whoever comes first in the order of asking: among two people it is the poisoned one sooner or later."""
    course, provider = begun(engine, 2, provider={"poison": {someone(0)}, "sees": False})
    for _ in range(120):
        course.pass_time(seconds=1)

    assert provider.reached == [(someone(1), "one")]


@dataclass
class Judged(Provider):
    """A provider whose pace hears of every answer, as those of the adapters do."""

    pace: Pace = field(default_factory=Unpaced)

    def send_batch(self, key: str, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:  # type: ignore[override]
        return self._heard(super().send_batch(key, messages))

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        return [self._heard(super(Judged, self).send([message])[0]) for message in messages]

    def _heard(self, answer: Any) -> Any:
        if isinstance(answer, Retry):
            self.pace.failed(answer.reason)
        else:
            self.pace.worked()
        return answer


@pytest.mark.parametrize("poisoned", [{0}, {3}, {0, 2, 5}, {1, 2, 3, 4, 5}])
def test_a_batch_that_looks_like_an_outage_lets_the_others_go_all_the_same(engine: Make, poisoned: set[int]) -> None:
    """Nobody else sends anything, so that nothing but this batch can show that the provider is there."""
    clock = HandClock()
    pace = SharedPace("provider", MemoryStore(), clock)
    provider = Judged(pace=pace, poison={someone(number) for number in poisoned}, sees=False)
    course, _ = begun(engine, 6, mailer=provider, clock=clock, pace=pace)
    pace.close(60.0, "it failed before")
    for _ in range(240):
        course.pass_time(seconds=15)

    healthy = [number for number in range(6) if number not in poisoned]
    assert provider.reached == [(someone(number), "one") for number in healthy]


@pytest.mark.parametrize("taken", [0, 5, 9, 15, 26, 39])
def test_beside_a_poisoned_email_the_proof_whose_answer_got_lost_is_found(engine: Make, taken: int) -> None:
    """All of it fails before the key is looked at; one of it was taken under the key, and nobody knows which."""
    course, provider = begun(engine, 40, provider={"poison": {someone(7)}, "sees": False, "faults": ["die"]})
    killed(course)
    [(key, _)] = provider.asked
    provider._take(key, [record.message for record in records(course) if record.message.to == someone(taken)])
    after_the_lease(course)
    for _ in range(12):
        course.pass_time(minutes=20)

    assert provider.reached == [(someone(number), "one") for number in range(40) if number != 7]


def test_killed_with_the_proof_in_hand_the_same_proof_is_found_again(engine: Make) -> None:
    course, provider = begun(engine, 6, provider={"faults": [*["500"] * 4, "die after"], "sees": False})
    for _ in range(120):
        with suppress(Killed):
            course.pass_time(seconds=1)

    proofs = [(key, to) for key, to in provider.asked if key.startswith("batch/") and len(to) == 1]
    assert len(proofs) == 2
    assert proofs[0] == proofs[1]
    each_once(course, provider, 6)


def test_the_sleeper_who_wakes_after_the_proof_sends_nothing(engine: Make) -> None:
    """Stopped before its request, it wakes when the batch was proven never to have gone out, and is long dissolved."""
    course, provider = begun(engine, 4)
    ask, late = provider._ask, []

    def sleep(key: str, messages: Any) -> Any:
        provider._ask = ask  # type: ignore[method-assign]
        late.append((key, messages))
        raise Killed

    provider._ask = sleep  # type: ignore[method-assign]
    killed(course)
    provider.faults = ["500"] * 3
    for _ in range(200):
        course.pass_time(seconds=1)
    before = list(provider.reached)
    [(key, messages)] = late
    ask(key, messages)

    assert provider.reached == before
    each_once(course, provider, 4)


# A key that is taken by other emails


def taken_by(provider: Provider, course: Engine, numbers: list[int]) -> None:
    """As if the batch had been sent when it held other emails: these people have theirs."""
    killed(course)
    [(key, _)] = provider.asked
    messages = [record.message for record in records(course) if record.message.to in [someone(n) for n in numbers]]
    provider.asked.clear()
    provider._take(key, sorted(messages, key=lambda message: message.to))


def test_what_is_out_under_the_key_counts_and_what_is_not_goes_alone(engine: Make) -> None:
    course, provider = begun(engine, 5, provider={"faults": ["die"]})
    taken_by(provider, course, [0, 3])
    after_the_lease(course)
    for _ in range(10):
        course.pass_time(seconds=1)

    assert [len(to) for _, to in provider.asked] == [5, 1, 1, 1]
    each_once(course, provider, 5)


def test_what_nobody_can_tell_is_held_in_the_end(engine: Make) -> None:
    course, provider = begun(engine, 3, provider={"faults": ["die"], "sees": False})
    taken_by(provider, course, [0, 1])
    after_the_lease(course)
    for _ in range(300):
        course.pass_time(minutes=1)

    assert statuses(course) == {HELD}
    assert len(provider.sent) == 2
    assert len(course.errands("alert")) <= 3


# Forgotten by the provider


@pytest.mark.parametrize(("count", "fault"), [(1, "die after"), (1, "die"), (4, "die after"), (4, "die")])
def test_after_the_key_is_forgotten_it_is_looked_for(engine: Make, count: int, fault: str) -> None:
    course, provider = begun(engine, count, provider={"faults": [fault]})
    killed(course)
    course.clock.forward(hours=25)
    provider.known.clear()
    course.work()
    for _ in range(5):
        course.pass_time(seconds=1)

    each_once(course, provider, count)
    assert {record.provider_id for record in records(course)} == set(provider.listed)


@pytest.mark.parametrize("count", [1, 4])
def test_who_cannot_look_holds_it_and_looks_again(engine: Make, count: int) -> None:
    course, provider = begun(engine, count, provider={"faults": ["die after"], "sees": False})
    killed(course)
    course.clock.forward(hours=25)
    provider.known.clear()
    course.work()
    held = course.runs()
    provider.sees = True
    course.pass_time(minutes=16)

    assert {run.status for run in held} == {HELD}
    assert {run.reason for run in held} == {"it is not known whether this email was sent"}
    assert len(provider.asked) == 1
    each_once(course, provider, count)


def test_a_batch_of_another_mailer_is_not_sent_by_this_one(engine: Make) -> None:
    course, _ = begun(engine, 3, provider={"faults": ["die after"]})
    killed(course)
    course.mailer = ScriptedMailer(name="another")
    for _ in range(100):
        course.pass_time(hours=1)

    assert isinstance(course.mailer, OneByOne)
    assert course.mailer.given == []
    assert statuses(course) == {HELD}


def test_looking_has_no_part_in_what_was_never_in_doubt(engine: Make) -> None:
    course, provider = begun(engine, 3, provider={"faults": ["429"]})
    course.work()
    provider.look_up = None  # type: ignore[assignment,method-assign]
    course.clock.forward(hours=30)
    course.work()

    each_once(course, provider, 3)
