"""How much marketing a person gets, and when: over all sequences of the file."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.durations import Duration
from engine.model.waits import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most so many emails ``within`` any such length of time. ``text`` is what the author wrote."""

    most: int
    within: Duration
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Courtesy:
    """When an email that is not transactional may go out: ``awake`` are the hours that are not quiet."""

    awake: Window | None = None
    limit: Limit | None = None
