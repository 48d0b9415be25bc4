"""Where in a template something is: the names it uses and the flaws it has, with their lines and words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import Unrenderable

_AROUND = 24


class TemplateFlaw(Unrenderable):
    """A template is written wrongly. ``line`` counts from 1 in ``origin``; ``excerpt`` quotes it."""

    def __init__(self, message: str, line: int, excerpt: str, origin: str = "") -> None:
        self.message, self.line, self.excerpt, self.origin = message, line, excerpt, origin
        place = f"{origin}:{line}" if origin else f"line {line}"
        super().__init__(f"{place}: {message}" + (f' (it says: "{excerpt}")' if excerpt else ""))


@dataclass(frozen=True, slots=True)
class Variable:
    """A name a template uses, where it is first needed (or, when never needed, first mentioned).

    ``guarded`` says that the template copes with an unknown value: every print and comparison stands
    behind a test of the name, or has a ``default``.
    """

    name: str
    line: int
    excerpt: str
    guarded: bool = False


def first_places(uses: Iterable[Variable]) -> tuple[Variable, ...]:
    """Each name once; a place that needs the value counts before one that does not."""
    found: dict[str, Variable] = {}
    for use in uses:
        if use.name not in found or (found[use.name].guarded and not use.guarded):
            found[use.name] = use
    return tuple(found.values())


def excerpt_of(source: str, line: int, needle: str) -> str:
    """The words around the first tag of a line that holds the needle: ``... owners in {{city}} ...``."""
    lines = source.splitlines() or [""]
    text = lines[min(line, len(lines)) - 1]
    inside = "" if needle == "{" else r"[^}]*?(?<!\w)" + re.escape(needle) + r"(?!\w)"
    found = re.search(r"\{[{%]" + inside + r"[^}]*\}?\}?", text)
    start, end = found.span() if found else (max(text.find(needle), 0),) * 2
    head, tail = text[:start], text[end:]
    if len(head) > _AROUND:
        head = "... " + head[-_AROUND:].partition(" ")[2]
    if len(tail) > _AROUND:
        tail = tail[:_AROUND].rpartition(" ")[0].partition("{")[0].rstrip() + " ..."
    return (head + text[start:end] + tail).strip()
