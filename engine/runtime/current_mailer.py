"""The mailer as it is at this moment: testing mode holds back what is not on the list of the file as it is now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.adapters.guard import GuardedMailer
from engine.adapters.outbox import OutboxMailer
from engine.model import Playbook, Retry
from engine.ports import Conflict, Delivery, Found, Mailer, Message, Sought


class CurrentMailer:
    """The mailer; in testing mode behind the allow-list of the file as it is now (none: nobody gets an email)."""

    def __init__(self, inner: Mailer, playbook: Callable[[], Playbook]) -> None:
        self.name = inner.name
        self.batch = inner.batch
        self._inner = inner
        self._playbook = playbook

    @property
    def bulk(self) -> int:
        """How many emails go in one request at most, as it is now."""
        return self._mailer().bulk

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """Send, or keep what testing mode holds back."""
        return self._mailer().send(messages)

    def send_batch(self, key: str, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:
        """The same in one request."""
        return self._mailer().send_batch(key, messages)

    def look_up(self, sought: Sequence[Sought]) -> Sequence[Found]:
        """Whether these are out."""
        return self._mailer().look_up(sought)

    def _mailer(self) -> Mailer:
        playbook = self._playbook()
        guarded = playbook.testing and not isinstance(self._inner, OutboxMailer)
        return GuardedMailer(self._inner, playbook.send_only_to) if guarded else self._inner
