"""How long one waits for what passes by itself: a neighbour in the way, a server that restarts."""

from __future__ import annotations

from collections.abc import Iterator
from random import uniform

AGAIN = (0.01, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds before another try."""


def pauses() -> Iterator[float]:
    """Each varied by half of it, so that two who were in each other's way do not meet again."""
    return (pause * uniform(0.5, 1.5) for pause in AGAIN)  # noqa: S311 - no secret
