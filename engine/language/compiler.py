"""Checked data to Programs: ``choose`` is laid flat, waits become gaps, every step gets its id.

Only a document without errors comes here, so nothing is checked again. Branches rejoin because each step
names the step that follows it; a list that ends with a wait gets a step to rest on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, cast

from engine.errors import InvalidFile, Severity
from engine.language.book import Shelf
from engine.language.checking import read_and_check
from engine.language.conditions import parse_condition
from engine.language.document import Document
from engine.language.durations import parse_between, parse_duration, parse_limit
from engine.language.folder import content
from engine.language.keeping import keeps_payload, own_fields, still_sends
from engine.language.laying import Layout
from engine.language.sources import Sources
from engine.language.taking import events_of, takes_of
from engine.language.values import read_moment, read_value
from engine.language.vocabulary import vocabulary
from engine.language.waiting import parse_wait
from engine.model import (
    NEW,
    TRIGGER_PREFIX,
    Awaited,
    Condition,
    Courtesy,
    Duration,
    ForTrigger,
    IfAlreadyIn,
    Limit,
    Moved,
    Operand,
    Playbook,
    Program,
    Record,
    ReEntry,
    Requirement,
    Sender,
    Step,
    Trigger,
    UnknownContact,
    Until,
    Vocabulary,
    Window,
)

ANY_TIME = Duration(text="any time")
AT_ONCE = Duration(text="")
LIVE = "live"


def load(source: Path | str, shelf: Shelf, *, testing: bool = False, file: str = "sequences.yaml") -> Playbook:
    """Read, check and compile a file (a Path) or a text. Raises ``InvalidFile`` with every error."""
    return compile_document(sound_document(source, shelf, file=file), testing=testing)


def sound_document(
    source: Path | str | bytes, shelf: Shelf, *, file: str = "sequences.yaml", sources: Sources | None = None
) -> Document:
    """Read and check a file (a Path) or a text. Raises ``InvalidFile`` with every error.

    A text may be that of a Document from before (``Document.text``): it holds what the file included then.
    """
    text, file = (content(source), str(source)) if isinstance(source, Path) else (source, file)
    document, problems = read_and_check(text, file, shelf, sources)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if document is None or errors:
        raise InvalidFile(errors)
    return document


def revision_of(document: Document) -> str:
    """The name of this version of the file: another one after any edit of anything that was read."""
    return hashlib.sha256(document.text.encode()).hexdigest()[:12]


def compile_document(document: Document, *, testing: bool) -> Playbook:
    """The playbook of a document that has no errors."""
    data, words = document.data, vocabulary(document)
    several = {name for name, spec in data.get("sequences", {}).items() if "one_run_per" in spec}
    email = data.get("email", {})
    postal = email.get("postal_address")
    courtesy = None if testing else _courtesy(email)  # who rehearses at night waits for no morning
    compiler = _Compiler(document, words, testing, frozenset(several), courtesy)
    sequences = {name: compiler.sequence(name, spec) for name, spec in data.get("sequences", {}).items()}
    awaited = _awaited(sequences.values())
    return Playbook(
        revision=revision_of(document),
        vocabulary=words,
        email=Sender(sender=email.get("from", ""), reply_to=email.get("reply_to"), postal_address=postal),
        triggers={
            name: compiler.trigger(name, spec or {}, awaited=name in awaited)
            for name, spec in data.get("triggers", {}).items()
        },
        sequences=sequences,
        send_only_to=tuple(data.get("testing", {}).get("send_only_to", ())),
        testing=testing,
    )


def _awaited(sequences: Iterable[Program]) -> frozenset[str]:
    """The triggers to which some wait listens."""
    waits = (wait.until for program in sequences for step in program.steps.values() for wait in step.gap)
    return frozenset(until.trigger for until in waits if isinstance(until, ForTrigger))


@dataclass(frozen=True, slots=True)
class _Compiler:
    document: Document
    vocabulary: Vocabulary
    testing: bool
    several: frozenset[str]
    courtesy: Courtesy | None

    def sequence(self, name: str, spec: Mapping[str, Any]) -> Program:
        layout = Layout(self, name)
        first = layout.lay(spec["steps"], ("sequences", name, "steps"), None)
        stop_when, key = spec.get("stop_when"), spec.get("one_run_per")
        return Program(
            name=name,
            vocabulary=self.vocabulary,
            steps=layout.steps,
            first=first,
            stop_when=self.condition(stop_when) if stop_when is not None else None,
            re_entry=_re_entry(spec),
            record=Record(**spec.get("record", {})),
            testing=self.testing,
            keep_version=spec.get("keep_version", False),
            moved=_renamed(layout.steps),
            one_run_per=key,
            own=own_fields(key, layout.steps.values()),
            live_segment=spec.get("segment") == LIVE,
            still_sends=still_sends(layout.steps),
            courtesy=self.courtesy,
            title=spec.get("title"),
            line=self.document.line(("sequences", name)),
        )

    def trigger(self, name: str, spec: Mapping[str, Any], *, awaited: bool) -> Trigger:
        program_name = f"{TRIGGER_PREFIX}{name}"
        layout = Layout(self, program_name)
        first = layout.lay(spec.get("then") or (), ("triggers", name, "then"), None)
        policy = str(spec.get("unknown_contact", UnknownContact.CREATE)).split(maxsplit=1)
        program = Program(
            name=program_name,
            vocabulary=self.vocabulary,
            steps=layout.steps,
            first=first,
            patience=_patience(policy),
            testing=self.testing,
            courtesy=self.courtesy,
            line=self.document.line(("triggers", name)),
        )
        return Trigger(
            name=name,
            path=spec.get("path", f"/webhook/{name}"),
            takes=takes_of(spec, self.vocabulary),
            program=program,
            unknown_contact=UnknownContact(policy[0]),
            provider=spec.get("from"),
            events=events_of(spec),
            also_require=tuple(
                Requirement(condition=self.condition(one["condition"]), message=one["message"])
                for one in spec.get("also_require", ())
            ),
            keeps=keeps_payload(layout.steps.values(), self.several),
            awaited=awaited,
        )

    def condition(self, text: Any) -> Condition:
        return cast("Condition", parse_condition(str(text), self.vocabulary))

    def duration(self, text: str) -> Duration:
        return cast("Duration", parse_duration(text))

    def until(self, text: str) -> Until | Awaited:
        return cast("Until | Awaited", parse_wait(text, self.vocabulary, None))

    def operand(self, field: str, raw: object) -> Operand | None:
        return cast("Operand | None", read_value(self.vocabulary.fields[field], raw, self.vocabulary))

    def moment(self, raw: object) -> Operand:
        return cast("Operand", read_moment(raw, self.vocabulary))


def _courtesy(spec: Mapping[str, Any]) -> Courtesy | None:
    quiet, limit = spec.get("quiet_hours"), spec.get("at_most")
    if quiet is None and limit is None:
        return None
    begin, end = cast("tuple[time, time]", parse_between(quiet)) if quiet else (None, None)
    awake = Window(text="", opens=end, closes=begin) if quiet else None
    return Courtesy(awake=awake, limit=cast("Limit", parse_limit(limit)) if limit else None)


def _re_entry(spec: Mapping[str, Any]) -> ReEntry:
    again = spec.get("again_after", "never")
    after = {"never": None, "any_time": ANY_TIME}.get(again, again)
    return ReEntry(
        if_already_in=IfAlreadyIn(spec.get("if_already_in", IfAlreadyIn.IGNORE)),
        after=cast("Duration", parse_duration(after)) if isinstance(after, str) else after,
    )


def _renamed(steps: Mapping[str, Step]) -> Mapping[str, Moved]:
    return {step.was: Moved(step.id, renamed=True) for step in steps.values() if step.was and step.was != NEW}


def _patience(policy: Sequence[str]) -> Duration | None:
    match policy:
        case [UnknownContact.HOLD, text]:
            return cast("Duration", parse_duration(text))
        case [UnknownContact.REJECT]:
            return AT_ONCE
        case _:
            return None
