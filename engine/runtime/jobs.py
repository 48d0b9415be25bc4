"""What the worker pools do: move due runs, send what waits for its turn, and carry out errands of one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.runtime.bell import Bell
from engine.runtime.ledger import Claimed, OutboxItem
from engine.runtime.outbox import Dispatcher
from engine.runtime.runner import Runner

BATCH = 200
"""Runs in one claim: decided and committed together. Half as many cost a seventh more each; more than that are no
cheaper, but keep others waiting for the ledger. How many emails go out in one call is for the mailer to say.
"""


class MoveRuns:
    """Moves runs. ``before`` is called when there are some, before anything is decided about them."""

    def __init__(self, runner: Runner, bell: Bell, before: Callable[[], None] | None = None) -> None:
        self._runner = runner
        self._bell = bell
        self._before = before

    def take(self) -> Sequence[Claimed] | None:
        """Runs that are due."""
        if self._before is not None and self._runner.any_due("move"):
            self._before()
        return self._runner.claim(BATCH) or None

    def work(self, batch: Sequence[Claimed]) -> None:
        """Move them; what they started or told is due at once."""
        self._runner.work(batch)
        self._bell.ring_here()


class SendEmails:
    """Sends the emails that could not go when they were decided on, as fast as the vendor's pace allows."""

    def __init__(self, runner: Runner, bell: Bell) -> None:
        self._runner = runner
        self._bell = bell

    def take(self) -> Sequence[Claimed] | None:
        """Runs whose email may go now."""
        return self._runner.claim(BATCH, "post") or None

    def work(self, batch: Sequence[Claimed]) -> None:
        """Send, and go on."""
        self._runner.work(batch, "post")
        self._bell.ring_here()


class RunErrands:
    """Carries out errands of one kind."""

    def __init__(self, dispatcher: Dispatcher, bell: Bell) -> None:
        self._dispatcher = dispatcher
        self._bell = bell

    def take(self) -> Sequence[OutboxItem] | None:
        """Errands that are due."""
        return self._dispatcher.claim() or None

    def work(self, batch: Sequence[OutboxItem]) -> None:
        """Carry them out; a run may have waited for it."""
        self._dispatcher.work(batch)
        self._bell.ring_here()
