"""A file as read: plain data, and for every value the place where it stands in the text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from engine.errors import Problem, Severity

Path = tuple[str | int, ...]
Range = tuple[int, int]

_LONGEST = 400
_BREAK = re.compile(r"\s*[\r\n]\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line, counted from 1 in characters; ``end_column`` is the column after the last.

    ``notes`` say by which way the text came here: a blueprint, which use of it.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    file: str = field(default="", compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value in the text ``home``, from ``start`` up to ``end``.

    ``size`` counts the values in it, aliases and blueprints written out.
    """

    start: int
    end: int
    data: Any
    size: int = 1
    flow: bool = True
    home: Lines = field(kw_only=True)

    @property
    def span(self) -> Span:
        """Where it stands."""
        return self.home.span(*_shown(self))


@dataclass(frozen=True, slots=True, eq=False)
class Scalar(Node):
    """A text, a number, true, false or nothing."""

    plain: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Items(Node):
    """A list."""

    children: Sequence[Node] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Entries(Node):
    """A mapping: the key's node and the value's node, by key."""

    pairs: Pairs = field(default_factory=dict)


Pairs = Mapping[str, tuple[Scalar, Node]]


def entries(where: Node, pairs: Pairs, *, home: Lines | None = None) -> Entries:
    """A mapping of these pairs that stands where another value does."""
    data = {name: value.data for name, (_, value) in pairs.items()}
    size = 1 + sum(value.size for _, value in pairs.values())
    return Entries(where.start, where.end, data, size, where.flow, pairs, home=home or where.home)


def items(where: Node, children: Sequence[Node], *, home: Lines | None = None) -> Items:
    """A list of these values that stands where another value does."""
    data, size = [child.data for child in children], 1 + sum(child.size for child in children)
    return Items(where.start, where.end, data, size, where.flow, children, home=home or where.home)


class Lines:
    """The text of a file: turns offsets into lines and columns. Lines end as editors end them: LF, CRLF or CR."""

    def __init__(self, text: str, file: str = "") -> None:
        self.text = text
        self.file = file
        self.notes: tuple[str, ...] = ()
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]

    def used(self, note: str) -> Lines:
        """The same text as it is used once: every place in it carries the note."""
        lines = copy(self)
        lines.notes = (*self.notes, note)
        return lines

    def number(self, offset: int) -> int:
        """The line of an offset, from 1."""
        return bisect_right(self._starts, offset)

    def bounds(self, line: int) -> Range:
        """Where a line starts and ends, without its line break and trailing spaces."""
        start = self._starts[line - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        while end > start and self.text[end - 1].isspace():
            end -= 1
        return start, end

    def line(self, line: int) -> str:
        """The text of a line."""
        start, end = self.bounds(line)
        return self.text[start:end]

    def span(self, start: int, end: int) -> Span:
        """The place of a range, cut to its first line so that it can be underlined."""
        line = self.number(start)
        first, last = self.bounds(line)
        column = start - first + 1
        return Span(line, column, line, max(column, min(end, last) - first + 1), self.file, self.notes)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A whole file: ``data`` is made of dicts, lists, texts, numbers, true, false and None.

    Its parts may come from other files, which are all there if it is ``whole``; ``text`` is everything that was read,
    enough to read it again, and ``lines`` are those of the main file.
    """

    file: str
    text: str
    root: Entries
    lines: Lines
    whole: bool = True

    @property
    def several(self) -> bool:
        """Whether more than one file was read."""
        return self.text is not self.lines.text

    @property
    def data(self) -> dict[str, Any]:
        """The file as plain data."""
        data: dict[str, Any] = self.root.data
        return data

    def value(self, path: Path) -> Any:
        """The value at a path, or the nearest one around it."""
        return self._node(path).data

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Where the value at a path stands, or its key; the nearest thing around it where there is no such value."""
        node = self._node(path)
        if key or node.start == node.end:  # a value that was left empty cannot be underlined
            node = self._key(path) or node
        return node.span

    def inside(self, path: Path, start: int, end: int) -> Span:
        """Where characters ``start`` to ``end`` of a text stand; all of it where escapes or line breaks hide them."""
        node = self._node(path)
        written = node.data if isinstance(node.data, str) else ""
        for opening in (node.start, node.start + 1):
            if written and node.home.text.startswith(written, opening) and "\n" not in written:
                return node.home.span(opening + start, opening + max(end, start + 1))
        return node.span

    def home(self, path: Path) -> Lines:
        """The text in which the value at a path stands."""
        return self._node(path).home

    def line(self, path: Path) -> int:
        """The line of the value at a path, or of its key if it has one."""
        return self.span(path, key=True).line

    def problem(
        self,
        span: Span,
        rule: str,
        message: str,
        *,
        hint: str = "",
        notes: Sequence[str] = (),
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """A problem of this file at a place."""
        return place_problem(self.file, span, rule, message, hint=hint, notes=notes, severity=severity)

    def _node(self, path: Path) -> Node:
        node: Node = self.root
        for child in _down(self.root, path):
            node = child[1]
        return node

    def _key(self, path: Path) -> Node | None:
        steps = list(_down(self.root, path))
        return steps[-1][0] if steps and len(steps) == len(path) else None


def place_problem(
    file: str,
    span: Span,
    rule: str,
    message: str,
    *,
    hint: str = "",
    notes: Sequence[str] = (),
    severity: Severity = Severity.ERROR,
) -> Problem:
    """A problem at a place of a file: of ``file`` where the place itself does not say."""
    return Problem(
        file=span.file or file,
        line=span.line,
        column=span.column,
        end_line=span.end_line,
        end_column=span.end_column,
        severity=severity,
        rule=rule,
        message=_short(message),
        hint=_short(hint),
        notes=tuple(map(_short, (*notes, *span.notes))),
    )


def _short(text: str) -> str:
    """A sentence on one line: it may quote what stands in the file, however long that is."""
    line = _BREAK.sub(" ", text)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _down(node: Node, path: Path) -> Iterator[tuple[Scalar | None, Node]]:
    """The (key, value) nodes along a path, as far as it goes."""
    for step in path:
        key: Scalar | None = None
        if isinstance(node, Entries) and step in node.pairs:
            key, node = node.pairs[str(step)]
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.children):
            node = node.children[step]
        else:
            return
        yield key, node


def _shown(node: Node) -> Range:
    """What to underline: all of a scalar or of a value in brackets, the first key or item of a block."""
    if isinstance(node, Entries) and not node.flow and node.pairs:
        keys = [key for key, _ in node.pairs.values() if key.home is node.home]
        first = min(keys, key=lambda key: (key.start < node.start, key.start), default=node)
        return first.start, first.end
    if isinstance(node, Items) and not node.flow and node.children and node.children[0].home is node.home:
        return _shown(node.children[0])
    return node.start, node.end
