"""Emails of which nobody knows whether they are out, and whose keys the provider has forgotten: it is asked for them.

What it surely has counts as sent. What it surely never took is as if it had not been tried. What it cannot tell stays
in doubt, and is held for a person to decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from engine.model import Accepted, Run, Tick
from engine.patience import KEY_MEMORY
from engine.ports import Found, Mailer, NeverTaken, Sought
from engine.runtime.ledger import BatchResult, EmailRecord, EmailResult, Ledger, Pair, Transaction
from engine.runtime.post import Turn, settled

log = structlog.get_logger(__name__)

Stored = Mapping[Pair, EmailRecord]


def cleared(
    ledger: Ledger, mailer: Mailer, turns: Sequence[Turn], stored: Stored, now: datetime
) -> tuple[Sequence[Turn], Stored]:
    """The turns and the emails that were asked for, with what the provider knows of the old doubts among them."""
    old = {
        pair: record
        for turn in turns
        if (pair := _pair(turn.run)) in stored
        for record in [stored[pair]]
        if forgotten(turn, record, mailer.name, now)
    }
    looked = look_up(ledger, mailer, old, now) if old else {}
    found = {pair: answer for pair, answer in looked.items() if answer is not None}
    if not found:
        return turns, stored
    runs = {pair: turn.run for turn in turns if (pair := _pair(turn.run)) in found}
    with ledger.write() as tx:
        for pair, answer in found.items():
            _write(tx, old[pair], runs[pair], answer, now)
    known = {pair: _known(old[pair], runs[pair], answer) for pair, answer in found.items()}
    sure = {pair for pair, answer in found.items() if isinstance(answer, NeverTaken)}
    return [_freed(turn) if _pair(turn.run) in sure else turn for turn in turns], {**stored, **known}


def forgotten(turn: Turn, record: EmailRecord, mailer: str, now: datetime) -> bool:
    """Whether it may be out, and asking again could send it twice. Only the mailer that had it can tell."""
    run = turn.run
    if not isinstance(turn.event, Tick) or record.status != "asked" or record.mailer != mailer:
        return False
    doubtful = run.in_doubt or record.attempts > run.attempt or record.batch is not None
    return doubtful and run.asked_at is not None and now - run.asked_at > KEY_MEMORY


def look_up(
    ledger: Ledger, mailer: Mailer, records: Mapping[Pair, EmailRecord], now: datetime, last: datetime | None = None
) -> dict[Pair, Found]:
    """What the provider says of each. ``last`` is when they were last tried, where that is not their own to say."""
    with ledger.read() as tx:
        sought = [_sought(tx, record, now, last or record.tried_at) for record in records.values()]
    try:
        found = mailer.look_up(sought)
    except Exception:
        log.exception("mailer failed", mailer=mailer.name, sought=len(sought))
        found = [None] * len(sought)
    return dict(zip(records, found, strict=True))


def _sought(tx: Transaction, record: EmailRecord, now: datetime, last: datetime | None) -> Sought:
    others = {one.provider_id for one in tx.emails_to(record.message.to) if one.key != record.key and one.provider_id}
    first = record.first_tried_at or now
    return Sought(
        message=record.message,
        first=max(now - first, timedelta()),
        last=max(now - (last or first), timedelta()),
        others=frozenset(others),
    )


def _write(tx: Transaction, record: EmailRecord, run: Run, answer: Accepted | NeverTaken, now: datetime) -> None:
    if isinstance(answer, Accepted):
        tx.settle_emails([settled(_pair(run), answer)], now)
        return
    untried = EmailResult(run_id=record.run_id, step=record.step, status="asked", attempts=run.attempt)
    tx.settle_emails([untried], now)
    if record.batch is not None:
        tx.settle_batch(BatchResult(batch=record.batch, leaves=(_pair(run),)), now)


def _known(record: EmailRecord, run: Run, answer: Accepted | NeverTaken) -> EmailRecord:
    if isinstance(answer, Accepted):
        return record.evolve(status="accepted", provider_id=answer.provider_id)
    return record.evolve(batch=None, attempts=run.attempt)


def _freed(turn: Turn) -> Turn:
    return turn.evolve(run=turn.run.evolve(in_doubt=False, asked_at=None))


def _pair(run: Run) -> Pair:
    return run.id, run.step or ""
