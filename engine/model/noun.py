"""What nouns are made of: frozen data, made and copied in C.

A run at its turn is some thirty small objects. A frozen dataclass sets its members one by one in Python,
and copies itself by looking up each of them: that was a seventh of a whole wake-up.
"""

from __future__ import annotations

from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace


class Noun(Struct, frozen=True):
    """Frozen data with names, compared by content. What is only made when a file is read may be a dataclass."""

    def evolve(self, **changes: Any) -> Self:
        """A copy with some members changed."""
        return replace(self, **changes)
