"""What is certainly known of a contact at each email: a walk through every trigger and every sequence.

Theory: a state is the set of fields that can be printed for everybody who gets to a place. Triggers begin
with what they require; a sequence begins with what all of its starts have in common; where ways meet, only
what holds on all of them stays. Starts go round in circles, so sequences are walked again until no beginning
changes, which is soon: states only ever shrink. Where a condition cannot be read, all is taken for known, so
that one mistake is told once. Values stay with a contact: what is not certain is still possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.computing import operands
from engine.language.book import Checkable
from engine.language.conditions import parse_condition
from engine.language.document import Path
from engine.language.durations import parse_until
from engine.language.flaws import Flaw
from engine.language.implying import NONE, Fields, Implying
from engine.language.values import UNKNOWN, read_value
from engine.language.vocabulary import OTHERWISE, as_dict, as_list
from engine.model import Around, Condition, FieldValue

EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Start:
    """A step that starts a sequence: the trigger or sequence it stands in, and what is known there."""

    program: Path
    known: Fields


@dataclass(slots=True)
class Walk:
    """The walk through one file: ``emails``, ``begins`` and ``starts`` are what it finds."""

    book: Checkable
    always: Fields = NONE
    forgotten: Fields = NONE
    computed: dict[str, Fields] = field(default_factory=dict)
    implying: Implying = field(init=False)
    begins: dict[Path, Fields] = field(default_factory=dict)
    emails: dict[Path, Fields] = field(default_factory=dict)
    starts: dict[tuple[str, Path], Start] = field(default_factory=dict)
    waiting: dict[str, None] = field(default_factory=dict)
    conditions: dict[Any, Condition | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        words = self.book.vocabulary
        self.always = frozenset([EMAIL, *(name for name, one in words.fields.items() if one.default is not None)])
        saves = [step.value.get("save") for step in self.book.mappings("step")]
        self.forgotten = frozenset(
            name for save in saves for name, raw in as_dict(save).items() if raw == UNKNOWN and name not in self.always
        )
        self.computed = operands(words.fields)
        self.forgotten = self._resting_on(self.forgotten)
        self.implying = Implying(words, self.forgotten)

    # -- programs

    def program(self, path: Path, known: Fields, specs: Any) -> None:
        """Walk through the steps of a trigger or a sequence."""
        self.begins[path] = known
        self._block(path, (*path, "then" if path[0] == "triggers" else "steps"), specs, known)

    def enter(self, sequence: str, known: Fields) -> None:
        """Begin a sequence with no more than this, and walk it again if that is less than before."""
        path = ("sequences", sequence)
        before = self.begins.get(path)
        now = known if before is None else before & known
        if now != before:
            self.begins[path] = now
            self.waiting[sequence] = None

    def settle(self) -> None:
        """Walk through every sequence whose beginning has changed, until none does."""
        while self.waiting:
            name = next(iter(self.waiting))
            del self.waiting[name]
            path, spec = ("sequences", name), as_dict(self.book.section("sequences").get(name))
            self.program(path, self.begins[path], spec.get("steps"))

    def closed(self, known: Fields) -> Fields:
        """With what is always known, and with the segment where it follows."""
        known |= self.always
        known = self._followed(known)
        segment = self.book.vocabulary.segment_field
        return known | {segment} if segment and self.implying.segment_is_told(known) else known

    def _followed(self, known: Fields) -> Fields:
        """With what computed fields that are known rest on, and with those of which all that is known."""
        for name in reversed(self.computed):
            if name in known and name not in self.always:
                known |= self.computed[name]
        for name, read in self.computed.items():
            if read <= known:
                known |= {name}
        return known

    def _resting_on(self, names: Fields) -> Fields:
        """The computed fields that cannot be told without these."""
        found = names
        for name, read in self.computed.items():
            if read & found and name not in self.always:
                found |= {name}
        return found

    def _condition(self, text: Any) -> Condition | None:
        """None where it cannot be read."""
        if not isinstance(text, str):
            return None
        if text not in self.conditions:
            found = parse_condition(text, self.book.vocabulary)
            self.conditions[text] = found if isinstance(found, Condition) else None
        return self.conditions[text]

    # -- steps: what is known after, or None where nobody goes on

    def _block(self, program: Path, path: Path, specs: Any, known: Fields | None) -> Fields | None:
        for index, spec in enumerate(as_list(specs)):
            if known is not None:
                known = self._step(program, (*path, index), as_dict(spec), known)
        return known

    def _step(self, program: Path, path: Path, spec: Mapping[str, Any], known: Fields) -> Fields | None:
        known |= self._not_stopped(program)
        if "when" not in spec:
            return self._done(program, path, spec, known)
        condition = self._condition(spec["when"])
        if condition is None:
            return _either(self._done(program, path, spec, self._everything()), known)
        inside, outside = self.implying.when_true(condition), self.implying.when_not_true(condition)
        if "wait" in spec:  # a wait counts where its condition cannot be told
            inside, outside = self.implying.when_not_false(condition), self.implying.when_false(condition)
        done = self._done(program, path, spec, self.closed(known | inside))
        return _either(done, self.closed(known | outside))

    def _not_stopped(self, program: Path) -> Fields:
        condition = self._condition(as_dict(self.book.at(program)).get("stop_when"))
        return self.implying.when_not_true(condition) if condition else NONE

    def _everything(self) -> Fields:
        return frozenset(self.book.vocabulary.fields) | self.always

    def _done(self, program: Path, path: Path, spec: Mapping[str, Any], known: Fields) -> Fields | None:
        match spec:
            case {"email": _}:
                self.emails[path] = known
            case {"wait": text}:
                return self._waited(spec, text, known)
            case {"save": values}:
                return self.closed(self.saved(as_dict(values), known))
            case {"split": _, "save_as": str(field)}:
                return self.closed(known | {field})
            case {"http": _, "save_as": answer} if spec.get("if_it_fails") != "go_on":
                return self.closed(known | self._fields([answer] if isinstance(answer, str) else as_dict(answer)))
            case {"start": str(name)}:
                given = self.saved(as_dict(spec.get("with")), known, forget=False)
                self._start(name, Start(program, given), path)
            case {"stop": stop}:
                own = isinstance(stop, str) or program == ("sequences", as_dict(stop).get("sequence"))
                return None if own else known
            case {"choose": branches}:
                return self._chosen(program, (*path, "choose"), branches, known)
            case _:
                pass
        return known

    def _waited(self, spec: Mapping[str, Any], text: Any, known: Fields) -> Fields:
        """A wait lets others act, and gives the field that tells its moment, unless it goes on without."""
        known -= self.forgotten
        until = parse_until(text, self.book.vocabulary) if isinstance(text, str | int | float) else None
        if isinstance(until, Around) and spec.get("if_unknown") != "go_on":
            known |= {until.field}
        return self.closed(known)

    def saved(self, values: Mapping[str, Any], known: Fields, *, forget: bool = True) -> Fields:
        """With what these values say; what is left unknown is taken away, unless it may have been there before."""
        before = known
        for name, raw in values.items():
            one = self.book.vocabulary.fields.get(name)
            operand = read_value(one, raw, self.book.vocabulary) if one else None
            if isinstance(operand, Flaw) or self._is_told(operand, before):
                known |= {name}
            elif forget:
                known -= self._resting_on(frozenset({name}))
        return known | self.always

    def demanded(self, text: Any) -> Fields:
        """What is known of everybody for whom a condition is true."""
        condition = self._condition(text)
        return self.implying.when_true(condition) if condition else NONE

    def _fields(self, names: Iterable[str]) -> Fields:
        return frozenset(names) & self.book.vocabulary.fields.keys()

    def _is_told(self, operand: object, known: Fields) -> bool:
        return operand is not None and (not isinstance(operand, FieldValue) or operand.field in known)

    def _start(self, name: str, start: Start, path: Path) -> None:
        if name in self.book.section("sequences"):
            segment, key = (
                self.book.vocabulary.segment_field,
                as_dict(self.book.section("sequences")[name]).get("one_run_per"),
            )
            told = {key} if isinstance(key, str) else NONE  # without it there is no run
            begin = self.closed((start.known | told) - ({segment} if segment else NONE))
            self.starts[name, path] = Start(start.program, begin)
            self.enter(name, begin)

    def _chosen(self, program: Path, path: Path, branches: Any, known: Fields) -> Fields | None:
        """After a choice: what all of its ways leave; without an otherwise, past them is a way too."""
        left: Fields | None = None
        for index, way in enumerate(map(as_dict, as_list(branches))):
            if OTHERWISE in way:
                return _either(left, self._block(program, (*path, index, OTHERWISE), way[OTHERWISE], known))
            condition = self._condition(way.get("when"))
            inside = self.implying.when_true(condition) if condition else self._everything()
            inside = self.closed(known | inside)
            left = _either(left, self._block(program, (*path, index, "steps"), way.get("steps"), inside))
            known |= self.implying.when_not_true(condition) if condition else NONE
        return _either(left, known)


def _either(one: Fields | None, other: Fields | None) -> Fields | None:
    """What is known where two ways meet."""
    if one is None or other is None:
        return one if other is None else other
    return one & other


def taken(walk: Walk, spec: Mapping[str, Any]) -> Fields:
    """What is known when a trigger's ``then:`` begins: all it requires, alone or together, or has a value for."""
    known = frozenset(name for name in as_list(spec.get("requires")) if isinstance(name, str))
    for item in as_list(spec.get("accepts")):
        known = walk.saved(as_dict(item), known, forget=False)
    for item in as_list(spec.get("also_require")):
        known |= walk.demanded(as_dict(item).get("condition"))
    return walk.closed(known)
