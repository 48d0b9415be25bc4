"""One pace for each vendor, shared by every worker of a ledger: limits and outages are known to all at once."""

from engine.runtime.paces.shared import SharedPace
from engine.runtime.paces.stores import LedgerStore, MemoryStore, Store
from engine.runtime.paces.vendors import Paces, alone

__all__ = ["LedgerStore", "MemoryStore", "Paces", "SharedPace", "Store", "alone"]
