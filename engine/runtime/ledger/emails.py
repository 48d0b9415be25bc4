"""Every email that was ever asked for: stored before its first try, once for each run and step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.runtime.ledger.encoding import instant, instant_or_none, message_bytes, message_from, millis, millis_or_none
from engine.runtime.ledger.records import EmailRecord, EmailResult, Pair, email_key
from engine.runtime.ledger.session import Lookup, Row, Session, Statement

_SELECT = """
    SELECT e.run_id, e.step, e.key, e.contact_id, e.mailer, m.body, e.status, e.attempts, e.first_tried_at,
        e.tried_at, e.accepted_at, e.provider_id, e.error, e.number, e.batch
    FROM emails AS e JOIN messages AS m ON m.number = e.number
"""
_PUT = Statement(
    """
    INSERT INTO emails (run_id, step, key, contact_id, to_key, template, mailer, status, attempts,
        first_tried_at, tried_at, accepted_at, provider_id, error, batch)
    VALUES (:run_id, :step, :key, :contact_id, :to_key, :template, :mailer, :status, :attempts,
        :first_tried_at, :tried_at, :accepted_at, :provider_id, :error, :batch)
    ON CONFLICT (run_id, step) DO NOTHING
""",
    together=True,
)
_PUT_MESSAGE = Statement(
    """
    INSERT INTO messages (number, body)
    SELECT number, :body FROM emails WHERE run_id = :run_id AND step = :step
    ON CONFLICT (number) DO NOTHING
""",
    together=True,
)
_REFUSED = "run_id = :run_id AND step = :step AND status = 'refused'"
_FORGET_MESSAGE = Statement(
    f"DELETE FROM messages WHERE number IN (SELECT number FROM emails WHERE {_REFUSED})"  # noqa: S608 - our own words
)
_FORGET = Statement(f"DELETE FROM emails WHERE {_REFUSED}")  # noqa: S608 - our own words
_OF_RUNS = Lookup(f"{_SELECT} WHERE e.run_id IN :keys ORDER BY e.number")
_BY_KEY = Statement(f"{_SELECT} WHERE e.key = :key")
_TO = Statement(f"{_SELECT} WHERE e.to_key = :to_key ORDER BY e.number DESC")
_TRIED = Statement(
    """
    UPDATE emails SET attempts = attempts + 1, tried_at = :now, first_tried_at = COALESCE(first_tried_at, :now),
        batch = COALESCE(batch, :batch)
    WHERE run_id = :run_id AND step = :step
""",
    together=True,
)
_UNTRIED = Statement("""
    UPDATE emails SET attempts = attempts - 1 WHERE run_id = :run_id AND step = :step AND attempts > 0
""")
# What was accepted stays accepted: a late answer to an older try cannot take it back.
_SETTLE = Statement(
    """
    UPDATE emails SET status = :status, provider_id = :provider_id, error = :error, accepted_at = :accepted_at,
        attempts = COALESCE(:attempts, attempts)
    WHERE run_id = :run_id AND step = :step AND status <> 'accepted'
""",
    together=True,
)
_EMAILED = Lookup("""
    SELECT to_key, run_id, step, COALESCE(accepted_at, tried_at) FROM emails
    WHERE to_key IN :keys AND status IN ('accepted', 'asked') AND COALESCE(accepted_at, tried_at) > :since
    ORDER BY number
