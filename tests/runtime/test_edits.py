"""Three hundred people in flight, and the file is edited: every row of the table in ``docs/language.md``.

Each test says what ``busos plan`` would have said, edits the file under the people, lets the engine carry it out and
looks at what became of them. They begin half an hour apart, so that they stand all along the sequence.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest

from engine.errors import InvalidFile
from engine.model import Retry, Run, RunStatus
from engine.planning import (
    Comparison,
    Edit,
    Fate,
    SequenceRemoved,
    StepAdded,
    StepRemoved,
    StepRenamed,
    StepReplaced,
    StopChanged,
    Tally,
    WaitChanged,
)
from engine.runtime.adopting import Adopting
from engine.runtime.recounting import SETTLING, SPREAD, Recounting, people_of
from tests.playbooks import HEAD, playbook
from tests.runtime.conftest import Engine, arrival

PEOPLE = 300
APART = timedelta(minutes=30)

STEPS = """
- email: email_1
- wait: 24 hours
- email: email_2
- wait: 48 hours
- email: email_3
- wait: 48 hours
- email: email_4
- wait: 48 hours
- email: email_5
"""


def file(steps: str = STEPS, sequence: str = "course", more: str = "") -> str:
    body = "".join(f"      {line}\n" for line in steps.strip().splitlines())
    return (
        f"triggers:\n  enter: {{requires: [email], accepts: [customer], then: [{{start: {sequence}}}]}}\n"
        f"sequences:\n  {sequence}:\n{more}    steps:\n{body}"
    )


@dataclass
class World:
    """An engine with its file, and what was counted before an edit."""

    engine: Engine
    text: str

    def adopt(self, text: str) -> Mapping[tuple[Edit, Fate], int]:
        """Edit the file: what ``plan`` says, then what a running engine does."""
        counted = self.plan(text)
        self.engine.playbook = Adopting(self.engine.ledger, self.engine.clock, file="sequences.yaml")(
            playbook(text), HEAD + text
        )
        self.text = text
        self.engine.clock.forward(seconds=SETTLING.total_seconds())
        recounting = Recounting(self.engine.ledger, lambda: self.engine.playbook, self.engine.clock)
        while recounting.step():
            pass
        return counted

    def plan(self, text: str) -> Mapping[tuple[Edit, Fate], int]:
        tally = Tally(Comparison(self.engine.playbook, playbook(text)), self.engine.clock.now())
        with self.engine.ledger.read() as tx:
            live = list(self.live())
            tally.add(people_of(tx, tx.standings(run.id for run in live)))
        return tally.counts

    def live(self) -> list[Run]:
        with self.engine.ledger.read() as tx:
            runs = [one.run for one in tx.list_runs(program="course", limit=1000)]
        return [run for run in runs if not run.status.ended]

    def at(self, step: str) -> list[Run]:
        return [run for run in self.live() if run.step == step]

    def sent(self) -> Counter[str]:
        return Counter(message.template for message in self.engine.mailer.given)

    def finish(self) -> None:
        """Let two weeks pass, two hours at a time, so that nobody is late by more."""
        for _ in range(14 * 12):
            self.engine.pass_time(hours=2)

    def emails_of(self, run: Run) -> list[str]:
        return [entry.template or "" for entry in self.engine.story(run) if entry.kind == "email" and entry.template]


@pytest.fixture
def world(engine: Callable[..., Engine]) -> World:
    text = file()
    made = engine(playbook(text))
    with made.ledger.write() as tx:
        tx.put_revision(made.playbook.revision, HEAD + text, made.clock.now())
    for number in range(PEOPLE):
        made.accept_all(arrival(email=f"p{number}@example.com"))
        if number % 10 == 9:
            made.work()
        made.clock.forward(seconds=APART.total_seconds())
    made.work()
    return World(made, text)


def per_step(world: World) -> Counter[str | None]:
    return Counter(run.step for run in world.live())


def count(counts: Mapping[tuple[Edit, Fate], int], kind: type, fate: Fate) -> int:
    return sum(number for (edit, one), number in counts.items() if isinstance(edit, kind) and one is fate)


def test_people_stand_all_along_the_sequence(world):
    assert set(per_step(world)) == {"email_2", "email_3", "email_4", "email_5"}
    assert all(number >= 40 for number in per_step(world).values())


def test_a_shorter_wait_counts_from_the_same_beginning_and_what_is_overdue_goes_out_over_ten_minutes(world):
    waiting = {run.id: run for run in world.at("email_3")}
    now = world.engine.clock.now()
    before = world.sent()["email_3"]

    counted = world.adopt(file(STEPS.replace("wait: 48 hours", "wait: 24 hours", 1)))

    at_once = [run for run in waiting.values() if run.since + timedelta(hours=24) <= now]
    earlier = len(waiting) - len(at_once)
    assert 0 < len(at_once) < len(waiting)
    assert count(counted, WaitChanged, Fate.AT_ONCE) == len(at_once)
    assert count(counted, WaitChanged, Fate.EARLIER) == earlier
    assert count(counted, WaitChanged, Fate.AHEAD) == per_step(world)["email_2"]
    due = sorted(run.due_at for run in world.at("email_3") if run.id in {one.id for one in at_once})
    assert now <= due[0]
    assert due[-1] < now + SPREAD
    steps = {later - sooner for sooner, later in itertools.pairwise(due)}
    assert max(steps) - min(steps) < timedelta(milliseconds=3), "they go out evenly"
    for run in world.at("email_3"):
        if run.since + timedelta(hours=24) > now:
            assert run.due_at == run.since + timedelta(hours=24)
    world.engine.clock.at = now + SPREAD
    world.engine.work()
    assert world.sent()["email_3"] - before == len(at_once)


def test_a_longer_wait_keeps_those_who_wait_until_it_is_over(world):
    waiting = world.at("email_4")
    counted = world.adopt(
        file(STEPS.replace("- wait: 48 hours\n- email: email_4", "- wait: 72 hours\n- email: email_4"))
    )
    assert count(counted, WaitChanged, Fate.LATER) == len(waiting)
    assert {run.id: run.due_at for run in world.at("email_4")} == {
        run.id: run.since + timedelta(hours=72) for run in waiting
    }
    world.finish()
    assert world.live() == []
    assert set(world.sent().values()) == {PEOPLE}


def test_an_added_step_is_run_by_those_before_it_and_never_by_those_past_it(world):
    before = [run.id for step in ("email_2", "email_3") for run in world.at(step)]
    past = [run.id for step in ("email_4", "email_5") for run in world.at(step)]
    counted = world.adopt(file(STEPS.replace("- email: email_4", "- email: offer\n- wait: 1 hour\n- email: email_4")))
    waiting = [run.id for run in world.at("offer")]
    assert waiting == [], "whoever waits for email_4 waits for email_4, whatever stands in front of it now"
    assert count(counted, StepAdded, Fate.AHEAD) == len(before)
    assert count(counted, StepAdded, Fate.PAST) == len(past)
    world.finish()
    assert world.sent()["offer"] == len(before)
    assert world.sent()["email_5"] == PEOPLE


def test_those_at_a_removed_step_go_on_to_the_following_one_by_the_clock_they_had(world):
    there = world.at("email_4")
    counted = world.adopt(file(STEPS.replace("- email: email_4\n", "")))
    already = world.sent()["email_4"]
    assert count(counted, StepRemoved, Fate.GOES_ON) == len(there) > 0
    world.finish()
    assert world.sent()["email_4"] == already
    assert world.sent()["email_5"] == PEOPLE
    for run in there:
        told = [entry for entry in world.engine.story(run) if entry.template == "email_5"]
        late = told[0].at - (run.since + timedelta(hours=96))
        assert timedelta() <= late < timedelta(hours=2)
        assert any("taken out of the file" in entry.note for entry in world.engine.story(run))


def test_a_removed_step_with_its_wait_lets_those_who_are_overdue_go_at_once(world):
    there = [run.id for run in world.at("email_4")]
    now = world.engine.clock.now()
    world.adopt(file(STEPS.replace("- wait: 48 hours\n- email: email_4\n- wait: 48 hours\n", "- wait: 1 hour\n")))
    with world.engine.ledger.read() as tx:
        moved = tx.runs(there)
    assert all(
        run.due_at and run.due_at <= now + SPREAD for run in moved.values() if run.since < now - timedelta(hours=1)
    )


def test_a_renamed_step_keeps_its_people_and_sends_nobody_twice(world):
    there = world.at("email_4")
    text = STEPS.replace("- email: email_4", "- email: offer\n  was: email_4")
    already = world.sent()["email_4"]
    counted = world.adopt(file(text))
    assert count(counted, StepRenamed, Fate.STAYS) == len(there) > 0
    world.finish()
    assert world.live() == []
    assert world.sent()["email_4"] == already
    assert world.sent()["offer"] == PEOPLE - already
    assert world.sent()["email_5"] == PEOPLE


def test_a_renamed_step_whose_email_is_under_way_keeps_its_key(world):
    """The provider must see the same key, or it would send a second email."""
    engine = world.engine
    run = world.at("email_4")[0]
    engine.mailer.answer = lambda message: Retry(reason="no answer", uncertain=True)
    engine.clock.at = run.since + timedelta(hours=48)
    engine.work()
    asked = next(message for message in engine.mailer.given if message.key == f"{run.id}/email_4")
    engine.mailer.answer = None
    engine.mailer.given.clear()
    world.adopt(file(STEPS.replace("- email: email_4", "- email: offer\n  was: email_4")))
    engine.pass_time(minutes=30)
    again = [message for message in engine.mailer.given if message.to == asked.to]
    assert [message.key for message in again] == [asked.key]
    assert again[0].template == "email_4", "the stored bytes go out again"


def test_two_edits_lead_on(world):
    """A step is renamed, then the new one removed: whoever was not looked at in between finds the way."""
    there = world.at("email_4")
    world.adopt(file(STEPS.replace("- email: email_4", "- email: offer\n  was: email_4")))
    world.adopt(file(STEPS.replace("- email: email_4\n", "")))
    world.finish()
    assert world.live() == []
    assert all("email_5" in world.emails_of(run) for run in there)


def test_steps_in_another_order_send_nobody_an_email_twice(world):
    """Whoever had the first of the two meets it again behind the second: it is left out, and the run goes on."""
    had_it, had_neither = world.at("email_4"), world.at("email_2")
    order = STEPS.replace("email_3", "X").replace("email_4", "email_3").replace("X", "email_4")
    world.adopt(file(order))
    world.finish()
    assert set(Counter((one.to, one.template) for one in world.engine.mailer.given).values()) == {1}
    for run in had_it:
        assert world.emails_of(run) == ["email_1", "email_2", "email_3", "email_4", "email_5"]
        left_out = [entry for entry in world.engine.story(run) if "sent before" in entry.note]
        sent = next(entry for entry in world.engine.story(run) if entry.template == "email_3")
        at = sent.at.astimezone(world.engine.playbook.vocabulary.zone)
        assert [entry.note for entry in left_out] == [f"left out: it was sent before, on {at:%Y-%m-%d at %H:%M}"]
    assert {tuple(world.emails_of(run)) for run in had_neither} == {
        ("email_1", "email_2", "email_4", "email_3", "email_5")
    }


@pytest.mark.parametrize("said", ["was: email_4", "was: nothing"])
def test_another_step_in_the_place_of_one_is_refused_until_one_is_said(world, said):
    there = len(world.at("email_4"))
    text = STEPS.replace("- email: email_4", "- email: offer")
    revision = world.engine.playbook.revision
    with pytest.raises(InvalidFile) as refused:
        world.adopt(file(text))
    problem = refused.value.problems[0]
    assert problem.rule == "unclear-rename"
    assert f"{there} people wait there" in problem.message
    assert "was: email_4" in problem.hint
    assert "was: nothing" in problem.hint
    assert count(world.plan(file(text)), StepReplaced, Fate.UNCLEAR) == there
    with world.engine.ledger.read() as tx:
        assert tx.latest_revision().hash == revision, "nothing has changed"
    world.adopt(file(text.replace("- email: offer", f"- email: offer\n  {said}")))
    world.finish()
    offered = {run for run in world.sent() if run == "offer"}
    assert offered == {"offer"}
    assert world.sent()["email_5"] == PEOPLE


def test_a_replaced_step_with_nobody_at_it_is_no_question(world):
    world.finish()
    world.adopt(file(STEPS.replace("- email: email_4", "- email: offer")))
    assert "offer" in world.engine.playbook.sequences["course"].steps


def test_a_new_stop_when_applies_at_once(world):
    customers = [f"p{number}@example.com" for number in range(0, PEOPLE, 3)]
    with world.engine.ledger.write() as tx:
        found = tx.contacts_by_email(customers)
        tx.merge_values([(one.id, {"customer": True}) for one in found.values()], world.engine.clock.now())
    ids = {one.id for one in found.values()}
    there = [run.id for run in world.live() if run.contact_id in ids]
    counted = world.adopt(file(more="    stop_when: customer = true\n"))
    assert count(counted, StopChanged, Fate.STOPS) == len(there) > 0
    world.engine.work()
    with world.engine.ledger.read() as tx:
        ended = tx.runs(there)
    assert {run.status for run in ended.values()} == {RunStatus.STOPPED}
    assert {run.reason for run in ended.values()} == {"customer = true"}


def test_people_of_a_removed_sequence_stay_and_are_held_until_it_is_back(world):
    there = len(world.live())
    counted = world.adopt(file("- email: hello\n", sequence="other"))
    assert count(counted, SequenceRemoved, Fate.HELD) == there > 0
    world.engine.work()
    held = world.live()
    assert len(held) == there
    assert {run.status for run in held} == {RunStatus.HELD}
    assert all("no longer in the file" in (run.reason or "") for run in held)
    world.adopt(file())
    with world.engine.ledger.write() as tx:
        tx.wake_held(["course"], world.engine.clock.now())
    world.finish()
    assert world.live() == []
    assert world.sent()["email_5"] == PEOPLE


def test_a_template_named_otherwise_under_the_same_id_is_sent_to_those_before_it(world):
    ids = STEPS.replace("- email: email_4", "- email: email_4_new\n  id: email_4")
    before = world.sent()["email_4"]
    assert world.adopt(file(ids)) == {}
    world.finish()
    assert world.sent()["email_4_new"] == PEOPLE - before


def test_a_sequence_that_keeps_its_version_ends_people_on_the_file_with_which_they_began(engine):
    pinned = "    keep_version: true\n"
    text = file(more=pinned)
    made = engine(playbook(text))
    world = World(made, text)
    made.playbook = Adopting(made.ledger, made.clock, file="f")(playbook(text), HEAD + text)
    made.accept_all(arrival(email="first@example.com"))
    made.work()
    edited = STEPS.replace("email_2", "other_2").replace("24 hours", "1 hour")
    world.adopt(file(edited, more=pinned))
    made.accept_all(arrival(email="second@example.com"))
    made.work()
    made.pass_time(hours=2)
    assert world.sent() == {"email_1": 2, "other_2": 1}, "only the second has the new wait"
    made.pass_time(hours=23)
    assert world.sent() == {"email_1": 2, "other_2": 1, "email_2": 1}
    world.adopt(file("- email: hello\n", sequence="other"))
    world.finish()
    assert world.sent()["email_5"] == 2, "the sequence is no longer in the file, and they end all the same"


def test_paused_people_are_counted_apart_and_left_alone(world):
    there = world.at("email_3")
    with world.engine.ledger.write() as tx:
        tx.pause_runs([run.id for run in there], world.engine.clock.now())
    comparison = Comparison(world.engine.playbook, playbook(file(STEPS.replace("48 hours", "1 hour", 1))))
    tally = Tally(comparison, world.engine.clock.now())
    with world.engine.ledger.read() as tx:
        tally.add(people_of(tx, tx.standings([run.id for run in there])))
    assert {fate for _, fate in tally.counts} == {Fate.PAUSED}
    assert tally.paused == len(there)
    world.adopt(file(STEPS.replace("48 hours", "1 hour", 1)))
    assert {run.id: run.due_at for run in world.at("email_3")} == {run.id: run.due_at for run in there}


def test_a_recount_that_was_killed_is_begun_again_by_another(world):
    now = world.engine.clock.now()
    edited = file(STEPS.replace("wait: 48 hours", "wait: 24 hours", 1))
    adopting = Adopting(world.engine.ledger, world.engine.clock, file="f")
    world.engine.playbook = adopting(playbook(edited), HEAD + edited)
    world.engine.clock.forward(seconds=SETTLING.total_seconds())
    first = Recounting(world.engine.ledger, lambda: world.engine.playbook, world.engine.clock)
    assert first._begin()  # it claims, and dies
    second = Recounting(world.engine.ledger, lambda: world.engine.playbook, world.engine.clock)
    assert second.step() == 0
    world.engine.clock.forward(minutes=6)
    assert second.step() > 0
    overdue = [run for run in world.at("email_3") if run.since + timedelta(hours=24) <= now]
    assert all(run.due_at <= now + SPREAD for run in overdue)


def test_every_line_of_a_story_says_by_which_version_and_commit_it_was_decided(engine):
    text = file()
    made = engine(playbook(text))
    adopt = Adopting(made.ledger, made.clock, file="f", commit=lambda: "1a2b3c4")
    made.playbook = adopt(playbook(text), HEAD + text)
    made.accept_all(arrival(email="ada@example.com"))
    made.work()
    edited = file(STEPS.replace("24 hours", "1 hour"))
    made.playbook = Adopting(made.ledger, made.clock, file="f")(playbook(edited), HEAD + edited)
    made.pass_time(hours=30)
    run = made.runs()[0]
    with made.ledger.read() as tx:
        stamps = tx.stamps(run.id)
    told = {(stamp.revision, stamp.commit) for stamp in stamps}
    assert told == {(playbook(text).revision, "1a2b3c4"), (playbook(edited).revision, None)}
    assert len(stamps) == len(made.story(run))
