"""A fitting payload for each trigger, and the ``curl`` line that sends it."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from engine.model import FieldType

if TYPE_CHECKING:
    from engine.model import Field, Trigger, Value, Vocabulary

_SAMPLES: dict[FieldType, Value] = {
    FieldType.TEXT: "text",
    FieldType.EMAIL: "ada@example.com",
    FieldType.CHECKBOX: True,
    FieldType.DATE: "2030-01-15",
    FieldType.DATETIME: "2030-01-15T15:00:00Z",
    FieldType.PHONE: "+1 416 555 0100",
    FieldType.LINK: "https://www.example.com",
    FieldType.LIST: ["text"],
    FieldType.TIMEZONE: "America/Toronto",
}


def sample(field: Field, vocabulary: Vocabulary) -> Value:
    """A value that the field takes."""
    match field.type:
        case FieldType.WHOLE | FieldType.NUMBER:
            return _number(field)
        case FieldType.CHOICE:
            return field.choices[0] if field.choices else "text"
        case FieldType.SEGMENT:
            return vocabulary.segments[0].name if vocabulary.segments else "text"
        case FieldType.TEXT:
            return ("Ada" if "name" in field.name else "text")[: field.max_length]
        case _:
            return _SAMPLES[field.type]


def _number(field: Field) -> Value:
    low = 0 if field.minimum is None else field.minimum
    wanted = max(2, low) if field.maximum is None else min(max(2, low), field.maximum)
    return int(wanted) if float(wanted).is_integer() else wanted


def payload(trigger: Trigger, vocabulary: Vocabulary) -> dict[str, Any]:
    """What the trigger requires, with a value each, where its payloads have it."""
    from engine.payloads import put

    found: dict[str, Any] = {}
    for take in trigger.takes:
        if take.required and take.field in vocabulary.fields:
            parts = take.path.parts if take.path else (take.field,)
            put(parts, found, sample(vocabulary.fields[take.field], vocabulary))
    return found


def curl(base_url: str, trigger: Trigger, vocabulary: Vocabulary, *, secret: str | None) -> str:
    """A line to paste. ``secret`` is the setting of the secret that it needs, which is left to the shell to fill in."""
    key = f' -H "Authorization: Bearer ${secret}"' if secret else ""
    body = shlex.quote(json.dumps(payload(trigger, vocabulary), ensure_ascii=False))
    return f"curl -X POST {base_url}{trigger.path} -H 'Content-Type: application/json'{key} -d {body}"


def sent(trigger: Trigger, vocabulary: Vocabulary) -> str:
    """A line that plays a trigger which only its provider may call."""
    from server.cli.advice import command_line

    required = [take.field for take in trigger.takes if take.required and take.field in vocabulary.fields]
    values = {name: sample(vocabulary.fields[name], vocabulary) for name in required}
    return command_line("send", trigger.name, *(f"{name}={_told(value)}" for name, value in values.items()))


def _told(value: Value) -> str:
    return ",".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)
