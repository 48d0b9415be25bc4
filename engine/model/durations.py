"""Lengths of time as people write them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """A length of time in words: calendar days keep the clock time, seconds are exact.

    ``text`` is what the author wrote; two ways to write the same are equal. Days are added first, then business
    days, then seconds.
    """

    text: str = field(compare=False)
    days: int = 0
    business_days: int = 0
    seconds: int = 0
