"""What an email is made of: its links and pictures, its words, its weight, how long its subject gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser

from jinja2 import nodes

from engine.model import TemplateText
from engine.rendering.compiling import compiled
from engine.rendering.grammar import parsed

TYPICAL_WIDTH = 10
"""Characters of a value of which nothing is known."""
_ROUNDS = 3
_SILENT = frozenset({"head", "script", "style", "template", "title"})

Width = Callable[[str], int]
"""How many characters a field is likely to have, by its name."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads, or a picture is fetched from, as the author wrote it; ``line`` counts in the file."""

    address: str
    line: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's address, and whether words stand for it where it is not shown."""

    source: Link
    described: bool


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The body of an email; ``words`` are those that are read without its pictures."""

    links: tuple[Link, ...]
    pictures: tuple[Picture, ...]
    words: int


@lru_cache(maxsize=512)
def anatomy(template: TemplateText) -> Anatomy:
    """Take a template apart. Raises ``TemplateFlaw``."""
    parts = compiled(template)
    found = _Elements()
    found.feed(parts.body)
    found.close()

    def link(masked: str) -> Link:
        address = parts.masks.original(masked)
        return Link(address, _line(template, address))

    pictures = tuple(Picture(link(source), _described(alt, template.format)) for source, alt in found.pictures)
    return Anatomy(tuple(map(link, found.links)), pictures, found.words)


def _described(alt: str | None, written: str) -> bool:
    """Markdown always makes an alt, an empty one where nobody thought of it; in HTML an empty one is meant."""
    return bool(alt) if written == "markdown" else alt is not None


def _line(template: TemplateText, address: str) -> int:
    """The first line that says this address; the body's first where it is written in another way."""
    lines = list(enumerate(template.body.splitlines(), template.body_line))
    for written in (f'"{address}"', f"'{address}'", f"({address})", address.strip()):
        if found := next((number for number, text in lines if written in text), 0):
            return found
    return template.body_line


class _Elements(HTMLParser):
    """Collects links, pictures and the number of words outside of both silent elements and pictures."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.pictures: list[tuple[str, str | None]] = []
        self.words = 0
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.silent += tag in _SILENT
        if tag in ("a", "area") and "href" in given:
            self.links.append(given["href"])
        if tag == "img":
            self.pictures.append((given.get("src", ""), given.get("alt")))

    def handle_endtag(self, tag: str) -> None:
        self.silent = max(self.silent - (tag in _SILENT), 0)

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.words += len(re.findall(r"\w+", data))


# -- Lengths ----------------------------------------------------------------------------------


def weight(template: TemplateText) -> int:
    """Bytes of one email's HTML, about, with the longer way of every if. Raises ``TemplateFlaw``."""
    source = compiled(template).html.source
    whole = len(source.encode())
    return whole if "{%" not in source else min(whole, _longest(parsed(source), lambda _: TYPICAL_WIDTH, _bytes))


def longest(source: str, width: Width) -> int:
    """Characters of a subject or preheader at the most, more or less. Raises ``TemplateFlaw``."""
    return _longest(parsed(source), width, len)


def may_be_blank(source: str) -> bool:
    """Whether everything in a text stands behind conditions that may all be false. Raises ``TemplateFlaw``."""
    return _blank(parsed(source))


def _bytes(text: str) -> int:
    return len(text.encode())


def _longest(statements: Iterable[nodes.Node], width: Width, size: Callable[[str], int]) -> int:
    return sum(_length(node, width, size) for node in statements)


def _length(node: nodes.Node, width: Width, size: Callable[[str], int]) -> int:
    match node:
        case nodes.Output():
            return _longest(node.nodes, width, size)
        case nodes.TemplateData():
            return size(node.data)
        case nodes.If():
            ways = [node.body, *(branch.body for branch in node.elif_), node.else_]
            return max(_longest(way, width, size) for way in ways)
        case nodes.For():
            return max(_ROUNDS * _longest(node.body, width, size), _longest(node.else_, width, size))
        case _:
            names = [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))
            return max((width(name.name) for name in names), default=TYPICAL_WIDTH)


def _blank(statements: Iterable[nodes.Node]) -> bool:
    return all(_may_print_nothing(node) for node in statements)


def _may_print_nothing(node: nodes.Node) -> bool:
    match node:
        case nodes.Output():
            return all(isinstance(part, nodes.TemplateData) and not part.data.strip() for part in node.nodes)
        case nodes.If():
            return any(_blank(way) for way in [node.body, *(branch.body for branch in node.elif_), node.else_])
        case _:
            return True  # a loop over nothing
