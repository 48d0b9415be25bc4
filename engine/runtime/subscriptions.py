"""What one person is subscribed to: the marketing that they have been in, and what stands against it."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Playbook, Program
from engine.runtime.ledger import Suppression, Transaction
from engine.steps.email import Email

NOTHING = Suppression()


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """Names of sequences, those first that they came into first. A file's other sequences are nobody's business."""

    sequences: tuple[str, ...] = ()
    suppression: Suppression = NOTHING

    def stopped(self, sequence: str) -> bool:
        """Whether no marketing of this sequence goes to them."""
        return self.suppression.reason is not None or sequence in self.suppression.left


def subscriptions_of(tx: Transaction, playbook: Playbook, contact_id: str) -> Subscriptions:
    """Of a contact, of whom nothing need be known."""
    names = dict.fromkeys(one.run.program for one in tx.standings_of(contact_id))
    marketing = (name for name in names if (known := playbook.sequences.get(name)) and _markets(known))
    return Subscriptions(tuple(marketing), tx.suppressions_of([contact_id]).get(contact_id, NOTHING))


def _markets(program: Program) -> bool:
    return any(isinstance(step.verb, Email) and not step.verb.transactional for step in program.steps.values())
