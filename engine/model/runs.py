"""A person, and a person in a program: all that is remembered of both."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from engine.model.noun import Noun
from engine.model.values import EMPTY, Values


class Contact(Noun, frozen=True, kw_only=True):
    """A person. ``known`` is false while only a trigger that may not create contacts has named them.

    ``suppressed`` is the reason why no marketing email may go there: unsubscribed, bounced, complained.
    """

    id: str
    email: str
    values: Values = EMPTY
    known: bool = True
    suppressed: str | None = None


class RunStatus(StrEnum):
    """Where a run is. The last three are ends; every other has a due time."""

    READY = "ready"
    WAITING = "waiting"
    SENDING = "sending"
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
