"""One transaction: every family of statements on one connection, committed together or not at all."""

from __future__ import annotations

from engine.runtime.ledger.attention import Attention
from engine.runtime.ledger.batches import Batches
from engine.runtime.ledger.crowds import Crowds
from engine.runtime.ledger.deliveries import Deliveries
from engine.runtime.ledger.edited import Edited
from engine.runtime.ledger.erasing import Erasing
from engine.runtime.ledger.forgetting import Forgetting
from engine.runtime.ledger.leases import Leases
from engine.runtime.ledger.outbox import Outbox
from engine.runtime.ledger.paces import Paces
from engine.runtime.ledger.persons import Persons
from engine.runtime.ledger.restored import Restored
from engine.runtime.ledger.runs import Runs
from engine.runtime.ledger.shelf import Shelf
from engine.runtime.ledger.soundness import Soundness
from engine.runtime.ledger.story import Story


class Transaction(
    Persons,
    Runs,
    Leases,
    Story,
    Batches,
    Outbox,
    Paces,
    Shelf,
    Forgetting,
    Restored,
    Soundness,
    Attention,
    Crowds,
    Deliveries,
    Edited,
    Erasing,
):
    """What ``Ledger.write`` and ``Ledger.read`` give; of no use after their block."""
