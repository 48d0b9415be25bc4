"""The list of suppressions for the shell: its ledger, its key, and the reasons that a person may give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from server.cli.files import settings_for
from server.cli.ledgers import looking

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from engine.runtime.ledger import Ledger, Suppressed, Suppression

REASONS = ("unsubscribed", "bounced", "complained")
SOURCE = "shell"
AT_ONCE = 500
_ADDRESS = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")


def is_address(text: str) -> bool:
    """Whether a text can be one email address."""
    return bool(_ADDRESS.fullmatch(text))


def checked(address: str) -> str:
    """The address. Raises ``click.UsageError``."""
    if not is_address(address.strip()):
        raise click.UsageError(f'"{address}" is no email address')
    return address.strip()


@contextmanager
def listed(file: str | None) -> Iterator[tuple[Ledger, ZoneInfo, str]]:
    """The ledger, the file's zone, and the key with which addresses that nobody may read are hashed."""
    from engine.runtime.wiring import SECRET_NOTE

    settings = settings_for(file)
    with looking(file) as (ledger, zone):
        with ledger.read() as tx:
            key = settings.secret_key or tx.note(SECRET_NOTE) or ""
        yield ledger, zone, key


def change_all(ledger: Ledger, key: str, addresses: Iterable[str], what: Callable[[Suppression], Suppression]) -> int:
    """Change what stands against addresses, many in a transaction; how many are people's whose runs look at once."""
    from engine.runtime.ledger import Transaction
    from engine.runtime.suppressions import change

    now, wanted, found = datetime.now(UTC), sorted(set(addresses)), 0
    for start in range(0, len(wanted), AT_ONCE):

        def work(tx: Transaction, some: list[str] = wanted[start : start + AT_ONCE]) -> int:
            return sum(change(tx, address, key, what, now) is not None for address in some)

        found += ledger.transact(work)
    return found


def everybody(ledger: Ledger) -> Iterator[Suppressed]:
    """The whole list: first contacts, then addresses that nobody has, each in order."""
    contact = address = ""
    while True:
        with ledger.read() as tx:
            page = tx.list_suppressions(after=(contact, address), limit=AT_ONCE)
        yield from page
        if len(page) < AT_ONCE:
            return
        contact = max([contact, *(one.key for one in page if one.contact_id)])
        address = max([address, *(one.key for one in page if not one.contact_id)])
