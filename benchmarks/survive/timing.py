"""How fast it came back and how late emails were: from the provider's clock and the ledger's due times."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Self

from benchmarks.survive.evidence import Evidence, Kill

CENSORED = 3.0
"""A blow that comes sooner than this after the one before it ends that measurement without a result."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds, in figures."""

    count: int
    median: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self | None:
        """None when there are none."""
        if not seconds:
            return None
        cuts = statistics.quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [seconds[0]] * 99
        return cls(len(seconds), statistics.median(seconds), cuts[94], cuts[98], max(seconds))

    @property
    def said(self) -> str:
        """The figures in one line."""
        return f"median {self.median:.2f}, p99 {self.p99:.2f}, most {self.most:.2f} s"


def due_times(seen: Evidence) -> dict[tuple[str, int], float]:
    """When each step of everybody fell due, by the product's clock: the event, or the recorded send before + wait."""
    first = {(email, 1): at for email, at in seen.entered.items()}
    return first | {(email, step + 1): at + seen.wait for (email, step), at in seen.recorded.items()}


def lateness(seen: Evidence) -> list[float]:
    """Seconds between the due time of each email and its acceptance."""
    due = due_times(seen)
    return [seen.product_time(one.at) - due[one.to, one.step] for one in seen.sent if (one.to, one.step) in due]


def unrecorded(seen: Evidence) -> list[float]:
    """Seconds between the provider's acceptance of each email and its record in the ledger: long where a blow fell."""
    pairs = ((one, seen.recorded.get((one.to, one.step))) for one in seen.sent)
    return [at - seen.product_time(one.at) for one, at in pairs if at is not None]


def recoveries(seen: Evidence) -> list[float]:
    """For each blow that hit everything, the seconds until the first email that was due went out again.

    The clock starts at the blow, or at the first due time after it where nothing was due. A blow that is
    followed by another before anything could go out gives no figure, unless it took longer than ``CENSORED``.
    """
    due = due_times(seen)
    sent = sorted(((one.at, due.get((one.to, one.step), one.at)) for one in seen.sent), key=lambda pair: pair[0])
    blows = sorted((kill for kill in seen.kills if kill.how == "group"), key=lambda kill: kill.at)
    found = [_recovery(blow, following, sent) for blow, following in zip_longest(blows, blows[1:])]
    return [seconds for seconds in found if seconds is not None]


def _recovery(blow: Kill, following: Kill | None, sent: Sequence[tuple[float, float]]) -> float | None:
    after = [(when, due) for when, due in sent if when >= blow.again]
    if not after:
        return None
    begun = max(blow.at, min(due for _, due in after))
    first, end = after[0][0], following.at if following else float("inf")
    if first < end:
        return max(0.0, first - begun)
    return end - begun if end - begun > CENSORED else None
