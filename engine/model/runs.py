"""A person, and a person in a program: all that is remembered of both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from engine.model.noun import Noun
from engine.model.values import EMPTY, Values

UNSUBSCRIBED = "unsubscribed"
"""The one reason for sending no marketing that says nothing about the address: transactional email still goes there."""
LEFT = "unsubscribed from this sequence"
"""Why somebody gets no marketing email of one sequence, and of others does."""
REPLIED = "replied"
"""Why a sequence ended for somebody who wrote back."""


class Contact(Noun, frozen=True, kw_only=True):
    """A person. ``known`` is false while only a trigger that may not create contacts has named them.

    ``suppressed`` is the reason why no marketing email may go there: unsubscribed, bounced, complained. ``left`` are
    sequences that they unsubscribed from, and when; ``replied`` is when they last wrote back.
    ``heard`` tells when each trigger that somebody may be waiting for was last told of this contact. ``emailed`` are
    the moments at which emails went out to it, as far back as a limit of the file looks; nothing where it has none.
    """

    id: str
    email: str
    values: Values = EMPTY
    known: bool = True
    suppressed: str | None = None
    heard: Mapping[str, datetime] = EMPTY
    emailed: tuple[datetime, ...] = ()
    left: Mapping[str, datetime] = EMPTY
    replied: datetime | None = None

    def refuses(self, sequence: str, *, transactional: bool, since: datetime | None = None) -> str | None:
        """Why no such email of a sequence may go there; None where it may. ``since`` is when their run of it began.

        Who unsubscribed is done with marketing: with all of it, or with that of one sequence. An address that bounced
        or complained is left alone altogether: providers refuse it for transactional email, too
        (resend.com/docs/dashboard/emails/email-suppressions). Who replied to a sequence talks to people from then on.
        """
        if transactional:
            return None if self.suppressed == UNSUBSCRIBED else self.suppressed
        replied = since is not None and self.replied is not None and self.replied >= since
        return self.suppressed or (LEFT if sequence in self.left else REPLIED if replied else None)


def weightier(known: str | None, reason: str) -> str:
    """Of two reasons for not writing to somebody the one that stands: the first, but unsubscribing gives way."""
    return reason if known in {None, UNSUBSCRIBED} else str(known)


class RunStatus(StrEnum):
    """Where a run is. The last three are ends; every other has a due time.

    Who is sending or calling has asked for something and waits for what it came to.
    """

    READY = "ready"
    WAITING = "waiting"
    SENDING = "sending"
    CALLING = "calling"
    HELD = "held"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self in _ENDS


_ENDS = frozenset({RunStatus.FINISHED, RunStatus.STOPPED, RunStatus.FAILED})


class Run(Noun, frozen=True, kw_only=True):
    """One contact in one program.

    ``step`` is the next step and ``since`` the moment its gap began, so that where a run is needs no
    more than one id and one instant. ``due_at`` is when it wants to be looked at: looking earlier does
    no harm. ``asked_at`` is the first try of the effect it is waiting for, ``attempt`` how many were made and
    ``in_doubt`` says that one of them may have been carried out although no answer says so.
    ``skipping`` says that the next email is left out because its moment had passed. ``version`` is the
    fencing number of the lease.

    ``key`` is what tells several runs of one contact apart (``one_run_per``), ``given`` are values that this run
    was started with and that win over the contact's, ``elsewhere`` are steps that were done elsewhere, and when.
    ``pinned`` is the number of the revision on which it ends, where its sequence keeps the version it began with.
    """

    id: str
    program: str
    contact_id: str
    status: RunStatus
    step: str | None
    since: datetime
    due_at: datetime | None
    started_at: datetime
    event_id: str | None = None
    segment: str | None = None
    attempt: int = 0
    asked_at: datetime | None = None
    in_doubt: bool = False
    skipping: bool = False
    reason: str | None = None
    ended_at: datetime | None = None
    version: int = 0
    key: str | None = None
    given: Values = EMPTY
    elsewhere: Mapping[str, datetime] = EMPTY
    pinned: int | None = None
