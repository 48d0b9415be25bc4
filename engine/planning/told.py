"""Edits in sentences: what is different, and (where people were counted) for how many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, assert_never

from engine.planning.edits import (
    Edit,
    SequenceAdded,
    SequenceRemoved,
    StepAdded,
    StepRemoved,
    StepRenamed,
    StepReplaced,
    StopChanged,
    WaitChanged,
)
from engine.planning.people import Fate, Tally

END = "the end"
_NAMES = ("step", "to", "by", "behind", "before", "after")
_KINDS: dict[type, str] = {
    WaitChanged: "wait",
    StepAdded: "added",
    StepRemoved: "removed",
    StepRenamed: "renamed",
    StepReplaced: "unclear",
    StopChanged: "stop_when",
    SequenceAdded: "sequence added",
    SequenceRemoved: "sequence removed",
}


def headline(edit: Edit) -> str:
    """What was edited, in one line."""
    return f"{edit.program}: {_what(edit)}"


def consequences(edit: Edit, tally: Tally) -> list[str]:
    """What that means for the people in flight, a sentence each; nothing where it means nothing."""
    match edit:
        case WaitChanged():
            return _waits(edit, tally)
        case StepAdded():
            ahead, past = tally.count(edit, Fate.AHEAD), tally.count(edit, Fate.PAST)
            return [f"{people(ahead)} will still reach it, {past:,} {_is(past)} past it and will not"]
        case StepRemoved(to=to):
            gone = _wait(tally.count(edit, Fate.GOES_ON))
            return [f"{gone} at it: they go on to {to or END}, by the clock they have"]
        case StepRenamed(to=to):
            return [f"{_wait(tally.count(edit, Fate.STAYS))} at it, and still do"]
        case StepReplaced():
            unclear = _wait(tally.count(edit, Fate.UNCLEAR))
            return [f"{unclear} at it; nothing is loaded until the file says which it is"]
        case StopChanged():
            return [f"{people(tally.count(edit, Fate.STOPS))} would stop at once"] if edit.after else []
        case SequenceRemoved():
            return [f"{people(tally.count(edit, Fate.HELD))} would be held where they are until it is back"]
        case SequenceAdded():
            return []
        case _:
            assert_never(edit)


def record(edit: Edit, tally: Tally | None) -> dict[str, Any]:
    """An edit for programs: its kind, its names, and the people by what becomes of them."""
    names = {name: getattr(edit, name) for name in _NAMES if hasattr(edit, name)}
    counted = {"people": {fate.value: tally.count(edit, fate) for fate in _fates(edit)}} if tally else {}
    return {"sequence": edit.program, "edit": _KINDS[type(edit)], **names, "text": _what(edit), **counted}


def people(number: int) -> str:
    """``1 person``, ``37 people``, ``nobody``."""
    return "nobody" if number == 0 else "1 person" if number == 1 else f"{number:,} people"


def _what(edit: Edit) -> str:
    match edit:
        case WaitChanged(step=step, before=before, after=after):
            return f"wait before {step}: {before or 'none'} -> {after or 'none'}"
        case StepAdded(step=step, behind=behind):
            return f'step "{step}" is new, {f"after {behind}" if behind else "before all others"}'
        case StepRemoved(step=step):
            return f'step "{step}" has gone'
        case StepRenamed(step=step, to=to):
            return f'step "{step}" is called "{to}" now'
        case StepReplaced(step=step, by=by):
            told = f'"{step}" is gone and "{by}" stands in its place: a rename?'
            return f"{told}  then write  was: {step}  (or  was: nothing  if it is a new step)"
        case StopChanged(before=before, after=after):
            return f"stop_when: {before or 'none'} -> {after or 'none'}"
        case SequenceAdded():
            return "this sequence is new"
        case SequenceRemoved():
            return "this sequence has gone"
        case _:
            assert_never(edit)


def _waits(edit: WaitChanged, tally: Tally) -> list[str]:
    at_once, earlier, later, same = (
        tally.count(edit, fate) for fate in (Fate.AT_ONCE, Fate.EARLIER, Fate.LATER, Fate.SAME)
    )
    there, ahead = at_once + earlier + later + same, tally.count(edit, Fate.AHEAD)
    spread = " (spread over 10 minutes)" if at_once > 1 else ""
    told = f"{at_once or 'nobody'} would be sent at once{spread}, {earlier or 'nobody'} earlier than before"
    return [
        *([f"{_wait(there)} there: {told}, {later or 'nobody'} later"] if there else []),
        *([f"{people(ahead)} will come to it"] if ahead else []),
        *(["nobody waits there or will come to it"] if not there and not ahead else []),
    ]


def _wait(number: int) -> str:
    return f"{people(number)} {'waits' if number < 2 else 'wait'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _fates(edit: Edit) -> Sequence[Fate]:
    match edit:
        case WaitChanged():
            return (Fate.AT_ONCE, Fate.EARLIER, Fate.LATER, Fate.SAME, Fate.AHEAD)
        case StepAdded():
            return (Fate.AHEAD, Fate.PAST)
        case StepRemoved():
            return (Fate.GOES_ON,)
        case StepRenamed():
            return (Fate.STAYS,)
        case StepReplaced():
            return (Fate.UNCLEAR,)
        case StopChanged():
            return (Fate.STOPS,)
        case SequenceRemoved():
            return (Fate.HELD,)
        case SequenceAdded():
            return ()
        case _:
            assert_never(edit)
