"""Offsets in a text and the places that editors count: lines from 0, columns in units of UTF-16."""

from __future__ import annotations

import re
from bisect import bisect_right

Position = tuple[int, int]

_BREAK = re.compile(r"\r\n|\r|\n")


class Ruler:
    """Measures one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = list(_BREAK.finditer(text))
        self._starts = [0, *(found.end() for found in breaks)]
        self._ends = [*(found.start() for found in breaks), len(text)]

    def offset(self, position: Position) -> int:
        """The offset of a place; one behind its line is at the end of it."""
        line, units = position
        if line >= len(self._starts):
            return len(self.text)
        at, end = self._starts[line], self._ends[line]
        while at < end and units > 0:
            units -= _units(self.text[at])
            at += 1
        return at

    def position(self, offset: int) -> Position:
        """The place of an offset."""
        line = bisect_right(self._starts, offset) - 1
        return line, sum(map(_units, self.text[self._starts[line] : offset]))

    def of_column(self, line: int, column: int) -> Position:
        """The place of a line and column as problems count them: from 1, in characters."""
        start, end = self.bounds(line - 1)
        return line - 1, sum(map(_units, self.text[start : min(start + column - 1, end)]))

    def bounds(self, line: int) -> tuple[int, int]:
        """Where a line starts and ends, without its break; the last line for any that is not there."""
        line = min(line, len(self._starts) - 1)
        return self._starts[line], self._ends[line]

    def line_of(self, offset: int) -> int:
        """The line of an offset."""
        return bisect_right(self._starts, offset) - 1

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._starts)


def _units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1
