"""When the gap before a step is over: the waits are added up from the moment the gap began.

Nothing is remembered between looks. The end of a gap follows from ``since``, the waits in the file and
the contact, so that a changed wait, or a moved appointment, counts from the same beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from engine.model import After, Around, IfPast, IfUnknown, Noun, Wait
from engine.scene import Scene
from engine.timing import add, moment


class Gap(Noun, frozen=True, kw_only=True):
    """The end of a gap, and why: ``text`` says the waits that count in the author's words.

    ``past`` is a wait whose moment had gone by when it began, ``unknown`` one whose moment cannot be told;
    the waits after it were not looked at.
    """

    until: datetime
    text: str = ""
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
    at = scene.run.since
    counted: list[str] = []
    past: Wait | None = None
    for wait in waits:
        if wait.when is not None and scene.holds(wait.when) is False:
            continue  # where it cannot be told the wait counts: late is better than too early
        end = _end(wait, at, scene)
        if end is None:
            if wait.if_unknown is IfUnknown.GO_ON:
                continue
            return Gap(until=at, past=past, unknown=wait)
        if end < at:
            past = past or wait
            continue
        counted.append(_words(wait, scene))
        at = end
    return Gap(until=at, text=", then ".join(counted), past=past)


def _end(wait: Wait, at: datetime, scene: Scene) -> datetime | None:
    if scene.program.testing:
        return add(at, wait.testing, scene.zone)
    if isinstance(wait.until, After):
        return add(at, wait.until.duration, scene.zone)
    return moment(wait.until, at, scene.value, scene.zone)


def _words(wait: Wait, scene: Scene) -> str:
    return f"{wait.testing.text}, for testing" if scene.program.testing else wait.text


def _field(wait: Wait) -> str:
    return wait.until.field if isinstance(wait.until, Around) else "its moment"
