"""What comes in from the world: time, answers, orders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed, or something about the contact has changed: look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The provider has taken the email (or the outbox keeps it)."""

    template: str
    subject: str
    provider_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not done, or not known to be done; the same key may be asked again. ``after`` is in seconds.

    ``uncertain`` says that the provider may have acted on this try (a timeout, a broken answer).
    """

    reason: str
    after: float | None = None
    uncertain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Never done, and asking again with the same content is no use."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unready:
    """Could not be asked at all: a template is missing, or a value it needs is."""

    reason: str


Outcome = Accepted | Retry | Refused | Unready


@dataclass(frozen=True, slots=True)
class Answered:
    """The outcome of the effect that the run was waiting for."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Ordered:
    """Somebody from outside ends the run: unsubscribed, stopped by another sequence, by hand."""

    reason: str


Event = Tick | Answered | Ordered
