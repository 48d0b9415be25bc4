"""Text as Notion stores it: items of at most 2,000 UTF-16 units, at most 100 of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ITEM_UNITS = 2000
"""UTF-16 code units that one text item holds; an emoji takes two."""

ITEMS = 100
"""Items that one text property holds."""


class TooLongError(ValueError):
    """The text does not fit into one Notion property."""


def storable(text: str) -> str:
    """The text with halves of characters joined, or replaced where the other half is missing."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def split(text: str, units: int = ITEM_UNITS) -> list[str]:
    """The text in pieces of at most so many UTF-16 units, never cut inside a character."""
    raw = storable(text).encode("utf-16-le")
    pieces: list[str] = []
    start = 0
    while start < len(raw):
        end = min(start + 2 * units, len(raw))
        if end < len(raw) and _first_half(raw, end - 2):
            end -= 2
        pieces.append(raw[start:end].decode("utf-16-le"))
        start = end
    return pieces


def _first_half(raw: bytes, at: int) -> bool:
    """Whether the unit at this byte is the first of the two that make one character."""
    return 0xD8 <= raw[at + 1] <= 0xDB


def clip(text: str, units: int) -> str:
    """The beginning of the text, at most so many UTF-16 units."""
    pieces = split(text, units)
    return pieces[0] if pieces else ""


def text_items(text: str) -> list[dict[str, Any]]:
    """A text as the items of a title or rich_text property; TooLongError when they would be more than 100."""
    pieces = split(text)
    if len(pieces) > ITEMS:
        raise TooLongError(f"it has {len(text):,} characters; a Notion property holds about {ITEM_UNITS * ITEMS:,}")
    return [{"type": "text", "text": {"content": piece}} for piece in pieces]


def plain_text(items: Iterable[Mapping[str, Any]]) -> str:
    """The whole text of a property's items, as they are answered or as they are sent."""
    return "".join(_content(item) for item in items)


def _content(item: Mapping[str, Any]) -> str:
    plain = item.get("plain_text")
    return str(item.get("text", {}).get("content", "") if plain is None else plain)
