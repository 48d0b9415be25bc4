"""Emails that go out in one request: sent whole, answered for everybody, taken apart only when nothing of it is out.

Which emails are of a batch is stored before its first try. Here the whole of it is loaded, also what belongs to runs
in other hands or in nobody's: only the same request again is safe (``engine.adapters.resend`` says why). What is
learned of it goes back with the turns of the runs in hand, and is written in their transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from engine.model import Accepted, Answered, Outcome, Refused, Retry
from engine.patience import backoff
from engine.ports import Clock, Conflict, Delivery, Found, Mailer, Message, NeverTaken, Pace
from engine.runtime.doubts import look_up
from engine.runtime.ledger import BatchResult, EmailRecord, Ledger, Pair, Transaction
from engine.runtime.post import Letter, Turn, result_of, settled

log = structlog.get_logger(__name__)

OFTEN = 3
"""After so many tries without a certain answer, while the vendor takes others, one email in it may be the cause."""
MINUTE, HOUR = 60, 3600
PROOFS, AGAIN = 20, 3
"""With so many emails at most is asked one by one, after all of it has failed: so many of them as lately."""
PATIENCE = 2.0
"""Seconds to wait for a permit when one request under a key has not told enough."""
BY_ITSELF = Retry(reason="the batch that it was in was not taken; it goes by itself", vendor_wide=True)
UNKNOWN = Retry(reason="the provider knows its batch with other emails in it", uncertain=True)

Answer = Sequence[Delivery] | Retry | Conflict


def batch_key(batch: str) -> str:
    """The idempotency key of a batch: never that of an email, which begins with the id of a run."""
    return f"batch/{batch}"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A batch, and those of its emails whose runs are ours."""

    batch: str
    members: Sequence[EmailRecord]
    letters: Sequence[Letter]

    def turns(self, outcomes: Mapping[Pair, Outcome], known: BatchResult | None = None) -> list[Turn]:
        """What happened to our runs. All that is to be tried again is so at one moment, and in one hand then."""
        longest = max(backoff(one.run.evolve(attempt=one.run.attempt + 1), None) for one in self.letters)
        return [
            Turn(letter.run, letter.contact, Answered(outcome), result, known)
            for letter in self.letters
            for outcome in [_not_before(longest, outcomes.get(letter.pair, UNKNOWN))]
            for result in [result_of(letter, outcome) if isinstance(outcome, Retry) else None]
        ]

    def told(self, emails: Sequence[EmailRecord], answers: Sequence[Delivery]) -> list[Turn]:
        """These of its emails have their answers: the others of it were not taken, and never can be in this batch."""
        asked = dict(zip(map(pair_of, emails), answers, strict=True))
        others = [pair for pair in map(pair_of, self.members) if pair not in asked]
        return self.known({**asked, **dict.fromkeys(others, BY_ITSELF)}, leaves=others)

    def known(self, outcomes: Mapping[Pair, Outcome], leaves: Sequence[Pair] = ()) -> list[Turn]:
        """What happened to our runs, with what is known now of emails that are not ours."""
        last = {pair: answer for pair, answer in outcomes.items() if isinstance(answer, Accepted | Refused)}
        results = tuple(settled(pair, answer) for pair, answer in last.items())
        return self.turns(outcomes, BatchResult(batch=self.batch, results=results, leaves=tuple(leaves)))

    def missed(self, answer: Retry) -> list[Turn]:
        """No answer for each. What was surely not taken, and by nobody else before, is a batch no longer."""
        outcomes = {letter.pair: answer for letter in self.letters}
        if answer.uncertain or not self.letters[0].fresh:
            return self.turns(outcomes)
        leases = tuple((letter.run.id, letter.run.version) for letter in self.letters)
        leaves = tuple(map(pair_of, self.members))
        return self.turns(outcomes, BatchResult(batch=self.batch, leaves=leaves, leases=leases))


