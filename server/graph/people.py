"""Who stands where: the people of a ledger, counted by step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many people wait for a step, are held at it, and are paused there."""

    waiting: int = 0
    held: int = 0
    paused: int = 0

    def __add__(self, other: Crowd) -> Crowd:
        return Crowd(self.waiting + other.waiting, self.held + other.held, self.paused + other.paused)


def told_of(crowd: Crowd) -> tuple[str, str]:
    """Who waits there, and who needs somebody's help; empty for nobody."""
    trouble = ", ".join(
        f"{count:,} {word}" for count, word in ((crowd.held, "held"), (crowd.paused, "paused")) if count
    )
    return (f"{crowd.waiting:,} waiting" if crowd.waiting else "", trouble)
