"""Reading the payload of a trigger: every wrong field at once, or values in the forms of ``engine.model``."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from engine.computing import reads
from engine.model import Field, FieldType, Part, PayloadPath, Take, Trigger, Value, Values, Vocabulary
from engine.payloads.finding import break_in, find, find_with, pointer_of, spelled
from engine.payloads.nesting import Nest
from engine.payloads.rules import (
    RULES,
    SHOWN,
    TEXT_PATTERN,
    VISIBLE,
    VISIBLE_PATTERN,
    Rule,
    WrongItemsError,
    WrongValueError,
    shown,
    stamp,
)
from engine.scene import is_true


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload that was taken: who it is about, the values to save, and how many other keys were ignored."""

    email: str
    values: Values
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: its name, the JSON Pointer of the value, and a sentence for the person who sent it."""

    field: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class _Entry:
    """One field a trigger takes, ready to read."""

    name: str
    required: bool
    rule: Rule
    field: Field
    otherwise: Value
    left_out: Callable[[datetime], Value] | None
    path: PayloadPath | None

    @property
    def parts(self) -> tuple[Part, ...]:
        """Where it stands in the payload."""
        return self.path.parts if self.path else (self.name,)

    def told(self, payload: dict[str, Any]) -> tuple[str, str]:
        """What sentences call it, and the JSON Pointer of its value."""
        if self.path is None:
            return self.name, pointer_of(self.parts, payload)
        way, _ = find_with(self.path, payload)
        return f"{self.name} (at {way.text})", pointer_of(way.parts, payload)

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of this field's value, with the ways of leaving it out."""
        about = {"description": f"{self.rule.expected[0].upper()}{self.rule.expected[1:]}. {self._absent()}"}
        if self.required:
            return about | _required(self.rule.schema)
        empty = ["", None] if self.rule.empty else [None]
        return about | {"anyOf": [dict(self.rule.schema), {"enum": empty}]}

    def _absent(self) -> str:
        if self.required:
            return "Required."
        if self.otherwise is None:
            return "May be left out."
        return f"When left out: {self.otherwise if isinstance(self.otherwise, str) else json.dumps(self.otherwise)}."


def _required(schema: Mapping[str, Any]) -> dict[str, Any]:
    visible = {"pattern": VISIBLE_PATTERN, "minLength": 1} if schema.get("pattern") == TEXT_PATTERN else {}
    return {**schema, **visible}


def _entry(take: Take, vocabulary: Vocabulary, *, plain: bool) -> _Entry:
    field = vocabulary.fields.get(take.field) or Field(name=take.field, type=FieldType.EMAIL)
    rule = RULES[field.type](field, vocabulary)
    required = take.required or take.field == "email"
    path = None if plain else take.path
    return _Entry(take.field, required, rule, field, take.otherwise, _when_left_out(take, field, vocabulary), path)


def _when_left_out(take: Take, field: Field, vocabulary: Vocabulary) -> Callable[[datetime], Value] | None:
    zone, value = vocabulary.zone, take.otherwise
    if value is None:
        return None
    if value in ("now", "today") and field.type is FieldType.DATE:
        return lambda now: now.astimezone(zone).date().isoformat()
    if value == "now" and field.type is FieldType.DATETIME:
        return stamp
    if value == "today" and field.type is FieldType.DATETIME:
        return lambda now: stamp(datetime.combine(now.astimezone(zone).date(), time(), zone))
    return lambda _: value


def _entries(trigger: Trigger, vocabulary: Vocabulary, *, plain: bool = False) -> tuple[_Entry, ...]:
    named = any(take.field == "email" for take in trigger.takes)
    takes = trigger.takes if named else (Take(field="email", required=True), *trigger.takes)
    return tuple(_entry(take, vocabulary, plain=plain) for take in takes)


