"""One look at a run: where it stood, where it stands now, and what the look leaves behind."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.model import (
    Contact,
    Effect,
    Entry,
    Program,
    RaiseAlert,
    Run,
    RunStatus,
    SaveValues,
    ShowProgress,
    Step,
    Value,
)
from engine.patience import LOOK_AGAIN
from engine.scene import Scene, segment_of, with_segment


class Look:
    """A run while it is looked at, with the effects and the lines of its story that come of it."""

    def __init__(self, program: Program, run: Run, contact: Contact, now: datetime) -> None:
        self.program = program
        self.run = run
        self.contact = contact
        self.now = now
        self.effects: list[Effect] = []
        self.story: list[Entry] = []

    def end(self, status: RunStatus, reason: str) -> None:
        """End or hold the run. A run that is held again for the same reason says nothing new."""
        same = status is RunStatus.HELD and self.run.reason == reason
        due = self.now + LOOK_AGAIN if status is RunStatus.HELD else None
        ended = self.now if status.ended else None
        self.run = self.run.evolve(status=status, reason=reason, due_at=due, ended_at=ended)
        if same:
            return
        kind = {RunStatus.HELD: "hold", RunStatus.FINISHED: "end"}.get(status, "stop")
        trouble = status in {RunStatus.HELD, RunStatus.FAILED}
        self._tell(self.run.step, kind, reason, error=reason if trouble else None)
        if trouble:
            self._raise(f"{self.program.name} {status.value} for {self.contact.email}: {reason}")
            self._show(self.program.record.error, reason)
        if status is RunStatus.FINISHED:
            self._show(self.program.record.finished, True)

    def _raise(self, message: str) -> None:
        self.effects.append(
            RaiseAlert(message=message, topic=f"{self.program.name} {self.run.reason}", colour="orange")
        )

    def _show_sent(self, step: Step, at: datetime) -> None:
        record, number = self.program.record, str(step.position)
        if record.sent and step.position:
            self._show(record.sent.replace("{n}", number), True)
        if record.sent_at and step.position:
            self._show(record.sent_at.replace("{n}", number), at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _show(self, name: str | None, value: Value) -> None:
        if name:
            self.effects.append(ShowProgress({name: value}))

    def _scene(self) -> Scene:
        return Scene(program=self.program, run=self.run, contact=self.contact, now=self.now)

    def _read_segment(self) -> None:
        """Freeze the segment, or read it again where the sequence says so."""
        if self.run.segment is None or self.program.live_segment:
            segment = segment_of(self.program.vocabulary, self._scene().values, self.now).segment
            self.run = self.run.evolve(segment=segment)

    def _tell(self, step: str | None, kind: str, note: str, **more: Any) -> None:
        self.story.append(Entry(at=self.now, step=step, kind=kind, note=note, **more))

    def _save(self, effect: SaveValues) -> None:
        values = with_segment(self.program.vocabulary, {**self.contact.values, **effect.values}, self.now)
        self.contact = self.contact.evolve(values=values)
        if self.run.given:
            mine = {name: value for name, value in effect.values.items() if name in self.run.given}
            self.run = self.run.evolve(given={**self.run.given, **mine})

    def _stand(self, step: str | None, since: datetime | None = None) -> None:
        """Stand before a step, from now if not from another moment."""
        self.run = self.run.evolve(
            step=step,
            since=since or self.now,
            status=RunStatus.READY,
            due_at=self.now,
            attempt=0,
            asked_at=None,
            in_doubt=False,
            reason=None,
        )
