"""The ledger: every contact, run, story, email and errand, in one file that survives everything.

``Ledger.open(url)`` gives it; ``ledger.write()`` and ``ledger.read()`` give a ``Transaction`` with all
statements. Nothing outside this package knows SQL.
"""

from engine.runtime.ledger.ledger import Ledger
from engine.runtime.ledger.records import (
    CachedTemplate,
    Claimed,
    EmailRecord,
    EmailResult,
    EmailStatus,
    Lease,
    ListedRun,
    MirrorRecord,
    OutboxItem,
    OutboxKind,
    OutboxResult,
    Patch,
    Revision,
    StoredEvent,
    Worker,
    email_key,
)
from engine.runtime.ledger.transaction import Transaction

__all__ = [
    "CachedTemplate",
    "Claimed",
    "EmailRecord",
    "EmailResult",
    "EmailStatus",
    "Lease",
    "Ledger",
    "ListedRun",
    "MirrorRecord",
    "OutboxItem",
    "OutboxKind",
    "OutboxResult",
    "Patch",
    "Revision",
    "StoredEvent",
    "Transaction",
    "Worker",
    "email_key",
]
