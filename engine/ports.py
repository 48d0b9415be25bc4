"""The doors to the world, as Protocols. Adapters stand behind them; the core never sees one.

A vendor's fault is an answer (``Outcome``), never an exception: nothing that a vendor says or fails
to say may end a worker. Every call ends within the adapter's own time limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from engine.model import EMPTY, Accepted, RaiseAlert, Refused, Retry, TemplateText, Values

Delivery = Accepted | Retry | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One rendered email, stored before its first try; every retry sends these same bytes.

    ``key`` is the idempotency key (1 to 256 ASCII characters), the same for every try. ``headers`` are
    extra header fields such as List-Unsubscribe. ``template`` names what it was rendered from.
    """

    key: str
    template: str
    sender: str
    to: str
    subject: str
    html: str
    text: str
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: EMPTY)


class Mailer(Protocol):
    """Sends email. ``batch`` is how many messages one call takes at most."""

    name: str
    batch: int

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """One answer per message, in the same order. ``Accepted.template`` and ``subject`` are the message's."""
        ...


class Templates(Protocol):
    """Where the texts of emails come from."""

    def find(self, name: str) -> TemplateText | None:
        """The template, or None when there is none of that name (or it is switched off)."""
        ...

    def names(self) -> Sequence[str]:
        """Every template there is, sorted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PageUpdate:
    """What the mirror should show of one contact.

    ``values`` are contact fields by field name: those to write (None clears); what is left out stays as it
    is. ``progress`` are further properties by their name in the mirror. ``page_id`` is the page as far as
    we know it.
    """

    contact_id: str
    email: str
    values: Values
    progress: Values = field(default_factory=lambda: EMPTY)
    page_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """What a page shows: contact fields by field name, only those the file maps to a property."""

    page_id: str
    email: str
    values: Values
    edited_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """The page was written; ``page_id`` is where."""

    page_id: str


class Mirror(Protocol):
    """A view of the contacts that people read and edit (Notion)."""

    name: str

    def write(self, update: PageUpdate) -> Mirrored | Retry | Refused:
        """Create or update the page of one contact. Looks for the page before it creates one."""
        ...

    def shown(self, values: Values) -> Values:
        """What the page will say after these values were written: some say less there than here."""
        ...

    def changes(self, since: datetime | None) -> Sequence[PageState] | Retry:
        """The pages that changed at or after ``since`` (None: all), oldest first."""
        ...


class Alerts(Protocol):
    """Tells the team."""

    name: str

    def tell(self, alert: RaiseAlert) -> Delivery:
        """Deliver one alert. ``Accepted.template`` is ``alert`` and its subject the title."""
        ...


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...
