"""What must be done to an old copy of a ledger before it may be worked on: it does not know what was sent since.

Whatever was due by now may have been done by the ledger that the copy was taken from. So it is paused, for a person
to decide; what falls due later goes on. Runs that are held or in the middle of a try are paused too, whenever they
are due: an edit of the file, or an answer, may have moved them on since. What others had in hand is given back: they
worked on the other ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from engine.runtime.ledger.encoding import instant, instant_or_none, millis
from engine.runtime.ledger.records import Suppression
from engine.runtime.ledger.run_rows import LIVE
from engine.runtime.ledger.session import Lookup, Statement
from engine.runtime.ledger.suppressions import Suppressions

# ruff: noqa: S608 - the only words put into SQL here are our own

MARK = "not to be worked on"
"""The note of a copy, and of a ledger that was moved away: of the two that are alike, one is worked on."""
REASON = "due while the restored backup did not know what was sent"

_UNSURE = f"status IN {LIVE} AND paused_at IS NULL AND (due_at <= :now OR status IN ('held', 'sending', 'calling'))"
_FREE = Statement(f"""
    UPDATE runs SET lease_until = NULL, lease_by = NULL, poked_at = NULL, claims = 0,
        wake_at = CASE WHEN paused_at IS NULL THEN due_at END
    WHERE status IN {LIVE} AND (lease_until IS NOT NULL OR poked_at IS NOT NULL OR claims > 0)
""")
_TELL = Statement(f"""
    INSERT INTO story (run_id, n, at, step, kind, note, until, revision)
    SELECT id, (SELECT COALESCE(MAX(n), 0) + 1 FROM story WHERE run_id = runs.id), :now, step, 'pause', :reason,
        due_at, revision
    FROM runs WHERE {_UNSURE}
""")
_PAUSE = Statement(f"UPDATE runs SET paused_at = :now, wake_at = NULL WHERE {_UNSURE}")
_WHERE = Statement("""
    SELECT program, step, count(*), min(due_at) FROM runs WHERE paused_at = :now GROUP BY program, step
    ORDER BY program, min(due_at)
""")
_IDS = Statement("""
    SELECT id FROM runs WHERE program = :program AND paused_at = :at AND COALESCE(step, '') = :step
""")
_BY_HAND = Statement(f"SELECT count(*) FROM runs WHERE status IN {LIVE} AND paused_at IS NOT NULL")
_ERRANDS = Statement("""
    UPDATE outbox SET status = 'failed', error = :reason, done_at = :now WHERE status = 'pending'
""")
_ADD_SUPPRESSED = Statement("""
    INSERT INTO contacts (id, email, email_key, data, known, created_at, changed_at)
    VALUES (:id, :email, :email_key, :data, :known, :created_at, :changed_at) ON CONFLICT DO NOTHING
""")
_WHO = Lookup("SELECT email_key, id FROM contacts WHERE email_key IN :keys")
_NOBODY = Statement("DELETE FROM workers")
_NO_PACE = Statement("DELETE FROM paces")
_UNMARK = Statement("DELETE FROM notes WHERE name = :name")
_MARK = Statement("INSERT INTO notes (name, value) VALUES (:name, :value)")
_MARKED = Statement("SELECT value FROM notes WHERE name = :name")
# Without a mark: the newest thing that the ledger knows.
_NEWEST = Statement("""
    SELECT max(at) FROM (
        SELECT max(accepted_at) AS at FROM events UNION ALL SELECT max(at) FROM story
        UNION ALL SELECT max(tried_at) FROM emails UNION ALL SELECT max(created_at) FROM outbox
        UNION ALL SELECT max(loaded_at) FROM revisions UNION ALL SELECT max(seen_at) FROM workers
    ) AS moments
