"""The mirror: contacts shown in Notion, and what people change there read back and obeyed.

Our tables are the truth; the page is a view. Each page is remembered as it last looked, so that a value
which differs from that was changed by a person, and one that does not was not. Reading back asks for all
pages edited since the last look, in one question for everybody: that is why it can happen before every
batch of steps and still keep to the vendor's rate. Our own writes are edits too, so a page that was there
before us is read back right after we first wrote on it. It never delays an email by more than one call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from engine.computing import with_computed
from engine.model import Contact, FieldType, Playbook, Refused, Retry, Value, Values, Vocabulary
from engine.payloads import takes
from engine.ports import Clock, Mirror, Mirrored, PageState, PageUpdate
from engine.runtime.ledger import Ledger, MirrorRecord, OutboxItem, OutboxKind, Transaction, email_key
from engine.runtime.outbox import Unawaited
from engine.scene import with_segment

log = structlog.get_logger(__name__)

LOOK_EVERY = timedelta(seconds=15)
AFTER_A_FAULT = timedelta(seconds=60)
OVERLAP = timedelta(minutes=2)
"""Notion tells edits by the whole minute (``limits.json``, timestamps): look a little further back."""
SINCE = "mirror read back since"


class MirrorErrand(Unawaited):
    """Writes contacts' pages."""

    kind: OutboxKind = "mirror"
    batch = 10

    def __init__(
        self, ledger: Ledger, mirror: Callable[[], Mirror], playbook: Callable[[], Playbook], clock: Clock
    ) -> None:
        self._ledger = ledger
        self._mirror = mirror
        self._playbook = playbook
        self._clock = clock

    def run(self, items: Sequence[OutboxItem]) -> Sequence[Mirrored | Retry | Refused]:
        """Write the page of each item's contact, as the contact is now."""
        return [self._write(item) for item in items]

    def _write(self, item: OutboxItem) -> Mirrored | Retry | Refused:
        contact_id = item.target or ""
        with self._ledger.read() as tx:
            contact = tx.contacts([contact_id]).get(contact_id)
            page = tx.mirrored([contact_id]).get(contact_id)
        if contact is None:
            return Refused(reason="the contact is gone")
        mirror, values = self._mirror(), _unshown(self._playbook(), contact, page)
        answer = mirror.write(
            PageUpdate(
                contact_id=contact_id,
                email=contact.email,
                values=values,
                progress=item.payload.get("progress", {}),
                page_id=page.page_id if page else None,
            )
        )
        if isinstance(answer, Mirrored):
            self._remember(contact_id, answer.page_id, mirror.shown(values))
        return answer

    def _remember(self, contact_id: str, page_id: str, shown: Values) -> None:
        now = self._clock.now()

        def work(tx: Transaction) -> None:
            tx.lock_contacts([contact_id])  # others read the same page back
            before = tx.mirrored([contact_id]).get(contact_id)
            all_shown = {**(before.shown if before else {}), **shown}
            tx.put_mirrored([MirrorRecord(contact_id=contact_id, page_id=page_id, shown=all_shown, seen_at=now)])

        self._ledger.transact(work)


def _unshown(playbook: Playbook, contact: Contact, page: MirrorRecord | None) -> Values:
    """What the page does not show yet. The rest is left alone: a person may be changing it right now."""
    mapped = [name for name, field in playbook.vocabulary.fields.items() if field.notion]
    values = with_computed(playbook.vocabulary, contact.values)
    if page is None:
        return {name: values[name] for name in mapped if values.get(name) is not None}
    return {name: values.get(name) for name in mapped if not _same(values.get(name), page.shown.get(name))}


