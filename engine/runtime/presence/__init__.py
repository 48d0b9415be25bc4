"""Who works on a ledger now: what a dead worker had in hand is free for others within seconds."""

from engine.runtime.presence.file_locks import FileLocks
from engine.runtime.presence.presence import Locks, Presence

__all__ = ["FileLocks", "Locks", "Presence"]
