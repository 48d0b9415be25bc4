"""Who may advance a run: claims by lease, with a number that fences off whoever lost it.

``version`` grows with every claim. A result is written only where the version is still the one that the
claim gave: a worker that slept through its lease writes nothing. Runs of one contact are claimed one at a
time, in the order in which they fell due, so that what happens to a person happens in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.model import Run
from engine.runtime.ledger.encoding import instant, millis
from engine.runtime.ledger.records import Claimed, ClaimKind, Lease
from engine.runtime.ledger.run_rows import LIVE, RUN_COLUMNS, run_of, settled
from engine.runtime.ledger.session import Lookup, Row, Statement
from engine.runtime.ledger.suppressions import Suppressions

# ruff: noqa: S608 - the only words put into SQL here are our own

_LONGEST = timedelta(hours=2)
_TAKEN = """
    version = version + 1, claims = claims + 1, lease_by = :by, lease_until = :until, wake_at = :until, poked_at = NULL
"""


@dataclass(frozen=True, slots=True)
class _Claim:
    """How due runs of a kind are taken whose contact has nothing in hand, and nothing else that goes first.

    On Postgres others claim at the same time, and none of them sees what the others have not committed yet. So
    ``lock`` first takes the contacts of runs that look free, and passes over those that somebody else has locked;
    then ``take`` looks again, at what is true while nobody else can claim anything of theirs.
    """

    which: str
    goes_first: str

    @property
    def _due(self) -> str:
        return f"r.wake_at <= :now AND r.status {self.which} 'sending'"

    @property
    def _alone(self) -> str:
        return f"""
            NOT EXISTS (
                SELECT 1 FROM runs AS o WHERE o.contact_id = r.contact_id AND o.id <> r.id
                AND (o.lease_until > :now OR (o.wake_at <= :now AND {self.goes_first}))
            )
        """

    def at_once(self) -> Statement:
        """All of it, where there is one writer."""
        return Statement(f"""
            UPDATE runs SET {_TAKEN} WHERE id IN (
                SELECT r.id FROM runs AS r WHERE {self._due} AND {self._alone} ORDER BY r.wake_at, r.id LIMIT :limit
            ) RETURNING {RUN_COLUMNS}, claims
        """)

    def lock(self) -> Statement:
        """Runs whose contact is now locked by us."""
        return Statement(f"""
            SELECT r.id FROM runs AS r JOIN contacts AS c ON c.id = r.contact_id WHERE {self._due} AND {self._alone}
            ORDER BY r.wake_at, r.id LIMIT :limit FOR NO KEY UPDATE OF c SKIP LOCKED
        """)

    def take(self) -> Lookup:
        """Those of them that are still free. IS TRUE keeps the server from reading all that is due for it."""
        return Lookup(f"""
            UPDATE runs AS r SET {_TAKEN} WHERE r.id IN :keys AND ({self._due}) IS TRUE AND {self._alone}
            RETURNING {RUN_COLUMNS}, claims
        """)


_EARLIER = "(o.due_at, o.id) < (r.due_at, r.id)"
# Whoever waits for a turn to send does not hold up the contact's other runs; what these decide may stop it.
_MOVE = _Claim("<>", f"o.status <> 'sending' AND {_EARLIER}")
_POST = _Claim("=", f"(o.status <> 'sending' OR {_EARLIER})")
_CLAIMS: Mapping[ClaimKind, Statement] = {"move": _MOVE.at_once(), "post": _POST.at_once()}
_LOCKS: Mapping[ClaimKind, Statement] = {"move": _MOVE.lock(), "post": _POST.lock()}
_TAKES: Mapping[ClaimKind, Lookup] = {"move": _MOVE.take(), "post": _POST.take()}
_TAKE_THESE = Lookup(f"""
    UPDATE runs SET {_TAKEN} WHERE id IN :keys AND status IN {LIVE} AND (lease_until IS NULL OR lease_until <= :now)
    RETURNING {RUN_COLUMNS}, claims
