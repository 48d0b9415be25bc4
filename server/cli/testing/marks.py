"""Signs for right and wrong, where the terminal can show them; words where it cannot."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    """What stands before a test that passed or failed, before a wrong row, and between two columns."""

    passed: str
    failed: str
    wrong: str


SIGNS = Marks("✓", "✗", "✗")
WORDS = Marks("ok  ", "FAIL", "x")


def marks() -> Marks:
    """Signs, unless stdout cannot write them."""
    try:
        SIGNS.passed.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return WORDS
    return SIGNS
