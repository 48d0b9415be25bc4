"""Every email of a playbook, to whom and when it goes: as the simulation tells, or else why it was not sent there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from engine.errors import Problem
from engine.intake import start_directly
from engine.model import (
    Accepted,
    Contact,
    Do,
    Outcome,
    Playbook,
    Program,
    SendEmail,
    Step,
    TemplateText,
    Unready,
    Values,
)
from engine.ports import Templates
from engine.rendering import TemplateFlaw, render_message
from engine.runtime.letters import Letters
from engine.scene import Scene, with_segment
from engine.simulation import Simulation, simulate_sequence
from engine.timing import instant
from server.gallery.contacts import EVERYBODY, contacts
from server.gallery.depending import Conditions, conditions_of, told, wished

BEGINS = datetime(2025, 11, 12, 10, tzinfo=UTC)
"""When everybody begins, on the clock of the file's zone: a Wednesday morning, the same every time."""
ADDRESS = "https://preview.invalid"
KEY = "preview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """One email as some segments get it.

    ``when`` is empty where the example contact does not get it; ``note`` says why, or what it depends on.
    ``trouble`` says why it cannot be shown; then there is no subject and no HTML. ``problems`` are what the checks say.
    """

    step: str
    template: str
    segments: tuple[str, ...]
    when: str = ""
    gap: str = ""
    note: str = ""
    sender: str = ""
    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""
    trouble: str = ""
    problems: tuple[str, ...] = ()

    @property
    def kilobytes(self) -> str:
        """The size of its HTML."""
        return f"{len(self.html.encode()) / 1024:.1f}"


@dataclass(frozen=True, slots=True)
class Group:
    """The emails of one sequence or trigger, in the order of the file.

    ``kind`` says which of the two; ``spare`` are templates that no step sends.
    """

    name: str
    kind: str
    emails: tuple[Email, ...]


def groups(playbook: Playbook, shelf: Templates, problems: Sequence[Problem] = ()) -> tuple[Group, ...]:
    """Everything there is to show. The same file and templates give the same answer."""
    collector = _Collector(playbook, shelf, problems)
    triggers = [Group(name, "trigger", collector.emails(one.program)) for name, one in playbook.triggers.items()]
    sequences = [Group(name, "sequence", collector.emails(one)) for name, one in playbook.sequences.items()]
    spare = Group("Other templates", "spare", collector.spare([*triggers, *sequences]))
    return tuple(group for group in (*triggers, *sequences, spare) if group.emails)


class _Collector:
    """One playbook with its example contacts."""

    def __init__(self, playbook: Playbook, shelf: Templates, problems: Sequence[Problem]) -> None:
        zone = playbook.vocabulary.zone
        self.playbook, self.shelf, self.problems = playbook, shelf, problems
        self.begins = instant(BEGINS.date(), time(BEGINS.hour), zone)
        self.letters = Letters(templates=shelf, base_url=ADDRESS, secret_key=KEY).for_a_batch()
        self.contacts = contacts(playbook, self.begins)

    def emails(self, program: Program) -> tuple[Email, ...]:
        """The emails of a program; what segments get alike is shown once."""
        depends = dict(conditions_of(program))
        seen = {name: self._played(program, contact) for name, contact in self.contacts.items()}
        found = [
            email
            for step in program.steps.values()
            if step.kind == "email"
            for email in _merged(self._email(program, step, name, seen[name], depends) for name in self.contacts)
        ]
        everybody = tuple(self.contacts)
        return tuple(replace(one, segments=()) if one.segments in (everybody, (EVERYBODY,)) else one for one in found)

    def spare(self, others: Iterable[Group]) -> tuple[Email, ...]:
        """The templates that stand ready and that no step sends, for the first example contact."""
        used = {email.template for group in others for email in group.emails}
        program = Program(name="preview", vocabulary=self.playbook.vocabulary, steps={}, first=None)
        scene = self._scene(program, "", next(iter(self.contacts)))
        names = [name for name in self.shelf.names() if name not in used and _found(self.shelf, name)]
        return tuple(self._shown(Email(step="", template=name, segments=()), scene) for name in names)

    def _played(self, program: Program, contact: Contact) -> _Played:
        """What one contact gets when time runs out: in sequences alone, a trigger acts at once."""
        played = _Played(self.letters, self.playbook, program.name)
        if not program.of_trigger:
            simulation = simulate_sequence(self.playbook, program.name, contact, self.begins, played)
            played.ended = _ended(simulation)
        return played

    def _email(
        self, program: Program, step: Step, segment: str, played: _Played, depends: Mapping[str, Conditions]
    ) -> Email | None:
        """One step for one segment; None where that segment gets nothing at it."""
        effect, conditions = self._asked(program, step, segment), depends.get(step.id, ())
        if effect is None or self._never(program, step, segment, conditions):
            return None
        at = played.sent.get(step.id)
        email = Email(
            step=step.id,
            template=effect.template,
            segments=(segment,),
            when="at once" if program.of_trigger else self._when(at),
            gap=", then ".join(wait.text for wait in step.gap),
            note=told(conditions) or ("" if at or program.of_trigger else played.ended),
            problems=tuple(_about(self.problems, effect.template, step)),
        )
        scene = self._scene(program, step.id, segment, dict(wished(conditions)))
        return self._shown(email, played.scenes.get(step.id) or scene, effect)

    def _shown(self, email: Email, scene: Scene, effect: SendEmail | None = None) -> Email:
        """With all that the reader gets, or the reason why there is nothing to get."""
        asked = effect or SendEmail(step=email.step, template=email.template)
        message, template = self.letters.compose(asked, scene, self.playbook), _found(self.shelf, email.template)
        if isinstance(message, Unready):
            return replace(email, trouble=message.reason)
        return replace(
            email,
            sender=message.sender,
            subject=message.subject,
            preheader=render_message(template.preheader, scene.shown) if template else "",
            html=message.html,
            text=message.text,
        )

    def _when(self, at: datetime | None) -> str:
        if at is None:
            return ""
        local, first = (moment.astimezone(self.playbook.vocabulary.zone) for moment in (at, self.begins))
        return f"day {(local.date() - first.date()).days + 1}, {local:%H:%M}"

    def _never(self, program: Program, step: Step, segment: str, conditions: Conditions) -> bool:
        """Whether nobody in this segment gets there, because a condition asks for another one."""
        scene, field = self._scene(program, step.id, segment), self.playbook.vocabulary.segment_field
        return any(one is not None and one.fields == {field} and scene.holds(one) is False for one in conditions)

    def _asked(self, program: Program, step: Step, segment: str) -> SendEmail | None:
        move = step.verb.move(self._scene(program, step.id, segment))
        return move.effect if isinstance(move, Do) and isinstance(move.effect, SendEmail) else None

    def _scene(self, program: Program, step: str, segment: str, needs: Values | None = None) -> Scene:
        """The example contact at a step, with the values that it needs to get there, unless they change its segment."""
        contact, words = self.contacts[segment], self.playbook.vocabulary
        changed = with_segment(words, {**contact.values, **(needs or {})}, self.begins)
        if not words.segment_field or changed.get(words.segment_field) == contact.values.get(words.segment_field):
            contact = contact.evolve(values=changed)
        run = start_directly(program, contact, run_id="run", now=self.begins).evolve(step=step)
        return Scene(program=program, run=run, contact=contact, now=self.begins)


class _Played:
    """A mailer for one contact that remembers when each email of one program was asked for, and how things stood."""

    def __init__(self, letters: Letters, playbook: Playbook, program: str) -> None:
        self.letters, self.playbook, self.program = letters, playbook, program
        self.sent: dict[str, datetime] = {}
        self.scenes: dict[str, Scene] = {}
        self.ended = ""

    def __call__(self, effect: SendEmail, scene: Scene) -> Outcome:
        message = self.letters.compose(effect, scene, self.playbook)
        if scene.program.name == self.program:
            self.sent[effect.step], self.scenes[effect.step] = scene.now, scene
        if isinstance(message, Unready):
            return message
        return Accepted(template=message.template, subject=message.subject)


def _ended(simulation: Simulation) -> str:
    """Why the example contact got no further, for the emails that it did not get."""
    entries = [line.entry for line in simulation.lines if simulation.run and line.run == simulation.run.id]
    held = [entry.note for entry in entries if entry.kind == "hold"]
    return f"not for this example: {held[-1]}" if held else "not for this example"


def _merged(emails: Iterable[Email | None]) -> list[Email]:
    """The same email to several segments is one."""
    found: dict[Email, tuple[str, ...]] = {}
    for one in emails:
        if one is not None:
            key = replace(one, segments=())
            found[key] = found.get(key, ()) + one.segments
    return [replace(one, segments=segments) for one, segments in found.items()]


def _about(problems: Iterable[Problem], template: str, step: Step) -> Iterator[str]:
    for one in problems:
        if f'"{template}"' in one.message or (step.line and one.line == step.line):
            yield one.message


def _found(shelf: Templates, name: str) -> TemplateText | None:
    try:
        return shelf.find(name)
    except TemplateFlaw:
        return None
