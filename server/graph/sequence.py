"""One program as a picture: its steps from top to bottom, gaps on the arrows, branches side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.model import TRIGGER_PREFIX, Around, IfUnknown, Program, Step, Wait
from engine.steps.choose import Choose
from engine.steps.stop import StopThis
from engine.steps.wait import Rest
from server.graph.people import Crowd, told_of
from server.graph.picture import Arrow, Box, Label, Look, Picture, Says
from server.graph.words import box_of

START, END = "start", "end"
ELSE = Label(Says.CONDITION, "otherwise")


def draw_program(program: Program, crowds: Mapping[str, Crowd], started_by: Sequence[str] = ()) -> Picture:
    """The picture of a sequence, or of what a trigger does; ``crowds`` is who stands at each step."""
    return _Drawing(program, crowds).picture(started_by)


@dataclass(frozen=True, slots=True)
class _Drawing:
    program: Program
    crowds: Mapping[str, Crowd]

    def picture(self, started_by: Sequence[str]) -> Picture:
        arrows = list(self._joined([self._arrow(START, self.program.first, ()), *self._all_arrows()]))
        used = {arrow.target for arrow in arrows} | {START}
        boxes = [self._start(started_by), *map(self._box, self._steps()), Box(id=END, look=Look.END, title="finished")]
        joins = [Box(id=name, look=Look.JOIN) for name in sorted(used) if name.startswith(_JOIN)]
        shown = [*(box for box in boxes if box.id in used or box.look is not Look.END), *joins]
        return Picture(self.program.name, [self._with_people(box) for box in shown], arrows)

    def _steps(self) -> list[Step]:
        return [step for step in self.program.steps.values() if not isinstance(step.verb, Rest)]

    def _start(self, started_by: Sequence[str]) -> Box:
        stop_when = self.program.stop_when
        notes = [f"started by {name}" for name in started_by]
        if stop_when:
            notes.append(f"stops when {stop_when.text}")
        gone = [name for name in self.crowds if name not in self.program.steps]
        if gone:
            notes.append(f"people stand at steps that are gone: {', '.join(sorted(gone))}")
        look, tag = (Look.TRIGGER, "trigger") if self.program.of_trigger else (Look.START, "sequence")
        return Box(
            id=START, look=look, tag=tag, title=self.program.name.removeprefix(TRIGGER_PREFIX), notes=tuple(notes)
        )

    def _box(self, step: Step) -> Box:
        if isinstance(step.verb, Choose):
            notes = (f"only when {step.when.text}",) if step.when else ()
            return Box(id=_key(step.id), look=Look.CHOICE, title="choose", notes=notes)
        segments = self.program.vocabulary.segments
        closed = bool(segments) and segments[-1].condition is None
        box = box_of(step, may_be_nothing=not closed)
        return replace(box, id=_key(step.id))

    def _with_people(self, box: Box) -> Box:
        """Who waits at the very end of a list has no box of their own: they are counted at the end."""
        rests = [step.id for step in self.program.steps.values() if isinstance(step.verb, Rest)]
        standing = rests if box.look is Look.END else [box.id.removeprefix(_STEP)]
        crowd = sum((self.crowds[name] for name in standing if name in self.crowds), Crowd())
        people, trouble = told_of(crowd)
        return replace(box, people=people, trouble=trouble)

    # -- Arrows -------------------------------------------------------------------------------

    def _all_arrows(self) -> Iterator[Arrow]:
        for step in self._steps():
            match step.verb:
                case Choose() as choice:
                    yield from self._ways(step, choice)
                case StopThis():
                    if step.when:
                        yield self._arrow(_key(step.id), step.then, (ELSE,))
                case _:
                    yield self._arrow(_key(step.id), step.then, ())

    def _ways(self, step: Step, choice: Choose) -> Iterator[Arrow]:
        for branch in choice.branches:
            label = Label(Says.CONDITION, branch.when.text) if branch.when else ELSE
            yield self._arrow(_key(step.id), branch.first, (label,))
        if all(branch.when for branch in choice.branches):
            yield self._arrow(_key(step.id), choice.meet, (ELSE,))

    def _arrow(self, source: str, target: str | None, labels: tuple[Label, ...]) -> Arrow:
        """The arrow to the next box; a rest is no box: its gap stands on the arrow that passes through."""
        while target is not None and isinstance(self.program.steps[target].verb, Rest):
            labels = (*labels, *_gap(self.program.steps[target].gap))
            target = self.program.steps[target].then
        return Arrow(source, END if target is None else _key(target), labels)

    def _joined(self, arrows: Sequence[Arrow]) -> Iterator[Arrow]:
        """The arrows with the gaps before their targets; where several meet before a gap, they meet in a join."""
        arriving = Counter(arrow.target for arrow in arrows)
        joined: set[str] = set()
        for arrow in arrows:
            step = self.program.steps.get(arrow.target.removeprefix(_STEP)) if arrow.target != END else None
            gap = _gap(step.gap) if step else ()
            if not gap or arriving[arrow.target] == 1:
                yield replace(arrow, labels=(*arrow.labels, *gap))
                continue
            join = f"{_JOIN}{arrow.target}"
            yield replace(arrow, target=join)
            if join not in joined:
                joined.add(join)
                yield Arrow(join, arrow.target, gap)


_STEP, _JOIN = "step ", "join "


def _key(step_id: str) -> str:
    return f"{_STEP}{step_id}"


def _gap(waits: Sequence[Wait]) -> tuple[Label, ...]:
    return tuple(Label(Says.GAP, _wait(wait)) for wait in waits)


def _wait(wait: Wait) -> str:
    """A wait as it is written, and what happens where its moment cannot be told."""
    text = wait.words
    if isinstance(wait.until, Around) and wait.if_unknown is not IfUnknown.GO_ON:
        told = {IfUnknown.HOLD: "held", IfUnknown.STOP: "stopped"}[wait.if_unknown]
        text += f"; {told} while that is unknown"
    return f"{text}, only when {wait.when.text}" if wait.when else text
