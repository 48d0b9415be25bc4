"""The file that the workers run now, as the ledger has it: an edit that is broken or not yet loaded changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import InvalidFile
from engine.language.compiler import load
from engine.model import Playbook, TemplateText
from engine.runtime.ledger import Ledger


class _AnyTemplate:
    """Where steps lead does not hang on what emails say."""

    def find(self, name: str) -> TemplateText | None:
        return TemplateText(name=name, subject="-", body="-\n", format="markdown")

    def names(self) -> Sequence[str]:
        return ()


def playbook_in_use(ledger: Ledger, *, testing: bool) -> Playbook | None:
    """The version of the file that was loaded last; None where there is none, or this version cannot read it."""
    with ledger.read() as tx:
        revision = tx.latest_revision()
    if revision is None or not revision.text:
        return None
    try:
        return load(revision.text, _AnyTemplate(), testing=testing)
    except InvalidFile:
        return None
