"""What is wrong inside one text of the file: a condition, a duration. Whoever knows its place makes it a Problem."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """A mistake in the characters ``start`` up to ``end`` (from 0) of a text, and what to write instead."""

    start: int
    end: int
    message: str
    hint: str = ""
    rule: str = "condition"
