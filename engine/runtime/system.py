"""The running engine, as the server and the shell see it: one object, safe to use from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

import structlog

from engine.adapters.guard import KEPT
from engine.errors import LedgerError
from engine.model import Playbook, RaiseAlert
from engine.ports import Clock
from engine.runtime import deliveries
from engine.runtime.acceptor import Acceptor
from engine.runtime.arrivals import Arrival, Receipt
from engine.runtime.bell import Bell
from engine.runtime.clock import Ids
from engine.runtime.crew import Crew
from engine.runtime.ledger import EmailRecord, Ledger, Suppression, Transaction
from engine.runtime.library import Library
from engine.runtime.neighbours import Neighbours
from engine.runtime.outage import Outage
from engine.runtime.outbox import alert_of
from engine.runtime.overdue import hold_overdue
from engine.runtime.recounting import Recounting
from engine.runtime.retention import Retention
from engine.runtime.settings import Settings
from engine.runtime.subscriptions import Subscriptions, subscriptions_of

log = structlog.get_logger(__name__)

LOOK_EVERY = 1.0
"""Seconds between looks at the file."""
ALIVE = timedelta(minutes=1)
"""A worker that showed no sign of life for so long counts as gone."""


@dataclass(frozen=True, slots=True)
class ShownEmail:
    """One email with what was rendered, for a page. ``at`` is when it was accepted, else last tried.

    ``status`` is asked, accepted (by the mailer's provider), kept (it never left this machine) or refused.
    """

    key: str
    at: datetime
    to: str
    subject: str
    template: str
    html: str
    text: str
    headers: Mapping[str, str]
    run_id: str
    step: str
    mailer: str
    status: str


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """One alert. ``status`` is waiting, sent, recorded (no Discord is configured) or failed."""

    at: datetime
    message: str
    title: str | None
    status: str
    error: str | None


@runtime_checkable
class Closable(Protocol):
    """Something that holds connections."""

    def close(self) -> None:
        """Let go of them."""
        ...


class System:
    """Everything that was wired together. ``start`` and ``stop`` it once."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        library: Library,
        acceptor: Acceptor,
        crew: Crew | None,
        neighbours: Neighbours,
        clock: Clock,
        bell: Bell,
        closing: Sequence[Closable] = (),
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.library = library
        self._edition = library.edition
        self.clock = clock
        self._acceptor = acceptor
        self._crew = crew
        self._neighbours = neighbours
        self._bell = bell
        self._closing = closing
        self._ended = threading.Event()
        self._outage = Outage(log, "housekeeping failed: the ledger is away")
        self._retention = Retention(ledger, clock, settings.keep_finished)
        self._recounting = Recounting(ledger, self.playbook, clock)
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self.clean = True

    def start(self) -> None:
        """Begin to accept, and (with a crew) to work."""
        self._neighbours.start()
        self._acceptor.start()
        if self._crew is not None:
            limit, revision = self.settings.hold_overdue, self.playbook().revision
            hold_overdue(self.ledger, self.clock.now(), limit, revision=revision)
            self._crew.start()
        self._keeper.start()

    def stop(self) -> None:
        """Finish what is in hand, then let go of everything.

        When something does not end in time, everything stays open for it and ``clean`` is False: then the process
        must end at once, which frees what it has in hand.
        """
        self._ended.set()
        self._acceptor.stop()
        self.clean = self._crew is None or self._crew.stop()
        if not self.clean:
            return
        self._keeper.join()
        self._neighbours.stop()
        for part in self._closing:
            part.close()
        self.ledger.close()

    # What the server asks

    def playbook(self) -> Playbook:
        """The file as it is now."""
        return self.library.playbook

    def submit(self, arrival: Arrival) -> Future[Receipt]:
        """Put an arrival on disk."""
        return self._acceptor.submit(arrival)

    def ready(self) -> Mapping[str, tuple[bool, str]]:
        """Each part that must work, whether it does, and a few words."""
        return {**self._ledger_ready(), "file": self._file_ready()}

    def outbox(self, *, limit: int, before: str | None, search: str | None) -> Sequence[ShownEmail]:
        """Emails, newest first."""
        with self.ledger.read() as tx:
            last = tx.email_by_key(before) if before else None
            records = tx.recent_emails(limit=limit, before=last.number if last else None, search=search or "")
        return [_shown(record, self.clock.now()) for record in records]

    def alerts(self, *, limit: int) -> Sequence[ShownAlert]:
        """Alerts, newest first."""
        sent = "sent" if self.settings.discord_configured else "recorded"
        words = {"pending": "waiting", "done": sent, "failed": "failed"}
        with self.ledger.read() as tx:
            items = [item for status in words for item in tx.list_outbox("alert", status, limit)]
        items.sort(key=lambda item: item.id, reverse=True)
        return [
            ShownAlert(item.created_at, _counted(alert), alert.title, words[item.status], item.error)
            for item in items[:limit]
            for alert in [alert_of(item.payload)]
        ]

    def email(self, key: str) -> ShownEmail | None:
        """One email by its key."""
        with self.ledger.read() as tx:
            record = tx.email_by_key(key)
        return _shown(record, self.clock.now()) if record else None

    def suppress(self, contact_id: str, reason: str, source: str = "unsubscribe link") -> None:
        """No marketing email goes to this contact any more; its runs end."""
        self.change_suppression(contact_id, lambda one, now: one.with_reason(reason, now, source))

    def subscriptions(self, contact_id: str) -> Subscriptions:
        """What a contact is subscribed to, of the file as it is now."""
        with self.ledger.read() as tx:
            return subscriptions_of(tx, self.playbook(), contact_id)

    def change_suppression(self, contact_id: str, change: Callable[[Suppression, datetime], Suppression]) -> None:
        """Change what stands against a contact; its runs look at once."""
        now = self.clock.now()

        def work(tx: Transaction) -> None:
            tx.change_suppressions([contact_id], lambda one: change(one, now), now)
            tx.poke([contact_id], now)

        self.ledger.transact(work)
        self._bell.ring()

    def deliver(self, document: Mapping[str, Any], message_id: str) -> bool:
        """Keep what the provider told of an email, and do what follows; False where it came before."""
        now, ids, key = self.clock.now(), Ids(), self.settings.secret_key or ""
        told = deliveries.read(document, message_id, now)
        new = self.ledger.transact(lambda tx: deliveries.take(tx, told, key, ids, now))
        self._bell.ring()
        return new

    # Housekeeping

    def _keep(self) -> None:
        while not self._ended.wait(LOOK_EVERY):
            try:
                self._reload()
                if self._crew is not None:
                    self._crew.heal()
                    self._retention.step()
                    if self._recounting.step():
                        self._bell.ring()
                self._outage.went_well()
            except LedgerError as error:
                self._outage.failed(error)
            except Exception:
                log.exception("housekeeping failed")

    def _reload(self) -> None:
        """Take over an edit of the file or of a template; what was held may be mended by it."""
        bad = bool(self.library.problems)
        if self.library.refresh():
            log.info("file reloaded", revision=self.playbook().revision)
        elif bad and not self.library.problems:
            log.info("file is good again", revision=self.playbook().revision)
        if self.library.edition == self._edition:
            return
        with self.ledger.write() as tx:
            woken = tx.wake_held(tx.programs(), self.clock.now())
        self._edition = self.library.edition  # not before: a ledger that is away must not make us forget the edit
        if woken:
            self._bell.ring()

    def _ledger_ready(self) -> Mapping[str, tuple[bool, str]]:
        now = self.clock.now()
        try:
            with self.ledger.write() as tx:
                tx.put_note("last readiness check", now.isoformat())
                seen = tx.workers_seen_since(now - ALIVE)
        except LedgerError as error:
            gone = (False, str(error))
            return {"ledger": gone, "queue": gone, "worker": (False, "not known")}
        worker = (True, f"{len(seen)} seen in the last minute") if seen else (False, "none seen: run busos worker")
        return {"ledger": (True, "writable"), "queue": (True, self._neighbours.line.state()), "worker": worker}

    def _file_ready(self) -> tuple[bool, str]:
        problems = self.library.problems
        if not problems:
            return True, f"revision {self.playbook().revision}"
        first, count = problems[0], "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        return False, f"{count}, the last good version runs: {first.file}:{first.line}: {first.message}"


def _counted(alert: RaiseAlert) -> str:
    """What it says, and for how many it stands."""
    return f"{alert.message} (the last of {alert.times:,} of this kind)" if alert.times > 1 else alert.message


def _shown(record: EmailRecord, now: datetime) -> ShownEmail:
    message = record.message
    return ShownEmail(
        key=record.key,
        at=record.accepted_at or record.tried_at or now,
        to=message.to,
        subject=message.subject,
        template=message.template,
        html=message.html,
        text=message.text,
        headers=message.headers,
        run_id=record.run_id,
        step=record.step,
        mailer=record.mailer,
        status="kept" if is_kept(record) else record.status,
    )


def is_kept(record: EmailRecord) -> bool:
    """Whether an accepted email never left: there is no mailer, or testing mode held it back."""
    return record.status == "accepted" and (record.mailer == "outbox" or record.provider_id == KEPT)
