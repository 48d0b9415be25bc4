"""How fast a vendor may be asked and whether to ask it at all: one small state, the same for all workers.

A window lets ``limit`` requests go and then no more until it ends. A circuit breaker stands before it: after
``FAILURES`` faults in a row, or when the vendor itself says so, nobody asks for a while; then one request at a time
probes, and the first that works opens the way again. All functions are pure, and times are UTC seconds since 1970.

Whoever keeps the state may lose it, and clocks may jump: then a vendor is asked a little too early and says so. What
must not happen is that it is never asked again. So every moment in the state is kept with its length, and no moment
counts for longer than its length from now.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

FAILURES = 5
"""Faults in a row after which nobody asks for a while."""
LONGEST_BREAK = 60.0
"""The breaks after faults are 1, 2, 4 … seconds, and never longer than this."""
LONGEST_CLOSING = 3600.0
"""However long a vendor says to stay away: after so many seconds one request asks again."""
LONGEST_WINDOW = 60.0
MOST = 100_000
"""No limit above this is believed."""
PROBE = 30.0
"""Seconds after which a probe without news counts as lost: its worker was killed."""
LOOK_AGAIN = 1.0
"""Seconds to stand aside while somebody else's request probes."""
BRIEF = 5.0
"""After a closing shorter than this all go on; after a longer one, one request goes first."""
WORTH_TELLING = 30.0
"""Seconds that a vendor is away before the team hears of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceState:
    """All that is known about a vendor's pace.

    ``limit`` requests may go within ``seconds`` (None: as many as anybody likes); ``left`` of them may still go
    before ``window_ends``, in the window with this number. Nobody goes before ``closed_until``. ``failures``
    counts the faults since something worked. While ``guarded``, one request goes at a time, and ``probing`` is
    until when the one that is out is waited for. ``since`` is when the present outage began, ``told`` whether the
    team knows. ``window_for`` and ``closed_for`` are the lengths of the window and of the closing.
    """

    limit: int | None = None
    seconds: float = 1.0
    left: int = 0
    window: int = 0
    window_ends: float = 0.0
    window_for: float = 0.0
    closed_until: float = 0.0
    closed_for: float = 0.0
    reason: str = ""
    failures: int = 0
    guarded: bool = False
    probing: float = 0.0
    since: float | None = None
    told: bool = False


# -- Asking ---------------------------------------------------------------------------------------


def take(state: PaceState, want: int, now: float) -> tuple[PaceState, int]:
    """As many permits as there are, ``want`` at most."""
    state = _renewed(state, now)
    free = want if state.limit is None else min(want, state.left)
    if free < 1 or shut(state, now) is not None:
        return state, 0
    if state.guarded:
        state, free = replace(state, probing=now + PROBE), 1
    return (state if state.limit is None else replace(state, left=state.left - free)), free


def given_back(state: PaceState, unused: int, window: int, now: float) -> PaceState:
    """Permits of that window were not used. Those of an earlier window are worth nothing any more."""
    state = _renewed(state, now)
    if unused < 1:
        return state
    state = replace(state, probing=0.0)
    if state.limit is None or window != state.window:
        return state
    return replace(state, left=min(state.limit, state.left + unused))


def shut(state: PaceState, now: float) -> tuple[float, str] | None:
    """When to ask again and why not now; None when the vendor may be asked. A window used up is no closing."""
    state = _in_time(state, now)
    if state.closed_until > now:
        return state.closed_until, state.reason
    if state.guarded and state.probing > now:
        return min(state.probing, now + LOOK_AGAIN), state.reason
    return None


def wait(state: PaceState, now: float) -> float:
    """Seconds until a permit may be had; 0 when one may be had now."""
    state = _in_time(state, now)
    closed = shut(state, now)
    until = [closed[0]] if closed else []
    if state.limit is not None and state.left < 1:
        until.append(state.window_ends)
    return max(0.0, max(until, default=now) - now)


# -- Learning -------------------------------------------------------------------------------------


def learned(state: PaceState, limit: int | None, left: int | None, reset: float | None, now: float) -> PaceState:
    """What the vendor's headers say: its limit, how many are left, and in how many seconds there are more.

    A lower number left is believed, because others may share the limit; a higher one is not, because requests of
    ours may be on their way.
    """
    state = _in_time(state, now)
    if limit is not None and limit >= 1:
        state = _limited(state, min(limit, MOST))
    if left is None or left >= state.left or state.window_ends <= now:
        return state
    state = replace(state, left=max(0, left))
    length = min(reset or 0.0, LONGEST_WINDOW)
    if left >= 1 or now + length <= state.window_ends:
        return state
    return replace(state, window_ends=now + length, window_for=length)


def closed(state: PaceState, seconds: float, reason: str, now: float) -> PaceState:
    """The vendor says that nobody is to ask for so long: 429, a quota, a key that it does not take."""
    state = _in_time(state, now)
    again = state.since is not None and state.closed_until <= now
    guarded = state.guarded or again or seconds >= BRIEF
    if now + seconds < state.closed_until:
        return replace(state, guarded=guarded)
    return _closing(replace(state, guarded=guarded), min(seconds, LONGEST_CLOSING), reason, now)


def failed(state: PaceState, reason: str, now: float) -> PaceState:
    """A fault of the vendor or of the way there. While it is closed, such news is old and changes nothing."""
    state = _in_time(state, now)
    if state.closed_until > now:
        return state
    failures = min(max(state.failures + 1, FAILURES if state.guarded else 0), 2 * FAILURES + 5)
    state = replace(state, failures=failures)
    if failures < FAILURES:
        return state
    seconds = min(float(2 ** (failures - FAILURES)), LONGEST_BREAK)
    return _closing(replace(state, guarded=True), seconds, reason, now)


def asked_anew(state: PaceState, now: float) -> PaceState:
    """Somebody who was just started may know better: after a long closing one request goes at once."""
    state = _in_time(state, now)
    if not state.guarded or state.closed_until <= now:
        return state
    return replace(state, closed_until=now, probing=0.0)


def worked(state: PaceState, now: float) -> PaceState:
    """A request worked, and the outage is over. While it is closed, such news is old and changes nothing."""
    state = _in_time(state, now)
    if state.closed_until > now:
        return state
    return replace(state, failures=0, guarded=False, probing=0.0, reason="", since=None, told=False)


def sound(state: PaceState) -> bool:
    """Whether the state can be ours: what lies in a shared place may have been written by anybody."""
    moments = (state.window_ends, state.closed_until, state.probing, state.since or 0.0)
    return (
        (state.limit is None or 1 <= state.limit <= MOST)
        and 0 < state.seconds <= LONGEST_WINDOW
        and 0 <= state.left <= (state.limit or 0)
        and 0 <= state.window_for <= LONGEST_WINDOW
        and 0 <= state.closed_for <= LONGEST_CLOSING
        and 0 <= state.failures <= 2 * FAILURES + 5
        and all(0 <= moment < 1e11 for moment in moments)
    )


# -- How it is done -------------------------------------------------------------------------------


def _in_time(state: PaceState, now: float) -> PaceState:
    """No moment is further away than its length: the clock may have been set back since."""
    return replace(
        state,
        window_ends=min(state.window_ends, now + state.window_for),
        closed_until=min(state.closed_until, now + state.closed_for),
        probing=min(state.probing, now + PROBE),
        since=None if state.since is None else min(state.since, now),
    )


def _renewed(state: PaceState, now: float) -> PaceState:
    """With a new window where the last one has ended."""
    state = _in_time(state, now)
    if state.limit is None or state.window_ends > now:
        return state
    ends = now + state.seconds
    return replace(state, left=state.limit, window=state.window + 1, window_ends=ends, window_for=state.seconds)


def _limited(state: PaceState, limit: int) -> PaceState:
    """With this limit; what the present window has used stays used."""
    left = limit if state.limit is None else state.left + limit - state.limit
    return replace(state, limit=limit, left=max(0, left))


def _closing(state: PaceState, seconds: float, reason: str, now: float) -> PaceState:
    """Closed from now on; the team is told of an outage that lasts."""
    seconds, since = max(0.0, seconds), now if state.since is None else state.since
    told = state.told or now + seconds - since > WORTH_TELLING
    until = now + seconds
    return replace(state, closed_until=until, closed_for=seconds, reason=reason, since=since, told=told, probing=0.0)


class Unpaced:
    """The pace of what has no limit and never fails, such as the outbox."""

    name = "unpaced"

    def take(self, want: int) -> int:
        """All of them."""
        return max(0, want)

    def give_back(self, unused: int) -> None:
        """Nothing is counted."""

    def turn(self, patience: float) -> float:
        """At once."""
        return 0.0

    def wait(self) -> float:
        """Never."""
        return 0.0

    def shut(self) -> tuple[datetime, str] | None:
        """Never."""
        return None

    def learn(self, *, limit: int | None = None, left: int | None = None, reset: float | None = None) -> None:
        """There is nothing to learn."""

    def close(self, seconds: float, reason: str) -> None:
        """It has no doors."""

    def failed(self, reason: str) -> None:
        """It does not count."""

    def worked(self) -> None:
        """It always does."""
