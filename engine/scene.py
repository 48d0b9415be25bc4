"""What a step may look at when its turn comes: the program, the run, the contact and the clock."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.computing import rests_on, worth
from engine.evaluate import Classified, classify, holds, resolve
from engine.model import Condition, Contact, FieldType, Formula, Noun, Operand, Program, Run, Value, Values, Vocabulary


def value_of(vocabulary: Vocabulary, values: Values, name: str) -> Value:
    """A field as emails and conditions see it: its value, else its default, else None."""
    field = vocabulary.fields.get(name)
    if field is None:
        return values.get(name)
    found = values.get(name) if field.computed is None else _computed(vocabulary, values, field.computed, {})
    return field.default if found is None else found


def _computed(vocabulary: Vocabulary, values: Values, formula: Formula, seen: dict[str, Value]) -> Value:
    """What a formula is worth now; ``seen`` are the computed fields that were looked at on the way."""

    def look(name: str) -> Value:
        field = vocabulary.fields[name]
        if field.computed is None:
            return value_of(vocabulary, values, name)
        if name not in seen:
            found = _computed(vocabulary, values, field.computed, seen)
            seen[name] = field.default if found is None else found
        return seen[name]

    return worth(formula, look)


def is_known(vocabulary: Vocabulary, values: Values, name: str) -> bool:
    """Whether a field has a real value; a default does not count. A computed one has it where all it rests on have."""
    field = vocabulary.fields.get(name)
    if field is None or field.computed is None:
        return values.get(name) is not None
    return all(values.get(leaf) is not None for leaf in rests_on(vocabulary.fields, name))


MASK = "•••"
"""What stands in the place of a private value wherever people read what happened."""


def masked(vocabulary: Vocabulary, values: Values) -> Values:
    """Values as stories, alerts and logs may show them: those of private fields are hidden."""
    return {
        name: MASK if value is not None and is_private(vocabulary, name) else value for name, value in values.items()
    }


def is_private(vocabulary: Vocabulary, name: str) -> bool:
    """Whether a field's value is shown to nobody but the contact."""
    field = vocabulary.fields.get(name)
    return field is not None and field.private


def zone_of(vocabulary: Vocabulary, values: Values) -> ZoneInfo:
    """The contact's own time zone where it is known and real, else the file's."""
    named = values.get(vocabulary.zone_field) if vocabulary.zone_field else None
    try:
        return ZoneInfo(named) if isinstance(named, str) and named else vocabulary.zone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return vocabulary.zone


def is_true(condition: Condition, vocabulary: Vocabulary, values: Values, now: datetime) -> bool:
    """Whether a condition is true of these values alone; what cannot be told is not true."""
    look, known = partial(value_of, vocabulary, values), partial(is_known, vocabulary, values)
    return holds(condition, look, known, now, zone_of(vocabulary, values), vocabulary.holidays) is True


def segment_of(vocabulary: Vocabulary, values: Values, now: datetime) -> Classified:
    """The segment that these values are in, or the fields that are missing to tell."""
    look = partial(value_of, vocabulary, values)
    known = partial(is_known, vocabulary, values)
    found = classify(vocabulary, look, known, now, zone_of(vocabulary, values))
    return found.evolve(missing=really_missing(vocabulary, values, found.missing)) if found.missing else found


def really_missing(vocabulary: Vocabulary, values: Values, names: frozenset[str]) -> frozenset[str]:
    """Unknown fields; in the place of computed ones the fields they rest on that are unknown, where there are any."""
    leaves = (leaf for name in names for leaf in rests_on(vocabulary.fields, name))
    return frozenset(leaf for leaf in leaves if value_of(vocabulary, values, leaf) is None) or names


def with_segment(vocabulary: Vocabulary, values: Values, now: datetime) -> Values:
    """Values without the unknown ones, and with the segment they are in, where it can be told."""
    kept = {name: value for name, value in values.items() if value is not None}
    field = vocabulary.segment_field
    if field is None:
        return kept
    classified = segment_of(vocabulary, kept, now)
    if classified.missing:
        return kept
    kept.pop(field, None)
    return {**kept, field: classified.segment} if classified.segment else kept


class Scene(Noun, frozen=True, kw_only=True):
    """The program, the run at its step, the contact, the clock.

    What the run was given wins over what the contact has. Its segment is frozen, or was read at this look.
    """

    program: Program
    run: Run
    contact: Contact
    now: datetime

    @property
    def shown(self) -> Values:
        """All declared fields as emails see them: values, else defaults, the run's own segment."""
        return {name: self.value(name) for name in self.program.vocabulary.fields}

    @property
    def told(self) -> Values:
        """The same as the team may read it: without what is private."""
        return masked(self.program.vocabulary, self.shown)

    @property
    def zone(self) -> ZoneInfo:
        """The contact's time zone, else the file's."""
        return zone_of(self.program.vocabulary, self.values)

    @property
    def values(self) -> Values:
        """What is known: the run's own values, and the contact's others."""
        return {**self.contact.values, **self.run.given} if self.run.given else self.contact.values

    def value(self, name: str) -> Value:
        """One field as emails and conditions see it."""
        vocabulary = self.program.vocabulary
        if name == vocabulary.segment_field and (self.run.segment is not None or self.program.live_segment):
            return self.run.segment
        return value_of(vocabulary, self.values, name)

    def knows(self, name: str) -> bool:
        """Whether a field has a real value."""
        vocabulary = self.program.vocabulary
        if name == vocabulary.segment_field and (self.run.segment is not None or self.program.live_segment):
            return self.run.segment is not None
        return is_known(vocabulary, self.values, name)

    def holds(self, condition: Condition) -> bool | None:
        """Whether a condition is true now; None when that cannot be known."""
        return holds(condition, self.value, self.knows, self.now, self.zone, self.program.vocabulary.holidays)

    def worth(self, operand: Operand, kind: FieldType) -> Value:
        """What an operand is worth now, as a field of this type stores it; None where it is unknown."""
        return resolve(operand, kind, self.value, self.now, self.zone)

    def missing_for_segment(self) -> str:
        """Why the contact's segment is not known, for the reason of a hold."""
        missing = sorted(segment_of(self.program.vocabulary, self.values, self.now).missing)
        if not missing:
            return "the contact is in no segment"
        verb = "is" if len(missing) == 1 else "are"
        return f"the segment cannot be told while {' and '.join(missing)} {verb} unknown"
