"""Runs in the hands of people: found by the hundred, paused, let go on, tried again; and sequences that stand still.

A paused run wakes nobody: its ``wake_at`` is empty, its ``due_at`` stays. Who selects many of them reads pages by
an index and in the order of ids, so that a sequence of a million people is never held in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.model import Run, RunStatus
from engine.runtime.ledger.encoding import instant, instant_or_none, millis
from engine.runtime.ledger.run_rows import LIVE, RUN_COLUMNS, run_of
from engine.runtime.ledger.session import Lookup, Row, Session, Statement

# ruff: noqa: S608 - the only words put into SQL here are our own

STANDING_COLUMNS = f"{RUN_COLUMNS}, paused_at, lease_until, poked_at, claims"
_STANDING = f"SELECT {STANDING_COLUMNS} FROM runs"
_FILTERS = {
    "since": "started_at >= :since",
    "window": """(
        (started_at >= :since AND started_at < :until) OR (event_id >= :first_event AND event_id < :after_events)
    )""",
    "segment": "segment = :segment",
    "key": "key = :key",
    "step": "step = :step",
    "paused": "paused_at IS NOT NULL",
    "unpaused": "paused_at IS NULL",
}
_BY_ID = Lookup(f"{_STANDING} WHERE id IN :keys")
_OF_CONTACTS = Lookup(f"{_STANDING} WHERE contact_id IN :keys ORDER BY id")
_PAUSE = Lookup(f"""
    UPDATE runs SET paused_at = :now, wake_at = NULL WHERE id IN :keys AND status IN {LIVE} AND paused_at IS NULL
    RETURNING id
""")
_PAUSED_AMONG = Lookup("SELECT id FROM runs WHERE id IN :keys AND paused_at IS NOT NULL")
_RESUME = Statement("""
    UPDATE runs SET paused_at = NULL, since = :since, due_at = :due_at,
        wake_at = CASE WHEN lease_until > :now THEN lease_until ELSE :due_at END,
        poked_at = CASE WHEN lease_until > :now THEN poked_at END
    WHERE id = :id AND paused_at = :paused_at AND version = :version
""")
# A try whose worker died with it counts as open; what is kept of the email must not hide that when tries begin anew.
_RETRY = Lookup("""
    UPDATE runs SET status = CASE WHEN status = 'failed' THEN 'ready' ELSE status END,
        in_doubt = CASE WHEN :sure = 1 THEN 0 WHEN EXISTS (
            SELECT 1 FROM emails AS e WHERE e.run_id = runs.id AND e.step = runs.step
            AND e.status = 'asked' AND e.attempts > runs.attempt
        ) THEN 1 ELSE in_doubt END,
        attempt = 0, claims = 0, ended_at = NULL, paused_at = NULL, due_at = :now, wake_at = :now
    WHERE id IN :keys AND (lease_until IS NULL OR lease_until <= :now)
        AND (status = 'failed' OR (status = 'held' AND paused_at IS NULL))
    RETURNING id
""")
_RETRY_EMAILS = Lookup("""
    UPDATE emails SET attempts = 0, batch = CASE WHEN :sure = 1 THEN NULL ELSE batch END
    WHERE run_id IN :keys AND status <> 'accepted' AND step = (SELECT r.step FROM runs AS r WHERE r.id = run_id)
""")
_STAND_STILL = Statement("""
    INSERT INTO pauses (program, since, reason) VALUES (:program, :now, :reason)
    ON CONFLICT (program) DO UPDATE SET reason = excluded.reason
