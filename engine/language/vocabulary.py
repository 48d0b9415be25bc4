"""The words an author has declared: fields, segments, time zone. Broken parts are left out or read kindly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.language.computed import with_formulas
from engine.language.conditions import parse_condition
from engine.language.days_off import holidays_of
from engine.language.document import Document
from engine.language.formulas import parse_formula
from engine.language.paths import parse_path
from engine.language.spelling import TYPES, meant
from engine.model import Condition, Field, FieldType, Formula, PayloadPath, SegmentRule, Value, Vocabulary

OTHERWISE = "otherwise"
UTC = ZoneInfo("UTC")


def vocabulary(document: Document) -> Vocabulary:
    """What conditions, durations and templates of this file may speak of; any file has one, however broken."""
    contact = as_dict(document.data.get("contact"))
    fields = _computed({name: _field(name, as_dict(spec)) for name, spec in contact.items()}, contact)
    words = Vocabulary(
        fields=fields,
        segments=tuple(SegmentRule(name=name, condition=None, line=line) for name, _, line in segment_lines(document)),
        zone=find_zone(document.data.get("timezone")) or UTC,
        segment_field=_first(fields, FieldType.SEGMENT),
        zone_field=_first(fields, FieldType.TIMEZONE),
        holidays=holidays_of(document.data.get("holidays")),
    )
    file = document.span(("segments",)).file if document.several else ""
    rules = tuple(
        SegmentRule(name=name, condition=_condition(text, words), line=line, file=file)
        for name, text, line in segment_lines(document)
    )
    return replace(words, segments=rules)


def as_dict(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def segment_lines(document: Document) -> list[tuple[str, Any, int]]:
    """Name, text and line of each segment, without the closing ``otherwise: none``."""
    return [
        (name, text, document.line(("segments", index, name)))
        for index, item in enumerate(as_list(document.data.get("segments")))
        for name, text in as_dict(item).items()
        if name != OTHERWISE
    ]


def find_zone(name: Any) -> ZoneInfo | None:
    """The time zone of a name; None when there is none. Asking for one is far cheaper than listing them all."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return None


def _first(fields: Mapping[str, Field], kind: FieldType) -> str | None:
    return next((name for name, field in fields.items() if field.type is kind), None)


def _field(name: str, spec: Mapping[str, Any]) -> Field:
    """A misspelled type is taken for the nearest one, so that it is told once and not again at every use."""
    kind = spec.get("type")
    near = meant(kind, FieldType, TYPES) if isinstance(kind, str) else None
    length = spec.get("max_length")
    return Field(
        name=name,
        type=FieldType(near or FieldType.TEXT),
        choices=tuple(item for item in as_list(spec.get("choices")) if isinstance(item, str)),
        minimum=_number(spec.get("min")),
        maximum=_number(spec.get("max")),
        max_length=length if isinstance(length, int) and not isinstance(length, bool) else 500,
        default=_value(spec.get("default")),
        notion=spec["notion"] if isinstance(spec.get("notion"), str) else None,
        private=spec.get("private") is True,
        path=payload_path(spec.get("from")),
    )


def payload_path(text: Any) -> PayloadPath | None:
    """A path into payloads; None where it cannot be read or is not there."""
    found = parse_path(text) if isinstance(text, str) else None
    return found if isinstance(found, PayloadPath) else None


def _computed(fields: Mapping[str, Field], contact: Mapping[str, Any]) -> Mapping[str, Field]:
    """Fields with the formulas that can be read."""
    texts = {name: as_dict(spec).get("computed") for name, spec in contact.items()}
    read = {
        name: parse_formula(text, fields[name].type, fields) for name, text in texts.items() if isinstance(text, str)
    }
    formulas = {name: found for name, found in read.items() if isinstance(found, Formula)}
    return with_formulas(fields, formulas) if formulas else fields


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _value(value: Any) -> Value:
    return value if isinstance(value, str | int | float | bool | list) else None


def _condition(text: Any, words: Vocabulary) -> Condition | None:
    if not isinstance(text, str) or text == OTHERWISE:
        return None
    found = parse_condition(text, words)
    return found if isinstance(found, Condition) else None
