"""The mailer of testing mode: only addresses on the list get email, for everybody else it is kept.

A kept email counts as sent, so that a sequence can be tried to its end with real contacts in it. It shows
in the story by its provider id, ``KEPT``. When in doubt the guard keeps: an address that is not plainly one
address (a comma, two @, a display name) matches no pattern, since a mail server may read it as somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from engine.model import Accepted
from engine.ports import Delivery, Mailer, Message

KEPT = "kept: testing mode"
ONE_ADDRESS = re.compile(r"[^\s@<>,;:\"()\\\x00-\x1f]+@[^\s@<>,;:\"()\\\x00-\x1f]+")


class GuardedMailer:
    """Gives ``inner`` only the messages to addresses that match one of ``allowed`` (``*@example.com``, in any case)."""

    def __init__(self, inner: Mailer, allowed: Sequence[str]) -> None:
        self.inner = inner
        self.name = inner.name
        self.batch = inner.batch
        self._allowed = tuple(pattern.strip().casefold() for pattern in allowed)

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """The inner mailer's answers, and ``Accepted(provider_id=KEPT)`` for those it never saw."""
        passed = [message for message in messages if self.allows(message.to)]
        answers = iter(self.inner.send(passed) if passed else ())
        return [next(answers) if self.allows(message.to) else kept(message) for message in messages]

    def allows(self, address: str) -> bool:
        """Whether email may go to this address."""
        if not ONE_ADDRESS.fullmatch(address):
            return False
        return any(fnmatchcase(address.casefold(), pattern) for pattern in self._allowed)


def kept(message: Message) -> Accepted:
    """The answer for an email that stays in the ledger."""
    return Accepted(template=message.template, subject=message.subject, provider_id=KEPT)
