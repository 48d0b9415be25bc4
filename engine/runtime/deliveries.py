"""What follows from what the provider tells of an email, and how it stands on the story of its run.

A hard bounce and a complaint suppress the address at once: on the contact who has it, else as a hash, because a
person who was erased may still be told of. ``failed`` and ``suppressed`` alert the team. A reply ends the marketing
runs of who wrote it. Opens and clicks are shown and decide nothing: programs open emails and follow links, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from engine.model import Entry, RaiseAlert
from engine.runtime.clock import Ids
from engine.runtime.ledger import DeliveryEvent, Suppression, Transaction, email_key
from engine.runtime.outbox import alert_item
from engine.runtime.suppressions import change

SOURCE = "Resend"
PREFIX = "email."
SHOWN = ("sent", "delivery_delayed", "delivered", "opened", "clicked", "bounced", "complained", "failed", "suppressed")
"""What is said of an email, in the order in which it happens where the times are the same."""
_BAD = frozenset({"bounced", "complained", "failed", "suppressed"})
_WORDS = {"delivery_delayed": "delivery delayed", "suppressed": "not sent by the provider, which has it on its list"}
LONGEST = 300
AUTOMATIC = ("automatic reply", "auto reply", "auto-reply", "autoreply", "auto:", "out of office", "undeliver")
"""How subjects begin that a program wrote and no person."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event with what only its payload says. ``addresses`` are whom the email went to, or who wrote one to us."""

    event: DeliveryEvent
    addresses: tuple[str, ...]
    hard: bool = False
    automatic: bool = False


def read(document: Mapping[str, Any], message_id: str, now: datetime) -> Told:
    """An event from its payload; what is missing or of another shape is taken as not said."""
    kind = _text(document.get("type")).removeprefix(PREFIX)[:LONGEST] or "unknown"
    data = _map(document.get("data"))
    bounce = _map(data.get("bounce"))
    people = [data.get("from")] if kind == "received" else _list(data.get("to"))
    addresses = tuple(address for one in people if "@" in (address := parseaddr(_text(one))[1]))
    event = DeliveryEvent(
        id=message_id,
        kind=kind,
        at=_moment(document.get("created_at"), now),
        provider_id=_text(data.get("email_id"))[:LONGEST] or None,
        detail=_without(addresses, _detail(kind, data)),
    )
    subject = _text(data.get("subject")).strip().casefold()
    hard = _text(bounce.get("type")).casefold() == "permanent"
    return Told(event, addresses, hard=hard, automatic=subject.startswith(AUTOMATIC))


def take(tx: Transaction, told: Told, secret_key: str, ids: Ids, now: datetime) -> bool:
    """Keep an event, and do what follows from it; False, and nothing, where it came before."""
    event = told.event
    if not tx.keep_delivery(event, now):
        return False
    if event.kind == "complained" or (event.kind == "bounced" and told.hard):
        _suppress(tx, told, secret_key, now)
    elif event.kind in {"failed", "suppressed"}:
        tx.push([alert_item(ids.new(now), _alert(tx, event), now)])
    elif event.kind == "received" and not told.automatic:
        _replied(tx, told, now)
    return True


def _suppress(tx: Transaction, told: Told, secret_key: str, now: datetime) -> None:
    """Of an email to several nobody can tell whose address it was."""
    at = min(told.event.at, now)

    def more(one: Suppression) -> Suppression:
        return one.with_reason(told.event.kind, at, SOURCE)

    if len(told.addresses) == 1:
        change(tx, told.addresses[0], secret_key, more, now, hashed=True)


def _replied(tx: Transaction, told: Told, now: datetime) -> None:
    for address in told.addresses:
        tx.lock_addresses([address])
        contact = tx.contacts_by_email([address]).get(email_key(address))
        if contact is not None:
            tx.replied(contact.id, min(told.event.at, now))
            tx.poke([contact.id], now)


def _alert(tx: Transaction, event: DeliveryEvent) -> RaiseAlert:
    email = tx.email_of_provider(event.provider_id or "")
    which = f"the email of step {email[1]} of run {email[0]}" if email else f"the email {event.provider_id}"
    what = "failed at Resend" if event.kind == "failed" else "was not sent, because Resend has its address on a list"
    why = f": {event.detail}" if event.detail else ""
    return RaiseAlert(message=f"{which} {what}{why}", topic=f"delivery {event.kind}", colour="red")


# -- On the story -----------------------------------------------------------------------------


def delivery_lines(tx: Transaction, story: Sequence[Entry]) -> list[Entry]:
    """One line for each kind of news of each email of a story, at its own time."""
    steps = {entry.provider_id: entry.step for entry in story if entry.provider_id}
    found: dict[tuple[str, str], list[DeliveryEvent]] = {}
    for event in tx.deliveries(steps):
        if event.kind in SHOWN and event.provider_id:
            found.setdefault((event.provider_id, event.kind), []).append(event)
    return [_line(steps[provider_id], events) for (provider_id, _), events in found.items()]


def with_deliveries(story: Sequence[Entry], lines: Sequence[Entry]) -> list[Entry]:
    """A story with what the provider told, by time; news of an email stand behind the email."""
    told = list(story)
    for line in sorted(lines, key=lambda one: (one.at, _place(one))):
        own = [place for place, one in enumerate(told) if one.provider_id == line.provider_id]
        place = max([*own, *(place for place, one in enumerate(told) if one.at <= line.at)], default=-1)
        told.insert(place + 1, line)
    return told


def _place(line: Entry) -> int:
    return next(place for place, kind in enumerate(SHOWN) if line.note.startswith(_WORDS.get(kind, kind)))


def _line(step: str | None, events: Sequence[DeliveryEvent]) -> Entry:
    first = events[0]
    often = f", {len(events)} times" if len(events) > 1 else ""
    why = f": {first.detail}" if first.detail else ""
    bad = first.kind in _BAD
    note = f"{_WORDS.get(first.kind, first.kind)}{often}{why}"
    error = note if bad else None
    return Entry(at=first.at, step=step, kind="delivery", note=note, provider_id=first.provider_id, error=error)


# -- Reading ----------------------------------------------------------------------------------


def _detail(kind: str, data: Mapping[str, Any]) -> str | None:
    """The provider's words: of a click neither the link nor the address of the computer, which nobody needs."""
    match kind:
        case "bounced":
            bounce = _map(data.get("bounce"))
            parts = [_text(bounce.get(name)) for name in ("type", "subType", "message")]
        case "failed":
            parts = [_text(_map(data.get("failed")).get("reason"))]
        case "suppressed":
            parts = [_text(_map(data.get("suppressed")).get(name)) for name in ("reason", "message")]
        case _:
            parts = []
    return ", ".join(part for part in parts if part)[:LONGEST] or None


def _without(addresses: Sequence[str], text: str | None) -> str | None:
    """What is kept for long names nobody."""
    for address in addresses:
        text = text and text.replace(address, "the address")
    return text


def _moment(value: object, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(_text(value))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return now


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]
