"""The drills: one kind of trouble each, what it needs, and what must hold beyond the invariants of every trial."""

from __future__ import annotations

from benchmarks.survive.drills import hosts, mailer, queue, store
from benchmarks.survive.drills.drill import Drill
from benchmarks.survive.drills.usual import calm, short_lived, usual

__all__ = ["DRILLS", "Drill", "usual"]

DRILLS: dict[str, Drill] = {
    drill.name: drill
    for drill in (
        calm,
        short_lived,
        mailer.accept_then_drop,
        mailer.vendor_down,
        mailer.throttled,
        mailer.quota,
        mailer.garbage,
        mailer.key_revoked,
        mailer.poison,
        mailer.template_edited,
        store.sqlite_locked,
        store.postgres_restarted,
        store.postgres_cut,
        queue.redis_flushed,
        queue.redis_away,
        queue.redis_hostile,
        hosts.two_hosts,
    )
}