""")


@dataclass(frozen=True, slots=True)
class Mark:
    """Why a ledger is not worked on: it is a copy taken at a moment, or was moved to another place then.

    ``moved_from`` is the other side of a move that has not come to its end. ``taken`` is the moment of a copy that was
    moved on before it was put to use.
    """

    at: datetime
    moved_to: str | None = None
    moved_from: str | None = None
    taken: datetime | None = None

    @property
    def known(self) -> datetime:
        """The moment up to which the ledger knows what happened."""
        return self.taken or self.at

    def told(self, place: str) -> str:
        """For whoever starts busos on it."""
        when = f"{self.at:%Y-%m-%d %H:%M} UTC"
        if self.moved_from is not None:
            return (
                f"The ledger {place} was being moved here from {self.moved_from} at {when}, and the move did not come "
                "to its end, so nothing is worked on. Run busos ledger copy again, with the same two places. "
                f"If {self.moved_from} is lost: busos restore, without a file."
            )
        if self.moved_to is None:
            return (
                f"The ledger {place} is a copy, taken at {when}. It does not know what was sent since, so nothing is "
                "worked on. To put it to use: busos restore, without a file."
            )
        return (
            f"The ledger {place} was moved to {self.moved_to} at {when}. Point BUSOS_DATABASE_URL there. "
            "To go on here instead: busos restore, without a file."
        )

    def text(self) -> str:
        """As it is kept."""
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True, slots=True)
class Unsure:
    """Runs that stand before the same step, and may have done it."""

    program: str
    step: str | None
    runs: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """What was paused, and how many alerts and page updates were given up.

    ``known`` is the moment up to which the copy knows what happened, ``at`` the moment of the pause; ``before`` counts
    runs that stood still already.
    """

    known: datetime | None
    unsure: Sequence[Unsure]
    errands: int
    at: datetime
    before: int = 0

    @property
    def runs(self) -> int:
        """How many runs were paused."""
        return sum(one.runs for one in self.unsure)


read_mark = msgspec.json.Decoder(Mark).decode
"""The mark that a note holds."""


def _told_there(there: Suppression, here: Suppression) -> Suppression:
    return here.joined(there)


class Restored(Suppressions):
    """Statements about a copy that takes the place of a ledger."""

    def mark(self) -> Mark | None:
        """Why this ledger is not worked on; None for one that is."""
        row = self._first(_MARKED, name=MARK)
        return read_mark(row[0]) if row else None

    def put_mark(self, mark: Mark | None) -> None:
        """Say why this ledger is not worked on; None says that it is."""
        self._do(_UNMARK, name=MARK)
        if mark is not None:
            self._do(_MARK, name=MARK, value=mark.text())

    def newest(self) -> datetime | None:
        """The latest moment that the ledger knows of; None for an empty one."""
        row = self._all(_NEWEST)[0]
        return None if row[0] is None else instant(row[0])

    def put_to_use(self, now: datetime) -> Held:
        """Make a copy fit to be worked on: pause what may have been done since, give up alerts and page updates."""
        mark, at = self.mark(), millis(now)
        known = mark.known if mark else self.newest()
        before = self._all(_BY_HAND)[0][0]
        self._do(_FREE)
        self._do(_TELL, now=at, reason=REASON)
        self._do(_PAUSE, now=at)
        errands = self._do(_ERRANDS, now=at, reason=REASON)
        self._do(_NOBODY)
        self._do(_NO_PACE)
        self.put_mark(None)
        rows = self._all(_WHERE, now=at)
        unsure = [Unsure(row[0], row[1], row[2], instant_or_none(row[3])) for row in rows]
        return Held(known, unsure, errands, instant(at), before)

    def keep_suppressed(self, people: Sequence[tuple[Mapping[str, Any], Suppression]], now: datetime) -> int:
        """Take over contacts of another ledger that are suppressed there; how many were not so here.

        They are known by their address or by their id: who has another address here is the same person.
        """
        told = [(row["id"], row["email_key"], suppression) for row, suppression in people]
        keys = {key: contact for key, contact in self._lookup(_WHO, [key for _, key, _ in told])}  # noqa: C416
        before = len(self.suppressed_among(contact for pair in told for contact in (pair[0], keys.get(pair[1], ""))))
        self._many(_ADD_SUPPRESSED, [row for row, _ in people])
        keys = {key: contact for key, contact in self._lookup(_WHO, [key for _, key, _ in told])}  # noqa: C416
        for contact, key, suppression in told:
            both = {contact, keys.get(key, contact)}
            self.change_suppressions(both, partial(_told_there, suppression), now)
        self.take_over_suppressions({contact: [key] for key, contact in keys.items()}, now)
        return len(told) - before

    def keep_suppressed_addresses(self, rows: Mapping[str, Suppression], now: datetime) -> int:
        """The same for addresses that no contact had there; here one may."""
        ids = {key: contact for key, contact in self._lookup(_WHO, list(rows))}  # noqa: C416 - rows are no pairs to mypy
        known = self.suppressed_addresses(rows)
        for key, suppression in rows.items():
            if key in ids:
                self.change_suppressions([ids[key]], suppression.joined, now)
            else:
                self.suppress_address(key, suppression)
        return sum(1 for key in rows if key not in known and key not in ids)

    def unsure_runs(self, one: Unsure, at: datetime) -> list[str]:
        """Ids of the runs that were paused at that moment before this step."""
        return [row[0] for row in self._all(_IDS, program=one.program, step=one.step or "", at=millis(at))]
