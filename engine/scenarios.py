"""Plays the tests of a file on the interpreter of production, and says where what happened is not what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import zip_longest
from operator import contains
from typing import assert_never
from zoneinfo import ZoneInfo

from engine.model import Contact, Entry, Playbook, Run, RunStatus, Value
from engine.model.scenarios import (
    ExpectAlerts,
    Expectation,
    ExpectedEmail,
    ExpectEmails,
    ExpectEnd,
    ExpectHold,
    ExpectSaved,
    ExpectSegment,
    ExpectStart,
    ExpectStop,
    Fires,
    Leaves,
    Occasion,
    Scenario,
    Writes,
    same_reason,
)
from engine.payloads import FieldError, PayloadReader
from engine.scene import with_segment
from engine.simulation import (
    Happening,
    Post,
    Sending,
    Setting,
    Simulation,
    Suppressing,
    simulate_sequence,
    simulate_triggers,
)
from engine.timing import stored_moment


@dataclass(frozen=True, slots=True)
class Row:
    """What was expected beside what was found; one of them is empty where the other has nothing beside it."""

    expected: str
    found: str
    right: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An expectation that did not come true: its word, its line, and the rows to compare."""

    word: str
    line: int
    rows: tuple[Row, ...]

    @property
    def message(self) -> str:
        """The first difference in a sentence."""
        row = next(row for row in self.rows if not row.right)
        if not row.expected:
            return f"{self.word}: nobody expected {row.found}"
        return f"{self.word}: expected {row.expected}, found {row.found or 'nothing'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one test. ``simulation`` is None when it could not be played, which ``failures`` explain."""

    scenario: Scenario
    simulation: Simulation | None
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came true."""
        return not self.failures


class _NotTakenError(Exception):
    """A trigger does not take what it is sent."""

    def __init__(self, occasion: Fires, errors: Sequence[FieldError]) -> None:
        super().__init__()
        rows = tuple(Row(f"a payload that {occasion.trigger} takes", error.message) for error in errors)
        self.failure = Failure(word="trigger", line=occasion.line, rows=rows)


def play(playbook: Playbook, scenario: Scenario, post: Post) -> Verdict:
    """Play one test. ``playbook`` is compiled for testing lengths where the test says so."""
    try:
        simulation = _simulated(playbook, scenario, post)
    except _NotTakenError as refused:
        return Verdict(scenario=scenario, simulation=None, failures=(refused.failure,))
    judge = _Judge(playbook, scenario, simulation)
    found = (judge.failure(expectation) for expectation in scenario.expectations)
    return Verdict(scenario=scenario, simulation=simulation, failures=tuple(filter(None, found)))


def _simulated(playbook: Playbook, scenario: Scenario, post: Post) -> Simulation:
    happenings = [_happening(playbook, scenario.email, occasion) for occasion in scenario.occasions]
    contact = _contact(playbook, scenario)
    if scenario.sequence is None or contact is None:
        return simulate_triggers(playbook, contact, post, happenings, scenario.email)
    return simulate_sequence(playbook, scenario.sequence, contact, scenario.at, post, happenings)


def _contact(playbook: Playbook, scenario: Scenario) -> Contact | None:
    if scenario.values is None:
        return None
    given = {**scenario.values, "email": scenario.email}
    return Contact(id="tested", email=scenario.email, values=with_segment(playbook.vocabulary, given, scenario.at))


def _happening(playbook: Playbook, email: str, occasion: Occasion) -> Happening:
    match occasion:
        case Fires(trigger=name, values=values, at=at):
            trigger = playbook.triggers[name]
            read = PayloadReader(trigger, playbook.vocabulary, plain=True).read({**values, "email": email}, at)
            if isinstance(read, tuple):
                raise _NotTakenError(occasion, read)
            return Sending(trigger=trigger, values=read.values, at=at)
        case Writes(values=values, at=at):
            return Setting(values=values, at=at)
        case Leaves(reason=reason, at=at):
            return Suppressing(reason=reason, at=at)
        case _:
            assert_never(occasion)


# -- What came of it ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Judge:
    """Holds expectations against what happened."""

    playbook: Playbook
    scenario: Scenario
    simulation: Simulation

    def failure(self, expectation: Expectation) -> Failure | None:
        """What is wrong with one expectation; None when it came true."""
        match expectation:
            case ExpectEmails():
                return self._emails(expectation)
            case ExpectAlerts():
                return _failure("alerts", expectation.line, self._alerts(expectation))
            case ExpectSegment(segment=segment, line=line):
                return _single("segment", line, segment or "none", str(self._segment() or "none"))
            case ExpectStop(reason=reason, line=line):
                return self._reason("stopped_by", line, reason, RunStatus.STOPPED, same_reason)
            case ExpectHold(reason=reason, line=line):
                return self._reason("held", line, reason, RunStatus.HELD, contains)
            case ExpectEnd():
                return self._end(expectation)
            case ExpectSaved(field=field, value=value, line=line):
                found = self.simulation.contact.values.get(field)
                return _single(f"saved {field}", line, self._told(value), self._told(found))
            case ExpectStart(sequence=name, begun=begun, line=line):
                return self._start(name, begun, line)
            case _:
                assert_never(expectation)

    def _emails(self, expectation: ExpectEmails) -> Failure | None:
        sent = [entry for entry in self.simulation.story if entry.template is not None]
        rows, line = [], expectation.line
        for expected, found in _aligned(expectation.emails, sent):
            row = self._email(expected, found)
            if expected and not row.right and line == expectation.line:
                line = expected.line
            rows.append(row)
        return _failure("emails", line, rows)

    def _email(self, expected: ExpectedEmail | None, found: Entry | None) -> Row:
        left = _email_text(expected.template, expected.at, expected.subject, self.scenario.zone) if expected else ""
        subject = found.subject if found and expected and expected.subject else None
        right = _email_text(found.template or "", found.at, subject, self.scenario.zone) if found else ""
        return Row(left, right, right=expected is not None and found is not None and _is_it(expected, found))

    def _alerts(self, expectation: ExpectAlerts) -> list[Row]:
        said = [alert.message for alert in self.simulation.alerts]
        if expectation.texts:
            pairs = zip_longest(expectation.texts, said, fillvalue="")
            return [Row(text, found, right=bool(text) and text in found) for text, found in pairs]
        found = f"{len(said)}: {'; '.join(said)}" if said else "0"
        return [Row(str(expectation.count), found, right=expectation.count == len(said))]

    def _segment(self) -> Value:
        if self.simulation.run is not None:
            return self.simulation.run.segment
        return self.simulation.contact.values.get(self.playbook.vocabulary.segment_field or "")

    def _reason(
        self, word: str, line: int, reason: str, status: RunStatus, same: Callable[[str, str], bool]
    ) -> Failure | None:
        reasons = [run.reason or "" for run in self.simulation.runs if run.status is status]
        if any(same(found, reason) for found in reasons):
            return None
        return _single(word, line, reason, "; ".join(reasons) or self._how_all_stand())

    def _end(self, expectation: ExpectEnd) -> Failure | None:
        first = self.simulation.run.program if self.simulation.run else None
        name = expectation.sequence or first
        last = next((run for run in reversed(self.simulation.runs) if run.program == name), None)
        if last is not None and last.status is expectation.status:
            return None
        word = f"ends {expectation.sequence}" if expectation.sequence else "ends"
        return _single(word, expectation.line, expectation.status.value, _how(last) if last else "never started")

    def _start(self, name: str, begun: bool, line: int) -> Failure | None:
        began = [run.started_at for run in self.simulation.runs if run.program == name]
        if bool(began) is begun:
            return None
        found = f"{name} started at {moment_text(began[0], self.scenario.zone)}" if began else "not started"
        return _single("started" if begun else "not_started", line, name, found)

    def _how_all_stand(self) -> str:
        return "; ".join(f"{run.program} {_how(run)}" for run in self.simulation.runs if self._is_sequence(run))

    def _is_sequence(self, run: Run) -> bool:
        return run.program in self.playbook.sequences

    def _told(self, value: Value) -> str:
        """A value as the file would say it, times on the clock of the test."""
        match value:
            case None:
                return "unknown"
            case bool():
                return str(value).lower()
            case list():
                return f"[{', '.join(value)}]"
            case str() if isinstance(told := stored_moment(value), datetime):
                return moment_text(told, self.scenario.zone)
            case _:
                return str(value)


def _failure(word: str, line: int, rows: Sequence[Row]) -> Failure | None:
    return None if all(row.right for row in rows) else Failure(word=word, line=line, rows=tuple(rows))


def _single(word: str, line: int, expected: str, found: str) -> Failure | None:
    return _failure(word, line, [Row(expected, found, right=expected == found)])


def _how(run: Run) -> str:
    return (
        f"{run.status.value}: {run.reason}" if run.reason and run.status is not RunStatus.FINISHED else run.status.value
    )


def _is_it(expected: ExpectedEmail, found: Entry) -> bool:
    return (
        expected.template == found.template
        and expected.at in (None, found.at)
        and expected.subject in (None, found.subject)
    )


def _aligned(
    expected: Sequence[ExpectedEmail], found: Sequence[Entry]
) -> Iterator[tuple[ExpectedEmail | None, Entry | None]]:
    """The two lists side by side, so that one email more or less does not make all that follow look wrong."""
    matcher = SequenceMatcher(None, [one.template for one in expected], [one.template for one in found], autojunk=False)
    for _, left, left_end, right, right_end in matcher.get_opcodes():
        yield from zip_longest(expected[left:left_end], found[right:right_end])


def moment_text(at: datetime, zone: ZoneInfo) -> str:
    """A moment as a test writes it."""
    local = at.astimezone(zone)
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")


def _email_text(template: str, at: datetime | None, subject: str | None, zone: ZoneInfo) -> str:
    when = f" at {moment_text(at, zone)}" if at else ""
    return f'{template}{when} "{subject}"' if subject else f"{template}{when}"
