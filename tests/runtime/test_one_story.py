"""Simulation and production tell one story: worlds by chance go through both, and every line is compared.

Production is the real runner on a real SQLite ledger with the real letters; only its clock is moved by hand, from one
moment at which something is due to the next.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import simulation as simulating
from engine.enrolment import Enrolment
from engine.errors import InvalidFile
from engine.language.compiler import load
from engine.model import Entry, Outcome, Playbook, RaiseAlert, Refused, Run, SendEmail, TemplateText
from engine.ports import Delivery, Message, WebAnswer, WebCall
from engine.runtime.calling import CallErrand
from engine.runtime.ledger import Ledger
from engine.runtime.ledger.encoding import millis
from engine.runtime.letters import Letters
from engine.runtime.outbox import Dispatcher, alert_of
from engine.scene import Scene, with_segment
from engine.simulation import Happening, Sending, Setting, Simulation, Suppressing, simulate_triggers
from tests.playbooks import NOON, AnyTemplate
from tests.runtime.conftest import Engine, HandClock, ScriptedMailer, arrival, yes
from tests.worlds import BODIES, EMAIL, Event, World, smaller, world

MANY = settings.get_current_profile_name() == "many"
EXAMPLES = settings().max_examples if MANY else 40
FAR = NOON + timedelta(days=200)


class Shelf:
    """Some templates; one that the file names is not there."""

    def find(self, name: str) -> TemplateText | None:
        body = BODIES.get(name)
        text = f"{body}\n\n[unsubscribe]({{{{ unsubscribe_url }}}})\n"
        return TemplateText(name=name, subject=f"On {name}", body=text, format="markdown") if body else None

    def names(self) -> Sequence[str]:
        return tuple(BODIES)

    def edition(self) -> object:
        return None


@dataclass
class Story:
    """All that can be compared: each run with its lines, what was sent and told, and the contact in the end."""

    runs: list[tuple[Any, ...]] = field(default_factory=list)
    emails: list[tuple[str, str]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    progress: dict[str, Any] = field(default_factory=dict)
    contact: tuple[Any, ...] = ()


def told(run: Run, entries: Sequence[Entry]) -> tuple[Any, ...]:
    """A run and its lines. How often a refused email is tried is not compared: each look in vain is a try more."""
    lines = [
        (
            entry.at,
            entry.step,
            entry.kind,
            re.sub(r"^sent on try \d+$", "sent", entry.note),
            entry.template,
            entry.subject,
            entry.until,
            entry.error,
        )
        for entry in entries
    ]
    state = (run.status.value, run.step, run.segment, run.reason, run.started_at, run.since, run.ended_at)
    return (run.program, *state, *lines)


# -- In simulation ------------------------------------------------------------------------------


def refuses(message: Message) -> Delivery:
    return Refused(reason="no such mailbox") if message.template == "refused" else yes(message)


def coalesced(alerts: Sequence[RaiseAlert]) -> list[str]:
    """Nothing leaves here, and of one topic the last is what waits to be told."""
    return list({alert.topic or f"alone {place}": alert.message for place, alert in enumerate(alerts)}.values())


@dataclass
class Post:
    """Real letters, and the same answers as the mailer's below."""

    playbook: Playbook
    letters: Letters
    sent: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, effect: SendEmail, scene: Scene) -> Outcome:
        message = self.letters.compose(effect, scene, self.playbook)
        if not isinstance(message, Message):
            return message
        answer = refuses(message)
        if not isinstance(answer, Refused):
            self.sent.append((message.template, message.subject))
        return answer


def at(event: Event) -> datetime:
    return NOON + timedelta(minutes=event.minutes)


def happenings(playbook: Playbook, world: World) -> Iterator[Happening]:
    for event in world.events:
        match event.kind:
            case "trigger":
                values = {"email": EMAIL, **event.values}
                yield Sending(trigger=playbook.triggers[event.name], values=values, at=at(event))
            case "write":
                yield Setting(values=event.values, at=at(event))
            case _:
                yield Suppressing(reason=event.name, at=at(event))


def simulated(playbook: Playbook, world: World) -> Story:
    letters = Letters(templates=Shelf(), base_url="http://127.0.0.1:8000", secret_key="not a real one")
    post = Post(playbook, letters)
    found: Simulation = simulate_triggers(playbook, None, post, list(happenings(playbook, world)), EMAIL)
    lines = {run.id: [line.entry for line in found.lines if line.run == run.id] for run in found.runs}
    contact = found.contact
    return Story(
        runs=[told(run, lines[run.id]) for run in found.runs],
        emails=post.sent,
        alerts=sorted(coalesced(found.alerts)),
        progress={name: value for effect in found.progress for name, value in effect.properties.items()},
        contact=(dict(contact.values), contact.known, contact.suppressed),
    )


# -- In production ------------------------------------------------------------------------------


class Willing:
    """Whoever is called says what a simulation takes for granted."""

    name = "willing"

    def call(self, call: WebCall) -> WebAnswer:
        return WebAnswer(told=f"{call.method} {call.host}: not called here, taken to go well")


