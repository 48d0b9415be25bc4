"""A copy of the templates that live elsewhere, for the time when elsewhere is away."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model import TemplateText
from engine.ports import Clock
from engine.runtime.ledger import Ledger


class KeptTemplates:
    """The last templates that Notion gave, in the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def load(self) -> Sequence[TemplateText]:
        """What was saved last."""
        with self._ledger.read() as tx:
            return [one.template for one in tx.templates().values()]

    def save(self, templates: Sequence[TemplateText]) -> None:
        """Keep these and no others."""
        with self._ledger.write() as tx:
            gone = set(tx.templates()) - {template.name for template in templates}
            tx.drop_templates(gone)
            tx.put_templates(templates, self._clock.now())
