"""How workers are woken: in the words of ``/health/ready``. Redis is never needed: without it they look themselves."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import SettingsError
from engine.runtime.bells import NoLine
from engine.runtime.redis_link import away, client_of, is_redis, rings
from engine.runtime.settings import Settings
from server.cli.checkup.finding import Finding, fail, ok, warn


def queue_findings(settings: Settings, *, usable: bool) -> Iterator[Finding]:
    """One finding; none where the ledger itself would ring, and cannot be used."""
    if settings.queue_url is not None and is_redis(settings.queue_url):
        yield _redis(settings.queue_url)
    elif usable:
        yield ok("queue", NoLine().state())


def _redis(url: str) -> Finding:
    try:
        client = client_of(url)
    except SettingsError as error:
        return fail("queue", str(error), "or leave BUSOS_QUEUE_URL out")
    with client:
        try:
            client.ping()
        except away() as error:
            fix = f"start Redis, correct BUSOS_QUEUE_URL ({type(error).__name__}), or leave it out; nothing is lost"
            return warn("queue", rings(False), fix)
    return ok("queue", rings(True))
