"""Nested lists of steps laid flat: each step gets its id, the gap before it, and the id of the step that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.language.checks.ids import BEFORE, END_OF
from engine.language.document import Document
from engine.language.durations import parse_window
from engine.model import (
    Awaited,
    Condition,
    Duration,
    ForCondition,
    ForTrigger,
    IfItFails,
    Operand,
    Spot,
    Step,
    Until,
    Wait,
    Window,
)
from engine.steps import WAIT, default_id, kinds, verb_of
from engine.steps import wait as waiting
from engine.steps.kind import Spec

Trail = tuple[str | int, ...]


class Parsing(Protocol):
    """Who parses the texts of one file. They were checked before: nothing fails."""

    @property
    def document(self) -> Document:
        """The file."""
        ...

    def condition(self, text: Any) -> Condition:
        """A condition."""
        ...

    def duration(self, text: str) -> Duration:
        """A length of time."""
        ...

    def until(self, text: str) -> Until | Awaited:
        """What a wait waits for."""
        ...

    def operand(self, field: str, raw: object) -> Operand | None:
        """A value for a field."""
        ...

    def moment(self, raw: object) -> Operand:
        """A moment."""
        ...


class Layout:
    """The flat steps of one program while they are laid."""

    def __init__(self, compiler: Parsing, name: str) -> None:
        self.compiler = compiler
        self.name = name
        self.steps: dict[str, Step] = {}
        self.emails = 0

    def lay(self, specs: Sequence[Spec], trail: Trail, after: str | None) -> str | None:
        """Lay a list of steps before ``after``; the id of the step to enter it by."""
        items = self._with_gaps(specs, trail)
        if not items:
            return after
        ids: list[str] = []
        for item in reversed(items):
            ids.insert(0, f"{BEFORE}{ids[0]}" if item.behind else self._id(item))
        for item, step_id, then in zip(items, ids, [*ids[1:], after], strict=True):
            self._add(item, step_id, then)
        return ids[0]

    def _with_gaps(self, specs: Sequence[Spec], trail: Trail) -> list[_Item]:
        items: list[_Item] = []
        gap: list[Wait] = []
        for index, spec in enumerate(specs):
            here = (*trail, index)
            if WAIT in spec:
                if gap and isinstance(gap[-1].until, ForTrigger | ForCondition):
                    items.append(_Item({}, (*trail, index - 1), tuple(gap), behind=True))
                    gap = []
                gap.append(waiting.read(spec, _Reader(self, _Item(spec, here, ()), None), self._line(here)))
            else:
                items.append(_Item(spec, here, tuple(gap)))
                gap = []
        return [*items, _Item({}, trail, tuple(gap))] if gap else items

    def _id(self, item: _Item) -> str:
        if not item.spec:
            return f"{END_OF}{'/'.join(str(part) for part in item.trail[1:])}"
        return str(item.spec.get("id") or default_id(item.spec))

    def _add(self, item: _Item, step_id: str, then: str | None) -> None:
        kind = verb_of(item.spec) or "rest"
        self.emails += kind == "email"
        position = self.emails if kind == "email" else None
        placeholder = Step(id=step_id, kind=kind, verb=waiting.Rest(), gap=item.gap, then=then)
        self.steps[step_id] = placeholder
        if not item.spec:
            return
        when = item.spec.get("when")
        reader = _Reader(self, item, then)
        self.steps[step_id] = Step(
            id=step_id,
            kind=kind,
            verb=kinds()[kind].read(item.spec, reader),
            gap=item.gap,
            when=reader.condition(when) if when is not None else None,
            then=then,
            if_it_fails=IfItFails(item.spec.get("if_it_fails", IfItFails.HOLD)),
            position=position,
            was=item.spec.get("was"),
            line=self._line(item.trail),
            spot=self._spot((*item.trail, kind)),
        )

    def _spot(self, trail: Trail) -> Spot:
        span = self.compiler.document.span(trail, key=True)
        return Spot(span.file, span.line, span.column, span.end_column)

    def _line(self, trail: Trail) -> int:
        return self.compiler.document.line(trail)


@dataclass(frozen=True, slots=True)
class _Item:
    """A step of a list with the waits before it. The spec is empty where only waits are left.

    ``behind`` a wait for something, the waits that follow count from the moment at which it was over: there a run
    has to stand for a moment, so that it is remembered.
    """

    spec: Spec
    trail: Trail
    gap: tuple[Wait, ...]
    behind: bool = False


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a verb reads its step with; nested lists are laid before the step that follows this one."""

    layout: Layout
    item: _Item
    then: str | None

    def condition(self, text: str) -> Condition:
        return self.layout.compiler.condition(text)

    def duration(self, text: str) -> Duration:
        return self.layout.compiler.duration(text)

    def until(self, text: str) -> Until | Awaited:
        return self.layout.compiler.until(text)

    def window(self, between: str | None, only_on: str | Sequence[str] | None) -> Window | None:
        return parse_window(between, only_on)

    def operand(self, field: str, raw: object) -> Operand | None:
        return self.layout.compiler.operand(field, raw)

    def moment(self, raw: object) -> Operand:
        return self.layout.compiler.moment(raw)

    def block(self, steps: Sequence[Spec]) -> str | None:
        trail = _trail_to(steps, self.item.spec) or ()
        return self.layout.lay(steps, (*self.item.trail, *trail), self.then)


def _trail_to(wanted: object, inside: object) -> Trail | None:
    """Where an object stands inside another, by identity."""
    if inside is wanted:
        return ()
    pairs: Any = (
        inside.items() if isinstance(inside, Mapping) else enumerate(inside) if isinstance(inside, list) else ()
    )
    for key, value in pairs:
        found = _trail_to(wanted, value)
        if found is not None:
            return (key, *found)
    return None
