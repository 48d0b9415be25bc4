"""A version of the file takes effect: compared with the one before it, for the people who are in flight.

Where steps went that are no longer in the file is written down, so that whoever stands there finds the way whenever
their turn comes. Whose moment is another one now is counted again by ``recounting``. A file that leaves open whether
a step was renamed or replaced is refused while somebody waits there. All of it happens in the transaction in which the
version is noted: of several processes that read the same edit, the first does it, and the others find it done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from engine.errors import InvalidFile, Problem
from engine.model import Moved, Playbook
from engine.planning import Comparison, StepReplaced, unclear_rename
from engine.ports import Clock
from engine.runtime.control.playbook import recompiled, remembering
from engine.runtime.ledger import Ledger, Transaction
from engine.runtime.recounting import plan_recount

Places = dict[str, dict[str, Moved]]


class Adopting:
    """Called with every playbook that is to take effect, and its text; gives it back with what the ledger knows.

    ``commit`` says which commit of git holds the file, if one does.
    """

    def __init__(
        self, ledger: Ledger, clock: Clock, *, file: str, commit: Callable[[], str | None] = lambda: None
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._file = file
        self._commit = commit

    def __call__(self, playbook: Playbook, text: str) -> Playbook:
        """Note it as the version in use. Raises ``InvalidFile`` when people in flight would not know where to go."""
        commit = self._commit()
        return self._ledger.transact(lambda tx: self._adopt(tx, playbook, text, commit))

    def _adopt(self, tx: Transaction, playbook: Playbook, text: str, commit: str | None) -> Playbook:
        before = tx.latest_revision()
        if before is not None and before.hash != playbook.revision:
            old = recompiled(before.text, testing=playbook.testing)
            if old is not None:
                self._carry_over(tx, old, playbook)
        tx.put_revision(playbook.revision, text, self._clock.now(), commit)
        return remembering(tx, playbook)

    def _carry_over(self, tx: Transaction, old: Playbook, new: Playbook) -> None:
        comparison = Comparison(old, new)
        if unclear := list(self._unclear(tx, comparison, new)):
            raise InvalidFile(unclear)
        tx.put_moved(_followed(tx.moved(), new, comparison.moved))
        plan_recount(tx, comparison, self._clock.now())

    def _unclear(self, tx: Transaction, comparison: Comparison, new: Playbook) -> Iterator[Problem]:
        for edit in comparison.edits:
            if isinstance(edit, StepReplaced) and (there := tx.standing_at(edit.program, edit.step)):
                yield unclear_rename(edit, new, self._file, there)


def _followed(known: Places, new: Playbook, fresh: Mapping[str, Mapping[str, Moved]]) -> Places:
    """What is known of steps that have gone, with those that led to a step that has gone now led on."""
    found: Places = {}
    for name in {*known, *fresh}:
        steps = fresh.get(name, {})
        led = {step: _onwards(one, steps) for step, one in known.get(name, {}).items()}
        found[name] = {**led, **steps}
    return found


def _onwards(one: Moved, fresh: Mapping[str, Moved]) -> Moved:
    then = fresh.get(one.to or "")
    return one if then is None else Moved(then.to, renamed=one.renamed and then.renamed)
