"""Parser events to nodes: keys are texts and unique, aliases and ``<<`` are written out within limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from engine.errors import MOST_PROBLEMS
from engine.language.document import Entries, Items, Lines, Node, Range, Scalar
from engine.language.scalars import resolve
from engine.language.syntax import MAX_DEPTH, Trouble, braces_trouble, documents_trouble, glued_trouble, tag_words

MAX_EXPANDED = 100_000
MAX_VALUES = 100_000
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_TAG = re.compile(r"!\S*")
_BRACES = re.compile(r"\{\s*\{")

Pairs = dict[str, tuple[Scalar, Node]]


class UnreadableError(Exception):
    """There is no sense in reading on; the reason is the last of the composer's troubles."""


@dataclass(slots=True)
class Shared:
    """What the files that are read together have in common.

    How many values aliases stand for and how many are written, in all of them; how many characters blueprints put in;
    and the file of each anchor.
    """

    expanded: int = 0
    values: int = 0
    characters: int = 0
    anchors: dict[str, str] = field(default_factory=dict)


class Composer:
    """Builds the nodes of one document; ``troubles`` collects what is wrong, ``scalars`` where texts stand."""

    def __init__(self, events: Iterator[Any], lines: Lines, shared: Shared) -> None:
        # libyaml gives every event both marks, which the type stubs do not know.
        self._events = events
        self._lines = lines
        self._anchors: dict[str, Node] = {}
        self._open: set[str] = set()
        self._shared = shared
        self.troubles: list[Trouble] = []
        self.scalars: list[Range] = []
        self.last_quoted: Range | None = None

    def document(self) -> Node | None:
        """The root of the only document; None when there is none."""
        next(self._events)
        if not isinstance(next(self._events), yaml.DocumentStartEvent):
            return None
        root = self._node(next(self._events), 0)
        next(self._events)
        after = next(self._events)
        if isinstance(after, yaml.DocumentStartEvent):
            self.troubles.append(documents_trouble(_range(after)))
        return root

    def _say(self, at: Range, rule: str, message: str, hint: str = "") -> None:
        self.troubles.append(Trouble(at, rule, message, hint))

    def _node(self, event: Any, depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._say(_range(event), "too-deep", f"values are nested deeper than {MAX_DEPTH} here", "take levels away")
            raise UnreadableError
        self._count(event)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.tag is not None:
            self._refuse_tag(event)
        if event.anchor is None:
            return self._value(event, depth)
        self._open.add(event.anchor)
        node = self._value(event, depth)
        self._open.discard(event.anchor)
        self._anchors[event.anchor] = node
        self._shared.anchors.setdefault(event.anchor, self._lines.file)
        return node

    def _count(self, event: Any) -> None:
        """What would take too long, or too much room, to read and to tell is given up."""
        self._shared.values += 1
        if self._shared.values > MAX_VALUES:
            message = f"up to here there are {MAX_VALUES:,} values, and more follow"
            self._say(_range(event), "too-large", message, "take out what is no longer used")
            raise UnreadableError
        if len(self.troubles) >= MOST_PROBLEMS:
            raise UnreadableError

    def _value(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._items(event, depth)
        return self._entries(event, depth)

    def _refuse_tag(self, event: Any) -> None:
        start = event.start_mark.index
        found = _TAG.search(self._lines.text, start, event.end_mark.index)
        word = found[0] if found else "!"
        self._say(found.span() if found else (start, start + 1), "explicit-tag", *tag_words(word))

    def _alias(self, event: Any) -> Node:
        at, name = _range(event), event.anchor
        if name in self._open:
            self._say(
                at,
                "recursive-alias",
                f'"*{name}" stands inside "&{name}": it would contain itself',
                "write the value out",
            )
            raise UnreadableError
        if name not in self._anchors:
            self._say(at, "unknown-alias", *self._lost_anchor(name))
            return Scalar(*at, f"*{name}", home=self._lines)
        node = self._anchors[name]
        self._shared.expanded += node.size
        if self._shared.expanded > MAX_EXPANDED:
            message = f'with "*{name}" written out, the aliases stand for more than {MAX_EXPANDED:,} values'
            self._say(at, "alias-bomb", message, "write the values out, or use fewer aliases inside aliases")
            raise UnreadableError
        return node

    def _lost_anchor(self, name: str) -> tuple[str, str]:
        if name in self._shared.anchors:
            message = f'"*{name}" refers to "&{name}" in {self._shared.anchors[name]}: an anchor ends with its file'
            return message, "write the value out here"
        hint = f'put quotes around a text that starts with a star: "*{name}"'
        return f'"*{name}" refers to "&{name}", and there is none above', hint

    def _scalar(self, event: Any) -> Scalar:
        start, end = self._start(event), event.end_mark.index
        self.scalars.append((start, end))
        if event.style in ("'", '"'):
            self.last_quoted = (start, end)
        elif end > start:
            self.last_quoted = None
        plain = event.implicit[0] or (event.tag is not None and event.style is None)
        return Scalar(start, end, resolve(event.value) if plain else event.value, plain=plain, home=self._lines)

    def _start(self, event: Any) -> int:
        """Where the value itself begins, after its anchor and tag."""
        start: int = event.start_mark.index
        found = _PROPERTIES.match(self._lines.text, start, event.end_mark.index)
        return found.end() if found else start

    def _items(self, event: Any, depth: int) -> Node:
        children: list[Node] = []
        while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
            children.append(self._node(inner, depth + 1))
        return Items(
            self._start(event),
            _range(inner)[1],
            [child.data for child in children],
            1 + sum(child.size for child in children),
            bool(event.flow_style),
            children,
            home=self._lines,
        )

    def _entries(self, event: Any, depth: int) -> Node:
        pairs: Pairs = {}
        merged: list[Node] = []
        refused = len(self.troubles)
        while not isinstance(inner := next(self._events), yaml.MappingEndEvent):
            key = self._node(inner, depth + 1)
            value = self._node(next(self._events), depth + 1)
            self._pair(pairs, merged, key, value)
        start, end = self._start(event), _range(inner)[1]
        if event.flow_style and (text := self._braces(start, end)):
            del self.troubles[refused:]
            self.troubles.append(braces_trouble((start, end), text))
            return Scalar(start, end, text, plain=False, home=self._lines)
        for node in merged:
            self._merge(pairs, node)
        size = 1 + sum(value.size for _, value in pairs.values())
        data = {name: value.data for name, (_, value) in pairs.items()}
        return Entries(start, end, data, size, bool(event.flow_style), pairs, home=self._lines)

    def _braces(self, start: int, end: int) -> str:
        text = self._lines.text[start:end]
        return text if _BRACES.match(text) else ""

    def _pair(self, pairs: Pairs, merged: list[Node], key: Node, value: Node) -> None:
        if isinstance(key, Scalar) and key.plain and key.data == "<<":
            merged.append(value)
        elif not isinstance(key, Scalar):
            self._say((key.start, key.end), "non-text-key", "a list or a mapping cannot be the name of something")
        else:
            self._named(pairs, *self._unglued(key, value))

    def _named(self, pairs: Pairs, key: Scalar, value: Node) -> None:
        name = key.data
        if not isinstance(name, str):
            name = self._refuse_key(key)
        if name in pairs:
            self._refuse_twice(name, pairs[name][0], key)
        elif name:
            pairs[name] = key, value

    def _unglued(self, key: Scalar, value: Node) -> tuple[Scalar, Node]:
        """In braces YAML reads ``{type:text}`` as one name without a value; what was meant is plain."""
        name, colon, rest = str(key.data).partition(":")
        if not (key.plain and colon and name and value.start == value.end == key.end):
            return key, value
        self.troubles.append(glued_trouble(str(key.data), key.start))
        middle = key.start + len(name)
        left = Scalar(key.start, middle, name, home=self._lines)
        return left, Scalar(middle + 1, key.end, resolve(rest), home=self._lines)

    def _refuse_key(self, key: Scalar) -> str:
        """The name as it is written, so that the rest can be checked all the same."""
        written = self._lines.text[key.start : key.end]
        message = f'"{written}" is no text, so it cannot be a name' if written else "a name is missing before the colon"
        hint = f'put quotes around it: "{written}"' if written else "write one, or take the line away"
        self._say((key.start, max(key.end, key.start + 1)), "non-text-key", message, hint)
        return written

    def _refuse_twice(self, name: str, first: Scalar, second: Scalar) -> None:
        place = self._lines.span(first.start, first.end)
        message = f'"{name}" stands here twice: first at {place.line}:{place.column}, and again here'
        self._say((second.start, second.end), "duplicate-key", message, "keep one of the two")

    def _merge(self, pairs: Pairs, node: Node) -> None:
        """What is written beside ``<<`` wins over what it brings, and an earlier item over a later one."""
        for source in node.children if isinstance(node, Items) else [node]:
            if isinstance(source, Entries):
                for name, pair in source.pairs.items():
                    pairs.setdefault(name, pair)
            else:
                message = '"<<" takes a mapping from elsewhere, such as  <<: *name'
                hint = "take it away, or mark a mapping further up with &name"
                self._say((source.start, source.end), "merge", message, hint)


def _range(event: Any) -> Range:
    return event.start_mark.index, event.end_mark.index
