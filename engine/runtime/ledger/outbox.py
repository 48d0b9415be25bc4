"""What is done apart from the runs: page updates, alerts and calls, with their own leases, tries and merging.

A page update says what a page should show, so a newer one for the same contact is merged into the one
that still waits: a vendor that is slow sees the latest state once, not its history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, get_args

from engine.runtime.ledger.encoding import instant, instant_or_none, json_object, json_text, millis, millis_or_none
from engine.runtime.ledger.records import OutboxItem, OutboxKind, OutboxResult
from engine.runtime.ledger.session import Lookup, Row, Session, Statement

# ruff: noqa: S608 - the only words put into SQL here are our own

_COLUMNS = "id, kind, target, payload, due_at, version, attempts, status, error, created_at, done_at"
LONGEST_LEASE = timedelta(hours=2)
"""Far longer than any: the clock may have been set back since it was given."""

# Whoever adds the same target first wins; the other waits for its end, and then finds the row.
_ADD = Statement(
    """
    INSERT INTO outbox (id, kind, target, payload, due_at, status, created_at)
    VALUES (:id, :kind, :target, :payload, :due_at, 'pending', :created_at) ON CONFLICT DO NOTHING
""",
    together=True,
)
_WAITING_SQL = "SELECT id, target, payload FROM outbox WHERE kind = :kind AND status = 'pending' AND target IN :keys"
_WAITING = Lookup(_WAITING_SQL, postgresql=f"{_WAITING_SQL} ORDER BY id FOR NO KEY UPDATE")
_MERGE = Statement("UPDATE outbox SET payload = :payload, changed = 1 WHERE id = :id", together=True)
_CLAIMED = """
    UPDATE outbox SET version = version + 1, attempts = attempts + 1, due_at = :until, changed = 0, lease_by = :by
    WHERE id
"""
_DUE = """
    SELECT id FROM outbox WHERE kind = :kind AND status = 'pending' AND due_at <= :now ORDER BY due_at, id LIMIT :limit
"""
_CLAIM = Statement(
    f"{_CLAIMED} IN ({_DUE}) RETURNING {_COLUMNS}",
    postgresql=f"{_CLAIMED} = ANY(ARRAY({_DUE} FOR NO KEY UPDATE SKIP LOCKED)) RETURNING {_COLUMNS}",
)
# IS TRUE keeps databases from reading all that is pending for it.
_OURS_SQL = "SELECT id, version, changed FROM outbox WHERE id IN :keys AND (status = 'pending') IS TRUE"
_OURS = Lookup(_OURS_SQL, postgresql=f"{_OURS_SQL} ORDER BY id FOR NO KEY UPDATE")
_SETTLE = Statement("""
    UPDATE outbox SET status = :status, due_at = COALESCE(:due_at, due_at), error = :error, done_at = :done_at,
        payload = COALESCE(:payload, payload), lease_by = NULL
    WHERE id = :id AND version = :version
""")
_AGAIN = Statement("""
    UPDATE outbox SET due_at = :due_at, changed = 0, attempts = 0, error = :error, lease_by = NULL
    WHERE id = :id AND version = :version
""")
_DROP = Lookup("""
    UPDATE outbox SET due_at = :now, lease_by = NULL
    WHERE kind = :kind AND status = 'pending' AND due_at > :now AND due_at < :later AND lease_by IN :keys RETURNING id
""")
_COUNTS = Statement("SELECT kind, status, count(*) FROM outbox GROUP BY kind, status")
_NEXT = Statement("""
    SELECT due_at FROM outbox WHERE kind = :kind AND status = 'pending' ORDER BY due_at LIMIT 1
""")
_THESE = Lookup(f"SELECT {_COLUMNS} FROM outbox WHERE id IN :keys")
_LIST = Statement(f"""
    SELECT {_COLUMNS} FROM outbox WHERE kind = :kind AND status = :status ORDER BY due_at DESC, id DESC LIMIT :limit
""")


def select_errands(where: str) -> str:
    """SQL for the errands of which this is true, as ``item_of`` reads them."""
    return f"SELECT {_COLUMNS} FROM outbox WHERE {where}"


def item_of(row: Row) -> OutboxItem:
    """An errand as it is stored."""
    return OutboxItem(
        id=row[0],
        kind=row[1],
        target=row[2],
        payload=json_object(row[3]),
        due_at=instant(row[4]),
        version=row[5],
        attempts=row[6],
        status=row[7],
        error=row[8],
        created_at=instant(row[9]),
        done_at=instant_or_none(row[10]),
    )


TIMES = "times"
"""The member of an errand's payload that counts how many it stands for."""


def _in_one(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Both errands in one, which stands for as many as both did."""
    both = _merged(old, new)
    return {**both, TIMES: old.get(TIMES, 1) + new[TIMES]} if TIMES in new else both


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Both objects in one: what the new one says wins, objects inside objects are merged too."""
    result = dict(old)
    for name, value in new.items():
        before = result.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            result[name] = _merged(before, value)
        else:
            result[name] = value
    return result


def _add_row(item: OutboxItem) -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind,
        "target": item.target,
        "payload": json_text(item.payload),
        "due_at": millis(item.due_at),
        "created_at": millis(item.created_at),
    }


