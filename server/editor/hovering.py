"""What a word means: of the language, or of this file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from server.editor.cursor import Cursor, cursor_at
from server.editor.grammar import described, key_roles, parts_at, roles_of
from server.editor.positions import Ruler
from server.editor.sight import Sight

_NAME = re.compile(r"[\w.-]+")
_NAMED = ("template", "expected-template", "sequence", "trigger", "field", "segment", "expected-segment")


@dataclass(frozen=True, slots=True)
class Pointed:
    """A name in the text, where it stands, and the roles that it can play: the first that it does play counts."""

    name: str
    start: int
    end: int
    roles: tuple[str, ...]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Meaning:
    """Markdown about a stretch of the text."""

    told: str
    start: int
    end: int


def pointed_at(text: str, offset: int) -> Pointed | None:
    """The name at an offset."""
    found = next(
        (one for one in _NAME.finditer(text, *_line(text, offset)) if one.start() <= offset <= one.end()), None
    )
    cursor = cursor_at(Ruler(text), found.start()) if found else None
    if found is None or cursor is None:
        return None
    roles = _roles(text, found, cursor)
    return Pointed(found[0], found.start(), found.end(), roles, cursor)


def explain(text: str, offset: int, sight: Sight | None) -> Meaning | None:
    """What is told of the word at an offset; None where there is nothing to tell."""
    pointed = pointed_at(text, offset)
    if pointed is None:
        return None
    told = next((told for role in pointed.roles if sight and (told := sight.told(role, pointed.name))), "")
    if not told and _is_key(text, pointed):
        told = described(parts_at((*pointed.cursor.path, pointed.name)))
    told = told or described(parts_at(pointed.cursor.path))
    return Meaning(told, pointed.start, pointed.end) if told else None


def _roles(text: str, found: re.Match[str], cursor: Cursor) -> tuple[str, ...]:
    parts = parts_at(cursor.path)
    if re.match(r"['\"]?:(?:\s|\Z)", text[found.end() : found.end() + 3]) and cursor.key:
        return tuple(sorted(key_roles(parts)))
    roles = roles_of(parts)
    if roles & set(_NAMED):
        return tuple(sorted(roles & set(_NAMED)))
    return ("value",) if roles or cursor.value else ()


def _is_key(text: str, pointed: Pointed) -> bool:
    return pointed.cursor.key and bool(re.match(r"['\"]?:(?:\s|\Z)", text[pointed.end : pointed.end + 3]))


def _line(text: str, offset: int) -> tuple[int, int]:
    return Ruler(text).bounds(Ruler(text).line_of(offset))
