"""After a downtime, or with an old backup: what is overdue since long is paused, and a person decides about it.

The ledger knows when somebody last worked on it. Where that is long ago, emails may be due that nobody wants any
more, or that the ledger this one is an old copy of has sent already. What fell due recently goes on by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog

from engine.model import Entry, RaiseAlert
from engine.runtime.clock import Ids
from engine.runtime.ledger import Ledger, Transaction
from engine.runtime.ledger.control import Standing
from engine.runtime.ledger.encoding import json_object, json_text
from engine.runtime.lengths import counted, in_words
from engine.runtime.outbox import alert_item

log = structlog.get_logger(__name__)

SIGN = "last sign of life"
"""The note that says when somebody last worked on the ledger: workers that ended are forgotten."""
HELD = "runs held when busos came back"
"""The note that counts them until they are told of."""
PAGE = 500
MOST_NAMED = 5
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def show_life(tx: Transaction, now: datetime) -> None:
    """Somebody works on this ledger now."""
    tx.put_note(SIGN, now.isoformat())


def hold_overdue(ledger: Ledger, now: datetime, limit: timedelta | None, *, revision: str) -> int:
    """Before anybody works: pause what is overdue by more than ``limit``, if nobody worked for so long. How many runs.

    ``limit`` None holds nothing. Repeating it does no harm, so a start that is killed half way is simply repeated.
    """
    with ledger.read() as tx:
        seen = _last_sign(tx)
    if limit is None or seen is None or now - seen <= limit:
        return 0
    while _hold(ledger, now, limit, revision):
        pass
    return _tell(ledger, now, now - seen, limit)


def _last_sign(tx: Transaction) -> datetime | None:
    noted = tx.note(SIGN)
    signs = [worker.seen_at for worker in tx.workers_seen_since(_EVER)[:1]]
    signs += [datetime.fromisoformat(noted)] if noted else []
    return max(signs, default=None)


def _hold(ledger: Ledger, now: datetime, limit: timedelta, revision: str) -> bool:
    """Pause some of them, and note how many; whether there were any."""

    def work(tx: Transaction) -> bool:
        page = tx.pause_overdue(now - limit, now, PAGE)
        if page:
            tx.tell(list(_lines(page, now)), revision)
            held = _noted(tx) + Counter(one.run.program for one in page)
            tx.put_note(HELD, json_text(held))
        return bool(page)

    return ledger.transact(work)


def _tell(ledger: Ledger, now: datetime, away: timedelta, limit: timedelta) -> int:
    """One alert about all of them, those of a start that was killed half way included."""
    with ledger.write() as tx:
        held = _noted(tx)
        if held:
            tx.push([alert_item(Ids().new(now), _alert(held, away, limit), now)])
            tx.put_note(HELD, None)
            log.warning("held what was overdue", runs=held.total(), away=in_words(away))
    return held.total()


def _noted(tx: Transaction) -> Counter[str]:
    found = tx.note(HELD)
    return Counter(json_object(found)) if found else Counter()


def _lines(page: Iterable[Standing], now: datetime) -> Iterable[tuple[str, Entry]]:
    for one in page:
        note = f"overdue by {in_words(now - (one.run.due_at or now))} when busos came back"
        yield one.run.id, Entry(at=now, step=one.run.step, kind="pause", note=note, until=one.run.due_at)


def _alert(held: Counter[str], away: timedelta, limit: timedelta) -> RaiseAlert:
    """How many, and the commands that let them go on."""
    names = sorted(held, key=lambda name: (-held[name], name))[:MOST_NAMED]
    commands = " · ".join(f"busos runs resume --sequence {name} --overdue spread 2 hours" for name in names)
    late = f"overdue by more than {in_words(limit)}"
    message = (
        f"busos was away for {in_words(away)}. {counted(held.total(), 'run')}, {late}, stand still until somebody "
        f"decides. Look at them: busos runs list --paused. Let them go on: {commands} "
        "(or --overdue now, or --overdue shift). End them: busos runs stop."
    )
    return RaiseAlert(message=message, topic="overdue when busos came back", title="Overdue runs", colour="orange")
