"""Renaming a step so that nobody who waits there is lost: its new id, and ``was:`` with the old one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.language.document import Path
from server.editor.grammar import parts_at, roles_of, words_of
from server.editor.hovering import Pointed, pointed_at
from server.editor.positions import Ruler

WAS = "was"


@dataclass(frozen=True, slots=True)
class Renaming:
    """The step's id as it is, and the edits that rename it."""

    old: str
    edits: tuple[tuple[int, int, str], ...] = ()


class CannotRename(Exception):
    """The message says why, or what can be renamed."""


def renamed(text: str, offset: int, new: str) -> Renaming:
    """Rename the step whose id or template stands at an offset. Raises ``CannotRename``."""
    pointed = pointed_at(text, offset)
    path = _step(pointed.cursor.path) if pointed else None
    last = pointed.cursor.path[-1:] if pointed else ()
    if pointed is None or path is None or not (last == ("id",) or (last == ("email",) and "template" in pointed.roles)):
        raise CannotRename("only a step can be renamed: put the cursor on its id, or on the template of its email")
    if WAS not in words_of(parts_at(path)):
        raise CannotRename("this version of busos has no was: yet, so that people who wait at the step would be lost")
    if not re.fullmatch(r"[\w .-]+", new.strip()):
        raise CannotRename("an id is made of letters, digits, spaces, underscores and hyphens")
    return rewritten(text, pointed, new.strip())


def rewritten(text: str, pointed: Pointed, new: str) -> Renaming:
    """The edits that rename the step whose id, or template, this is."""
    start, old = pointed.start, pointed.name
    ruler = Ruler(text)
    first, last = ruler.bounds(ruler.line_of(start))
    lead = re.match(r"[ -]*", text[first:last])
    indent = " " * len(lead[0] if lead else "")
    if "{" in text[first:start]:
        raise CannotRename("give this step lines of its own first")
    newline = "\r\n" if "\r\n" in text else "\n"
    if pointed.cursor.path[-1] == "id":
        return Renaming(old, ((start, pointed.end, new), (last, last, f"{newline}{indent}{WAS}: {old}")))
    return Renaming(old, ((last, last, f"{newline}{indent}id: {new}{newline}{indent}{WAS}: {old}"),))


def _step(path: Path) -> Path | None:
    """The path of the step around a path."""
    for length in range(len(path), 0, -1):
        if "step" in roles_of(parts_at(path[:length])):
            return path[:length]
    return None
