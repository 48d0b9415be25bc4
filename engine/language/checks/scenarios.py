"""A test speaks of what there is, at times that can be read, and expects only what could happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.flaws import Flaw
from engine.language.scenarios import NOBODY, NONE, email_parts, parse_moment, words_of_test
from engine.language.schema import Place
from engine.language.spelling import did_you_mean
from engine.language.values import UNKNOWN, read_literal
from engine.language.vocabulary import as_dict, as_list
from engine.model import TRIGGER_PREFIX, Vocabulary
from engine.model.scenarios import same_reason

KEY = "email"
_STOPS = ("unsubscribed", "bounced", "complained", "started again")
"""Why the engine itself ends runs."""


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``tests:``."""
    names: dict[str, Place] = {}
    for place in book.mappings("test"):
        test = _Test(book, place, words_of_test(place.value, book.vocabulary))
        yield from _name(book, place, names)
        yield from test.moments()
        yield from test.values()
        yield from test.payloads()
        yield from test.expectations()


def _name(book: Checkable, place: Place, names: dict[str, Place]) -> Iterator[Problem]:
    name = place.value.get("name")
    if isinstance(name, str) and name in names:
        message = f'two tests are called "{name}": the one at {book.where(names[name])}, and this one'
        yield book.problem(Place((*place.path, "name"), name), "duplicate-test", message, hint="say what differs")
    elif isinstance(name, str):
        names[name] = Place((*place.path, "name"), name)


