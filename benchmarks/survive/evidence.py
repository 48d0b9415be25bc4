"""What was seen of one trial from outside: plain facts, for ``judge.py`` to weigh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sent:
    """One email that the provider accepted. ``at`` is its clock, in seconds since 1970; steps count from 1.

    Which step it is, and whom it greets, is read from the subject: a wrong key cannot hide a second copy. ``account``
    is the API key it came with, by which hosts are told apart.
    """

    at: float
    to: str
    step: int
    greeting: str
    key: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as the ledger's table has it at the end."""

    id: str
    email: str
    program: str
    status: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the webhooks of one idempotency key were answered with 2xx: the ids of the event, one for each answer."""

    email: str
    at: float
    events: tuple[str, ...]
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One blow: when it fell, when what it hit was started again, and whether it fell into an open window.

    ``window`` is how many emails the provider had accepted and not yet answered in that instant. ``exit`` are the
    seconds until a process that was asked to end had ended, ``status`` its exit status.
    """

    at: float
    how: str
    again: float
    window: int = 0
    exit: float | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the product behaved toward one vendor. ``judged``: the vendor's published contract was at hand."""

    requests: int
    violations: tuple[str, ...] = ()
    judged: bool = True
    most_tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything.

    ``answers`` are by idempotency key; ``recorded`` is when the ledger says that a step of somebody was accepted, by
    (address, step). ``limbo`` are runs that were seen with neither a due time nor an end. ``pages`` counts the
    contacts' pages in Notion, by address (None: no Notion). ``parked`` are those who must end held. ``leaps`` are the
    moments when the product's clock was put forward, and how far ahead it was from then on.
    """

    emails: int
    wait: float
    answers: Mapping[str, Answer]
    sent: tuple[Sent, ...]
    runs: tuple[RunRow, ...]
    events: frozenset[str]
    recorded: Mapping[tuple[str, int], float] = field(default_factory=dict)
    entered: Mapping[str, float] = field(default_factory=dict)
    starts: tuple[float, ...] = ()
    kills: tuple[Kill, ...] = ()
    limbo: tuple[str, ...] = ()
    looks: int = 0
    pages: Mapping[str, int] | None = None
    completed: frozenset[str] = frozenset()
    conduct: Mapping[str, Conduct] = field(default_factory=dict)
    integrity: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    parked: frozenset[str] = frozenset()
    leaps: tuple[tuple[float, float], ...] = ()

    @property
    def contacts(self) -> tuple[str, ...]:
        """Everybody whose assessment was answered with 2xx, and so must get every email."""
        return tuple(sorted({answer.email for key, answer in self.answers.items() if key.startswith("assessment")}))

    @property
    def due(self) -> tuple[str, ...]:
        """The same without those who are parked on purpose."""
        return tuple(email for email in self.contacts if email not in self.parked)

    def product_time(self, at: float) -> float:
        """What the product's clock said at this moment."""
        return at + next((ahead for since, ahead in reversed(self.leaps) if since <= at), 0.0)
