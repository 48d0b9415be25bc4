"""Who gets which email on which day, before an edit and after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.model import Accepted, Contact, Outcome, Playbook, SendEmail
from engine.scene import Scene, with_segment
from engine.simulation import simulate_sequence
from engine.timing import day_of
from server.gallery.contacts import contacts

MONDAY = datetime(2026, 1, 5, 10)
"""When everybody begins: a morning in the zone of the file, so that the same edit is always told in the same words."""
EVERYBODY = "everybody"

Days = Mapping[str, str]
"""The emails of one contact, by the id of the step: ``day 3, 10:00``."""
_Sent = Mapping[str, tuple[str, str]]
"""The same with the template."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the emails of a sequence come, to these segments; a side is None where the sequence is not there."""

    sequence: str
    segments: tuple[str, ...]
    before: Days | None
    after: Days | None

    @property
    def steps(self) -> list[str]:
        """Every email of both sides, as the new file has them, those that have gone last."""
        return list(dict.fromkeys([*(self.after or {}), *(self.before or {})]))


def calendars(old: Playbook, new: Playbook) -> Iterator[Calendar]:
    """The sequences in which somebody gets an email on another day, or another email; segments alike are one."""
    examples = contacts(new, MONDAY.replace(tzinfo=new.vocabulary.zone))
    for name in dict.fromkeys([*new.sequences, *old.sequences]):
        alike: dict[tuple[object, object], list[str]] = {}
        sides: dict[tuple[object, object], tuple[Days | None, Days | None]] = {}
        for segment, contact in examples.items():
            before, after = _sides(*(_days(one, name, contact) for one in (old, new)))
            key = (_hashed(before), _hashed(after))
            alike.setdefault(key, []).append(segment)
            sides[key] = (before, after)
        for key, segments in alike.items():
            if key[0] != key[1]:
                told = (EVERYBODY,) if len(segments) == len(examples) else tuple(segments)
                yield Calendar(name, told, *sides[key])


def _sides(before: _Sent | None, after: _Sent | None) -> tuple[Days | None, Days | None]:
    """Both sides in words. Which template it is, is told where that is another one: segments have their own."""

    def told(side: _Sent | None, other: _Sent | None) -> Days | None:
        if side is None:
            return None
        same = {step for step, (_, template) in side.items() if (other or {}).get(step, ("", template))[1] == template}
        return {step: day if step in same else f"{day}, {template}" for step, (day, template) in side.items()}

    return told(before, after), told(after, before)


def _hashed(days: Days | None) -> object:
    return None if days is None else tuple(days.items())


def _days(playbook: Playbook, sequence: str, example: Contact) -> _Sent | None:
    if sequence not in playbook.sequences:
        return None
    zone = playbook.vocabulary.zone
    begin = MONDAY.replace(tzinfo=zone)
    known = {name: value for name, value in example.values.items() if name in playbook.vocabulary.fields}
    contact = example.evolve(values=with_segment(playbook.vocabulary, known, begin))
    played = simulate_sequence(playbook, sequence, contact, begin, _yes)
    emails = [line.entry for line in played.lines if line.program == sequence and line.entry.template]
    return {entry.step or "": (_day(entry.at, begin, zone), entry.template or "") for entry in emails}


def _day(at: datetime, begin: datetime, zone: ZoneInfo) -> str:
    days = (day_of(at, zone) - day_of(begin, zone)).days
    return f"day {days + 1}, {at.astimezone(zone):%H:%M}"


def _yes(effect: SendEmail, scene: Scene) -> Outcome:
    return Accepted(template=effect.template, subject=effect.subject or effect.template)
