"""Runs that want somebody's attention: paused, stuck, or overdue since so long that nobody should send unasked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.model import TRIGGER_PREFIX
from engine.runtime.ledger.control import STANDING_COLUMNS, Control, Standing, standing_of
from engine.runtime.ledger.encoding import instant_or_none, millis
from engine.runtime.ledger.records import ListedRun, email_key
from engine.runtime.ledger.run_rows import LIVE, RUN_COLUMNS_OF_R, run_of
from engine.runtime.ledger.session import Lookup, Statement
from engine.runtime.ledger.suppressions import Suppressions

# ruff: noqa: S608 - the only words put into SQL here are our own

_LISTED = f"SELECT {RUN_COLUMNS_OF_R}, r.paused_at, c.email FROM runs AS r JOIN contacts AS c ON c.id = r.contact_id"
_CLAIMED = _LISTED.replace("r.paused_at", "r.claims")
_PAUSED = Statement(f"""
    {_LISTED} WHERE r.program = :program AND r.paused_at IS NOT NULL AND r.status IN {LIVE}
    ORDER BY r.id DESC LIMIT :limit
""")
_WHY_PAUSED = Lookup("SELECT run_id, note FROM story WHERE run_id IN :keys AND kind = 'pause' ORDER BY run_id, n")
_WAITS = "r.wake_at <= :now AND r.due_at <= :late"


@dataclass(frozen=True, slots=True)
class Stuck:
    """A run that does not move, and how often it was taken by workers since it was last written down."""

    listed: ListedRun
    claims: int


@lru_cache(maxsize=8)
def _stuck(which: str, order: str, of_program: bool) -> Statement:
    program = " AND r.program = :program" if of_program else ""
    return Statement(f"{_CLAIMED} WHERE {which}{program} ORDER BY {order} LIMIT :limit")


_STUCK = (
    (f"{_WAITS} AND r.status <> 'sending'", "r.wake_at, r.id"),
    (f"{_WAITS} AND r.status = 'sending'", "r.wake_at, r.id"),
    # IS TRUE keeps Postgres, while it knows nothing of the rows yet, from walking all that live instead of these few.
    (f"r.claims > 1 AND (r.status IN {LIVE}) IS TRUE AND r.paused_at IS NULL", "r.id"),
)


def _pause_overdue(which: str) -> Statement:
    """A trigger is never paused: what came in is taken in."""
    return Statement(f"""
        UPDATE runs SET paused_at = :now, wake_at = NULL WHERE wake_at <= :before AND id IN (
            SELECT id FROM runs WHERE wake_at <= :before AND status {which} 'sending'
                AND substr(program, 1, {len(TRIGGER_PREFIX)}) <> '{TRIGGER_PREFIX}'
            ORDER BY wake_at, id LIMIT :limit
        ) RETURNING {STANDING_COLUMNS}
    """)


_PAUSE_OVERDUE = (_pause_overdue("<>"), _pause_overdue("="))


class Attention(Control, Suppressions):
    """Statements about runs that somebody should see."""

    def list_paused(self, programs: Iterable[str], *, email: str | None, limit: int) -> list[ListedRun]:
        """Paused runs of these programs, newest first."""
        wanted = list(programs)
        if email is not None:
            own = [one for one in self._of_address(email) if one.run.program in wanted and one.paused]
            return [ListedRun(one.run, email, one.paused_at) for one in reversed(own)][:limit]
        rows = [row for name in wanted for row in self._all(_PAUSED, program=name, limit=limit)]
        rows.sort(key=lambda row: str(row[0]), reverse=True)
        return [ListedRun(run_of(row), row[-1], instant_or_none(row[-2])) for row in rows[:limit]]

    def list_stuck(
        self, now: datetime, late: datetime, *, program: str | None, email: str | None, limit: int
    ) -> list[Stuck]:
        """Runs due by ``late`` that nobody has in hand, and runs claimed again and again; what is due first first."""
        if email is not None:
            own = [one for one in self._of_address(email) if program in (None, one.run.program)]
            found = [Stuck(ListedRun(one.run, email), one.claims) for one in own if one.stuck(now, late)]
        else:
            found = list(self._stuck_of(program, {"now": millis(now), "late": millis(late)}, limit))
        return sorted(found, key=lambda one: (one.listed.run.due_at or now, one.listed.run.id))[:limit]

    def why_paused(self, ids: Iterable[str]) -> dict[str, str]:
        """What the stories of these runs say about their latest pause."""
        return {row[0]: row[1] for row in self._lookup(_WHY_PAUSED, list(ids))}

    def pause_overdue(self, before: datetime, now: datetime, limit: int) -> list[Standing]:
        """Pause runs of sequences that have wanted to be looked at since ``before``, some of them at a time."""
        values = {"before": millis(before), "now": millis(now), "limit": limit}
        return [standing_of(row) for statement in _PAUSE_OVERDUE for row in self._all(statement, **values)]

    def _stuck_of(self, program: str | None, times: Mapping[str, Any], limit: int) -> Iterator[Stuck]:
        seen: set[str] = set()
        given = {"program": program} if program else {}
        for which, order in _STUCK:
            values = {**(times if which.startswith(_WAITS) else {}), **given, "limit": limit}
            for row in self._all(_stuck(which, order, bool(program)), **values):
                if row[0] not in seen:
                    yield Stuck(ListedRun(run_of(row), row[-1]), row[-2])
                seen.add(row[0])

    def _of_address(self, email: str) -> list[Standing]:
        contact = self.contacts_by_email([email]).get(email_key(email))
        return self.standings_of(contact.id) if contact else []
