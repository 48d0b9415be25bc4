"""Where the block structure of a file shows in its lines: names before a colon, hyphens, texts of several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from engine.language.document import Document

_OPENING = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
STEP = 2
_REMARK = re.compile(r"(?m)(?:^|(?<=\s))#.*$")


@dataclass(frozen=True, slots=True)
class Mark:
    """A hyphen, or a name before a colon: where it stands, and in which column it should."""

    offset: int
    line: int
    column: int
    wanted: int


def inner_lines(document: Document) -> set[int]:
    """The lines, counted from 1, that begin inside a text of several lines."""
    inside: set[int] = set()
    for token in _tokens(document):
        if isinstance(token, yaml.ScalarToken) and token.end_mark.line > token.start_mark.line:
            last = token.end_mark.line + (1 if token.end_mark.column else 0)
            inside.update(range(token.start_mark.line + 2, last + 1))
    return inside


def remarks(document: Document) -> list[str]:
    """Every comment from its number sign on, spaces at its end aside."""
    text, kept, at = document.text, "", 0
    for token in _tokens(document):
        if isinstance(token, yaml.ScalarToken):
            kept += text[at : token.start_mark.index]
            at = max(at, token.end_mark.index - (not token.end_mark.column))  # the break before a comment stays
    return [found.rstrip() for found in _REMARK.findall(kept + text[at:])]


def marks(document: Document) -> Iterator[Mark]:
    """Every hyphen and every name in the order of the text."""
    scan = _Scan()
    for token in _tokens(document):
        wanted = scan.feed(token)
        if wanted is not None:
            at = token.start_mark
            yield Mark(at.index, at.line + 1, at.column, wanted)


class _Scan:
    """Follows the tokens; knows in which column the innermost list or mapping should stand."""

    def __init__(self) -> None:
        self.flow = 0
        self.blocks: list[tuple[str, int]] = []

    def feed(self, token: Any) -> int | None:
        """The column for a hyphen or a name; None for whatever else."""
        self.flow += isinstance(token, _OPENING) - isinstance(token, _CLOSING)
        if self.flow:
            return None
        match token:
            case yaml.BlockMappingStartToken():
                self.blocks.append(("names", self._below()))
            case yaml.BlockSequenceStartToken():
                self.blocks.append(("hyphens", self._below()))
            case yaml.BlockEndToken():
                self._leave_list()
                self.blocks.pop()
            case yaml.KeyToken():
                self._leave_list()
                return self.blocks[-1][1]
            case yaml.BlockEntryToken():
                if self.blocks[-1][0] == "names":  # hyphens right under the name: YAML opens no list for them
                    self.blocks.append(("bare hyphens", self._below()))
                return self.blocks[-1][1]
        return None

    def _below(self) -> int:
        return self.blocks[-1][1] + STEP if self.blocks else 0

    def _leave_list(self) -> None:
        if self.blocks and self.blocks[-1][0] == "bare hyphens":
            self.blocks.pop()


def _tokens(document: Document) -> Iterator[Any]:
    return iter(yaml.scan(document.text, Loader=yaml.CBaseLoader))