class Batches:
    """Sends batches. Safe to use from many threads."""

    def __init__(self, ledger: Ledger, mailer: Mailer, pace: Pace, clock: Clock) -> None:
        self._ledger = ledger
        self._mailer = mailer
        self._pace = pace
        self._clock = clock

    def send(self, batch: str, letters: Sequence[Letter]) -> list[Turn]:
        """One turn for each letter, in order."""
        with self._ledger.read() as tx:
            parcel = Parcel(batch, tx.emails_of_batch(batch), letters)
            tries = None if letters[0].fresh else most_tries(tx, parcel.members)
        missed, conflict = UNKNOWN, False
        for place, emails in enumerate(self._company(parcel.members, tries)):
            if place and self._pace.turn(PATIENCE) > 0:
                return parcel.missed(missed)
            answer = self._ask(batch, emails)
            if not isinstance(answer, Retry | Conflict):
                return parcel.told(emails, answer)
            if isinstance(answer, Conflict):
                conflict = True
                if missed is not UNKNOWN and place >= PROOFS:
                    break  # all of it just failed, and may well be what the key is known with
                continue
            missed = answer
            if answer.vendor_wide or (place and not conflict):
                break
        return self._look(parcel) if conflict and missed is UNKNOWN else parcel.missed(missed)

    def _company(self, members: Sequence[EmailRecord], tries: int | None) -> Iterator[Sequence[EmailRecord]]:
        """With what to ask under the key of a batch, one after the other while that tells nothing.

        All of it; after some tries then one of its emails: taken, it proves that the whole never was, and never can be.
        It is another one at another try, and in another hour, since it may be the one that spoils the batch. Where the
        key is known with others, the answer to one got lost that was asked with earlier: each is tried, the latest
        first. While nobody gets through, one email goes before all: maybe it is this batch that looks like an outage.
        ``tries`` are those that count; None is a batch that nobody was asked with before.
        """
        now, count = int(self._clock.now().timestamp()), len(members)
        if tries is not None and self._pace.shut() is not None:
            yield [members[now // MINUTE % count]]
        yield members
        if tries is not None and tries >= OFTEN:
            latest = range(tries + now // HOUR, OFTEN + now // HOUR - 2, -1)
            others = range((PROOFS - AGAIN) * tries, (PROOFS - AGAIN) * tries + count)
            yield from ([members[place]] for place in dict.fromkeys(n % count for n in (*latest[:AGAIN], *others)))

    def _look(self, parcel: Parcel) -> list[Turn]:
        """Its key is taken by another request: whatever is not out now never will be in this batch."""
        open_ones = {pair_of(member): member for member in parcel.members if member.status == "asked"}
        tried = [member.tried_at for member in parcel.members if member.tried_at is not None]
        found = look_up(self._ledger, self._mailer, open_ones, self._clock.now(), max(tried, default=None))
        leaves = [pair for pair, answer in found.items() if isinstance(answer, NeverTaken)]
        return parcel.known({pair: _outcome(answer) for pair, answer in found.items()}, leaves=leaves)

    def _ask(self, batch: str, members: Sequence[EmailRecord]) -> Answer:
        answer = self._answer(batch_key(batch), [member.message for member in members])
        if isinstance(answer, Retry) and self._pace.shut() is not None:
            return answer.evolve(vendor_wide=True)  # while nobody gets through, that says nothing about these emails
        return answer

    def _answer(self, key: str, messages: Sequence[Message]) -> Answer:
        try:
            answer = self._mailer.send_batch(key, messages)
        except Exception as error:
            log.exception("mailer failed", mailer=self._mailer.name, messages=len(messages))
            return Retry(reason=f"busos failed while sending: {type(error).__name__}", uncertain=True)
        if isinstance(answer, Retry | Conflict) or len(answer) == len(messages):
            return answer
        log.error("mailer failed", mailer=self._mailer.name, messages=len(messages), answers=len(answer))
        return Retry(reason="busos failed while sending: it is not known which emails went out", uncertain=True)


def most_tries(tx: Transaction, members: Sequence[EmailRecord]) -> int:
    """How often an email of a batch was tried at most, as its run has it: a try that nobody finished does not count."""
    runs = tx.runs({member.run_id for member in members})
    return max((runs[one.run_id].attempt for one in members if runs[one.run_id].step == one.step), default=0)


def pair_of(record: EmailRecord) -> Pair:
    """Which email it is."""
    return record.run_id, record.step


def _outcome(found: Found) -> Outcome:
    if isinstance(found, Accepted):
        return found
    return BY_ITSELF if isinstance(found, NeverTaken) else UNKNOWN


def _not_before(wait: timedelta, outcome: Outcome) -> Outcome:
    if not isinstance(outcome, Retry) or outcome.vendor_wide:
        return outcome
    return outcome.evolve(after=max(wait.total_seconds(), outcome.after or 0.0))
