"""What is wrong inside a short text of the file (a condition, a length of time), by character."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something wrong inside a text; ``start`` and ``end`` count its characters from 0."""

    start: int
    end: int
    message: str
    hint: str = ""
    rule: str
