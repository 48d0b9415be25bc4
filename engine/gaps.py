"""When the gap before a step is over: the waits are added up from the moment the gap began.

Nothing is remembered between looks. The end of a gap follows from ``since``, the waits in the file and
the contact, so that a changed wait, or a moved appointment, counts from the same beginning. A wait for a
trigger ends when the contact heard it. A wait for a condition has no moment of its own: it is over at the
look that finds it true. So that what follows such a wait can count from there, the compiler lets the run
stand behind it: a wait ``for`` something is always the last of its gap.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, assert_never

from engine.model import Around, Awaited, Duration, ForCondition, ForTrigger, IfPast, IfUnknown, Noun, Wait
from engine.scene import Scene
from engine.timing import add, moment
from engine.windows import forward

_ONE = re.compile(r"1 (business )?[a-z]+", re.IGNORECASE)


class Gap(Noun, frozen=True, kw_only=True):
    """The end of a gap, and why: ``text`` says the waits that count in the author's words.

    ``past`` is a wait whose moment had gone by when it began, ``unknown`` one whose moment cannot be told;
    the waits after it were not looked at. ``ended`` says why a wait ``for`` something is over, or will be, and
    ``met`` whether what it is for has come.
    """

    until: datetime
    text: str = ""
    ended: str = ""
    met: bool = False
    past: Wait | None = None
    unknown: Wait | None = None

    @property
    def skips(self) -> bool:
        """Whether the next email is to be left out."""
        return self.past is not None and self.past.if_past is IfPast.SKIP

    @property
    def stops(self) -> bool:
        """Whether the run is to end here."""
        if self.past is not None:
            return self.past.if_past is IfPast.STOP
        return self.unknown is not None and self.unknown.if_unknown is IfUnknown.STOP

    @property
    def holds(self) -> bool:
        """Whether the run is to be held until the moment can be told."""
        return self.unknown is not None and self.unknown.if_unknown is IfUnknown.HOLD

    @property
    def reason(self) -> str:
        """What was unknown or past, in a sentence."""
        if self.unknown is not None:
            return f'"{self.unknown.text}" cannot be told: {_field(self.unknown)} is unknown'
        return f'the moment of "{self.past.text}" had passed' if self.past else ""


def gap(waits: Sequence[Wait], scene: Scene) -> Gap:
    """Add up the waits before a step, from the moment the gap began."""
    end = _End(scene.run.since)
    counted: list[str] = []
    past: Wait | None = None
    for wait in waits:
        if wait.when is not None and scene.holds(wait.when) is False:
            continue  # where it cannot be told the wait counts: late is better than too early
        found = _end(wait, end.at, scene)
        if found is None:
            return Gap(until=end.at, past=past, unknown=wait)
        end = found
        if end.told:
            counted.append(end.told)
        if end.past:
            past = past or wait
    return Gap(until=end.at, text=", then ".join(counted), ended=end.why, met=end.met, past=past)


class _End(NamedTuple):
    """When a wait is over: what the story tells of it, whether its moment had passed, and why one ``for`` is over."""

    at: datetime
    told: str = ""
    past: bool = False
    why: str = ""
    met: bool = False


def _end(wait: Wait, at: datetime, scene: Scene) -> _End | None:
    """The end of a wait that begins ``at``; None where it cannot be told and nobody may go on."""
    found = _reached(wait, at, scene)
    if found is None:
        return _left_out(wait, at, scene) if wait.if_unknown is IfUnknown.GO_ON else None
    if found.at < at:
        return (_left_out(wait, at, scene) if wait.if_past is IfPast.GO_ON else _End(at))._replace(past=True)
    return found._replace(at=_allowed(wait, found.at, scene), told=_words(wait, scene))


def _left_out(wait: Wait, at: datetime, scene: Scene) -> _End:
    """A wait that takes no time: all that is left of it is its window."""
    allowed = _allowed(wait, at, scene)
    return _End(allowed, told=wait.window.text if wait.window and allowed > at else "")


def _reached(wait: Wait, at: datetime, scene: Scene) -> _End | None:
    holidays = scene.program.vocabulary.holidays
    if isinstance(wait.until, ForTrigger | ForCondition):
        return _awaited(wait, wait.until, at, scene)
    if scene.program.testing:
        return _End(add(at, wait.testing, scene.zone, holidays))
    found = moment(wait.until, at, scene.value, scene.zone, holidays)
    return None if found is None else _End(found)


def _awaited(wait: Wait, until: Awaited, at: datetime, scene: Scene) -> _End:
    most = wait.testing if scene.program.testing else until.at_most
    over = _End(add(at, most, scene.zone, scene.program.vocabulary.holidays), why=_over(most))
    match until:
        case ForTrigger(trigger):
            heard = _heard(trigger, at, scene)
            return over if heard is None or heard > over.at else _End(heard, why=f"{trigger} came", met=True)
        case ForCondition(condition):
            if scene.now < at:
                return _End(at)  # it begins later: then is the first time to look
            met = scene.now <= over.at and scene.holds(condition)
            return _End(scene.now, why=condition.text, met=True) if met else over
        case _:
            assert_never(until)


def _heard(trigger: str, at: datetime, scene: Scene) -> datetime | None:
    """When the trigger came since ``at``, to the millisecond, which is what the ledger keeps.

    What came in the very millisecond in which the run began is what began it. What a fast clock heard has come now.
    """
    heard = scene.contact.heard.get(trigger)
    if heard is None:
        return None
    came, begun, started = (_whole(one) for one in (heard, at, scene.run.started_at))
    return None if came < begun or came == begun == started else max(min(heard, scene.now), at)


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _over(most: Duration) -> str:
    return f"{most.text} {'is' if _ONE.fullmatch(most.text) else 'are'} over"


def _allowed(wait: Wait, end: datetime, scene: Scene) -> datetime:
    """The end of a wait moved into its window, for which a test has no time."""
    if wait.window is None or scene.program.testing:
        return end
    return forward(end, wait.window, scene.zone, scene.program.vocabulary.holidays)


def _words(wait: Wait, scene: Scene) -> str:
    if not scene.program.testing:
        return wait.words
    match wait.until:
        case ForTrigger(trigger):
            what = f"for trigger {trigger}, at most "
        case ForCondition(condition):
            what = f"for {condition.text}, at most "
        case _:
            what = ""
    return f"{what}{wait.testing.text}, for testing"


def _field(wait: Wait) -> str:
    return wait.until.field if isinstance(wait.until, Around) else "its moment"
