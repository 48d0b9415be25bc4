"""A contact who may be in a sequence several times needs a field that tells the runs apart, and its values for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.durations import parse_until
from engine.language.schema import Place
from engine.language.vocabulary import as_dict, as_list
from engine.model import Around, FieldType
from engine.rendering import TemplateFlaw, message_variables, variables

WARNING = Severity.WARNING
TELLING = frozenset(
    {
        FieldType.TEXT,
        FieldType.WHOLE,
        FieldType.CHOICE,
        FieldType.DATE,
        FieldType.DATETIME,
        FieldType.PHONE,
        FieldType.LINK,
        FieldType.EMAIL,
    }
)
"""The types of fields that can tell runs apart."""
OF_ONE = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.LINK})
"""The types of fields that hardly ever mean the same for two appointments."""


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``one_run_per:`` and ``segment: live``."""
    for place in book.mappings("sequence-definition"):
        if place.value.get("segment") == "live" and not book.document.data.get("segments"):
            message = "there are no segments to read again"
            hint = "take it away, or add  segments:"
            yield book.problem((*place.path, "segment"), "no-segments", message, hint=hint, severity=WARNING)
        key = place.value.get("one_run_per")
        field = book.vocabulary.fields.get(key) if isinstance(key, str) else None
        if field is None or field.computed or not book.sound(("contact", field.name)):
            continue  # told elsewhere
        if field.type not in TELLING or field.name == "email":
            yield _cannot_tell(book, Place((*place.path, "one_run_per"), key), field.type)
        else:
            yield from _keyed(book, place, field.name)


def _cannot_tell(book: Checkable, place: Place, kind: FieldType) -> Problem:
    why = "is the same for each" if place.value == "email" else f"is of type {kind}"
    message = f'"{place.value}" {why}, so it cannot tell the runs of a contact apart'
    hint = "name a field that says what a run is for, such as an  appointment_id  of type text"
    return book.problem(place, "run-key", message, hint=hint)


def _keyed(book: Checkable, sequence: Place, key: str) -> Iterator[Problem]:
    shared = _shared(book, sequence, key)
    for step in _starts(book, str(sequence.path[-1])):
        trigger, given = _trigger_of(book, step), as_dict(step.value.get("with"))
        if trigger is None:
            continue
        takes = _takes(trigger)
        if key not in takes and key not in given and key not in _saved(trigger):
            yield _unsent(book, step, key)
        elif lost := [name for name in shared if name in takes and name not in given]:
            yield _lost(book, step, key, lost)


def _unsent(book: Checkable, step: Place, key: str) -> Problem:
    message = f'"{step.value["start"]}" runs once for each {key}, and nothing here says for which'
    hint = f"add  {key}  to what the trigger requires, or give it here:  with: {{{key}: …}}"
    return book.problem((*step.path, "start"), "key-unsaid", message, hint=hint, severity=WARNING)


def _lost(book: Checkable, step: Place, key: str, names: list[str]) -> Problem:
    told = " and ".join(names)
    message = f"each run is for its own {key}, but its emails say the contact's {told}: that of the last call"
    hint = f"keep it for the run:  with: {{{', '.join(f'{name}: {name}' for name in names)}}}"
    return book.problem((*step.path, "start"), "shared-value", message, hint=hint, severity=WARNING)


def _starts(book: Checkable, sequence: str) -> list[Place]:
    return [step for step in book.mappings("step") if step.value.get("start") == sequence]


def _trigger_of(book: Checkable, step: Place) -> Mapping[str, Any] | None:
    section, name = step.path[:2]
    return as_dict(book.section("triggers").get(str(name))) if section == "triggers" else None


def _takes(trigger: Mapping[str, Any]) -> set[str]:
    items = [*as_list(trigger.get("requires")), *as_list(trigger.get("accepts"))]
    return {name for item in items for name in (item if isinstance(item, dict) else [item]) if isinstance(name, str)}


def _saved(trigger: Mapping[str, Any]) -> set[str]:
    return {name for step in as_list(trigger.get("then")) for name in as_dict(as_dict(step).get("save"))}


def _shared(book: Checkable, sequence: Place, key: str) -> list[str]:
    """Fields that the sequence tells of, that mean something else for each appointment, and that are not kept."""
    kept = {key, *_waited_for(book, sequence)}
    told = dict.fromkeys(name for name in _told(book, sequence) if name not in kept)
    fields = book.vocabulary.fields
    return [name for name in told if name in fields and fields[name].type in OF_ONE]


def _waited_for(book: Checkable, sequence: Place) -> Iterator[str]:
    for place in _inside(book.texts("until"), sequence):
        until = parse_until(place.value, book.vocabulary)
        if isinstance(until, Around):
            yield until.field


def _told(book: Checkable, sequence: Place) -> Iterator[str]:
    try:
        for place in _inside(book.texts("template"), sequence):
            template = book.shelf.find(place.value)
            yield from (use.name for use in (variables(template) if template else ()))
        for place in _inside(book.texts("message"), sequence):
            yield from (use.name for use in message_variables(place.value))
    except TemplateFlaw:
        return  # told where templates and messages are checked


def _inside(places: Iterator[Place], sequence: Place) -> Iterator[Place]:
    return (place for place in places if place.path[:2] == sequence.path)
