"""The mailer that sends nothing: what the ledger stored of each email is all there will be, shown at /outbox."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model import Accepted
from engine.ports import Delivery, Message, OneByOne


class OutboxMailer(OneByOne):
    """Accepts every email at once. Nothing leaves the machine, and nothing is kept here."""

    name = "outbox"
    batch = 500

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """Accepted, each one."""
        return [Accepted(template=message.template, subject=message.subject) for message in messages]