class ReadBack:
    """Brings what people changed in the mirror into the contacts."""

    def __init__(
        self, ledger: Ledger, mirror: Callable[[], Mirror], playbook: Callable[[], Playbook], clock: Clock
    ) -> None:
        self._ledger = ledger
        self._mirror = mirror
        self._playbook = playbook
        self._clock = clock
        self._lock = threading.Lock()
        self._next: datetime | None = None

    def refresh(self) -> None:
        """Look for edits, unless somebody has just looked or is looking now. Never raises."""
        now = self._clock.now()
        if (self._next is not None and now < self._next) or not self._lock.acquire(blocking=False):
            return
        try:
            self._next = now + (LOOK_EVERY if self._look(now) else AFTER_A_FAULT)
        except Exception:
            log.exception("mirror not read back")
            self._next = now + AFTER_A_FAULT
        finally:
            self._lock.release()

    def _look(self, now: datetime) -> bool:
        with self._ledger.read() as tx:
            told = tx.note(SINCE)
        found = self._mirror().changes(datetime.fromisoformat(told) if told else now - OVERLAP)
        if isinstance(found, Retry):
            log.warning("mirror not read back", reason=found.reason)
            return False
        playbook = self._playbook()

        def work(tx: Transaction) -> None:
            _take_over(tx, playbook, found, now)
            tx.put_note(SINCE, (now - OVERLAP).isoformat())

        self._ledger.transact(work)
        return True


@dataclass(frozen=True, slots=True)
class _Edited:
    contact: Contact
    page: PageState
    patch: Mapping[str, Value]


def _take_over(tx: Transaction, playbook: Playbook, pages: Sequence[PageState], now: datetime) -> None:
    """Lay people's edits over the contacts, and have the contacts' runs look."""
    emails = [page.email for page in pages if page.email]
    tx.lock_addresses(emails)
    contacts = tx.contacts_by_email(emails)
    known = tx.mirrored([contact.id for contact in contacts.values()])
    pairs = [(contacts[email_key(page.email)], page) for page in pages if email_key(page.email) in contacts]
    vocabulary = playbook.vocabulary
    edited = [_Edited(one, page, _edits(vocabulary, one, page, known.get(one.id))) for one, page in pairs]
    tx.put_mirrored([_seen(one, known.get(one.contact.id), now) for one in edited])
    changed = [one for one in edited if one.patch]
    if changed:
        tx.merge_values([(one.contact.id, _whole(playbook, one, now)) for one in changed], now)
        tx.poke([one.contact.id for one in changed], now)
        log.info("edits read back", contacts=len(changed))


def _edits(
    vocabulary: Vocabulary, contact: Contact, page: PageState, before: MirrorRecord | None
) -> Mapping[str, Value]:
    """What a person changed: values that differ from what the page last showed, and from ours.

    An address is who the contact is, a segment follows from the rules and a computed field from others: none
    is taken from a page, and no value is that a webhook could not have brought. Of a page that we never wrote,
    only what we do not know ourselves.
    """
    shown = before.shown if before else {}
    return {
        name: value
        for name, value in page.values.items()
        if vocabulary.fields[name].type not in (FieldType.EMAIL, FieldType.SEGMENT)
        and vocabulary.fields[name].computed is None
        and (not _same(value, shown.get(name)) if before else contact.values.get(name) is None)
        and not _same(value, contact.values.get(name))
        and takes(vocabulary.fields[name], value, vocabulary)
    }


def _same(left: Value, right: Value) -> bool:
    """Nothing, an empty text and an unticked box look the same on a page."""
    return left == right or (not left and not right and not _is_number(left) and not _is_number(right))


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(playbook: Playbook, one: _Edited, now: datetime) -> Values:
    """The patch with the segment that follows from it."""
    after = with_segment(playbook.vocabulary, {**one.contact.values, **one.patch}, now)
    field = playbook.vocabulary.segment_field
    return {**one.patch, field: after.get(field)} if field and field not in one.patch else one.patch


def _seen(one: _Edited, before: MirrorRecord | None, now: datetime) -> MirrorRecord:
    """The page as it looks now. What we have not yet written is still what it showed before."""
    shown = {**(before.shown if before else {}), **one.page.values}
    return MirrorRecord(contact_id=one.contact.id, page_id=one.page.page_id, shown=shown, seen_at=now)
