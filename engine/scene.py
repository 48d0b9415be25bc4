"""What a step may look at when its turn comes: the program, the run, the contact and the clock."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.evaluate import Classified, classify, holds
from engine.model import Condition, Contact, Noun, Program, Run, Value, Values, Vocabulary


def value_of(vocabulary: Vocabulary, values: Values, name: str) -> Value:
    """A field as emails and conditions see it: its value, else its default, else None."""
    found = values.get(name)
    if found is not None:
        return found
    field = vocabulary.fields.get(name)
    return field.default if field else None


def is_known(values: Values, name: str) -> bool:
    """Whether a field has a real value; a default does not count."""
    return values.get(name) is not None


def zone_of(vocabulary: Vocabulary, values: Values) -> ZoneInfo:
    """The contact's own time zone where it is known and real, else the file's."""
    named = values.get(vocabulary.zone_field) if vocabulary.zone_field else None
    try:
        return ZoneInfo(named) if isinstance(named, str) and named else vocabulary.zone
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return vocabulary.zone


def segment_of(vocabulary: Vocabulary, values: Values, now: datetime) -> Classified:
    """The segment that these values are in, or the fields that are missing to tell."""
    look = partial(value_of, vocabulary, values)
    return classify(vocabulary, look, partial(is_known, values), now, zone_of(vocabulary, values))


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
    """The program, the run at its step, the contact, the clock. The run's segment is frozen."""

    program: Program
    run: Run
    contact: Contact
    now: datetime

    @property
    def shown(self) -> Values:
        """All declared fields as emails see them: values, else defaults, the run's own segment."""
        return {name: self.value(name) for name in self.program.vocabulary.fields}

    @property
    def zone(self) -> ZoneInfo:
        """The contact's time zone, else the file's."""
        return zone_of(self.program.vocabulary, self.contact.values)

    def value(self, name: str) -> Value:
        """One field as emails and conditions see it."""
        if self.run.segment is not None and name == self.program.vocabulary.segment_field:
            return self.run.segment
        return value_of(self.program.vocabulary, self.contact.values, name)

    def knows(self, name: str) -> bool:
        """Whether a field has a real value."""
        frozen = self.run.segment is not None and name == self.program.vocabulary.segment_field
        return frozen or is_known(self.contact.values, name)

    def holds(self, condition: Condition) -> bool | None:
        """Whether a condition is true now; None when that cannot be known."""
        return holds(condition, self.value, self.knows, self.now, self.zone)

    def missing_for_segment(self) -> str:
        """Why the contact's segment is not known, for the reason of a hold."""
        missing = sorted(segment_of(self.program.vocabulary, self.contact.values, self.now).missing)
        if not missing:
            return "the contact is in no segment"
        verb = "is" if len(missing) == 1 else "are"
        return f"the segment cannot be told while {' and '.join(missing)} {verb} unknown"
