"""The file as it was (in the ledger, or at a commit), and the people who are in flight, for verbs that compare."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InvalidFile, Problem, SettingsError
from server.cli.files import content, settings_for

if TYPE_CHECKING:
    from engine.model import Playbook
    from engine.planning import Edit, Person, StepReplaced
    from engine.runtime.ledger import Ledger

LEDGER = "ledger"
_SCHEMES = ("sqlite:", "postgresql:", "postgres:")
_PAGE = 1000


def names_ledger(against: str) -> bool:
    """Whether ``--against`` names a ledger, and not a commit."""
    return against == LEDGER or against.startswith(_SCHEMES)


def at_commit(ref: str, path: Path) -> Playbook:
    """The file as it was at a commit. Raises ``SettingsError`` when it cannot be had or read."""
    from engine.adapters.git import AtCommit, content_at
    from engine.language.compiler import compile_document, sound_document
    from engine.runtime.control.playbook import AnyTemplate

    text, sources = content_at(ref, path), AtCommit(ref, path)
    try:
        document = sound_document(text, AnyTemplate(), file=str(path), sources=sources)
    except InvalidFile as invalid:
        raise SettingsError(f"at {ref} {path} has errors, so nothing can be compared with it: {invalid}") from None
    return compile_document(document, testing=False)


def in_use(ledger: Ledger) -> Playbook | None:
    """The version of the file that the ledger's people follow; None before the first."""
    from engine.runtime.control.playbook import playbook_in_use

    return playbook_in_use(ledger, testing=False)


def as_it_is(path: Path) -> Playbook:
    """The file as it is now, whatever its emails say. Raises ``InvalidFile``."""
    from engine.language.compiler import load
    from engine.runtime.control.playbook import AnyTemplate

    content(path)
    return load(path, AnyTemplate())


def in_flight(ledger: Ledger, programs: list[str]) -> Iterator[list[Person]]:
    """Everybody in these sequences whose run is not over, a page at a time."""
    from engine.model import RunStatus
    from engine.runtime.recounting import people_of

    for program in programs:
        for status in (one for one in RunStatus if not one.ended):
            after = ""
            while True:
                with ledger.read() as tx:
                    page = people_of(tx, tx.page_of_runs(program, status, after=after, limit=_PAGE))
                if not page:
                    break
                yield page
                after = page[-1].run.id


def unclear(path: Path, against: str) -> list[Problem]:
    """What the file leaves open, for people in a ledger or (against a commit) for whoever there may be."""
    from engine.planning import edits, unclear_rename

    new = as_it_is(path)
    if not names_ledger(against):
        found = _replaced(edits(at_commit(against, path), new))
        return [unclear_rename(edit, new, str(path)) for edit in found]
    with _ledger(path, against) as ledger:
        old = in_use(ledger)
        found = _replaced(edits(old, new)) if old else []
        with ledger.read() as tx:
            there = [(edit, tx.standing_at(edit.program, edit.step)) for edit in found]
    return [unclear_rename(edit, new, str(path), number) for edit, number in there if number]


def _replaced(found: Iterable[Edit]) -> list[StepReplaced]:
    from engine.planning import StepReplaced

    return [edit for edit in found if isinstance(edit, StepReplaced)]


def _ledger(path: Path, against: str) -> Ledger:
    from engine.runtime.ledger import Ledger
    from server.cli.ledgers import refuse_missing

    settings = settings_for(str(path))
    if against != LEDGER:
        settings = replace(settings, database_url=against)
    refuse_missing(settings)
    return Ledger.open(settings.database_url)