""")
_STAND_NO_MORE = Statement("DELETE FROM pauses WHERE program = :program")
_STANDSTILLS = Statement("SELECT program, since, reason FROM pauses ORDER BY program")


@lru_cache(maxsize=64)
def _page(filters: tuple[str, ...]) -> Statement:
    more = "".join(f" AND {_FILTERS[name]}" for name in filters)
    return Statement(f"""
        {_STANDING} WHERE program = :program AND status = :status AND id > :after{more} ORDER BY id LIMIT :limit
    """)


@dataclass(frozen=True, slots=True)
class Standing:
    """A run with what stands beside it: since when it is paused, until when somebody has it in hand.

    ``poked`` says that something about its contact has changed since it was last looked at.
    """

    run: Run
    paused_at: datetime | None
    lease_until: datetime | None
    poked: bool
    claims: int

    @property
    def paused(self) -> bool:
        """Whether it stands still. A run that has ended is not paused, whatever it was."""
        return self.paused_at is not None and not self.run.status.ended

    def in_hand(self, now: datetime) -> bool:
        """Whether a worker has it."""
        return self.lease_until is not None and self.lease_until > now

    def stuck(self, now: datetime, late: datetime) -> bool:
        """Whether it was due by ``late`` and nobody has it, or it was claimed again and again."""
        if self.run.status.ended or self.paused:
            return False
        waits = self.run.due_at is not None and self.run.due_at <= late and not self.in_hand(now)
        return waits or self.claims > 1


@dataclass(frozen=True, slots=True)
class Window:
    """Runs started in [since, until), or begun by an event that came in then, however late a worker saw it.

    ``first_event`` and ``after_events`` bound the ids of such events.
    """

    since: datetime
    until: datetime
    first_event: str
    after_events: str

    def holds(self, run: Run) -> bool:
        """Whether a run was."""
        event = run.event_id or ""
        return self.since <= run.started_at < self.until or self.first_event <= event < self.after_events

    def values(self) -> dict[str, int | str]:
        """For the statement."""
        times: dict[str, int | str] = {"since": millis(self.since), "until": millis(self.until)}
        return {**times, "first_event": self.first_event, "after_events": self.after_events}


@dataclass(frozen=True, slots=True)
class Standstill:
    """A sequence whose new runs are paused from their beginning."""

    program: str
    since: datetime
    reason: str


def standing_of(row: Row) -> Standing:
    """The run, and what stands beside it, of a row with ``STANDING_COLUMNS``."""
    paused_at, lease_until, poked_at, claims = row[-4:]
    return Standing(run_of(row), instant_or_none(paused_at), instant_or_none(lease_until), poked_at is not None, claims)


class Control(Session):
    """Statements about runs that somebody takes in hand."""

    # Found

    def page_of_runs(
        self,
        program: str,
        status: RunStatus,
        *,
        after: str = "",
        limit: int = 500,
        since: datetime | None = None,
        window: Window | None = None,
        segment: str | None = None,
        key: str | None = None,
        step: str | None = None,
        paused: bool | None = None,
    ) -> list[Standing]:
        """Runs of a program in a status with greater ids than ``after``, by id; only those that fit what is given.

        ``since`` is the earliest start, ``window`` begins and ends with it.
        """
        asked: Mapping[str, Any] = {"since": since and millis(since), "segment": segment, "key": key, "step": step}
        given = {name: value for name, value in asked.items() if value is not None}
        filters = [name for name in given if name != "since" or window is None]
        filters += ["window"] if window else []
        filters += [] if paused is None else ["paused"] if paused else ["unpaused"]
        values = {"program": program, "status": status.value, "after": after, "limit": limit, **given}
        times = window.values() if window else {}
        return [standing_of(row) for row in self._all(_page(tuple(filters)), **{**values, **times})]

    def standings(self, ids: Iterable[str]) -> list[Standing]:
        """These runs."""
        return [standing_of(row) for row in self._lookup(_BY_ID, list(ids))]

    def standings_of(self, contact_id: str) -> list[Standing]:
        """Every run of a contact, oldest first."""
        return [standing_of(row) for row in self._lookup(_OF_CONTACTS, [contact_id])]

    # Paused and let go

    def pause_runs(self, ids: Iterable[str], now: datetime) -> set[str]:
        """Nobody looks at these runs any more; those of them that live and were not paused already.

        A run in somebody's hands is written down once more, and then stands still.
        """
        return {row[0] for row in self._lookup(_PAUSE, list(ids), now=millis(now))}

    def paused_among(self, ids: Iterable[str]) -> set[str]:
        """Those of these runs that are paused."""
        return {row[0] for row in self._lookup(_PAUSED_AMONG, list(ids))}

    def resume_runs(self, standings: Iterable[tuple[Standing, Run]], now: datetime) -> None:
        """Let paused runs go on with the ``since`` and ``due_at`` that they have now; others stay as they are."""
        self._many(
            _RESUME,
            [
                {
                    "id": run.id,
                    "version": run.version,
                    "paused_at": millis(before.paused_at),
                    "since": millis(run.since),
                    "due_at": millis(run.due_at or now),
                    "now": millis(now),
                }
                for before, run in standings
                if before.paused_at is not None
            ],
        )

    # Tried again

    def retry_runs(self, ids: Sequence[str], now: datetime, *, send_again: bool) -> set[str]:
        """Held and failed runs are due now, their tries begin anew; those of them that nobody has in hand.

        ``send_again`` forgets that an email may be out already.
        """
        values = {"now": millis(now), "sure": int(send_again)}
        due = {row[0] for row in self._lookup(_RETRY, list(ids), **values)}
        self._touch(_RETRY_EMAILS, list(due), sure=int(send_again))
        return due

    # Sequences that stand still

    def stand_still(self, program: str, reason: str, now: datetime) -> None:
        """Runs of this program that begin from now on are paused."""
        self._do(_STAND_STILL, program=program, reason=reason, now=millis(now))

    def stand_no_more(self, program: str) -> bool:
        """Runs of this program begin as usual again; whether they did not."""
        return self._do(_STAND_NO_MORE, program=program) > 0

    def standstills(self) -> list[Standstill]:
        """Every program whose new runs are paused."""
        return [Standstill(row[0], instant(row[1]), row[2]) for row in self._all(_STANDSTILLS)]
