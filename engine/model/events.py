"""What comes in from the world: time, answers, orders."""

from __future__ import annotations

from engine.model.noun import Noun
from engine.model.values import EMPTY, Values


class Tick(Noun, frozen=True):
    """Time has passed, or something about the contact has changed: look again."""


class Accepted(Noun, frozen=True, kw_only=True):
    """The provider has taken the email (or the outbox keeps it)."""

    template: str
    subject: str
    provider_id: str | None = None


class Replied(Noun, frozen=True, kw_only=True):
    """A web address answered as expected (``told`` says what); ``values`` are what the contact has from it."""

    told: str
    values: Values = EMPTY


class Retry(Noun, frozen=True, kw_only=True):
    """Not done, or not known to be done; the same key may be asked again. ``after`` is in seconds.

    ``uncertain`` says that the provider may have acted on this try (a timeout, a broken answer).
    ``vendor_wide`` says that the reason lies with the vendor or the way there and not with this email: it is
    no try of this email, and the email waits for the vendor however long that takes.
    """

    reason: str
    after: float | None = None
    uncertain: bool = False
    vendor_wide: bool = False


class Refused(Noun, frozen=True, kw_only=True):
    """Never done, and asking again with the same content is no use."""

    reason: str


class Unready(Noun, frozen=True, kw_only=True):
    """Could not be asked at all: a template is missing, or a value it needs is."""

    reason: str


Outcome = Accepted | Replied | Retry | Refused | Unready


class Answered(Noun, frozen=True):
    """The outcome of the effect that the run was waiting for."""

    outcome: Outcome


class Ordered(Noun, frozen=True):
    """Somebody from outside ends the run: unsubscribed, stopped by another sequence, by hand."""

    reason: str


class Skipped(Noun, frozen=True):
    """Somebody leaves out the step that the run stands before; an email that may be out already counts as sent."""

    reason: str


Event = Tick | Answered | Ordered | Skipped
