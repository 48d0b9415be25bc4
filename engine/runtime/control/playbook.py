"""The file that the workers run now, as the ledger has it: an edit that is broken or not yet loaded changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import InvalidFile
from engine.language.compiler import load
from engine.model import Playbook, TemplateText
from engine.runtime.ledger import Ledger, Transaction


class AnyTemplate:
    """Where steps lead does not hang on what emails say."""

    def find(self, name: str) -> TemplateText | None:
        """Whatever is asked for is there."""
        return TemplateText(name=name, subject="Any", body="Any text at all.\n", format="markdown")

    def names(self) -> Sequence[str]:
        """None is known by name."""
        return ()


def playbook_in_use(ledger: Ledger, *, testing: bool) -> Playbook | None:
    """The version of the file that was loaded last; None where there is none, or this version cannot read it."""
    with ledger.read() as tx:
        revision = tx.latest_revision()
        playbook = recompiled(revision.text, testing=testing) if revision else None
        return remembering(tx, playbook) if playbook else None


def remembering(tx: Transaction, playbook: Playbook) -> Playbook:
    """A version of the file with what the ledger knows: where steps went, and the versions that runs have kept."""
    numbers = tx.pinned_revisions()
    return playbook.with_moved(tx.moved()).with_earlier({number: _kept(tx, number, playbook) for number in numbers})


def _kept(tx: Transaction, number: int, playbook: Playbook) -> Playbook | None:
    revision = tx.revision_numbered(number)
    return recompiled(revision.text, testing=playbook.testing) if revision else None


def recompiled(text: str, *, testing: bool) -> Playbook | None:
    """An earlier version of the file again; None when this version of busos cannot read it."""
    try:
        return load(text, AnyTemplate(), testing=testing) if text else None
    except InvalidFile:
        return None
