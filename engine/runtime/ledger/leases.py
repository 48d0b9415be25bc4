"""Who may advance a run: claims by lease, with a number that fences off whoever lost it.

``version`` grows with every claim. A result is written only where the version is still the one that the
claim gave: a worker that slept through its lease writes nothing. Runs of one contact are claimed one at a
time, in the order in which they fell due, so that what happens to a person happens in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from engine.model import Run
from engine.runtime.ledger.contacts import Contacts
from engine.runtime.ledger.encoding import instant, millis
from engine.runtime.ledger.records import Claimed, Lease
from engine.runtime.ledger.run_rows import LIVE, RUN_COLUMNS, run_of, settled
from engine.runtime.ledger.session import Lookup, Row, Statement

# ruff: noqa: S608 - the only words put into SQL here are our own

_TAKE = "UPDATE runs SET version = version + 1, lease_until = :until, wake_at = :until, poked_at = NULL"
_CLAIM = Statement(f"""
    {_TAKE} WHERE id IN (
        SELECT r.id FROM runs AS r
        WHERE r.wake_at <= :now AND NOT EXISTS (
            SELECT 1 FROM runs AS o WHERE o.contact_id = r.contact_id AND o.id <> r.id
            AND (o.lease_until > :now OR (o.due_at <= :now AND (o.due_at, o.id) < (r.due_at, r.id)))
        )
        ORDER BY r.wake_at, r.id LIMIT :limit
    ) RETURNING {RUN_COLUMNS}
""")
_TAKE_THESE = Lookup(f"""
    {_TAKE} WHERE id IN :keys AND status IN {LIVE} AND (lease_until IS NULL OR lease_until <= :now)
    RETURNING {RUN_COLUMNS}
""")
_HELD = Lookup(f"SELECT id, version, poked_at FROM runs WHERE id IN :keys AND status IN {LIVE}")
_SETTLE = Statement("""
    UPDATE runs SET status = :status, step = :step, since = :since, due_at = :due_at, segment = :segment,
        attempt = :attempt, asked_at = :asked_at, in_doubt = :in_doubt, skipping = :skipping,
        reason = :reason, ended_at = :ended_at, lease_until = :lease_until, wake_at = :wake_at, poked_at = :poked_at
    WHERE id = :id AND version = :version
""")
_RELEASE = Statement("""
    UPDATE runs SET lease_until = NULL, poked_at = NULL, wake_at = due_at WHERE id = :id AND version = :version
""")
_POKE = Lookup(f"""
    UPDATE runs SET
        poked_at = :now,
        due_at = CASE WHEN status = 'sending' OR due_at <= :now THEN due_at ELSE :now END,
        wake_at = CASE WHEN lease_until > :now THEN wake_at
                       WHEN status = 'sending' OR due_at <= :now THEN due_at ELSE :now END
    WHERE contact_id IN :keys AND status IN {LIVE} RETURNING id
""")
_WAKE_HELD = Lookup("""
    UPDATE runs SET due_at = :now, wake_at = CASE WHEN lease_until > :now THEN wake_at ELSE :now END
    WHERE program IN :keys AND status = 'held' AND due_at > :now RETURNING id
""")
_NEXT = Statement("SELECT wake_at FROM runs WHERE wake_at IS NOT NULL ORDER BY wake_at LIMIT 1")


def _due_order(run: Run) -> tuple[float, str]:
    return (run.due_at.timestamp() if run.due_at else 0.0, run.id)


class Leases(Contacts):
    """Statements about who has which run in hand."""

    def claim(self, now: datetime, lease: timedelta, limit: int) -> list[Claimed]:
        """Take up to ``limit`` due runs until ``now + lease``, oldest first, at most one of each contact."""
        return self._claimed(self._all(_CLAIM, now=millis(now), until=millis(now + lease), limit=limit))

    def take(self, ids: Iterable[str], now: datetime, lease: timedelta) -> list[Claimed]:
        """Take these runs whether due or not; runs that have ended or are in other hands are left out."""
        return self._claimed(list(self._lookup(_TAKE_THESE, list(ids), now=millis(now), until=millis(now + lease))))

    def poke(self, contact_ids: Iterable[str], now: datetime) -> set[str]:
        """Something about these contacts has changed: their live runs want to be looked at now. Their ids.

        A run in somebody's hands remembers it until it is settled. A run that waits for a provider's
        answer keeps its time: only when it is settled into another status does the poke count.
        """
        return {row[0] for row in self._lookup(_POKE, list(set(contact_ids)), now=millis(now))}

    def wake_held(self, programs: Iterable[str], now: datetime) -> set[str]:
        """Held runs of these programs want to be looked at now: an edit may have mended what held them. Their ids."""
        return {row[0] for row in self._lookup(_WAKE_HELD, list(programs), now=millis(now))}

    def held_leases(self, leases: Iterable[Lease]) -> set[str]:
        """Of these runs, the ids of those that nobody has claimed since."""
        return set(self._pokes(leases))

    def settle(self, runs: Sequence[Run], *, lease_until: datetime | None = None) -> set[str]:
        """Write decided runs whose version is still ours: the ids of those. Others are left as they are.

        With ``lease_until`` they stay in our hands until then (a run that has ended does not).
        """
        pokes = self._pokes((run.id, run.version) for run in runs)
        self._many(_SETTLE, [settled(run, pokes[run.id], lease_until) for run in runs if run.id in pokes])
        return set(pokes)

    def release(self, leases: Iterable[Lease]) -> None:
        """Give runs back as they were; they are due when they were due."""
        self._many(_RELEASE, [{"id": run_id, "version": version} for run_id, version in leases])

    def next_due(self, now: datetime) -> datetime | None:
        """When the next run wants to be claimed, ``now`` at the earliest; None when none ever will.

        A due run may wait for another of its contact: then ``claim`` gives nothing although this says now.
        """
        row = self._first(_NEXT)
        return max(now, instant(row[0])) if row else None

    def _pokes(self, leases: Iterable[Lease]) -> dict[str, int | None]:
        """Of runs still ours: when each was poked while in our hands. Nobody has a run that has ended."""
        ours = dict(leases)
        rows = self._lookup(_HELD, list(ours))
        return {run_id: poked_at for run_id, version, poked_at in rows if ours[run_id] == version}

    def _claimed(self, rows: Sequence[Row]) -> list[Claimed]:
        runs = sorted(map(run_of, rows), key=_due_order)
        contacts = self.contacts(run.contact_id for run in runs)
        return [Claimed(run, contacts[run.contact_id]) for run in runs]
