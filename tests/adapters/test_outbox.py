"""OutboxMailer: nothing leaves."""

from __future__ import annotations

from engine.adapters.outbox import OutboxMailer
from engine.model import Accepted
from engine.ports import Message


def test_every_email_is_accepted_and_named_by_nobody_outside() -> None:
    messages = [
        Message(
            key=f"k{n}",
            template=f"t{n}",
            sender="s@example.com",
            to="a@example.com",
            subject=f"S{n}",
            html="h",
            text="t",
        )
        for n in range(3)
    ]
    assert OutboxMailer().send(messages) == [Accepted(template=f"t{n}", subject=f"S{n}") for n in range(3)]