@dataclass(frozen=True, slots=True)
class _Test:
    """One test while it is checked; ``words`` have its clock."""

    book: Checkable
    place: Place
    words: Vocabulary

    @property
    def spec(self) -> Mapping[str, Any]:
        return as_dict(self.place.value)

    def _at(self, *path: str | int) -> Place:
        """The value at a path inside the test; None where there is none."""
        value: Any = self.spec
        for part in path:
            inside = as_dict(value).get(part) if isinstance(part, str) else as_list(value)[part]
            value = inside
        return Place((*self.place.path, *path), value)

    def _items(self, *path: str) -> range:
        return range(len(as_list(self._at(*path).value)))

    # Times

    def moments(self) -> Iterator[Problem]:
        """Times that cannot be read, and what happens before the beginning."""
        yield from self._moment(self._at("at"))
        begin = self._read(self._at("at"))
        for index in self._items("later"):
            place = self._at("later", index, "at")
            yield from self._moment(place)
            at = self._read(place)
            if at is not None and begin is not None and at < begin:
                message = f'"{place.value}" lies before the beginning of this test, {self.spec["at"]}'
                hint = "what is known before belongs under  contact:"
                yield self.book.problem(place, "moment", message, hint=hint)
        for index in self._items("expect", "emails"):
            yield from self._moment(self._at("expect", "emails", index, "at"))

    def _read(self, place: Place) -> datetime | None:
        found = parse_moment(place.value, self.words.zone) if isinstance(place.value, str) else None
        return found if isinstance(found, datetime) else None

    def _moment(self, place: Place) -> Iterator[Problem]:
        if isinstance(place.value, str):
            found = parse_moment(place.value, self.words.zone)
            if isinstance(found, Flaw):
                yield self.book.flaw(place, found)

    # Values

    def values(self) -> Iterator[Problem]:
        """Values that their fields cannot hold, and values that are nobody's to write."""
        for place in self._mappings():
            for name, raw in place.value.items():
                yield from self._value(Place((*place.path, name), raw))

    def _mappings(self) -> Iterator[Place]:
        laters = [("later", index, word) for index in self._items("later") for word in ("set", "with")]
        for path in (("contact",), ("with",), *laters, ("expect", "saved")):
            place = self._at(*path)
            if isinstance(place.value, dict):
                yield place

    def _value(self, place: Place) -> Iterator[Problem]:
        name, word = str(place.path[-1]), place.path[-2]
        field = self.book.vocabulary.fields.get(name)
        if field is None or not self.book.sound(place.path) or not self.book.sound(("contact", name)):
            return
        if name == self.words.segment_field and word != "saved":
            message = f'"{name}" follows from the rules under segments:, so nobody can send or know it'
            yield self.book.problem(place, "ruled-field", message, hint="give the fields that the rules ask for")
        elif name == KEY and word == "set":
            message = f'"{KEY}" tells contacts apart, so it cannot be saved over'
            yield self.book.problem(place, "ruled-field", message, hint="take it away")
        else:
            found = read_literal(field, place.value, self.words)
            if isinstance(found, Flaw):
                yield self.book.problem(place, "value", found.message, hint=found.hint)

    # What triggers are sent

    def payloads(self) -> Iterator[Problem]:
        """Triggers that are not there, and what they are sent but do not take."""
        whose = self._whose()
        for path in ((), *(("later", index) for index in self._items("later"))):
            trigger, given = self._at(*path, "trigger"), self._at(*path, "with")
            if isinstance(trigger.value, str):
                yield from self._payload(trigger, given)
            yield from self._one_contact(given, whose)
        yield from self._one_contact(self._at("contact"), whose)

    def _whose(self) -> str:
        given = {**as_dict(self.spec.get("contact")), **as_dict(self.spec.get("with"))}
        return str(given.get(KEY, NOBODY))

    def _one_contact(self, given: Place, whose: str) -> Iterator[Problem]:
        email = as_dict(given.value).get(KEY)
        if isinstance(email, str) and email.strip().casefold() != whose.strip().casefold():
            message = f"a test is about one contact, and this one is about {whose}"
            yield self.book.problem(
                Place((*given.path, KEY), email), "test-payload", message, hint="write another test for somebody else"
            )

    def _payload(self, trigger: Place, given: Place) -> Iterator[Problem]:
        spec = self.book.section("triggers").get(trigger.value)
        if not isinstance(spec, dict) or not self.book.sound(("triggers", trigger.value)):
            return
        required, taken = _taken(spec)
        values = as_dict(given.value)
        missing = [name for name in required if values.get(name, UNKNOWN) == UNKNOWN and name != KEY]
        if missing:
            message = f'the trigger "{trigger.value}" requires {_listed(missing)}, and with: does not say it'
            hint = f"add  with: {{{missing[0]}: …}}" if not values else f"add  {missing[0]}: …"
            yield self.book.problem(given if values else trigger, "test-payload", message, hint=hint)
        for name in values:
            if name in self.book.vocabulary.fields and name not in taken:
                message = f'the trigger "{trigger.value}" does not take "{name}", so sending it changes nothing'
                hint = f"add it to the trigger's accepts, or write it under  contact:  what it takes: {_listed(taken)}"
                yield self.book.problem((*given.path, name), "test-payload", message, hint=hint)

    # What is expected

    def expectations(self) -> Iterator[Problem]:
        """Emails that no step sends, segments that are not there, and reasons for which nothing stops."""
        for index in self._items("expect", "emails"):
            yield from self._email(self._at("expect", "emails", index))
        yield from self._segment(self._at("expect", "segment"))
        yield from self._reason(self._at("expect", "stopped_by"))

    def _email(self, place: Place) -> Iterator[Problem]:
        if isinstance(place.value, dict):
            place = Place((*place.path, "email"), place.value.get("email"))
        if not isinstance(place.value, str):
            return
        template, at = email_parts(place.value)
        known = list(dict.fromkeys(str(one.value) for one in self.book.texts("template")))
        if template not in known:
            yield from self._unsent(place, template, known)
        found = parse_moment(at, self.words.zone) if at else None
        if isinstance(found, Flaw) and at is not None:
            yield self.book.flaw(place, found, place.value.rindex(at))

    def _unsent(self, place: Place, template: str, known: Sequence[str]) -> Iterator[Problem]:
        hint = (
            did_you_mean(template, known) or "an expectation is a template's name, such as  hello at 2025-11-12 10:00"
        )
        flaw = Flaw(
            start=0,
            end=len(template),
            message=f'no step sends "{template}", so this can never come true',
            hint=hint,
            rule="test-email",
        )
        yield self.book.flaw(place, flaw)

    def _segment(self, place: Place) -> Iterator[Problem]:
        known = [*self.book.segment_names(), NONE]
        if isinstance(place.value, str) and place.value not in known:
            hint = did_you_mean(place.value, known) or f"the segments are {', '.join(known)}"
            yield self.book.problem(place, "unknown-segment", f'no segment is called "{place.value}"', hint=hint)

    def _reason(self, place: Place) -> Iterator[Problem]:
        if not isinstance(place.value, str):
            return
        known = list(_reasons(self.book))
        if any(same_reason(place.value, reason) for reason in known):
            return
        near = did_you_mean(place.value, known)
        if near:  # there are more ways to stop than can be listed: what is like none of them may be one
            yield self.book.problem(place, "test-reason", f'nothing stops for the reason "{place.value}"', hint=near)


def _taken(spec: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What a trigger requires, and all that it takes."""
    required = [name for name in as_list(spec.get("requires")) if isinstance(name, str)]
    accepted = [name for item in as_list(spec.get("accepts")) for name in ([item] if isinstance(item, str) else item)]
    return required, [KEY, *(name for name in (*required, *accepted) if name != KEY)]


def _reasons(book: Checkable) -> Iterator[str]:
    """Every reason for which this file can stop a run, as it is written."""
    yield from _STOPS
    programs = [*book.section("sequences"), *(f"{TRIGGER_PREFIX}{name}" for name in book.section("triggers"))]
    yield from (f"stopped by {name}" for name in programs)
    for spec in book.section("sequences").values():
        if isinstance(stop_when := as_dict(spec).get("stop_when"), str):
            yield stop_when
    for step in book.mappings("step"):
        if isinstance(reason := step.value.get("stop"), str):
            yield reason


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
