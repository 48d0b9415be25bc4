"""How a run becomes a row and a row a run, for every statement that touches runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.model import EMPTY, Run, RunStatus
from engine.runtime.ledger.encoding import (
    instant,
    instant_or_none,
    instants,
    instants_text,
    json_object,
    json_text,
    millis,
    millis_or_none,
)
from engine.runtime.ledger.session import Row

RUN_COLUMNS = (
    "id, program, contact_id, status, step, since, due_at, started_at, event_id, segment, "
    "attempt, asked_at, in_doubt, skipping, reason, ended_at, version, "
    "key, given, elsewhere, pinned"
)
RUN_COLUMNS_OF_R = ", ".join(f"r.{name}" for name in RUN_COLUMNS.split(", "))
LIVE = "('ready', 'waiting', 'sending', 'calling', 'held')"
_STATUS = {status.value: status for status in RunStatus}


def run_of(row: Row) -> Run:
    """The run in a row that begins with ``RUN_COLUMNS``."""
    return Run(
        id=row[0],
        program=row[1],
        contact_id=row[2],
        status=_STATUS[row[3]],
        step=row[4],
        since=instant(row[5]),
        due_at=instant_or_none(row[6]),
        started_at=instant(row[7]),
        event_id=row[8],
        segment=row[9],
        attempt=row[10],
        asked_at=instant_or_none(row[11]),
        in_doubt=bool(row[12]),
        skipping=bool(row[13]),
        reason=row[14],
        ended_at=instant_or_none(row[15]),
        version=row[16],
        key=row[17],
        given=json_object(row[18]) if row[18] else EMPTY,
        elsewhere=instants(row[19]),
        pinned=row[20],
    )


def standing(run: Run) -> dict[str, Any]:
    """What changes in a run while it lives. A run that has ended is never due."""
    return {
        "id": run.id,
        "status": run.status.value,
        "step": run.step,
        "since": millis(run.since),
        "due_at": None if run.status.ended else millis_or_none(run.due_at),
        "segment": run.segment,
        "attempt": run.attempt,
        "asked_at": millis_or_none(run.asked_at),
        "in_doubt": int(run.in_doubt),
        "skipping": int(run.skipping),
        "reason": run.reason,
        "ended_at": millis_or_none(run.ended_at),
        "version": run.version,
    }


def birth(run: Run, revision: int, *, paused: bool) -> dict[str, Any]:
    """The whole row of a new run; one of a program that is paused is so from the beginning."""
    row = standing(run)
    return {
        **row,
        "program": run.program,
        "contact_id": run.contact_id,
        "started_at": millis(run.started_at),
        "event_id": run.event_id,
        "wake_at": None if paused else row["due_at"],
        "paused_at": millis(run.started_at) if paused else None,
        "revision": revision,
        "key": run.key,
        "given": given_text(run),
        "elsewhere": instants_text(run.elsewhere),
        "pinned": revision if run.pinned is not None else None,
    }


def given_text(run: Run) -> str | None:
    """The values that a run keeps as the text of a column."""
    return json_text(run.given) if run.given else None


def settled(run: Run, poked_at: int | None, paused: bool, lease_until: datetime | None) -> dict[str, Any]:
    """The row after a decision: with its lease kept until a moment, or given back.

    A poke that came while the run was in hand pulls its due time forward, unless the run waits for an
    answer: asking again sooner than the provider wants helps nobody. A run that was paused in our hands is
    given back, and wakes nobody.
    """
    row = standing(run)
    due = row["due_at"]
    if poked_at is not None and due is not None and run.status is not RunStatus.SENDING:
        due = row["due_at"] = min(due, poked_at)
    held = None if due is None or paused else millis_or_none(lease_until)
    row["lease_until"] = held
    row["wake_at"] = None if due is None or paused else due if held is None else max(due, held)
    row["poked_at"] = None if held is None else poked_at
    row["kept"] = int(held is not None)
    return row
