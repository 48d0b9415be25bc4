"""Where in the language a place of a text is, told from lines and their indentation, however broken the rest is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.language.document import Path
from server.editor.flow import Flow, flow_at
from server.editor.positions import Ruler

_KEY = re.compile(r"""("[^"\n]*"|'[^'\n]*'|[^\s#:{}\[\],&*!|>'"%@`-][^:#{}\[\],\n]*?)[ ]*:(?=\s|\Z)""")
_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is being written at a place.

    ``path`` is that of the value there, as far as lines can tell (every item of a list is its first). ``text`` is what
    stands between ``start`` and the cursor, ``end`` where that word or text ends behind it. ``key`` says that the name
    of something can be written here, ``value`` that a text can; ``beside`` are the names that are there already.
    """

    path: Path
    text: str
    start: int
    end: int
    key: bool
    value: bool
    beside: frozenset[str] = frozenset()
    dash: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A hyphen (``name`` is None) or a name before a colon, and its column."""

    name: str | None
    column: int


@dataclass(frozen=True, slots=True)
class Row:
    """A line taken apart: its hyphens and its name, and where the rest begins."""

    tokens: tuple[Token, ...]
    rest: int
    column: int


def cursor_at(ruler: Ruler, offset: int) -> Cursor | None:
    """The cursor at an offset; None inside a remark."""
    line = ruler.line_of(offset)
    if (flow := _open_flow(ruler, line, offset)) is not None:
        return flow
    row, (start, end) = _row(ruler, line, offset), ruler.bounds(line)
    typed = ruler.text[row.rest : offset]
    if re.search(r"(?:^|\s)#", ruler.text[start:offset]) and typed[:1] not in ("'", '"'):
        return None
    path = tuple(_above(ruler, line, row)) + tuple(_steps(row))
    named = bool(row.tokens) and row.tokens[-1].name is not None
    begin = row.rest + (typed[:1] in ("'", '"'))
    column = row.tokens[-1].column if named else row.column
    return Cursor(
        path,
        ruler.text[begin:offset] if begin <= offset else "",
        min(begin, offset),
        _end(ruler.text, offset, end),
        key=not named,
        value=True,
        beside=frozenset(_beside(ruler, line, column)),
        dash=bool(row.tokens) and not named,
    )


def _end(text: str, offset: int, end: int) -> int:
    """Where the text around a cursor ends: before a remark, a closing quote or the spaces at the end of the line."""
    found = re.match(r"(?:(?!\s#)[^'\"])*", text[offset:end])
    return offset + len((found[0] if found else "").rstrip())


def _row(ruler: Ruler, line: int, until: int | None = None) -> Row:
    start, end = ruler.bounds(line)
    end = end if until is None else min(end, until)
    at, tokens = start, list[Token]()
    while True:
        while at < end and ruler.text[at] == " ":
            at += 1
        if ruler.text[at:end][:1] == "-" and (at + 1 == end or ruler.text[at + 1] == " "):
            tokens.append(Token(None, at - start))
            at += 1
            continue
        found = _KEY.match(ruler.text, at, end)
        if found is None:
            return Row(tuple(tokens), at, at - start)
        tokens.append(Token(found[1].strip("'\""), at - start))
        column, at = at - start, found.end()
        while at < end and ruler.text[at] == " ":
            at += 1
        return Row(tuple(tokens), at, column)


def _above(ruler: Ruler, line: int, row: Row) -> Iterator[str | int]:
    """The names and lists that a line stands in, from the top of the file."""
    first = row.tokens[0] if row.tokens else None
    limit, listed = (first.column, first.name is None) if first else (row.column, False)
    found: list[str | int] = []
    for number in range(line - 1, -1, -1):
        start, end = ruler.bounds(number)
        if not limit and not listed:
            break
        if not ruler.text[start:end].strip() or ruler.text[start:end].lstrip().startswith("#"):
            continue
        for token in reversed(_row(ruler, number).tokens):
            level = token.column < limit or (listed and token.column == limit and token.name is not None)
            if level:
                found.append(0 if token.name is None else token.name)
                limit, listed = token.column, token.name is None
    yield from reversed(found)


def _steps(row: Row) -> Iterator[str | int]:
    return (0 if token.name is None else token.name for token in row.tokens)


def _beside(ruler: Ruler, line: int, column: int) -> Iterator[str]:
    """The names in the same column, as far as the same mapping goes, without that of this line."""
    for direction in (-1, 1):
        number = line + direction
        while 0 <= number < ruler.count:
            row, (start, end) = _row(ruler, number), ruler.bounds(number)
            blank = not ruler.text[start:end].strip() or ruler.text[start:end].lstrip().startswith("#")
            if not blank:
                own = next((token for token in row.tokens if token.column == column), None)
                first = row.tokens[0].column if row.tokens else row.column
                if (direction > 0 and first < column) or (direction < 0 and first < column and own is None):
                    break
                if own is not None and own.name is not None:
                    yield own.name
                if direction < 0 and first < column:
                    break
            number += direction
    row = _row(ruler, line)
    yield from (token.name for token in row.tokens[:-1] if token.name is not None)


def _open_flow(ruler: Ruler, line: int, offset: int) -> Cursor | None:
    """The cursor inside brackets or braces that were opened on this line or a few lines above."""
    for number in range(line, max(-1, line - _MOST_LINES), -1):
        row = _row(ruler, number)
        if row.rest < offset and ruler.text[row.rest : row.rest + 1] in ("{", "["):
            flow = flow_at(ruler.text[row.rest : offset])
            return _in_flow(ruler, number, row, flow, offset) if flow is not None else None
        if row.tokens and number < line:
            return None
    return None


def _in_flow(ruler: Ruler, line: int, row: Row, flow: Flow, offset: int) -> Cursor | None:
    path = (*_above(ruler, line, row), *_steps(row), *flow.path)
    _, end = ruler.bounds(ruler.line_of(offset))
    found = re.match(r"[^,\]}'\"#]*", ruler.text[offset:end])
    begin = row.rest + flow.start
    return Cursor(
        path,
        ruler.text[begin:offset],
        begin,
        offset + len((found[0] if found else "").rstrip()),
        key=flow.key,
        value=not flow.key,
        beside=flow.beside,
    )
