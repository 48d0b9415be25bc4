"""Paces in Redis, with a copy of what lasts in the ledger.

Redis may be flushed, restarted or away at any moment, and anybody may have written into it. A state that is missing
or malformed is begun again from the ledger's copy, which knows every limit and every closing; only how much of the
present window was used is forgotten. While Redis is away, the ledger has it all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from engine.errors import LedgerError
from engine.pacing import PaceState
from engine.ports import Clock
from engine.runtime.paces.stores import Change, Kept, LedgerStore, T, decoded, encoded
from engine.runtime.redis_link import Pause, away

if TYPE_CHECKING:
    from redis import Redis

log = structlog.get_logger(__name__)

PREFIX = "busos:pace:"
TRIES = 50
"""Changes that others may get in between before the ledger is asked instead."""
FORGET = 7 * 86_400
"""Seconds after which an unused state goes away by itself."""

_SWAP = """
local found = redis.call('GET', KEYS[1])
if (found or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class RedisStore:
    """In Redis, for every process that shares it; in the ledger while Redis is away."""

    def __init__(self, client: Redis, ledger: LedgerStore, clock: Clock) -> None:
        self._client = client
        self._swap = client.register_script(_SWAP)
        self._ledger = ledger
        self._clock = clock
        self._pause = Pause()
        self._sure: set[str] = set()

    def change(self, name: str, change: Change[T]) -> T:
        """Change a state unless somebody was faster, until nobody is."""
        if self._pause.over:
            try:
                for _ in range(TRIES):
                    done, answer = self._try(name, change)
                    if done:
                        self._pause.end()
                        return answer
            except away() as error:
                self._fault(error)
        return self._ledger.change(name, change)

    def read(self, name: str) -> PaceState | None:
        """A state as it is now."""
        if self._pause.over:
            try:
                kept = self._found(name, self._raw(name))
            except away() as error:
                self._fault(error)
            else:
                return kept.state if kept else None
        return self._ledger.read(name)

    def _try(self, name: str, change: Change[T]) -> tuple[bool, T]:
        raw = self._raw(name)
        kept = self._found(name, raw)
        before = kept.state if kept else None
        after, answer = change(before)
        if after == before:
            return True, answer
        fresh = Kept(self._clock.now().timestamp(), after)
        done = self._swap(keys=[PREFIX + name], args=[raw, encoded(fresh), FORGET])
        if done and (before is None or _lasting(before) != _lasting(after)):
            self._copy(name, fresh)
        return bool(done), answer

    def _raw(self, name: str) -> bytes:
        """What lies under the key. A thing of another kind, a list say, is nobody's state and is removed."""
        try:
            raw: Any = self._client.get(PREFIX + name)
        except away() as error:
            if not str(error).startswith("WRONGTYPE"):
                raise
            self._client.delete(PREFIX + name)
            return b""
        return raw or b""

    def _found(self, name: str, raw: bytes) -> Kept | None:
        """The state in Redis; where there is none, or Redis was away, the ledger may know a later one."""
        kept = decoded(raw)
        if kept is not None and name in self._sure:
            return kept
        copy = self._ledger.copy(name)
        self._sure.add(name)
        return copy if kept is None or (copy is not None and copy.at > kept.at) else kept

    def _copy(self, name: str, kept: Kept) -> None:
        try:
            self._ledger.keep(name, kept)
        except LedgerError as error:
            log.warning("pace not copied: the ledger is away", name=name, reason=str(error))

    def _fault(self, error: Exception) -> None:
        log.warning("Redis away: the ledger keeps the paces", reason=type(error).__name__)
        self._sure.clear()
        self._pause.begin()


def _lasting(state: PaceState) -> tuple[object, ...]:
    """What must not be forgotten when Redis is; how a window is used goes by in a second."""
    return (state.limit, state.closed_until, state.guarded, state.told, state.since is None)
