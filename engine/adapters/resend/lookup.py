"""Looks for emails among those that Resend took: for when a key says nothing any more.

``GET /emails`` lists them, newest first, and ``GET /emails/{id}`` shows one (contracts: openapi.json). The list names
neither key nor header, so an email is found by its recipient and subject, and known by its very text. An email that
only looks like it proves nothing either way. That it is not there proves something where the list reaches back
beyond its first try, and where it had the time to appear.

Resend's clock and ours may differ, and so may ours and that of the process that tried it: lengths of time are
compared, with an hour to spare.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from engine.adapters.resend.answers import accepted, trouble
from engine.adapters.resend.connection import Call, Connection
from engine.adapters.resend.requests import one_line
from engine.model import Accepted, Retry
from engine.ports import Found, Message, NeverTaken, Sought

PATH = "/emails"
PAGE, MOST_PAGES = 100, 100
MOST_ALIKE = 5
"""Emails to one address under one subject that are opened to be compared."""
PATIENCE = 20.0
"""Seconds that a call may take in all: the runs in hand have a lease."""
MARGIN = timedelta(hours=1)
SETTLED = timedelta(minutes=1)
"""An email tried later than that may be taken and not yet listed."""
KEPT = timedelta(hours=6)
"""A list that ends before it reaches back far enough has them all, when nothing in it can be too old to be kept."""
BLIND = 3600.0
"""Seconds after which to ask again whether this API key may look. Many may only send."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An email as the list shows it."""

    ident: str
    to: frozenset[str]
    subject: str
    at: datetime

    def fits(self, message: Message) -> bool:
        """Whether it may be this email."""
        return plain(message.to) in self.to and plain(message.subject) == self.subject


@dataclass(frozen=True, slots=True)
class Listing:
    """What was read of the list, newest first. ``ended``: there is no more of it."""

    items: Sequence[Listed]
    ended: bool = False

    def has_all(self, since: datetime, age: timedelta) -> bool:
        """Whether it holds everything that was taken since this moment, so long ago."""
        beyond = bool(self.items) and self.items[-1].at < since
        return beyond or (self.ended and age < KEPT)


class Lookup:
    """Looks. Takes its permits from the pace, and ends within ``PATIENCE`` and the time of one request."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._blind_until = 0.0

    def __call__(self, sought: Sequence[Sought]) -> list[Found]:
        """Found, surely not there, or None."""
        if not sought or time.monotonic() < self._blind_until:
            return [None] * len(sought)
        now, until = datetime.now(UTC), time.monotonic() + PATIENCE
        listing = self._listing(now - max(one.first for one in sought) - MARGIN, until)
        found: list[Found] = []
        for one in sought:
            mine = {earlier.provider_id for earlier in found if isinstance(earlier, Accepted)}
            left = [item for item in listing.items if item.ident not in mine | one.others]
            found.append(self._find(one, Listing(left, listing.ended), now - one.first - MARGIN, until))
        return found

    def _find(self, one: Sought, listing: Listing, since: datetime, until: float) -> Found:
        alike = [item for item in listing.items if item.at >= since and item.fits(one.message)]
        if not alike:
            return NeverTaken() if listing.has_all(since, one.first) and one.last > SETTLED else None
        for item in alike[:MOST_ALIKE]:
            shown = self._get(f"{PATH}/{quote(item.ident, safe='')}", until)
            if shown is not None and shown.get("html") == one.message.html:
                return accepted(one.message, item.ident)
        return None

    def _listing(self, since: datetime, until: float) -> Listing:
        """Pages of the list, back to a moment or to its end, or as far as there was time."""
        items: list[Listed] = []
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = self._get(PATH, until, limit=str(PAGE), **after)
            found = None if page is None else listed(page.get("data"))
            if page is None or found is None:
                break
            items += found
            if not found or page.get("has_more") is not True:
                return Listing(items, ended=page.get("has_more") is False)
            if found[-1].at < since:
                break
            after = {"after": found[-1].ident}
        return Listing(items)

    def _get(self, path: str, until: float, **query: str) -> Mapping[str, Any] | None:
        """What Resend shows there; None when it shows nothing now."""
        pace = self._connection.pace
        if time.monotonic() < self._blind_until or pace.turn(until - time.monotonic()) > 0:
            return None
        call, answer = Call(pace), self._connection.ask(self._connection.get(path, **query))
        if isinstance(answer, Retry):
            call.missed(answer)
            return None
        if answer.status in (401, 403):
            self._blind_until = time.monotonic() + BLIND
            pace.worked()
            return None
        call.heard(answer, None if answer.status < 300 else trouble(answer))
        return answer.body if answer.status < 300 else None


def listed(data: Any) -> list[Listed] | None:
    """A page of the list; None when any of it cannot be read: then the list proves nothing."""
    try:
        return [
            Listed(
                ident=str(item["id"]),
                to=frozenset(plain(address) for address in item["to"]),
                subject=plain(item["subject"]),
                at=moment(item["created_at"]),
            )
            for item in data
        ]
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def moment(text: str) -> datetime:
    """An instant as Resend writes it: ``2023-04-03 22:13:42.674981+00``. ValueError for anything else."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def plain(text: str) -> str:
    """A text as it is compared: spaces and capitals may have been changed on the way."""
    return " ".join(one_line(text).split()).casefold()