@dataclass
class Production:
    """The real thing, moved from one moment to the next."""

    engine: Engine

    def play(self, world: World) -> Story:
        for event in world.events:
            self.pass_time(at(event))
            self.engine.clock.at = at(event)
            self.happen(event)
        self.pass_time(FAR)
        return self.story()

    def happen(self, event: Event) -> None:
        if event.kind == "trigger":
            self.engine.accept_all(arrival(event.name, **event.values))
            return
        with self.engine.ledger.write() as tx:
            contact = tx.contacts_by_email([EMAIL])[EMAIL]
            if event.kind == "write":
                merged = {**contact.values, **event.values}
                values = with_segment(self.engine.playbook.vocabulary, merged, self.engine.clock.at)
                tx.put_contacts([contact.evolve(values=values)], self.engine.clock.at)
            else:
                tx.suppress([contact.id], event.name, self.engine.clock.at)
            tx.poke([contact.id], self.engine.clock.at)

    def work(self) -> None:
        """Everything that is due, with the calls that others wait for: as in a simulation at once, and in turn."""
        self.engine.work()
        errand = CallErrand(self.engine.ledger, Willing(), lambda: self.engine.playbook)
        dispatcher = Dispatcher(self.engine.ledger, errand, self.engine.clock)
        while items := dispatcher.claim():
            for item in sorted(items, key=lambda item: str(item.payload["run"])):
                dispatcher.work([item])
                self.engine.work()

    def pass_time(self, until: datetime) -> None:
        """Work at every moment up to this one at which something is due."""
        while True:
            self.look_in_vain()
            due = self.next_due()
            if due is None or due > until:
                return
            self.engine.clock.at = max(due, self.engine.clock.at)
            self.work()

    def look_in_vain(self) -> None:
        """Another look at who is held changes nothing; then leave them alone until something about them changes.

        In truth they are looked at every quarter of an hour. A simulation does without: only a condition on the
        time itself could let go of somebody then.
        """
        self.work()
        self.held_due(self.engine.clock.at)
        before = self.lines()
        self.work()
        assert self.lines() == before
        self.held_due(FAR + timedelta(days=1))

    def held_due(self, moment: datetime) -> None:
        with self.engine.ledger.write() as tx:
            at = millis(moment)
            which = "status = 'held' AND due_at < ?"  # who was left alone stays so: time has passed meanwhile
            tx.connection.exec_driver_sql(
                f"UPDATE runs SET due_at = ?, wake_at = ? WHERE {which}", (at, at, millis(FAR))
            )

    def next_due(self) -> datetime | None:
        return min((run.due_at for run in self.all_runs() if run.due_at), default=None)

    def all_runs(self) -> list[Run]:
        with self.engine.ledger.read() as tx:
            return [one.run for one in reversed(tx.list_runs(triggers=True, limit=500))]

    def lines(self) -> int:
        return sum(len(self.engine.story(run)) for run in self.all_runs())

    def story(self) -> Story:
        with self.engine.ledger.read() as tx:
            contact = tx.contacts_by_email([EMAIL])[EMAIL]
        told_of = [alert_of(item.payload) for item in self.engine.errands("alert")]
        shown = [item.payload["progress"] for item in self.engine.errands("mirror")]
        given = [one for one in self.engine.mailer.given if one.template != "refused"]
        return Story(
            runs=[told(run, self.engine.story(run)) for run in self.all_runs()],
            emails=[(one.template, one.subject) for one in given],
            alerts=sorted(alert.message for alert in told_of),
            progress={name: value for one in shown for name, value in one.items()},
            contact=(dict(contact.values), contact.known, contact.suppressed),
        )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which nothing has happened."""
    path = tmp_path_factory.mktemp("ledger") / "empty.db"
    Ledger.open(f"sqlite:///{path}").close()
    return path


def produced(playbook: Playbook, world: World, empty: Path) -> Story:
    here = empty.with_name("world.db")
    for left in empty.parent.glob("world.db*"):
        left.unlink()
    shutil.copy(empty, here)
    ledger = Ledger.open(f"sqlite:///{here}")
    try:
        mailer = ScriptedMailer(answer=refuses)
        engine = Engine(ledger, playbook, HandClock(), mailer, Shelf(), mirrored=True)
        with ledger.write() as tx:
            tx.put_revision(playbook.revision, "", NOON)
        return Production(engine).play(world)
    finally:
        ledger.close()


def differences(world: World, empty: Path) -> list[str]:
    """Where the two stories of a world part: nothing, if all is well or the world goes round without end."""
    try:
        playbook = load(world.text, AnyTemplate())
        expected = simulated(playbook, world)
    except (RuntimeError, InvalidFile):
        return []
    found = produced(playbook, world, empty)
    return [
        f"{member.name}:\n  production {getattr(found, member.name)}\n  simulation {getattr(expected, member.name)}"
        for member in fields(Story)
        if getattr(found, member.name) != getattr(expected, member.name)
    ]


def smallest(world: World, empty: Path) -> World:
    """A world that still differs, and does not when anything more is taken away."""
    found = next((one for one in smaller(world) if differences(one, empty)), None)
    return world if found is None else smallest(found, empty)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**63))
def test_simulation_and_production_tell_one_story(seed: int, empty: Path) -> None:
    if differences(world(seed), empty):
        least = smallest(world(seed), empty)
        told_apart = "\n".join(differences(least, empty))
        pytest.fail(f"{least.text}\n{least.events}\n{told_apart}")


def test_a_difference_would_be_noticed(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulating, "enrol", lambda *_, **__: Enrolment(run=None, note="not started: on a whim"))
    apart = [seed for seed in range(5) if differences(world(seed), empty)]
    assert apart
    assert len(smallest(world(apart[0]), empty).text) < len(world(apart[0]).text)


def test_nearly_every_world_is_one_that_can_be_played() -> None:
    assert sum(playable(world(seed)) for seed in range(100)) > 85


def playable(world: World) -> bool:
    try:
        load(world.text, AnyTemplate())
    except InvalidFile:
        return False
    return True
