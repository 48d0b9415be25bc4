"""A copy of the templates that live elsewhere: for every process, for the next start, and while elsewhere is away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.adapters.notion import KeptCopy
from engine.model import TemplateText
from engine.ports import Clock
from engine.runtime.ledger import Ledger

READING_NOTE = "templates were read"
"""When, and of which database: also where that has no template at all."""


class KeptTemplates:
    """The last templates that Notion gave, in the ledger. A copy of another ``database`` is none."""

    def __init__(self, ledger: Ledger, clock: Clock, database: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._database = database

    def load(self) -> KeptCopy | None:
        """What was saved last, and when."""
        with self._ledger.read() as tx:
            moment, _, database = (tx.note(READING_NOTE) or "").partition(" of ")
            if database != self._database:
                return None
            return KeptCopy([one.template for one in tx.templates().values()], datetime.fromisoformat(moment))

    def save(self, templates: Sequence[TemplateText], read_at: datetime) -> None:
        """Keep these and no others, unless somebody began to read later and was faster."""
        with self._ledger.write(durable=False) as tx:
            moment, _, database = (tx.note(READING_NOTE) or "").partition(" of ")
            if database == self._database and read_at < datetime.fromisoformat(moment) <= self._clock.now():
                return
            gone = set(tx.templates()) - {template.name for template in templates}
            tx.drop_templates(gone)
            tx.put_templates(templates, read_at)
            tx.put_note(READING_NOTE, f"{read_at.isoformat()} of {self._database}")
