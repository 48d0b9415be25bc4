"""Emails that go out in one request: the composition of a batch, and what becomes known of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.runtime.ledger.emails import Emails, record_of, result_row, select_emails
from engine.runtime.ledger.encoding import millis
from engine.runtime.ledger.records import BatchResult, EmailRecord, Lease
from engine.runtime.ledger.session import Lookup, Statement

_OF_BATCH = Statement(select_emails("e.batch = :batch ORDER BY e.number"))
_RUNS_OF_BATCH = Statement("SELECT run_id FROM emails WHERE batch = :batch")
# Only while it is of the batch: after a refusal another text may stand in its place.
_SETTLE = Statement("""
    UPDATE emails SET status = :status, provider_id = :provider_id, error = :error, accepted_at = :accepted_at,
        attempts = COALESCE(:attempts, attempts)
    WHERE run_id = :run_id AND step = :step AND batch = :batch AND status <> 'accepted'
""")
_LEAVE = Statement("""
    UPDATE emails SET batch = NULL WHERE run_id = :run_id AND step = :step AND batch = :batch AND status = 'asked'
""")
_VERSIONS_SQL = "SELECT id, version FROM runs WHERE id IN :keys ORDER BY id"
_VERSIONS = Lookup(_VERSIONS_SQL, postgresql=f"{_VERSIONS_SQL} FOR NO KEY UPDATE")


class Batches(Emails):
    """Statements about batches of emails."""

    def emails_of_batch(self, batch: str) -> list[EmailRecord]:
        """All emails of a batch, in the order in which they are sent; those that were accepted, too."""
        return [record_of(row) for row in self._all(_OF_BATCH, batch=batch)]

    def settle_batch(self, result: BatchResult, now: datetime) -> bool:
        """Write what became known; whether its emails could leave it, where they were to."""
        at = millis(now)
        self._many(_SETTLE, [{**result_row(one, at), "batch": result.batch} for one in result.results])
        if result.leases is not None and not self._untouched(result.batch, result.leases):
            return False
        self._many(_LEAVE, [{"run_id": p[0], "step": p[1], "batch": result.batch} for p in result.leaves])
        return True

    def _untouched(self, batch: str, leases: Sequence[Lease]) -> bool:
        """Whether nobody but these leases had any run of the batch in hand until now."""
        ours = dict(leases)
        versions = {row[0]: row[1] for row in self._lookup(_VERSIONS, sorted(ours))}
        return versions == ours and {row[0] for row in self._all(_RUNS_OF_BATCH, batch=batch)} <= ours.keys()