""")
_COUNTS = Statement("SELECT status, count(*) FROM emails GROUP BY status")
_FILTERS = {
    "before": "e.number < :before",
    "mailer": "e.mailer = :mailer",
    "search": "(e.to_key LIKE :search ESCAPE '!' OR e.template LIKE :search ESCAPE '!')",
}


@lru_cache(maxsize=16)
def _recent(filters: tuple[str, ...]) -> Statement:
    where = " AND ".join(_FILTERS[name] for name in filters) or "1 = 1"
    return Statement(f"{_SELECT} WHERE {where} ORDER BY e.number DESC LIMIT :limit")


def _anywhere(search: str) -> str:
    """A LIKE pattern for a text that may hold the signs that LIKE reads."""
    for sign in "!%_":
        search = search.replace(sign, f"!{sign}")
    return f"%{email_key(search)}%"


def select_emails(where: str) -> str:
    """SQL for the emails of which this is true, as ``record_of`` reads them."""
    return f"{_SELECT} WHERE {where}"


def record_of(row: Row) -> EmailRecord:
    """An email as it is stored."""
    return EmailRecord(
        run_id=row[0],
        step=row[1],
        key=row[2],
        contact_id=row[3],
        mailer=row[4],
        message=message_from(row[5]),
        status=row[6],
        attempts=row[7],
        first_tried_at=instant_or_none(row[8]),
        tried_at=instant_or_none(row[9]),
        accepted_at=instant_or_none(row[10]),
        provider_id=row[11],
        error=row[12],
        number=row[13],
        batch=row[14],
    )


def _row(record: EmailRecord) -> dict[str, Any]:
    return {
        "run_id": record.run_id,
        "step": record.step,
        "key": record.key,
        "contact_id": record.contact_id,
        "to_key": email_key(record.message.to),
        "template": record.message.template,
        "mailer": record.mailer,
        "status": record.status,
        "attempts": record.attempts,
        "first_tried_at": millis_or_none(record.first_tried_at),
        "tried_at": millis_or_none(record.tried_at),
        "accepted_at": millis_or_none(record.accepted_at),
        "provider_id": record.provider_id,
        "error": record.error,
        "batch": record.batch,
    }


def result_row(result: EmailResult, now: int) -> dict[str, Any]:
    """What a try came to, as the statements take it."""
    return {
        "run_id": result.run_id,
        "step": result.step,
        "status": result.status,
        "provider_id": result.provider_id,
        "error": result.error,
        "attempts": result.attempts,
        "accepted_at": now if result.status == "accepted" else None,
    }


class Emails(Session):
    """Statements about emails."""

    def put_emails(self, records: Sequence[EmailRecord]) -> int:
        """Store emails before their first try; a (run, step) that has one keeps the one it has. How many are new."""
        new = self._many(_PUT, [_row(record) for record in records])
        bodies = [{"run_id": r.run_id, "step": r.step, "body": message_bytes(r.message)} for r in records]
        self._many(_PUT_MESSAGE, bodies)
        return new

    def forget_refused(self, pairs: Iterable[Pair]) -> None:
        """Make room for another rendering of emails that were refused; others stay as they are."""
        rows = [{"run_id": run_id, "step": step} for run_id, step in pairs]
        self._many(_FORGET_MESSAGE, rows)
        self._many(_FORGET, rows)

    def emails(self, pairs: Iterable[Pair]) -> dict[Pair, EmailRecord]:
        """Emails by (run id, step)."""
        wanted = set(pairs)
        rows = self._lookup(_OF_RUNS, list({run_id for run_id, _ in wanted}))
        return {(row[0], row[1]): record_of(row) for row in rows if (row[0], row[1]) in wanted}

    def emails_of_run(self, run_id: str) -> list[EmailRecord]:
        """Every email of a run, oldest first."""
        return [record_of(row) for row in self._lookup(_OF_RUNS, [run_id])]

    def tried(self, pairs: Iterable[Pair], now: datetime, batches: Mapping[Pair, str] | None = None) -> None:
        """These emails are tried now, once more; some for the first time in a batch."""
        at, joined = millis(now), batches or {}
        rows = [{"run_id": pair[0], "step": pair[1], "now": at, "batch": joined.get(pair)} for pair in pairs]
        self._many(_TRIED, rows)

    def untried(self, pairs: Iterable[Pair]) -> None:
        """These emails were not tried after all."""
        self._many(_UNTRIED, [{"run_id": run_id, "step": step} for run_id, step in pairs])

    def settle_emails(self, results: Sequence[EmailResult], now: datetime) -> None:
        """Write what tries came to; an email that was accepted stays so."""
        self._many(_SETTLE, [result_row(result, millis(now)) for result in results])

    def email_by_key(self, key: str) -> EmailRecord | None:
        """The email with this idempotency key."""
        row = self._first(_BY_KEY, key=key)
        return record_of(row) if row else None

    def emails_to(self, address: str) -> list[EmailRecord]:
        """Every email to an address, newest first."""
        return [record_of(row) for row in self._all(_TO, to_key=email_key(address))]

    def emailed(self, addresses: Iterable[str], since: datetime) -> dict[str, list[tuple[str, str, datetime]]]:
        """What went out since, or may have, by ``email_key``: the run, the step, and when."""
        found: dict[str, list[tuple[str, str, datetime]]] = {}
        keys = list({email_key(address) for address in addresses})
        for who, run_id, step, at in self._lookup(_EMAILED, keys, since=millis(since)):
            found.setdefault(who, []).append((run_id, step, instant(at)))
        return found

    def recent_emails(
        self, *, limit: int = 50, before: int | None = None, search: str = "", mailer: str | None = None
    ) -> list[EmailRecord]:
        """Emails, newest first. ``before`` is the last number of the page before.

        ``search`` is a part of the address or of the template's name.
        """
        asked = {"before": before, "mailer": mailer, "search": _anywhere(search) if search else None}
        given = {name: value for name, value in asked.items() if value is not None}
        return [record_of(row) for row in self._all(_recent(tuple(given)), limit=limit, **given)]

    def email_counts(self) -> dict[str, int]:
        """How many emails there are, by status."""
        return {row[0]: row[1] for row in self._all(_COUNTS)}