class PayloadReader:
    """Reads the payloads of one trigger. Make it once for each trigger of a playbook and keep it.

    ``plain`` reads fields by their names, wherever the trigger's payloads have them: what a shell or a test gives.
    """

    __slots__ = ("_also", "_entries", "_names", "_roots", "_words")

    def __init__(self, trigger: Trigger, vocabulary: Vocabulary, *, plain: bool = False) -> None:
        self._words = vocabulary
        self._also = tuple((one, reads(vocabulary, one.condition)) for one in trigger.also_require)
        self._entries = _entries(trigger, vocabulary, plain=plain)
        self._names = tuple(entry.name for entry in self._entries if entry.path is None)
        self._roots = frozenset(entry.parts[0] for entry in self._entries if entry.path) - frozenset(self._names)

    def read(self, payload: object, now: datetime) -> Payload | tuple[FieldError, ...]:
        """The payload's values in the forms of ``engine.model``, or every field that is wrong.

        ``now`` is an aware datetime: the moment that ``now`` and ``today`` stand for.
        """
        if not isinstance(payload, dict):
            wanted = ", ".join(entry.path.text if entry.path else entry.name for entry in self._entries)
            return (FieldError("", "", f"the body must be a JSON object with {wanted}, not {_kind(payload)}"),)
        given: dict[str, Any] = payload
        values: dict[str, Value] = {}
        errors: list[FieldError] = []
        seen = sum(root in given for root in self._roots) if self._roots else 0
        for entry in self._entries:
            if entry.path is None:
                value = given.get(entry.name)
                seen += value is not None or entry.name in given
            else:
                value = find(entry.path, given)
            if value is None or _is_empty(entry, value):
                self._leave_out(entry, given, now, values, errors)
                continue
            try:
                values[entry.name] = entry.rule.read(value)
            except (WrongValueError, WrongItemsError) as wrong:
                errors.extend(_errors(entry, wrong, given))
        if self._also:
            errors += self._unmet(values, {error.field for error in errors}, now)
        return tuple(errors) or Payload(str(values["email"]), values, len(given) - seen)

    def _unmet(self, values: Values, wrong: set[str], now: datetime) -> list[FieldError]:
        """What is not true of the values together; a condition on a field that is wrong itself is not asked."""
        asked = [one for one, read in self._also if wrong.isdisjoint(read)]
        return [
            FieldError("", "", one.message) for one in asked if not is_true(one.condition, self._words, values, now)
        ]

    def _leave_out(
        self, entry: _Entry, given: dict[str, Any], now: datetime, values: dict[str, Value], errors: list[FieldError]
    ) -> None:
        if entry.required:
            errors.append(FieldError(entry.name, entry.told(given)[1], self._missing(entry, given)))
        elif entry.left_out is not None:
            values[entry.name] = entry.left_out(now)

    def _missing(self, entry: _Entry, given: dict[str, Any]) -> str:
        name = entry.name
        if entry.path is not None:
            return f"{entry.told(given)[0]} is required{_gap(entry.path, given)}"
        if name in given:
            return f"{name} is required and must not be empty"
        near = _alike(name, [key for key in given if key not in self._names])
        return f"{name} is required{f'; the payload has {shown(near)} instead' if near else ''}"


def _alike(name: str, keys: list[str]) -> str | None:
    """A key that was probably meant by this name."""
    alike = {key[:SHOWN].replace("_", "").replace("-", "").casefold(): key for key in keys}
    close = difflib.get_close_matches(name.replace("_", "").casefold(), alike, n=1, cutoff=0.8)
    return alike[close[0]] if close else None


def _gap(path: PayloadPath, given: dict[str, Any]) -> str:
    """What of a path is not there, and what is there instead."""
    broken = break_in(path, given)
    if broken is None:
        return " and must not be empty"
    where, here, part = broken
    told = f"; {where or 'the payload'} has no"
    if not isinstance(part, str):
        return f"{told} item {spelled((part,))}"
    near = _alike(part, [key for key in here if here[key] is not None]) if isinstance(here, dict) else None
    return f"{told} {part}{f', but {shown(near)}' if near else ''}"


def _is_empty(entry: _Entry, value: Any) -> bool:
    if value.__class__ is not str or not entry.rule.empty:
        return False
    return not (VISIBLE.search(value) if entry.field.type is FieldType.TEXT else value)


def _errors(entry: _Entry, wrong: WrongValueError | WrongItemsError, given: dict[str, Any]) -> list[FieldError]:
    (subject, pointer), private = entry.told(given), entry.field.private
    if isinstance(wrong, WrongValueError):
        return [FieldError(entry.name, pointer, wrong.sentence(subject, private=private))]
    return [
        FieldError(entry.name, f"{pointer}/{place}", item.sentence(f"item {place + 1} of {subject}", private=private))
        for place, item in wrong.items
    ]


def _kind(value: object) -> str:
    return "text" if isinstance(value, str) else shown(value)


def read_payload(
    trigger: Trigger, vocabulary: Vocabulary, payload: object, now: datetime, *, plain: bool = False
) -> Payload | tuple[FieldError, ...]:
    """Read one payload of a trigger; see ``PayloadReader``."""
    return PayloadReader(trigger, vocabulary, plain=plain).read(payload, now)


def _ways(entry: _Entry) -> Iterator[tuple[Part, ...]]:
    """Everywhere a field may stand."""
    yield entry.parts
    way = entry.path.otherwise if entry.path else None
    while way is not None:
        yield way.parts
        way = way.otherwise


def _also(trigger: Trigger) -> list[str]:
    return [f"Also required: {one.condition.text} ({one.message})." for one in trigger.also_require]


def payload_schema(trigger: Trigger, vocabulary: Vocabulary) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what a trigger's webhook takes. Other keys are allowed, ignored and counted."""
    nest = Nest()
    for entry in _entries(trigger, vocabulary):
        several = entry.path is not None and entry.path.otherwise is not None
        for parts in _ways(entry):
            nest.add(parts, entry.schema(), required=entry.required and not several)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": trigger.name,
        "description": " ".join((f"What {trigger.path} takes. Other keys are ignored.", *_also(trigger))),
        **nest.schema(),
        "additionalProperties": True,
    }
