"""Erases one person, and looks for them afterwards in every place that busos can see.

One transaction deletes every row while nobody else can take a run of theirs, so nothing is sent afterwards. Then the
database is made to let go of what it freed, and everything is searched: a claim that somebody is gone is worth no more
than the search behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from engine.runtime.ledger import Ledger, Suppression, Transaction, email_key
from engine.runtime.mentions import Mentions
from engine.runtime.person import Person, person_at
from engine.runtime.suppressions import HASHED, hashed_key, keys_of

log = structlog.get_logger(__name__)

CHUNK = 1 << 20
HEAD = 96
"""Bytes of a packed email that are searched for: its key is in them, so that no other email begins alike."""
ASKED_FOR = "erased"
"""Why an address that was never suppressed is from now on, where that was asked for."""


class InFlight(Exception):
    """Something about them is on its way to the outside at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was deleted, by table; the hash under which a suppression stays; and what to search for."""

    rows: Mapping[str, int] = field(default_factory=dict)
    kept: str | None = None
    page_id: str | None = None
    contact_id: str | None = None
    packed: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What was searched, and where they still are."""

    searched: Sequence[str]
    found: Sequence[str]


def erase(ledger: Ledger, address: str, secret_key: str, now: datetime, *, suppress: bool) -> Erased:
    """Delete all rows about whoever has an address; a suppression stays under its hash. Raises ``InFlight``."""

    def work(tx: Transaction) -> Erased:
        tx.lock_addresses([address])
        tx.shut_suppressions()
        person = person_at(tx, address)
        done = _deleted(tx, person, now) if person else Erased()
        kept = _kept(tx, address, secret_key, person, now, suppress=suppress)
        if person:
            tx.put_note(f"erased at {now.isoformat()}", hashed_key(address, secret_key)[: len(HASHED) + 12])
        return Erased(rows=done.rows, kept=kept, page_id=done.page_id, contact_id=done.contact_id, packed=done.packed)

    done = ledger.transact(work)
    log.info("person erased", rows=sum(done.rows.values()))
    return done


def _deleted(tx: Transaction, person: Person, now: datetime) -> Erased:
    contact, errands = person.contact, [one.id for one in (*person.errands, *person.calls)]
    if any(one.in_hand(now) for one in person.runs) or tx.in_flight(contact.id, contact.email, errands):
        raise InFlight
    packed = tx.bodies_of(contact.id, contact.email)
    rows = tx.erase(contact.id, contact.email, errands)
    page_id = person.page.page_id if person.page else None
    return Erased(rows=rows, page_id=page_id, contact_id=contact.id, packed=packed)


def _kept(
    tx: Transaction, address: str, secret_key: str, person: Person | None, now: datetime, *, suppress: bool
) -> str | None:
    """What stood against the address, wherever it did, stands against its hash and nowhere else."""
    standing = person.suppression if person else Suppression()
    for one in tx.suppressed_addresses(keys_of(address, secret_key)).values():
        standing = standing.joined(one)
    if suppress and not standing:
        standing = Suppression(reason=ASKED_FOR, at=now, source="busos erase")
    tx.put_address(email_key(address), Suppression())
    key = hashed_key(address, secret_key)
    tx.put_address(key, standing)
    return key if standing else None


def prove(ledger: Ledger, address: str, erased: Erased, logs: Sequence[Path]) -> Proof:
    """Search every column, the bytes of a database in a file, and logs."""
    ledger.database.scrub()
    searched, found, shared = [], [], False
    with ledger.read() as tx:
        columns = tx.columns()
        searched.append(f"{len(columns)} columns of {len({table for table, _ in columns})} tables")
        for column in columns:
            hits, part = _hits(tx, column, address, erased.contact_id)
            shared = shared or part
            found += [f"{column[0]}.{column[1]}: {hits} rows"] if hits else []
        named = Mentions(address)
        if letters := sum(named(text) for text in tx.stored_messages()):
            found.append(f"messages.body: {letters} emails to others name them")
    found += _in_bytes(ledger, address, erased, searched, shared=shared)
    for path in logs:
        found += _in_log(path, address, erased.contact_id, searched)
    return Proof(searched, found)


def _hits(tx: Transaction, column: tuple[str, str], address: str, contact_id: str | None) -> tuple[int, bool]:
    """How many rows name them, and whether some hold the address only as a part of somebody else's."""
    named, key = Mentions(address), email_key(address)
    texts = [text for text in tx.holding(column, key) if key in text.casefold()]
    hits = sum(named(text) for text in texts)
    ids = sum(contact_id in text for text in tx.holding(column, contact_id)) if contact_id else 0
    return hits + ids, hits < len(texts)


def _in_bytes(ledger: Ledger, address: str, erased: Erased, searched: list[str], *, shared: bool) -> Iterator[str]:
    needles = [body[:HEAD] for body in erased.packed]
    needles += [erased.contact_id.encode()] if erased.contact_id else []
    if shared:  # columns stand side by side there, so nobody can tell where an address begins
        searched.append("the bytes for their id and emails only: another address has theirs in it")
    else:
        needles.append(email_key(address).encode())
    for path in ledger.database.files():
        searched.append(f"the bytes of {path.name}")
        if holds(path, needles):
            yield f"the bytes of {path}"


def holds(path: Path, needles: Sequence[bytes]) -> bool:
    """Whether a file holds one of these, in whatever capitals; it is read a piece at a time."""
    wanted = [needle.lower() for needle in needles]
    overlap, tail = max(map(len, wanted), default=1), b""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            window = (tail + piece).lower()
            if any(needle in window for needle in wanted):
                return True
            tail = window[-overlap:]
    return False


def _in_log(path: Path, address: str, contact_id: str | None, searched: list[str]) -> Iterator[str]:
    named = Mentions(address)
    for one in sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]:
        searched.append(str(one))
        with one.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                if named(line) or (contact_id and contact_id in line):
                    yield f"{one}, line {number}"
                    break


def backups_with(folder: Path, address: str) -> list[Path]:
    """Backups in a folder that still hold an address."""
    found = sorted(path for path in folder.glob("busos-backup-*") if path.is_file())
    return [path for path in found if holds(path, [email_key(address).encode()])]
