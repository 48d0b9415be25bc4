"""Checked data to Programs: ``choose`` is laid flat, waits become gaps, every step gets its id.

Only a document without errors comes here, so nothing is checked again. Branches rejoin because each step
names the step that follows it; a list that ends with a wait gets a step to rest on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from engine.errors import InvalidFile, Severity
from engine.language.book import Shelf
from engine.language.checking import read_and_check
from engine.language.checks.ids import END_OF
from engine.language.conditions import parse_condition
from engine.language.document import Document
from engine.language.durations import parse_duration, parse_until
from engine.language.values import read_value
from engine.language.vocabulary import vocabulary
from engine.model import (
    TRIGGER_PREFIX,
    Condition,
    Duration,
    IfAlreadyIn,
    IfItFails,
    Operand,
    Playbook,
    Program,
    Record,
    ReEntry,
    Sender,
    Step,
    Take,
    Trigger,
    UnknownContact,
    Until,
    Vocabulary,
    Wait,
)
from engine.steps import WAIT, default_id, kinds, verb_of
from engine.steps import wait as waiting
from engine.steps.kind import Spec

Trail = tuple[str | int, ...]

ANY_TIME = Duration(text="any time")
AT_ONCE = Duration(text="")


def load(source: Path | str, shelf: Shelf, *, testing: bool = False, file: str = "sequences.yaml") -> Playbook:
    """Read, check and compile a file (a Path) or a text. Raises ``InvalidFile`` with every error."""
    text = source.read_bytes() if isinstance(source, Path) else source
    document, problems = read_and_check(text, str(source) if isinstance(source, Path) else file, shelf)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if document is None or errors:
        raise InvalidFile(errors)
    return compile_document(document, testing=testing)


def compile_document(document: Document, *, testing: bool) -> Playbook:
    """The playbook of a document that has no errors."""
    data, words = document.data, vocabulary(document)
    compiler = _Compiler(document, words, testing)
    email = data.get("email", {})
    return Playbook(
        revision=hashlib.sha256(document.text.encode()).hexdigest()[:12],
        vocabulary=words,
        email=Sender(sender=email.get("from", ""), reply_to=email.get("reply_to")),
        triggers={name: compiler.trigger(name, spec or {}) for name, spec in data.get("triggers", {}).items()},
        sequences={name: compiler.sequence(name, spec) for name, spec in data.get("sequences", {}).items()},
        send_only_to=tuple(data.get("testing", {}).get("send_only_to", ())),
        testing=testing,
    )


@dataclass(frozen=True, slots=True)
class _Compiler:
    document: Document
    vocabulary: Vocabulary
    testing: bool

    def sequence(self, name: str, spec: Mapping[str, Any]) -> Program:
        layout = _Layout(self, name)
        first = layout.lay(spec["steps"], ("sequences", name, "steps"), None)
        stop_when = spec.get("stop_when")
        return Program(
            name=name,
            vocabulary=self.vocabulary,
            steps=layout.steps,
            first=first,
            stop_when=self.condition(stop_when) if stop_when is not None else None,
            re_entry=_re_entry(spec),
            record=Record(**spec.get("record", {})),
            testing=self.testing,
            line=self.document.line(("sequences", name)),
        )

    def trigger(self, name: str, spec: Mapping[str, Any]) -> Trigger:
        program_name = f"{TRIGGER_PREFIX}{name}"
        layout = _Layout(self, program_name)
        first = layout.lay(spec.get("then") or (), ("triggers", name, "then"), None)
        policy = str(spec.get("unknown_contact", UnknownContact.CREATE)).split(maxsplit=1)
        program = Program(
            name=program_name,
            vocabulary=self.vocabulary,
            steps=layout.steps,
            first=first,
            patience=_patience(policy),
            testing=self.testing,
            line=self.document.line(("triggers", name)),
        )
        return Trigger(
            name=name,
            path=spec.get("path", f"/webhook/{name}"),
            takes=_takes(spec),
            program=program,
            unknown_contact=UnknownContact(policy[0]),
        )

    def condition(self, text: Any) -> Condition:
        return cast("Condition", parse_condition(str(text), self.vocabulary))

    def duration(self, text: str) -> Duration:
        return cast("Duration", parse_duration(text))

    def until(self, text: str) -> Until:
        return cast("Until", parse_until(text, self.vocabulary))

    def operand(self, field: str, raw: object) -> Operand | None:
        return cast("Operand | None", read_value(self.vocabulary.fields[field], raw, self.vocabulary))


class _Layout:
    """The flat steps of one program while they are laid."""

    def __init__(self, compiler: _Compiler, name: str) -> None:
        self.compiler = compiler
        self.name = name
        self.steps: dict[str, Step] = {}
        self.emails = 0

    def lay(self, specs: Sequence[Spec], trail: Trail, after: str | None) -> str | None:
        """Lay a list of steps before ``after``; the id of the step to enter it by."""
        items = self._with_gaps(specs, trail)
        if not items:
            return after
        ids = [self._id(item) for item in items]
        for item, step_id, then in zip(items, ids, [*ids[1:], after], strict=True):
            self._add(item, step_id, then)
        return ids[0]

    def _with_gaps(self, specs: Sequence[Spec], trail: Trail) -> list[_Item]:
        items: list[_Item] = []
        gap: list[Wait] = []
        for index, spec in enumerate(specs):
            here = (*trail, index)
            if WAIT in spec:
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
            line=self._line(item.trail),
        )

    def _line(self, trail: Trail) -> int:
        return self.compiler.document.line(trail)


@dataclass(frozen=True, slots=True)
class _Item:
    """A step of a list with the waits before it. The spec is empty where only waits are left."""

    spec: Spec
    trail: Trail
    gap: tuple[Wait, ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a verb reads its step with; nested lists are laid before the step that follows this one."""

    layout: _Layout
    item: _Item
    then: str | None

    def condition(self, text: str) -> Condition:
        return self.layout.compiler.condition(text)

    def duration(self, text: str) -> Duration:
        return self.layout.compiler.duration(text)

    def until(self, text: str) -> Until:
        return self.layout.compiler.until(text)

    def operand(self, field: str, raw: object) -> Operand | None:
        return self.layout.compiler.operand(field, raw)

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


def _re_entry(spec: Mapping[str, Any]) -> ReEntry:
    again = spec.get("again_after", "never")
    after = {"never": None, "any_time": ANY_TIME}.get(again, again)
    return ReEntry(
        if_already_in=IfAlreadyIn(spec.get("if_already_in", IfAlreadyIn.IGNORE)),
        after=cast("Duration", parse_duration(after)) if isinstance(after, str) else after,
    )


def _patience(policy: Sequence[str]) -> Duration | None:
    match policy:
        case [UnknownContact.HOLD, text]:
            return cast("Duration", parse_duration(text))
        case [UnknownContact.REJECT]:
            return AT_ONCE
        case _:
            return None


def _takes(spec: Mapping[str, Any]) -> tuple[Take, ...]:
    required = [Take(field=name, required=True) for name in spec.get("requires", ())]
    pairs = [(item, None) if isinstance(item, str) else next(iter(item.items())) for item in spec.get("accepts", ())]
    return (*required, *(Take(field=name, otherwise=value) for name, value in pairs))
