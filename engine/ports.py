"""The doors to the world, as Protocols. Adapters stand behind them; the core never sees one.

A vendor's fault is an answer (``Outcome``), never an exception: nothing that a vendor says or fails
to say may end a worker. Every call ends within the adapter's own time limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from engine.model import EMPTY, Accepted, Noun, RaiseAlert, Refused, Retry, TemplateText, Values
from engine.model.effects import host_of

Delivery = Accepted | Retry | Refused


class Message(Noun, frozen=True, kw_only=True):
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
    headers: Mapping[str, str] = EMPTY


class NeverTaken(Noun, frozen=True):
    """The provider surely never took this email."""


class Conflict(Noun, frozen=True):
    """The provider knows the key of a batch, but with other emails in it: this request sent nothing."""


Found = Accepted | NeverTaken | None
"""What a provider says of an email that may be out; None: it cannot be told now."""


class Sought(Noun, frozen=True, kw_only=True):
    """An email that may be out. ``first`` and ``last`` are how long ago it was tried first and last.

    ``others`` are the provider's ids of other emails to the same address.
    """

    message: Message
    first: timedelta
    last: timedelta
    others: frozenset[str] = frozenset()


class Mailer(Protocol):
    """Sends email. ``batch`` is how many messages one call of ``send`` takes at most.

    ``bulk`` is how many emails go in one request at most; 1 where each has its own.
    """

    name: str
    batch: int

    @property
    def bulk(self) -> int:
        """How many emails go in one request at most."""
        ...

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """One answer per message, in the same order. ``Accepted.template`` and ``subject`` are the message's."""
        ...

    def send_batch(self, key: str, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:
        """Send all in one request under one key: an answer for each, or one that holds for the request.

        A ``Retry`` that is not ``uncertain`` says that this request sent nothing. Never an answer for fewer.
        """
        ...

    def look_up(self, sought: Sequence[Sought]) -> Sequence[Found]:
        """Whether these emails are out, each: for those whose keys the provider has forgotten."""
        ...


class OneByOne:
    """What a mailer is like that takes one email in a request, and tells nothing of those that it took."""

    bulk = 1

    def send_batch(self, key: str, messages: Sequence[Message]) -> Retry:
        """Never. Such a batch is another mailer's from before the settings were changed: only that one knows of it."""
        return Retry(
            reason="it was handed to another mailer in one request, and only that one can tell", uncertain=True
        )

    def look_up(self, sought: Sequence[Sought]) -> Sequence[Found]:
        """It cannot be told."""
        return [None] * len(sought)


class Templates(Protocol):
    """Where the texts of emails come from."""

    def find(self, name: str) -> TemplateText | None:
        """The template, or None when there is none of that name (or it is switched off)."""
        ...

    def names(self) -> Sequence[str]:
        """Every template there is, sorted."""
        ...

    def edition(self) -> object:
        """Something else after any template has changed, as far as is known here: nobody is asked."""
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


class WebCall(Noun, frozen=True, kw_only=True):
    """One call to a web address, stored before its first try; every retry sends these same bytes under this key.

    ``expect`` are the statuses that count as done.
    """

    key: str
    method: str
    url: str
    headers: Mapping[str, str] = EMPTY
    body: bytes = b""
    expect: frozenset[int] = frozenset(range(200, 300))

    @property
    def host(self) -> str:
        """What may be said of the address: its path and query may hold what is nobody's business."""
        return host_of(self.url)


class WebAnswer(Noun, frozen=True, kw_only=True):
    """What a call came to, as ``told``; ``value`` is the JSON of the answer, None where it is none.

    Without a ``status`` it was not made, because nothing goes to the outside here.
    """

    told: str
    status: int | None = None
    value: object = None


class Web(Protocol):
    """Calls web addresses."""

    name: str

    def call(self, call: WebCall) -> WebAnswer | Retry | Refused:
        """Make one call. ``Refused`` where it may not be made, or was answered so that trying again is no use."""
        ...


class Pace(Protocol):
    """How fast one vendor may be asked, shared by all workers. Nothing here raises; all of it is quick."""

    name: str

    def take(self, want: int) -> int:
        """Permits for that many requests, as many as there are now; 0 is no reason to fail, see ``wait``."""
        ...

    def give_back(self, unused: int) -> None:
        """So many of the permits that this thread took last were not used."""
        ...

    def turn(self, patience: float) -> float:
        """Wait for one permit and take it: 0; or, at once, the seconds it is away when that is beyond the patience."""
        ...

    def wait(self) -> float:
        """Seconds until ``take`` may give something; 0 when it may now."""
        ...

    def shut(self) -> tuple[datetime, str] | None:
        """Until when nobody asks this vendor, and why; None while it may be asked. A used-up rate is no closing."""
        ...

    def learn(self, *, limit: int | None = None, left: int | None = None, reset: float | None = None) -> None:
        """What the vendor said of its limit: requests a window, how many are left, seconds until there are more."""
        ...

    def close(self, seconds: float, reason: str) -> None:
        """The vendor said that nobody is to ask for so long."""
        ...

    def failed(self, reason: str) -> None:
        """The vendor, or the way to it, failed: some of these in a row, and nobody asks for a while."""
        ...

    def worked(self) -> None:
        """The vendor answered as it should, if only to refuse one request for what is in it."""
        ...


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...
