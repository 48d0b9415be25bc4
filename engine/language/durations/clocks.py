"""A time of the day as a clock of 24 hours shows it, and what was meant by one that is written in another way."""

from __future__ import annotations

import re
from datetime import time

CLOCK = re.compile(r"(\d{1,2}):(\d\d)", re.ASCII)
TWELVE = re.compile(r"(\d{1,2})(?::(\d\d))?\s*([ap])\.?m\.?", re.ASCII | re.IGNORECASE)
_WORDS = re.compile(r"(?:at\s+)?(\d{1,2})[:.h](\d\d)(?:\s*uhr|\s*h)?", re.ASCII | re.IGNORECASE)


def clock_of(written: str) -> time | None:
    """``9:00`` and ``09:00``; None for anything else."""
    found = CLOCK.fullmatch(written)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return time(int(found[1]), int(found[2]))


def of_twelve(written: str) -> str | None:
    """``9 pm`` as the clock of 24 hours shows it."""
    found = TWELVE.fullmatch(written)
    if found is None or not 1 <= int(found[1]) <= 12 or int(found[2] or 0) > 59:
        return None
    hour = int(found[1]) % 12 + (12 if found[3].casefold() == "p" else 0)
    return f"{hour:02}:{found[2] or '00'}"


def of_words(written: str) -> str | None:
    """``at 9:00`` and ``9.00`` as a clock shows them."""
    found = _WORDS.fullmatch(written.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        return None
    return f"{int(found[1]):02}:{found[2]}"
