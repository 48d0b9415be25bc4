"""Hands stored emails to the mailer, and turns its answers into what happened to their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from engine.model import Accepted, Answered, Contact, Event, Outcome, Refused, Retry, Run, Unready
from engine.ports import Delivery, Mailer, Message
from engine.runtime.ledger import EmailResult

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """A run that is ours, and what happened to it. ``result`` is what its email came to."""

    run: Run
    contact: Contact
    event: Event
    result: EmailResult | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """An email that is stored and ours to send."""

    run: Run
    contact: Contact
    message: Message


def send(mailer: Mailer, letters: Sequence[Letter]) -> list[Turn]:
    """One turn for each letter, in order. A mailer that breaks may have sent them all the same."""
    answers = _deliver(mailer, [letter.message for letter in letters])
    return [
        Turn(letter.run, letter.contact, Answered(answer), _result(letter, answer))
        for letter, answer in zip(letters, answers, strict=True)
    ]


def _deliver(mailer: Mailer, messages: Sequence[Message]) -> Sequence[Delivery]:
    try:
        answers = mailer.send(messages)
    except Exception as error:
        log.exception("mailer failed", mailer=mailer.name, messages=len(messages))
        reason = f"busos failed while sending: {type(error).__name__}"
    else:
        if len(answers) == len(messages):
            return answers
        log.error("mailer failed", mailer=mailer.name, messages=len(messages), answers=len(answers))
        reason = "busos failed while sending: it is not known which emails went out"
    return [Retry(reason=reason, uncertain=True) for _ in messages]


def _result(letter: Letter, answer: Outcome) -> EmailResult:
    run_id, step = letter.run.id, letter.run.step or ""
    match answer:
        case Accepted(provider_id=provider_id):
            return EmailResult(run_id=run_id, step=step, status="accepted", provider_id=provider_id)
        case Refused(reason=reason):
            return EmailResult(run_id=run_id, step=step, status="refused", error=reason)
        case Retry(reason=reason) | Unready(reason=reason):
            return EmailResult(run_id=run_id, step=step, status="asked", error=reason)
