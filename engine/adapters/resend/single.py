"""One request for each email, each under its own key."""

from __future__ import annotations

from engine.adapters.resend.answers import judge
from engine.adapters.resend.connection import Call, Connection
from engine.adapters.resend.requests import body
from engine.model import Refused, Retry
from engine.ports import Delivery, Message

PATH = "/emails"


def deliver(connection: Connection, call: Call, message: Message) -> Delivery:
    """Send one email, unless nobody gets through."""
    if call.stopped is not None:
        return call.stopped
    try:
        request = connection.post(PATH, body(message), message.key)
    except ValueError as error:
        return Refused(reason=f"the email cannot be put into a request: {error}")
    answer = connection.ask(request, [message])
    if isinstance(answer, Retry):
        return call.missed(answer)
    outcome = judge(answer, message)
    call.heard(answer, outcome)
    return outcome
