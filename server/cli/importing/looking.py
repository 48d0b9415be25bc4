"""What an import would do: who is new, who is known, who starts what and when. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from engine.model import RunStatus
from engine.runtime.arrivals import Arrival
from engine.runtime.ledger import Ledger, email_key
from server.cli.importing.reading import Import, Wrong

if TYPE_CHECKING:
    from engine.model import Contact, Playbook
    from engine.simulation import Post

AT_ONCE = 1000
PLAYED = 500
"""Rows that are played to the end; of more, so many are drawn, and the rest is likely to be alike."""
TOLD = 20
"""Wrong rows that are told one by one."""


@dataclass(slots=True)
class Outlook:
    """What would come of it. ``sequences``, ``days`` and ``held`` are of the rows that were ``played``."""

    rows: int = 0
    new: int = 0
    known: int = 0
    suppressed: int = 0
    there: int = 0
    twice: int = 0
    bad: int = 0
    wrong: list[Wrong] = field(default_factory=list)
    played: int = 0
    sequences: Counter[str] = field(default_factory=Counter)
    days: Counter[date] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> int:
        """Rows that are events of their own and not there yet."""
        return self.rows - self.bad - self.twice - self.there

    @property
    def exact(self) -> bool:
        """Whether every row was played."""
        return self.played == self.good

    def scaled(self, number: int) -> int:
        """Of the rows that were played, how many of all that is."""
        return round(number * self.good / self.played) if self.played else 0


def look(found: Import, ledger: Ledger, playbook: Playbook, post: Post, reached: Callable[[int], None]) -> Outlook:
    """Go through all rows once. ``reached`` is told how many bytes are read."""
    outlook, drawn = Outlook(), _Draw(Random(0))  # noqa: S311 - the same table shows the same outlook
    seen: set[bytes] = set()
    rows = found.rows()
    while batch := list(islice(rows, AT_ONCE)):
        outlook.rows += len(batch)
        fresh = list(_fresh([one for _, one in batch], outlook, seen))
        _meet(fresh, found.trigger.name, ledger, outlook, drawn)
        reached(batch[-1][0].read)
    for arrival, contact in drawn.kept:
        _play(found, playbook, arrival, contact, post, outlook)
    return outlook


def _fresh(batch: Sequence[Arrival | Wrong], outlook: Outlook, seen: set[bytes]) -> Iterator[Arrival]:
    """The rows that can be taken and say something that no row before them says."""
    for one in batch:
        if isinstance(one, Wrong):
            outlook.bad += 1
            if len(outlook.wrong) < TOLD:
                outlook.wrong.append(one)
        elif (short := bytes.fromhex((one.key or "")[4:20])) in seen:  # eight bytes of a hash are enough to count by
            outlook.twice += 1
        else:
            seen.add(short)
            yield one


def _meet(arrivals: Sequence[Arrival], trigger: str, ledger: Ledger, outlook: Outlook, drawn: _Draw) -> None:
    """Who is there already, of rows and of people."""
    with ledger.read() as tx:
        events = tx.events_by_key([(trigger, one.key) for one in arrivals if one.key])
        contacts = tx.contacts_by_email([one.payload.email for one in arrivals])
    for one in arrivals:
        if (trigger, one.key) in events:
            outlook.there += 1
            continue
        contact = contacts.get(email_key(one.payload.email))
        outlook.new += contact is None
        outlook.known += contact is not None
        outlook.suppressed += contact is not None and contact.suppressed is not None
        drawn.offer(one, contact)


class _Draw:
    """So many rows, each as likely as any other, of a number that nobody knows beforehand (reservoir sampling)."""

    def __init__(self, chance: Random) -> None:
        self.kept: list[tuple[Arrival, Contact | None]] = []
        self._chance = chance
        self._offered = 0

    def offer(self, arrival: Arrival, contact: Contact | None) -> None:
        """One more."""
        self._offered += 1
        if len(self.kept) < PLAYED:
            self.kept.append((arrival, contact))
        elif (place := self._chance.randrange(self._offered)) < PLAYED:
            self.kept[place] = (arrival, contact)


def _play(
    found: Import, playbook: Playbook, arrival: Arrival, contact: Contact | None, post: Post, outlook: Outlook
) -> None:
    from engine.simulation import Sending, simulate_triggers

    sending = Sending(trigger=found.trigger, values=arrival.payload.values, at=found.now)
    played = simulate_triggers(playbook, contact, post, [sending], arrival.payload.email)
    outlook.played += 1
    runs = [run for run in played.runs if run.program in playbook.sequences]
    outlook.sequences.update({run.program for run in runs})
    outlook.held.update(f"{run.program}: {run.reason}" for run in runs if run.status is RunStatus.HELD)
    zone = playbook.vocabulary.zone
    outlook.days.update(entry.at.astimezone(zone).date() for entry in played.story if entry.template is not None)
