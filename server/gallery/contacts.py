"""Contacts to show emails to: one for each segment, the same every time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from engine.language.proving.interview import TooManyCasesError
from engine.language.proving.segments import prove
from engine.model import Around, Contact, Field, FieldType, Playbook, Value, Values, Vocabulary
from engine.scene import with_segment
from engine.timing import stored_form
from server.cli.samples import sample

EVERYBODY = ""
"""The name of the one contact of a file without segments, or with rules that cannot be proved."""
ADDRESS = "ada@example.com"
NAME = "Ada"
AHEAD = timedelta(days=10, hours=5)
"""How far ahead a moment is that the file waits for."""


def contacts(playbook: Playbook, now: datetime) -> Mapping[str, Contact]:
    """A contact in each segment that has one, by its name, with a value for all that emails may say."""
    words = playbook.vocabulary
    found = examples(words, now) or {EVERYBODY: {}}
    common = _common(playbook, now)
    return {name: _contact(words, {**common, **values}, now) for name, values in found.items()}


def examples(words: Vocabulary, now: datetime) -> Mapping[str, Values]:
    """For each segment the values of somebody in it, of the fields that the rules ask for."""
    try:
        shares = prove(words, now).shares
    except TooManyCasesError:
        return {}
    return {one.rule.name: one.example for one in shares if one.rule is not None and one.example is not None}


def _contact(words: Vocabulary, values: Values, now: datetime) -> Contact:
    return Contact(id="example", email=ADDRESS, values=with_segment(words, {**values, "email": ADDRESS}, now))


def _common(playbook: Playbook, now: datetime) -> dict[str, Value]:
    """What every contact has: a value for each field that has no default, but for what nobody has ticked."""
    words, awaited = playbook.vocabulary, set(_awaited(playbook))
    values = {name: _value(field, words, now, awaited) for name, field in words.fields.items()}
    return {name: value for name, value in values.items() if value is not None}


def _value(field: Field, words: Vocabulary, now: datetime, awaited: set[str]) -> Value:
    if field.type in (FieldType.DATE, FieldType.DATETIME):
        return stored_form(now + AHEAD if field.name in awaited else now, field.type, words.zone)
    if field.computed or field.type in (FieldType.CHECKBOX, FieldType.SEGMENT, FieldType.TIMEZONE):
        return None
    if field.type is FieldType.TEXT and field.name in ("name", "first_name"):
        return NAME
    if field.default is not None:
        return None
    told = field.name.replace("_", " ")
    if field.type is FieldType.TEXT:
        return told[: field.max_length]
    return [told] if field.type is FieldType.LIST else sample(field, words)


def _awaited(playbook: Playbook) -> Iterator[str]:
    """The fields that tell the moments of waits."""
    programs = [*playbook.sequences.values(), *(trigger.program for trigger in playbook.triggers.values())]
    for program in programs:
        for step in program.steps.values():
            yield from (wait.until.field for wait in step.gap if isinstance(wait.until, Around))
