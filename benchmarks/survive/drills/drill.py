"""What a drill is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.survive.evidence import Evidence
from benchmarks.survive.trial import Trial
from benchmarks.survive.verdict import Verdict

Hurt = Callable[[Trial], None]
Look = Callable[[Trial, Evidence], Sequence[Verdict]]


def nothing_more(_trial: Trial, _seen: Evidence) -> Sequence[Verdict]:
    """The invariants of every trial are enough."""
    return ()


@dataclass(frozen=True, slots=True)
class Drill:
    """A kind of trouble.

    ``hurt`` begins the posting and does the harm; the trial then waits for the end. ``plan`` are the members of the
    plan that differ from the usual. ``look`` says what must hold beyond the usual.
    """

    name: str
    summary: str
    hurt: Hurt
    plan: Mapping[str, Any] = field(default_factory=dict)
    look: Look = nothing_more
