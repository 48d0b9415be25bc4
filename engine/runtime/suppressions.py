"""Under which keys an address that no contact has may stand in the list of suppressions, and the changes to that list.

The first key is the address itself, as it is looked up. The second is its hash, keyed with BUSOS_SECRET_KEY: nobody
can read an address out of it or try addresses against it without the key, and yet somebody who comes back is known.
It is what remains of a person who was erased, and of an address that only the provider ever told us of. With
another secret key nothing fits any more: keep the key with the ledger.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime

from engine.runtime.ledger import Suppressed, Suppression, Transaction, email_key

HASHED = "hmac-sha256:"
"""How a key begins that is a hash: no address does, for want of an @."""


def hashed_key(address: str, secret_key: str) -> str:
    """The key of an address that must not be readable: the same for every way of writing its capitals."""
    message = b"suppression:" + email_key(address).encode()  # the purpose is hashed too: it fits nothing else of ours
    return HASHED + hmac.digest(secret_key.encode(), message, "sha256").hex()


def keys_of(address: str, secret_key: str) -> tuple[str, str]:
    """Both keys under which an address may stand."""
    return email_key(address), hashed_key(address, secret_key)


def standing(tx: Transaction, address: str, secret_key: str) -> Suppressed | None:
    """What stands against an address, wherever it does; None when nothing does."""
    contact = tx.contacts_by_email([address]).get(email_key(address))
    if contact is not None:
        found = tx.suppressions_of([contact.id])[contact.id]
        return Suppressed(email_key(address), found, contact.id) if found else None
    rows = tx.suppressed_addresses(keys_of(address, secret_key))
    return next((Suppressed(key, one) for key, one in rows.items()), None)


def change(
    tx: Transaction,
    address: str,
    secret_key: str,
    what: Callable[[Suppression], Suppression],
    now: datetime,
    *,
    hashed: bool = False,
) -> str | None:
    """Change what stands against an address; the id of its contact, whose runs look at once, or None.

    ``hashed`` keeps an address that nobody has unreadable.
    """
    tx.lock_addresses([address])
    contact = tx.contacts_by_email([address]).get(email_key(address))
    if contact is None:
        tx.shut_suppressions()
        contact = tx.contacts_by_email([address]).get(email_key(address))
    if contact is not None:
        tx.change_suppressions([contact.id], what, now)
        tx.poke([contact.id], now)
        return contact.id
    keys = keys_of(address, secret_key)
    found = tx.suppressed_addresses(keys)
    key = next(iter(found), keys[1] if hashed else keys[0])
    tx.put_address(key, what(found.get(key, Suppression())))
    return None
