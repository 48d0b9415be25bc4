"""What can be written at a place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from engine.language.durations.amounts import UNITS
from engine.language.durations.windows import WEEKDAYS
from engine.model import FieldType
from server.editor.conditions import next_words
from server.editor.cursor import Cursor, cursor_at
from server.editor.grammar import Parts, choices_of, fitting, is_list, key_roles, parts_at, roles_of
from server.editor.positions import Ruler
from server.editor.sight import Sight, values_for

_BRACES = re.compile(r"\{[{%][^}%]*$")
_WORD = re.compile(r"[\w.-]*$")
_CONDITIONS = ("condition", "segment-rule")
_TIMES = ("until", "duration", "testing", "hold")
_VALUES = ("values", "test-values")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to write between two offsets; ``kind`` says what it is, ``detail`` and ``told`` explain it."""

    label: str
    kind: str
    start: int
    end: int
    detail: str = ""
    told: str = ""
    insert: str = ""

    @property
    def written(self) -> str:
        """What is written: the label, if nothing else."""
        return self.insert or self.label


def complete(text: str, offset: int, sight: Sight | None) -> list[Suggestion]:
    """Everything that can be written at an offset of a file."""
    cursor = cursor_at(Ruler(text), offset)
    if cursor is None:
        return []
    parts = parts_at(cursor.path)
    found = [*_keys(cursor, parts, sight, text), *_values(cursor, parts, sight, offset)]
    return list({one.label: one for one in reversed(found)}.values())[::-1]


def complete_template(text: str, offset: int, sight: Sight | None) -> list[Suggestion]:
    """The fields, inside the braces of an email's text."""
    return list(_in_braces(text[:offset], offset, sight))


# -- Names before a colon ---------------------------------------------------------------------


def _keys(cursor: Cursor, parts: Parts, sight: Sight | None, text: str) -> Iterator[Suggestion]:
    if not cursor.key:
        return
    lead = ""
    if is_list(parts) and not cursor.dash:  # the list has no hyphen here yet
        parts, lead = parts_at((*cursor.path, 0)), "- "
    end = cursor.end
    colon = "" if text[end : end + 1] == ":" else ": "
    for name, word in fitting(parts, cursor.beside).items():
        told = str(word.get("description", ""))
        yield Suggestion(name, "word", cursor.start, end, told=told, insert=f"{lead}{name}{colon}")
    for role in sorted(key_roles(parts)):
        for name, detail in (sight.names(role) if sight else {}).items():
            if name not in cursor.beside:
                yield Suggestion(name, role, cursor.start, end, detail, insert=f"{lead}{name}{colon}")


# -- Values -----------------------------------------------------------------------------------


def _values(cursor: Cursor, parts: Parts, sight: Sight | None, offset: int) -> Iterator[Suggestion]:
    if not cursor.value or (cursor.key and not cursor.dash):
        return
    roles = roles_of(parts)
    for role in sorted(roles):
        yield from _by_role(role, cursor, sight, offset)
    if sight and set(_VALUES) & roles_of(parts_at(cursor.path[:-1])):
        yield from _by_field(str(cursor.path[-1]), cursor, sight)
    elif not roles & {*_CONDITIONS, *_TIMES, "message", "template", "sequence", "field", "trigger"}:
        yield from (
            Suggestion(value, "value", cursor.start, cursor.end, told=told) for value, told in choices_of(parts)
        )
    elif roles & set(_TIMES) and not cursor.text:
        yield from (Suggestion(value, "value", cursor.start, cursor.end) for value, _ in choices_of(parts))


def _by_role(role: str, cursor: Cursor, sight: Sight | None, offset: int) -> Iterator[Suggestion]:
    if role in _CONDITIONS:
        yield from _condition(role, cursor, sight, offset)
    elif role in _TIMES:
        yield from _time(role, cursor, sight, offset)
    elif role == "message":
        yield from _in_braces(cursor.text, offset, sight)
    elif role == "zone":
        yield from (Suggestion(zone, "value", cursor.start, cursor.end) for zone in _zones())
    elif sight:
        for name, detail in sight.names(role).items():
            yield Suggestion(name, role, cursor.start, cursor.end, detail)


def _by_field(name: str, cursor: Cursor, sight: Sight) -> Iterator[Suggestion]:
    field = sight.words.fields.get(name)
    for value, detail in values_for(field, sight.words).items():
        yield Suggestion(value, "value", cursor.start, cursor.end, detail)
    yield Suggestion("unknown", "value", cursor.start, cursor.end, "forget the value")
    for other, spec in sight.words.fields.items():
        if field and other != name and spec.type is field.type:
            yield Suggestion(other, "field", cursor.start, cursor.end, str(spec.type))


def _condition(role: str, cursor: Cursor, sight: Sight | None, offset: int) -> Iterator[Suggestion]:
    if sight is None:
        return
    word = _typed(cursor.text)
    words = next_words(cursor.text[: len(cursor.text) - len(word)], sight.words)
    if role == "segment-rule" and not cursor.text.strip(word):
        words = {**words, "otherwise": ("word", "everybody else")}
    for name, (kind, detail) in words.items():
        yield Suggestion(name, kind, offset - len(word), offset, detail)


def _time(role: str, cursor: Cursor, sight: Sight | None, offset: int) -> Iterator[Suggestion]:
    """Units after a number; after ``until`` weekdays, or how far from which field."""
    word = _typed(cursor.text)
    before = cursor.text[: len(cursor.text) - len(word)]
    begin = offset - len(word)
    if found := re.search(r"([0-9]+)\s+$", before):
        for unit in UNITS:
            yield Suggestion(unit if int(found[1]) == 1 else f"{unit}s", "unit", begin, offset)
    if role == "until" and re.match(r"until\s", before):
        moments = [FieldType.DATE, FieldType.DATETIME]
        fields = {name: one for name, one in (sight.words.fields.items() if sight else ()) if one.type in moments}
        if re.search(r"(until|before|after)\s+$", before):
            yield from (Suggestion(name, "field", begin, offset, str(one.type)) for name, one in fields.items())
        if re.fullmatch(r"until\s+", before):
            yield from (Suggestion(day, "value", begin, offset) for day in WEEKDAYS)
        if re.search(r"[a-z]\s+$", before) and re.search(r"[0-9]", before) and not re.search(r"before|after", before):
            yield from (Suggestion(side, "word", begin, offset) for side in ("before", "after"))


def _in_braces(text: str, offset: int, sight: Sight | None) -> Iterator[Suggestion]:
    if sight is None or not _BRACES.search(text):
        return
    start = offset - len(_typed(text))
    for name, detail in sight.names("message").items():
        yield Suggestion(name, "field", start, offset, detail)


def _typed(text: str) -> str:
    found = _WORD.search(text)
    return found[0] if found else ""


@cache
def _zones() -> list[str]:
    return sorted(available_timezones())