""")
_CONTACTS = Lookup("SELECT contact_id FROM runs WHERE id IN :keys")
_HELD_SQL = f"SELECT id, version, poked_at, paused_at FROM runs WHERE id IN :keys AND status IN {LIVE}"
_HELD = Lookup(_HELD_SQL, postgresql=f"{_HELD_SQL} ORDER BY id FOR NO KEY UPDATE")
_SETTLE = Statement(
    """
    UPDATE runs SET status = :status, step = :step, since = :since, due_at = :due_at, segment = :segment,
        attempt = :attempt, asked_at = :asked_at, in_doubt = :in_doubt, skipping = :skipping,
        reason = :reason, ended_at = :ended_at, lease_until = :lease_until, wake_at = :wake_at, poked_at = :poked_at,
        lease_by = CASE WHEN :kept = 1 THEN lease_by END, claims = CASE WHEN :kept = 1 THEN claims ELSE 0 END
    WHERE id = :id AND version = :version
""",
    together=True,
)
_FREE = "lease_until = NULL, lease_by = NULL, poked_at = NULL, wake_at = CASE WHEN paused_at IS NULL THEN due_at END"
_RELEASE = Statement(f"UPDATE runs SET {_FREE}, claims = 0 WHERE id = :id AND version = :version", together=True)
_UNCLAIM = Statement(f"UPDATE runs SET {_FREE}, claims = claims - 1 WHERE id = :id AND version = :version")
_REMEMBER = Statement("UPDATE runs SET claims = :claims WHERE id = :id")
# A dead worker's leases end within some minutes; two hours allow for a clock that was set back since.
_DROP = Lookup(f"""
    UPDATE runs SET {_FREE} WHERE lease_by IN :keys AND wake_at > :now AND id IN (
        SELECT id FROM runs WHERE wake_at > :now AND wake_at < :later AND status <> 'sending' AND lease_by IN :keys
        UNION ALL
        SELECT id FROM runs WHERE wake_at > :now AND wake_at < :later AND status = 'sending' AND lease_by IN :keys
    ) RETURNING id
""")
_POKE = Lookup(f"""
    UPDATE runs SET
        poked_at = :now,
        due_at = CASE WHEN status = 'sending' OR paused_at IS NOT NULL OR due_at <= :now THEN due_at ELSE :now END,
        wake_at = CASE WHEN lease_until > :now OR paused_at IS NOT NULL THEN wake_at
                       WHEN status = 'sending' OR due_at <= :now THEN due_at ELSE :now END
    WHERE contact_id IN :keys AND status IN {LIVE} RETURNING id
""")
_WAKE_CALLING = Lookup("""
    UPDATE runs SET poked_at = :now,
        due_at = CASE WHEN paused_at IS NOT NULL OR due_at <= :now THEN due_at ELSE :now END,
        wake_at = CASE WHEN lease_until > :now OR paused_at IS NOT NULL THEN wake_at
                       WHEN due_at <= :now THEN due_at ELSE :now END
    WHERE id IN :keys AND status = 'calling' RETURNING id
""")
_CONTACTS_OF = Lookup("SELECT DISTINCT contact_id FROM runs WHERE id IN :keys")
_WAKE_HELD = Lookup("""
    UPDATE runs SET due_at = :now, wake_at = CASE WHEN lease_until > :now THEN wake_at ELSE :now END
    WHERE program IN :keys AND status = 'held' AND due_at > :now AND paused_at IS NULL RETURNING id