def _settle_row(result: OutboxResult, now: int) -> dict[str, Any]:
    return {
        "id": result.id,
        "version": result.version,
        "status": "pending" if result.outcome == "retry" else result.outcome,
        "due_at": millis_or_none(result.due_at),
        "error": result.error,
        "payload": None if result.payload is None else json_text(result.payload),
        "done_at": None if result.outcome == "retry" else now,
    }


class Outbox(Session):
    """Statements about what waits to be told to the outside."""

    def push(self, items: Sequence[OutboxItem]) -> None:
        """Add items; one whose target has a pending item of the kind is merged into that, which keeps its due time."""
        for kind in sorted({item.kind for item in items}):
            mine = [item for item in items if item.kind == kind]
            self._many(_ADD, [_add_row(item) for item in mine if item.target is None])
            self._push_targets(kind, _by_target(mine))

    def _push_targets(self, kind: OutboxKind, wanted: dict[str, OutboxItem]) -> None:
        """Add or merge, always in the same order, so that two who push the same targets do not deadlock.

        What waits may be carried out by others before it can be merged into: then the target is free again.
        """
        while wanted:
            self._many(_ADD, [_add_row(wanted[target]) for target in sorted(wanted)])
            rows = list(self._lookup(_WAITING, sorted(wanted), kind=kind))
            waiting = [(row, wanted.pop(row[1])) for row in rows]
            merged = [
                (row[0], _in_one(json_object(row[2]), item.payload)) for row, item in waiting if row[0] != item.id
            ]
            self._many(_MERGE, [{"id": row_id, "payload": json_text(payload)} for row_id, payload in merged])

    def claim_outbox(
        self, kind: OutboxKind, now: datetime, lease: timedelta, limit: int, *, by: int | None = None
    ) -> list[OutboxItem]:
        """Take up to ``limit`` due items until ``now + lease``, oldest first; the try is counted now."""
        rows = self._all(_CLAIM, kind=kind, now=millis(now), until=millis(now + lease), limit=limit, by=by)
        return sorted(map(item_of, rows), key=lambda item: (item.created_at, item.id))

    def drop_errands(self, workers: Iterable[int], now: datetime) -> set[str]:
        """Take back what workers had in hand that are no more; the ids of those items, which are due now."""
        numbers, values = list(workers), {"now": millis(now), "later": millis(now + LONGEST_LEASE)}
        return {row[0] for kind in get_args(OutboxKind) for row in self._lookup(_DROP, numbers, kind=kind, **values)}

    def settle_outbox(self, results: Sequence[OutboxResult], now: datetime) -> set[str]:
        """Write what tries came to, where the item is still ours: the ids of those.

        An item into which more was merged meanwhile is not over, whether it was done or failed: it is due again.
        """
        asked = {result.id: result for result in results}
        rows = [row for row in self._lookup(_OURS, list(asked)) if asked[row[0]].version == row[1]]
        at = millis(now)
        over = [asked[row[0]] for row in rows if not row[2] or asked[row[0]].outcome == "retry"]
        again = [asked[row[0]] for row in rows if row[2] and asked[row[0]].outcome != "retry"]
        self._many(_SETTLE, [_settle_row(result, at) for result in over])
        self._many(_AGAIN, [{"id": r.id, "version": r.version, "due_at": at, "error": r.error} for r in again])
        return {row[0] for row in rows}

    def next_outbox_due(self, kind: OutboxKind, now: datetime) -> datetime | None:
        """When the next item of a kind wants to be claimed, ``now`` at the earliest; None when there is none."""
        row = self._first(_NEXT, kind=kind)
        return max(now, instant(row[0])) if row else None

    def list_outbox(self, kind: OutboxKind, status: str, limit: int = 50) -> list[OutboxItem]:
        """Items of a kind in a status, those due last first."""
        return [item_of(row) for row in self._all(_LIST, kind=kind, status=status, limit=limit)]

    def errands(self, ids: Iterable[str]) -> list[OutboxItem]:
        """The items with these ids, as far as there are any."""
        return [item_of(row) for row in self._lookup(_THESE, list(ids))]

    def outbox_counts(self) -> dict[tuple[str, str], int]:
        """How many items there are, by (kind, status)."""
        return {(kind, status): n for kind, status, n in self._all(_COUNTS)}


def _by_target(items: Sequence[OutboxItem]) -> dict[str, OutboxItem]:
    """One item for each target, those for the same one joined in order."""
    found: dict[str, OutboxItem] = {}
    for item in items:
        if item.target is not None:
            found[item.target] = _joined(found[item.target], item) if item.target in found else item
    return found


def _joined(first: OutboxItem, second: OutboxItem) -> OutboxItem:
    return OutboxItem(
        id=first.id,
        kind=first.kind,
        target=first.target,
        payload=_in_one(first.payload, second.payload),
        due_at=min(first.due_at, second.due_at),
        created_at=first.created_at,
    )
