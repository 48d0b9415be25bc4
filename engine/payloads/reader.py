"""Reading the payload of a trigger: every wrong field at once, or values in the forms of ``engine.model``."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from engine.model import Field, FieldType, Take, Trigger, Value, Values, Vocabulary
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


def _entry(take: Take, vocabulary: Vocabulary) -> _Entry:
    field = vocabulary.fields.get(take.field) or Field(name=take.field, type=FieldType.EMAIL)
    rule = RULES[field.type](field, vocabulary)
    required = take.required or take.field == "email"
    return _Entry(take.field, required, rule, field, take.otherwise, _when_left_out(take, field, vocabulary))


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


def _entries(trigger: Trigger, vocabulary: Vocabulary) -> tuple[_Entry, ...]:
    named = any(take.field == "email" for take in trigger.takes)
    takes = trigger.takes if named else (Take(field="email", required=True), *trigger.takes)
    return tuple(_entry(take, vocabulary) for take in takes)


class PayloadReader:
    """Reads the payloads of one trigger. Make it once for each trigger of a playbook and keep it."""

    __slots__ = ("_entries", "_names")

    def __init__(self, trigger: Trigger, vocabulary: Vocabulary) -> None:
        self._entries = _entries(trigger, vocabulary)
        self._names = tuple(entry.name for entry in self._entries)

    def read(self, payload: object, now: datetime) -> Payload | tuple[FieldError, ...]:
        """The payload's values in the forms of ``engine.model``, or every field that is wrong.

        ``now`` is an aware datetime: the moment that ``now`` and ``today`` stand for.
        """
        if not isinstance(payload, dict):
            wanted = ", ".join(self._names)
            return (FieldError("", "", f"the body must be a JSON object with {wanted}, not {_kind(payload)}"),)
        given: dict[str, Any] = payload
        values: dict[str, Value] = {}
        errors: list[FieldError] = []
        seen = 0
        for entry in self._entries:
            value = given.get(entry.name)
            seen += value is not None or entry.name in given
            if value is None or _is_empty(entry, value):
                self._leave_out(entry, given, now, values, errors)
                continue
            try:
                values[entry.name] = entry.rule.read(value)
            except (WrongValueError, WrongItemsError) as wrong:
                errors.extend(_errors(entry, wrong))
        return tuple(errors) or Payload(str(values["email"]), values, len(given) - seen)

    def _leave_out(
        self, entry: _Entry, given: dict[str, Any], now: datetime, values: dict[str, Value], errors: list[FieldError]
    ) -> None:
        if entry.required:
            errors.append(FieldError(entry.name, _pointer(entry.name), self._missing(entry.name, given)))
        elif entry.left_out is not None:
            values[entry.name] = entry.left_out(now)

    def _missing(self, name: str, given: dict[str, Any]) -> str:
        if name in given:
            return f"{name} is required and must not be empty"
        others = [key for key in given if key not in self._names]
        alike = {key[:SHOWN].replace("_", "").replace("-", "").casefold(): key for key in others}
        close = difflib.get_close_matches(name.replace("_", ""), alike, n=1, cutoff=0.8)
        return f"{name} is required{f'; the payload has {shown(alike[close[0]])} instead' if close else ''}"


def _is_empty(entry: _Entry, value: Any) -> bool:
    if value.__class__ is not str or not entry.rule.empty:
        return False
    return not (VISIBLE.search(value) if entry.field.type is FieldType.TEXT else value)


def _errors(entry: _Entry, wrong: WrongValueError | WrongItemsError) -> list[FieldError]:
    name, pointer, private = entry.name, _pointer(entry.name), entry.field.private
    if isinstance(wrong, WrongValueError):
        return [FieldError(name, pointer, wrong.sentence(name, private=private))]
    return [
        FieldError(name, f"{pointer}/{place}", item.sentence(f"item {place + 1} of {name}", private=private))
        for place, item in wrong.items
    ]


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _kind(value: object) -> str:
    return "text" if isinstance(value, str) else shown(value)


def read_payload(
    trigger: Trigger, vocabulary: Vocabulary, payload: object, now: datetime
) -> Payload | tuple[FieldError, ...]:
    """Read one payload of a trigger; see ``PayloadReader.read``."""
    return PayloadReader(trigger, vocabulary).read(payload, now)


def payload_schema(trigger: Trigger, vocabulary: Vocabulary) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what a trigger's webhook takes. Other keys are allowed, ignored and counted."""
    entries = _entries(trigger, vocabulary)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": trigger.name,
        "description": f"What {trigger.path} takes. Other keys are ignored.",
        "type": "object",
        "required": [entry.name for entry in entries if entry.required],
        "properties": {entry.name: entry.schema() for entry in entries},
        "additionalProperties": True,
    }
