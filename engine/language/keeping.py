"""What follows from the steps of a program: what its runs keep of their own, and who may still get an email."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from engine.model import Around, Step
from engine.steps.choose import Choose
from engine.steps.email import Email
from engine.steps.start import Start
from engine.steps.stop import StopSequence


def own_fields(key: str | None, steps: Iterable[Step]) -> tuple[str, ...]:
    """With ``one_run_per``, the fields that each run keeps from its start: that one, and the dates it waits for."""
    if key is None:
        return ()
    dates = (wait.until.field for step in steps for wait in step.gap if isinstance(wait.until, Around))
    return tuple(dict.fromkeys((key, *dates)))


def keeps_payload(steps: Iterable[Step], several: Collection[str]) -> bool:
    """Whether the steps of a trigger must see what its own call brought, and not what a later one did.

    ``several`` are the sequences in which a contact may be several times.
    """
    return any(_looks_back(step, several) for step in steps)


def _looks_back(step: Step, several: Collection[str]) -> bool:
    match step.verb:
        case Start(sequence, given, elsewhere):
            return bool(given or elsewhere) or sequence in several
        case StopSequence(sequence):
            return sequence in several
        case _:
            return False


def still_sends(steps: Mapping[str, Step]) -> frozenset[str]:
    """The steps from which a transactional email may come: such an email, or any step with one ahead."""
    before: dict[str, list[str]] = {}
    for step in steps.values():
        for following in _ways(step):
            before.setdefault(following, []).append(step.id)
    found: set[str] = set()
    wanted = [step.id for step in steps.values() if isinstance(step.verb, Email) and step.verb.transactional]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted += before.get(name, [])
    return frozenset(found)


def _ways(step: Step) -> Iterator[str]:
    branches = step.verb.branches if isinstance(step.verb, Choose) else ()
    return (name for name in (step.then, *(branch.first for branch in branches)) if name is not None)
