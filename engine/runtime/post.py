"""Hands stored emails to the mailer, and turns its answers into what happened to their runs."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from engine.model import Accepted, Answered, Contact, Event, Noun, Refused, Retry, Run
from engine.ports import Delivery, Mailer, Message, Pace
from engine.runtime.ledger import BatchResult, EmailResult, Pair
from engine.runtime.letters import LIST_UNSUBSCRIBE

log = structlog.get_logger(__name__)


class Turn(Noun, frozen=True):
    """A run that is ours, and what happened to it.

    ``result`` is what its email came to; ``known`` is what became known of the batch that its email is in.
    """

    run: Run
    contact: Contact
    event: Event
    result: EmailResult | None = None
    known: BatchResult | None = None


class Letter(Noun, frozen=True):
    """An email that is stored and ours to send: by itself, or with its ``batch``.

    ``fresh``: nobody but us can have sent that batch, and we have not yet.
    """

    run: Run
    contact: Contact
    message: Message
    batch: str | None = None
    fresh: bool = False

    @property
    def wanted(self) -> bool:
        """Whether its contact, as it is told here, may get it."""
        transactional = LIST_UNSUBSCRIBE not in self.message.headers
        run = self.run
        return self.contact.refuses(run.program, transactional=transactional, since=run.started_at) is None

    @property
    def pair(self) -> Pair:
        """Which email it is."""
        return self.run.id, self.run.step or ""


def next_parcel(letters: Sequence[Letter], most: int) -> tuple[list[Letter], list[Letter]]:
    """What is handed to the mailer next, and what is left: all of one batch, or up to so many single emails."""
    batch = letters[0].batch
    company = [letter for letter in letters if letter.batch == batch][: None if batch else most]
    chosen = {letter.run.id for letter in company}
    return company, [letter for letter in letters if letter.run.id not in chosen]


def send(mailer: Mailer, letters: Sequence[Letter], pace: Pace) -> list[Turn]:
    """One turn for each letter, in order. A mailer that breaks may have sent them all the same."""
    answers = _blamed(_deliver(mailer, [letter.message for letter in letters]), pace)
    return [
        Turn(letter.run, letter.contact, Answered(answer), result_of(letter, answer))
        for letter, answer in zip(letters, answers, strict=True)
    ]


def _blamed(answers: Sequence[Delivery], pace: Pace) -> Sequence[Delivery]:
    """While nobody gets through to the vendor, a failure says nothing about the email that met with it."""
    if not any(isinstance(answer, Retry) for answer in answers) or pace.shut() is None:
        return answers
    return [answer.evolve(vendor_wide=True) if isinstance(answer, Retry) else answer for answer in answers]


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


def result_of(letter: Letter, answer: Delivery) -> EmailResult:
    """What the email came to, as the ledger has it."""
    run_id, step = letter.pair
    match answer:
        case Accepted() | Refused():
            return settled(letter.pair, answer)
        case Retry(reason=reason, vendor_wide=vendor_wide):
            tries = letter.run.attempt + (not vendor_wide)
            return EmailResult(run_id=run_id, step=step, status="asked", error=reason, attempts=tries)


def settled(pair: Pair, answer: Accepted | Refused) -> EmailResult:
    """An answer that is the last one, whoever has the run in hand."""
    run_id, step = pair
    match answer:
        case Accepted(provider_id=provider_id):
            return EmailResult(run_id=run_id, step=step, status="accepted", provider_id=provider_id)
        case Refused(reason=reason):
            return EmailResult(run_id=run_id, step=step, status="refused", error=reason)
