"""One request for many emails, under the key of the batch.

``x-batch-validation: permissive`` asks Resend to send the good ones and to name the others by their place.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.adapters.resend.answers import judge_batch
from engine.adapters.resend.connection import Call, Connection
from engine.adapters.resend.requests import batch_body
from engine.model import Retry
from engine.ports import Conflict, Delivery, Message

PATH = "/emails/batch"
PERMISSIVE = {"x-batch-validation": "permissive"}


def deliver_batch(
    connection: Connection, call: Call, key: str, messages: Sequence[Message]
) -> Sequence[Delivery] | Retry | Conflict:
    """Send all of them, or none."""
    try:
        request = connection.post(PATH, batch_body(messages), key, **PERMISSIVE)
    except ValueError as error:
        return Retry(reason=f"these emails cannot be put into one request ({error}): each goes by itself now")
    answer = connection.ask(request, messages)
    if isinstance(answer, Retry):
        return call.missed(answer)
    outcome = judge_batch(answer, messages)
    call.heard(answer, outcome)
    return outcome
