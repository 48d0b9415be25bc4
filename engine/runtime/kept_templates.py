"""A copy of the templates that live elsewhere: for every process, for the next start, and while elsewhere is away."""

from __future__ import annotations

from collections.abc import Sequence

from engine.adapters.notion import KeptCopy
from engine.model import TemplateText
from engine.ports import Clock
from engine.runtime.ledger import Ledger

SOURCE_NOTE = "templates are of"


class KeptTemplates:
    """The last templates that Notion gave, in the ledger. A copy of another ``database`` is none."""

    def __init__(self, ledger: Ledger, clock: Clock, database: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._database = database

    def load(self) -> KeptCopy | None:
        """What was saved last, and when."""
        with self._ledger.read() as tx:
            if tx.note(SOURCE_NOTE) != self._database:
                return None
            found = list(tx.templates().values())
        if not found:
            return None
        return KeptCopy([one.template for one in found], min(one.fetched_at for one in found))

    def save(self, templates: Sequence[TemplateText]) -> None:
        """Keep these and no others."""
        with self._ledger.write(durable=False) as tx:
            gone = set(tx.templates()) - {template.name for template in templates}
            tx.drop_templates(gone)
            tx.put_templates(templates, self._clock.now())
            tx.put_note(SOURCE_NOTE, self._database)
