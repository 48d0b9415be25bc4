"""One transaction: every family of statements on one connection, committed together or not at all."""

from __future__ import annotations

from engine.runtime.ledger.emails import Emails
from engine.runtime.ledger.events import Events
from engine.runtime.ledger.leases import Leases
from engine.runtime.ledger.outbox import Outbox
from engine.runtime.ledger.runs import Runs
from engine.runtime.ledger.shelf import Shelf
from engine.runtime.ledger.story import Story


class Transaction(Events, Runs, Leases, Story, Emails, Outbox, Shelf):
    """What ``Ledger.write`` and ``Ledger.read`` give; of no use after their block."""
