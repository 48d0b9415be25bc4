"""Whether the Redis that is configured answers. Nothing needs it: without it workers look for themselves."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import SettingsError
from engine.runtime.bell import POLL
from engine.runtime.redis_link import away, client_of, is_redis
from engine.runtime.settings import Settings
from server.cli.checkup.finding import Finding, fail, ok, warn


def bell_findings(settings: Settings) -> Iterator[Finding]:
    """A finding where BUSOS_QUEUE_URL names Redis."""
    if settings.queue_url is None or not is_redis(settings.queue_url):
        return
    try:
        client = client_of(settings.queue_url)
    except SettingsError as error:
        yield fail("bell", str(error), "or leave BUSOS_QUEUE_URL out")
        return
    with client:
        try:
            client.ping()
        except away() as error:
            said = f"Redis away ({type(error).__name__}): looking every {POLL:g} s, and nothing is lost"
            yield warn("bell", said, "start Redis, correct BUSOS_QUEUE_URL, or leave it out")
        else:
            yield ok("bell", "Redis answers")
