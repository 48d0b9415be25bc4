"""Email through any SMTP server: a session is kept from call to call, and each recipient has an outcome of its own.

SMTP has no idempotency key. A connection that breaks after the text was handed over leaves the outcome unknown, and
the answer says so (``uncertain``): the caller chooses between perhaps twice and perhaps never. The Message-ID
comes from the key, so that servers and mail programs that look for doubles can drop the second one.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Sequence

from engine.adapters.smtp.connection import (
    FIVE_MINUTES,
    Sessions,
    UnconnectedError,
    alive,
    connect,
    leave,
    server_of,
)
from engine.adapters.smtp.delivery import deliver
from engine.model import Retry
from engine.pacing import Unpaced
from engine.ports import Delivery, Message, OneByOne, Pace

__all__ = ["SmtpMailer", "UnconnectedError", "connect", "leave", "server_of"]


class SmtpMailer(OneByOne):
    """Sends through the server of ``url``: ``smtp://user:password@host:587`` or ``smtps://…``.

    ``timeout`` is the seconds that connecting may take, and each message. After ``patience`` seconds no further
    message is begun, so a call ends within the sum of ``patience`` and twice ``timeout``.
    """

    name = "smtp"
    batch = 20

    def __init__(self, url: str, *, pace: Pace | None = None, timeout: float = 10.0, patience: float = 4.0) -> None:
        self._server = server_of(url)
        self._pace = pace or Unpaced()
        self._timeout, self._patience = timeout, patience
        self._sessions = Sessions(self._server, timeout)

    def __repr__(self) -> str:
        return f"SmtpMailer({self._server!r})"

    def close(self) -> None:
        """Hang up."""
        self._sessions.close()

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """One answer per message, in the same order, over one session as long as it holds."""
        until = time.monotonic() + self._patience
        session: smtplib.SMTP | None = None
        answers: list[Delivery] = []
        try:
            for message in messages:
                session = session or self._sessions.take()
                answers.append(deliver(session, message, time.monotonic() + self._timeout))
                self._tell(answers[-1], broken=not alive(session))
                session = session if alive(session) else None
                if time.monotonic() > until:
                    raise UnconnectedError("the mail server is slow: this email had no turn")
        except UnconnectedError as error:
            # Whoever comes after would wait for the same silence.
            answers += [error.answer] * (len(messages) - len(answers))
            self._tell(error.answer, broken=session is None)
        finally:
            self._sessions.give_back(session)
        return answers

    def _tell(self, answer: Delivery, *, broken: bool) -> None:
        """What the answer says about the server, and not about the email."""
        if not isinstance(answer, Retry):
            self._pace.worked()
        elif answer.after == FIVE_MINUTES:
            self._pace.close(answer.after, answer.reason)
        elif broken:
            self._pace.failed(answer.reason)
