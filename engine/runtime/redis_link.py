"""How Redis is reached: by its own client where that is installed, quick to give up, and never needed.

Redis carries bells and shared limits; the ledger stays the truth. So whatever is wrong with it may cost a moment
and must end nothing: whoever asks it catches ``AWAY``.
"""

from __future__ import annotations

import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.errors import SettingsError
from engine.runtime.bell import POLL

if TYPE_CHECKING:
    from redis import Redis

SCHEMES = ("redis", "rediss")
PATIENCE = 0.5
"""Seconds for a connection, and for an answer."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 5.0
INSTALL = "install it by: pip install 'busos[redis]'"


def is_redis(url: str | None) -> bool:
    """Whether a queue's address is one of Redis."""
    return urlsplit(url or "").scheme in SCHEMES


def client_of(url: str, **more: Any) -> Redis:
    """A client that connects when it is first asked. SettingsError: the address or the library is no good."""
    if find_spec("redis") is None:
        raise SettingsError(f"BUSOS_QUEUE_URL names Redis, and the library for it is not there: {INSTALL}")
    from redis import Redis  # noqa: PLC0415 - an extra
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    # Its own retries would keep a worker waiting for what the ledger can tell at once.
    impatient = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE, "retry": Retry(NoBackoff(), 0)}
    try:
        client = Redis.from_url(url, **{**impatient, **more})
        client.connection_pool.make_connection()  # which is not opened yet; it refuses options that are none
    except (TypeError, ValueError):  # their words may hold a part of the password
        raise SettingsError(
            "BUSOS_QUEUE_URL is not an address of Redis: its port, or an option in it, is none. "
            "Write one like redis://127.0.0.1:6379/0; in a password @ : / ? # are written %40 %3A %2F %3F %23."
        ) from None
    client.connection_pool.reset()
    return client


def rings(whether: bool) -> str:
    """How workers are woken where a Redis is configured, by whether it lets us hear."""
    return "Redis" if whether else f"Redis away: looking every {POLL:g} s"


def away() -> tuple[type[Exception], ...]:
    """What a client raises when Redis is away, busy, full, or does not let us in."""
    from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

    return (RedisError, OSError)


class Pause:
    """How long to leave alone what has just failed: from a moment to some seconds. Safe enough for many threads."""

    def __init__(self, longest: float = LONGEST_PAUSE) -> None:
        self._until = 0.0
        self._next = FIRST_PAUSE
        self._longest = longest

    @property
    def over(self) -> bool:
        """Whether it is time to try again."""
        return time.monotonic() >= self._until

    @property
    def left(self) -> float:
        """Seconds until it is."""
        return max(0.0, self._until - time.monotonic())

    def begin(self) -> None:
        """It failed."""
        self._until = time.monotonic() + self._next
        self._next = min(2 * self._next, self._longest)

    def end(self) -> None:
        """It worked."""
        self._until, self._next = 0.0, FIRST_PAUSE
