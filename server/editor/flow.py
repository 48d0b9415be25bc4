"""Values in brackets and braces, as far as they are typed."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.language.document import Path


@dataclass(frozen=True, slots=True)
class Flow:
    """Where the end of a text is in the brackets that it opened; ``start`` is where the word there begins."""

    path: Path
    start: int
    key: bool
    beside: frozenset[str]


@dataclass(slots=True)
class _Level:
    brace: bool
    key: str | None = None
    names: list[str] = field(default_factory=list)


def flow_at(text: str) -> Flow | None:
    """The innermost brackets that are still open at the end of a text that begins with one; None if none is."""
    levels: list[_Level] = []
    start, quote = 0, ""
    for at, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"" and not text[start:at].strip():
            quote, start = char, at
        elif char in "{[":
            levels.append(_Level(char == "{"))
            start = at + 1
        elif char in "}]" and levels:
            levels.pop()
            start = at + 1
        elif char == "," and levels:
            levels[-1].key = None
            start = at + 1
        elif char == ":" and levels and levels[-1].brace and text[at + 1 : at + 2] in ("", " ", "\n", "\r"):
            levels[-1].key = text[start:at].strip().strip("'\"")
            levels[-1].names.append(levels[-1].key)
            start = at + 1
        if not levels:
            return None
    while start < len(text) and text[start] in " \r\n\t'\"":
        start += 1
    last = levels[-1] if levels else _Level(False)
    path: Path = tuple(level.key or "" if level.brace else 0 for level in levels if not level.brace or level.key)
    return Flow(path, start, last.brace and last.key is None, frozenset(last.names))
