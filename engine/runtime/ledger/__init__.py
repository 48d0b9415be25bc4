"""The ledger: every contact, run, story, email and errand, in one database that survives everything.

``Ledger.open(url)`` gives it; ``ledger.write()`` and ``ledger.read()`` give a ``Transaction`` with all
statements. Nothing outside this package knows SQL.
"""

from engine.runtime.ledger.ledger import Absent, Ledger, there_is_none
from engine.runtime.ledger.records import (
    BatchResult,
    CachedTemplate,
    Claimed,
    ClaimKind,
    DeliveryEvent,
    EmailRecord,
    EmailResult,
    EmailStatus,
    Lease,
    ListedRun,
    MirrorRecord,
    OutboxItem,
    OutboxKind,
    OutboxResult,
    Pair,
    Patch,
    Revision,
    StoredEvent,
    Suppressed,
    Suppression,
    Worker,
    email_key,
)
from engine.runtime.ledger.transaction import Transaction

__all__ = [
    "Absent",
    "BatchResult",
    "CachedTemplate",
    "ClaimKind",
    "Claimed",
    "DeliveryEvent",
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
    "Pair",
    "Patch",
    "Revision",
    "StoredEvent",
    "Suppressed",
    "Suppression",
    "Transaction",
    "Worker",
    "email_key",
    "there_is_none",
]
