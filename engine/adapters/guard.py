"""The mailer of testing mode: only addresses on the list get email, for everybody else it is kept.

A kept email counts as sent, so that a sequence can be tried to its end with real contacts in it. It shows
in the story by its provider id, ``KEPT``. When in doubt the guard keeps: an address that is not plainly one
address (a comma, two @, a display name) matches no pattern, since a mail server may read it as somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from engine.model import Accepted, Retry
from engine.ports import Conflict, Delivery, Found, Mailer, Message, Sought

KEPT = "kept: testing mode"
ONE_ADDRESS = re.compile(r"[^\s@<>,;:\"()\\\x00-\x1f]+@[^\s@<>,;:\"()\\\x00-\x1f]+")


class GuardedMailer:
    """Gives ``inner`` only the messages to addresses that match one of ``allowed`` (``*@example.com``, in any case)."""

    def __init__(self, inner: Mailer, allowed: Sequence[str]) -> None:
        self.inner = inner
        self.name = inner.name
        self.batch = inner.batch
        self.bulk = inner.bulk
        self._allowed = tuple(pattern.strip().casefold() for pattern in allowed)

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """The inner mailer's answers, and ``Accepted(provider_id=KEPT)`` for those it never saw."""
        passed = [message for message in messages if self.allows(message.to)]
        answers = iter(self.inner.send(passed) if passed else ())
        return [next(answers) if self.allows(message.to) else kept(message) for message in messages]

    def send_batch(self, key: str, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:
        """The same of a batch. Were the list edited between two tries, the provider would say ``Conflict``."""
        passed = [message for message in messages if self.allows(message.to)]
        if len(messages) == 1 and not passed:  # it is asked about a batch, and what is kept says nothing of that
            return Retry(reason="testing mode keeps this email of a batch that was handed over", uncertain=True)
        found = self.inner.send_batch(key, passed) if passed else ()
        if isinstance(found, Retry | Conflict):
            return found
        answers = iter(found)
        return [next(answers) if self.allows(message.to) else kept(message) for message in messages]

    def look_up(self, sought: Sequence[Sought]) -> Sequence[Found]:
        """What the inner mailer knows: looking sends nothing."""
        return self.inner.look_up(sought)

    def allows(self, address: str) -> bool:
        """Whether email may go to this address."""
        if not ONE_ADDRESS.fullmatch(address):
            return False
        return any(fnmatchcase(address.casefold(), pattern) for pattern in self._allowed)


def kept(message: Message) -> Accepted:
    """The answer for an email that stays in the ledger."""
    return Accepted(template=message.template, subject=message.subject, provider_id=KEPT)
