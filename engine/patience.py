"""How long to wait for a vendor, a value or an answer before the next look: the numbers, each with its reason."""

from __future__ import annotations

from datetime import timedelta

from engine.model import Run

KEY_MEMORY = timedelta(hours=23)
"""How long an unanswered email may be asked for again. Resend remembers a key for 24 hours
(resend.com/docs/dashboard/emails/idempotency-keys); after that the same key would send a second email."""

LOOK_AGAIN = timedelta(minutes=15)
"""How often a held run looks whether what it lacks has come. A change of the contact wakes it at once."""

MOST_TRIES = 12
"""After so many tries (about an hour) an email is held, while the vendor takes others: something is wrong with it."""

LOOK_AGAIN_AT_TROUBLE = timedelta(days=1)
"""How often a run is looked at that gave so much trouble, if nobody does so before."""

WORRYING_TRIES = 3
"""After so many tries the team is told; alerts of one reason become one."""

SHORTEST_RETRY = timedelta(seconds=1)
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=15)
LONGEST_ASKED = timedelta(days=1)
"""A vendor may ask for no longer pause."""


def backoff(run: Run, hint: float | None) -> timedelta:
    """How long to leave a vendor alone after try number ``run.attempt``: doubling, spread, or what it asked for.

    That is a day at most: who asks for years has made a mistake.
    """
    spread = 1 + (sum(map(ord, run.id)) % 64) / 128
    wanted = min(FIRST_RETRY * float(1 << min(run.attempt - 1, 16)) * spread, LONGEST_RETRY)
    return max(wanted, timedelta(seconds=min(hint, LONGEST_ASKED.total_seconds()))) if hint is not None else wanted