""")
_NEXT: Mapping[ClaimKind, Statement] = {
    "move": Statement("""
        SELECT wake_at FROM runs WHERE wake_at IS NOT NULL AND status <> 'sending' ORDER BY wake_at LIMIT 1
    """),
    "post": Statement("""
        SELECT wake_at FROM runs WHERE wake_at IS NOT NULL AND status = 'sending' ORDER BY wake_at LIMIT 1
    """),
}


def _due_order(run: Run) -> tuple[float, str]:
    return (run.due_at.timestamp() if run.due_at else 0.0, run.id)


class Leases(Suppressions):
    """Statements about who has which run in hand."""

    def claim(
        self, now: datetime, lease: timedelta, limit: int, *, kind: ClaimKind = "move", by: int | None = None
    ) -> list[Claimed]:
        """Take up to ``limit`` due runs until ``now + lease``, oldest first, at most one of each contact.

        ``move`` takes runs that want a decision, ``post`` runs that want to send their email. ``by`` is the
        number of the worker.
        """
        values = {"now": millis(now), "until": millis(now + lease), "limit": limit, "by": by}
        if not self._many_write:
            return self._claimed(self._all(_CLAIMS[kind], **values))
        free = [row[0] for row in self._all(_LOCKS[kind], now=values["now"], limit=limit)]
        return self._claimed(list(self._lookup(_TAKES[kind], free, **values)))

    def take(self, ids: Iterable[str], now: datetime, lease: timedelta, *, by: int | None = None) -> list[Claimed]:
        """Take these runs whether due or not; runs that have ended or are in other hands are left out."""
        values, wanted = {"now": millis(now), "until": millis(now + lease), "by": by}, list(ids)
        if self._many_write:
            self.lock_contacts(row[0] for row in self._lookup(_CONTACTS, wanted))
        return self._claimed(list(self._lookup(_TAKE_THESE, wanted, **values)))

    def poke(self, contact_ids: Iterable[str], now: datetime) -> set[str]:
        """Something about these contacts has changed: their live runs want to be looked at now. Their ids.

        A run in somebody's hands remembers it until it is settled. A run that waits for a provider's
        answer keeps its time: only when it is settled into another status does the poke count.
        """
        wanted = set(contact_ids)
        self.lock_contacts(wanted)
        return {row[0] for row in self._lookup(_POKE, list(wanted), now=millis(now))}

    def wake_calling(self, ids: Iterable[str], now: datetime) -> set[str]:
        """What these runs have called has answered: they want to be looked at now. The ids of those that still wait."""
        wanted = list(ids)
        self.lock_contacts(row[0] for row in self._lookup(_CONTACTS_OF, wanted))
        return {row[0] for row in self._lookup(_WAKE_CALLING, wanted, now=millis(now))}

    def wake_held(self, programs: Iterable[str], now: datetime) -> set[str]:
        """Held runs of these programs want to be looked at now: an edit may have mended what held them. Their ids."""
        return {row[0] for row in self._lookup(_WAKE_HELD, list(programs), now=millis(now))}

    def settle(self, runs: Sequence[Run], *, lease_until: datetime | None = None) -> dict[str, bool]:
        """Write decided runs whose version is still ours; by the ids of those, whether they stay in our hands.

        They stay so with ``lease_until``, until then, unless they have ended or somebody paused them meanwhile.
        """
        self.lock_contacts(run.contact_id for run in runs)
        standing = self._standing((run.id, run.version) for run in runs)
        rows = [settled(run, *standing[run.id], lease_until) for run in runs if run.id in standing]
        self._many(_SETTLE, rows)
        return {row["id"]: bool(row["kept"]) for row in rows}

    def release(self, leases: Iterable[Lease]) -> None:
        """Give runs back as they were; they are due when they were due."""
        self._many(_RELEASE, [{"id": run_id, "version": version} for run_id, version in leases])

    def unclaim(self, leases: Iterable[Lease]) -> None:
        """Give runs back as if this claim had not been; how often they were claimed before stays known."""
        self._many(_UNCLAIM, [{"id": run_id, "version": version} for run_id, version in leases])

    def remember_claims(self, ids: Iterable[str], claims: int) -> None:
        """Settling forgets how often runs were claimed; of these it is to be known."""
        self._many(_REMEMBER, [{"id": run_id, "claims": claims} for run_id in ids])

    def drop_leases(self, workers: Iterable[int], now: datetime) -> set[str]:
        """Take back what workers had in hand that are no more; the ids of those runs, which are due when they were."""
        later = millis(now + _LONGEST)
        return {row[0] for row in self._lookup(_DROP, list(workers), now=millis(now), later=later)}

    def next_due(self, now: datetime, kind: ClaimKind = "move") -> datetime | None:
        """When the next run wants to be claimed, ``now`` at the earliest; None when none ever will.

        A due run may wait for another of its contact: then ``claim`` gives nothing although this says now.
        """
        row = self._first(_NEXT[kind])
        return max(now, instant(row[0])) if row else None

    def _standing(self, leases: Iterable[Lease]) -> dict[str, tuple[int | None, bool]]:
        """Of runs still ours: when each was poked while in our hands, and whether it was paused.

        Nobody has a run that has ended.
        """
        ours = dict(leases)
        rows = self._lookup(_HELD, list(ours))
        return {
            run_id: (poked, paused is not None) for run_id, version, poked, paused in rows if ours[run_id] == version
        }

    def _claimed(self, rows: Sequence[Row]) -> list[Claimed]:
        found = sorted(((run_of(row), row[-1]) for row in rows), key=lambda one: _due_order(one[0]))
        contacts = self.contacts(run.contact_id for run, _ in found)
        return [Claimed(run, contacts[run.contact_id], claims) for run, claims in found]
