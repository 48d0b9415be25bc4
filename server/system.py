"""What the web server needs of the running system, as a Protocol: the composition root provides it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Any, Protocol

from engine.model import Playbook
from engine.ports import Clock
from engine.runtime.arrivals import Arrival, Receipt
from engine.runtime.ledger import Suppression
from engine.runtime.settings import Settings
from engine.runtime.subscriptions import Subscriptions


class SentEmail(Protocol):
    """One email that went out or was kept, with what was rendered. ``key`` is its idempotency key."""

    @property
    def key(self) -> str: ...  # noqa: D102 - the members are those of engine.ports.Message
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def to(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def template(self) -> str: ...  # noqa: D102
    @property
    def html(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def headers(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def run_id(self) -> str: ...  # noqa: D102
    @property
    def step(self) -> str: ...  # noqa: D102
    @property
    def mailer(self) -> str: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102


class ToldAlert(Protocol):
    """One alert to the team: on its way, sent, recorded or given up. ``error`` says what went wrong last."""

    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def message(self) -> str: ...  # noqa: D102
    @property
    def title(self) -> str | None: ...  # noqa: D102
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def error(self) -> str | None: ...  # noqa: D102


class System(Protocol):
    """The engine as the web server sees it. Every method may be called from any thread."""

    @property
    def settings(self) -> Settings:
        """The settings; ``secret_key`` is filled in."""
        ...

    @property
    def clock(self) -> Clock:
        """What time it is."""
        ...

    def playbook(self) -> Playbook:
        """The file as it is now. The same object until the file is reloaded."""
        ...

    def submit(self, arrival: Arrival) -> Future[Receipt]:
        """Put an arrival on disk; done after the commit. Does not block.

        The future (or the call) raises KeyReused, TriggerGone or LedgerUnavailable: then nothing was written.
        """
        ...

    def ready(self) -> Mapping[str, tuple[bool, str]]:
        """Each part that must work, whether it does, and a few words: ledger, queue, worker, file. May block."""
        ...

    def outbox(self, *, limit: int, before: str | None, search: str | None) -> Sequence[SentEmail]:
        """Emails, newest first, older than the one with the key ``before``, to an address that contains ``search``.

        May block.
        """
        ...

    def alerts(self, *, limit: int) -> Sequence[ToldAlert]:
        """Alerts, newest first. May block."""
        ...

    def email(self, key: str) -> SentEmail | None:
        """One email by its key. May block."""
        ...

    def suppress(self, contact_id: str, reason: str) -> None:
        """Never send this contact marketing email again. Doing so twice, or for nobody, is no error. May block."""
        ...

    def subscriptions(self, contact_id: str) -> Subscriptions:
        """What a contact is subscribed to; nothing for nobody. May block."""
        ...

    def change_suppression(self, contact_id: str, change: Callable[[Suppression, datetime], Suppression]) -> None:
        """Change what stands against a contact; nobody is no error. May block."""
        ...

    def deliver(self, document: Mapping[str, Any], message_id: str) -> bool:
        """Keep what the provider told of an email, and do what follows; False where it came before. May block."""
        ...
