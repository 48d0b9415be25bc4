"""Two spaces for each level, lists one level below their name, one space after a hyphen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from engine.language.document import Document
from server.formatting.scanning import Mark, inner_lines, marks
from server.formatting.splicing import Edit, spliced

_SPACES = re.compile(r" *")


def indented(document: Document) -> str:
    """The text with its lines moved; what continues a line moves along with it."""
    found = list(marks(document))
    return spliced(
        document.text, [*_moved(document, _first_of_lines(document, found)), *_after_hyphens(document, found)]
    )


def _first_of_lines(document: Document, found: list[Mark]) -> dict[int, Mark]:
    """The marks with nothing but spaces before them, by line."""
    return {mark.line: mark for mark in found if mark.column == len(_lead(document, mark.line))}


def _moved(document: Document, firsts: Mapping[int, Mark]) -> Iterator[Edit]:
    inside, by = inner_lines(document), 0
    for line in range(1, document.lines.number(len(document.text)) + 1):
        start, end = document.lines.bounds(line)
        lead = _lead(document, line)
        if line in firsts:
            by = firsts[line].wanted - firsts[line].column
        if start == end:
            continue
        shift = by
        if document.text.startswith("#", start + len(lead)) and line not in inside:
            shift = _of_comment(line, len(lead), firsts, by)
        if shift:
            yield start, start + len(lead), " " * max(0, len(lead) + shift)


def _of_comment(line: int, column: int, firsts: Mapping[int, Mark], by: int) -> int:
    """A remark goes with the line below it, or, if it is not level with that, with one above that it is level with."""
    below = next((firsts[one] for one in sorted(firsts) if one > line), None)
    if below is not None and below.column == column:
        return below.wanted - below.column
    level = [one for one in sorted(firsts) if one < line and firsts[one].column == column]
    if level:
        return firsts[level[-1]].wanted - column
    return below.wanted - column if below is not None else by


def _after_hyphens(document: Document, found: list[Mark]) -> Iterator[Edit]:
    for mark in found:
        spaces = _SPACES.match(document.text, mark.offset + 1)
        if document.text[mark.offset] == "-" and spaces and len(spaces[0]) > 1 and _something(document, spaces.end()):
            yield spaces.start(), spaces.end(), " "


def _something(document: Document, at: int) -> bool:
    return document.text[at : at + 1] not in ("", "\r", "\n", "#")


def _lead(document: Document, line: int) -> str:
    start, _ = document.lines.bounds(line)
    found = _SPACES.match(document.text, start)
    return found[0] if found else ""
