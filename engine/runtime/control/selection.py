"""Which runs somebody means, and how they are read: a page at a time, by an index, each in a short transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model import TRIGGER_PREFIX, Run, RunStatus
from engine.runtime.clock import least_id
from engine.runtime.ledger import Ledger, email_key
from engine.runtime.ledger.control import Standing, Window

PAGE = 500
"""Runs in one transaction: few enough that nobody waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The runs that fit everything that is set. ``since`` is the earliest start; ``until`` goes with it.

    A run that a worker began late counts for the moment at which its webhook came, too: a batch is undone whole.
    """

    run: str | None = None
    email: str | None = None
    sequence: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    segment: str | None = None
    key: str | None = None
    step: str | None = None

    @property
    def whole(self) -> str | None:
        """The sequence when nothing but its name was said: then those are meant too who enter it later."""
        rest = (self.run, self.email, self.since, self.until, self.segment, self.key, self.step)
        return None if any(rest) else self.sequence

    @property
    def named(self) -> bool:
        """Whether it is about one run or one person, and not about whoever fits."""
        return self.run is not None or self.email is not None

    def fits(self, run: Run) -> bool:
        """Whether a run of the right person is meant."""
        return (
            self.sequence in {None, run.program}
            and self.segment in {None, run.segment}
            and self.key in {None, run.key}
            and self.step in {None, run.step}
            and self._began(run)
        )

    @property
    def window(self) -> Window | None:
        """The window, where there is an end to it."""
        if self.since is None or self.until is None:
            return None
        return Window(self.since, self.until, least_id(self.since), least_id(self.until))

    def _began(self, run: Run) -> bool:
        window = self.window
        return window.holds(run) if window else self.since is None or run.started_at >= self.since


def pages(
    ledger: Ledger, selection: Selection, statuses: Sequence[RunStatus], *, paused: bool | None, triggers: bool
) -> Iterator[list[Standing]]:
    """Every run that is meant. Of a run or a person that is named, whatever its status; else only in these statuses.

    ``paused`` says which of both kinds, None for either; ``triggers`` whether the runs of triggers count.
    """
    if selection.named:
        yield [one for one in _named(ledger, selection) if selection.fits(one.run)]
        return
    for program in _programs(ledger, selection, triggers):
        for status in statuses:
            yield from _scan(ledger, selection, program, status, paused)


def _named(ledger: Ledger, selection: Selection) -> list[Standing]:
    with ledger.read() as tx:
        if selection.run is not None:
            found = tx.standings([selection.run])
            owner = tx.contacts([found[0].run.contact_id])[found[0].run.contact_id] if found else None
            right = selection.email is None or (owner and email_key(owner.email) == email_key(selection.email))
            return found if right else []
        contact = tx.contacts_by_email([selection.email or ""]).get(email_key(selection.email or ""))
        return tx.standings_of(contact.id) if contact else []


def _programs(ledger: Ledger, selection: Selection, triggers: bool) -> list[str]:
    if selection.sequence is not None:
        return [selection.sequence]
    with ledger.read() as tx:
        return [name for name in tx.programs() if triggers or not name.startswith(TRIGGER_PREFIX)]


def _scan(
    ledger: Ledger, selection: Selection, program: str, status: RunStatus, paused: bool | None
) -> Iterator[list[Standing]]:
    """Ids begin with the moment of their making, which is no earlier than the start: what is older is not read."""
    after = least_id(selection.since - timedelta(milliseconds=1)) if selection.since else ""
    while True:
        with ledger.read() as tx:
            page = tx.page_of_runs(
                program,
                status,
                after=after,
                limit=PAGE,
                since=selection.since,
                window=selection.window,
                segment=selection.segment,
                key=selection.key,
                step=selection.step,
                paused=paused,
            )
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].run.id
