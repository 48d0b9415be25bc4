"""``tests:`` to Scenarios. Only a document without errors comes here; what reads a text is used by the check, too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from engine.language.document import Document, Path
from engine.language.durations import parse_date, parse_datetime, parse_duration
from engine.language.flaws import Flaw
from engine.language.values import read_literal
from engine.language.vocabulary import as_dict, as_list, find_zone, vocabulary
from engine.model import Duration, RunStatus, Value, Values, Vocabulary
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
)
from engine.timing import add, instant_of, stored_moment

NOBODY = "ada@example.com"
"""Whom a test is about that does not say so."""
NONE = "none"
_EMAIL = re.compile(r"(?P<template>\S+)(?:\s+at\s+(?P<at>\S.*))?")


def read_scenarios(document: Document) -> tuple[Scenario, ...]:
    """The tests of a file, in its order."""
    words = vocabulary(document)
    specs = enumerate(as_list(document.data.get("tests")))
    return tuple(_Test(document, words_of_test(spec, words), ("tests", index), spec).read() for index, spec in specs)


def words_of_test(spec: Mapping[str, Any], words: Vocabulary) -> Vocabulary:
    """The words of the file with the clock of one test: that of the contact where the test gives one."""
    given = {**as_dict(spec.get("contact")), **as_dict(spec.get("with"))}
    zone = find_zone(given.get(words.zone_field)) if words.zone_field in given else None
    return replace(words, zone=zone) if zone else words


def parse_moment(text: str, zone: ZoneInfo) -> datetime | Flaw:
    """A date with or without a time, as the clocks of a zone show it, in UTC."""
    told = stored_moment(parse_datetime(text, zone) or parse_date(text))
    if told is None:
        message = f'"{text}" is not a date and time'
        return Flaw(start=0, end=len(text), message=message, hint="write it like  2025-11-12 10:00", rule="moment")
    return instant_of(told, zone)


def email_parts(text: str) -> tuple[str, str | None]:
    """Of ``hello at 2025-11-12 10:00`` the template and the time."""
    found = _EMAIL.fullmatch(text.strip())
    return (found["template"], found["at"]) if found else (text, None)


def sequences_of(value: Any) -> list[str]:
    """One sequence, or a list of them."""
    return [value] if isinstance(value, str) else list(value)


@dataclass(frozen=True, slots=True)
class _Test:
    """One test while it is read."""

    document: Document
    words: Vocabulary
    path: Path
    spec: Mapping[str, Any]

    def read(self) -> Scenario:
        spec, at = self.spec, self._moment(self.spec["at"])
        given, known = self._values(spec.get("with")), self._values(spec.get("contact"))
        sequence = spec.get("sequence")
        first = [] if sequence else [Fires(trigger=spec["trigger"], values=given, at=at, line=self._line("trigger"))]
        values = {**known, **given} if sequence else known
        return Scenario(
            name=str(spec["name"]),
            at=at,
            email=str(given.get("email") or known.get("email") or NOBODY),
            values=values if sequence or "contact" in spec else None,
            sequence=sequence,
            occasions=(*first, *self._later(at)),
            expectations=tuple(self._expectations(spec["expect"])),
            zone=self.words.zone,
            testing=bool(spec.get("testing", False)),
            file=self.document.span(self.path).file or self.document.file,
            line=self._line(),
        )

    def _line(self, *path: str | int) -> int:
        return self.document.line((*self.path, *path))

    def _moment(self, text: str) -> datetime:
        return cast("datetime", parse_moment(text, self.words.zone))

    def _values(self, spec: Mapping[str, Any] | None) -> Values:
        return {name: self._value(name, raw) for name, raw in (spec or {}).items()}

    def _value(self, name: str, raw: object) -> Value:
        return cast("Value", read_literal(self.words.fields[name], raw, self.words))

    def _later(self, begin: datetime) -> Iterator[Occasion]:
        for index, item in enumerate(self.spec.get("later", ())):
            at = self._moment(item["at"]) if "at" in item else self._after(begin, item["after"])
            line = self._line("later", index)
            if "trigger" in item:
                yield Fires(trigger=item["trigger"], values=self._values(item.get("with")), at=at, line=line)
            elif "set" in item:
                yield Writes(values=self._values(item["set"]), at=at, line=line)
            else:
                yield Leaves(reason="unsubscribed" if "unsubscribe" in item else "bounced", at=at, line=line)

    def _after(self, begin: datetime, text: str) -> datetime:
        return add(begin, cast("Duration", parse_duration(text)), self.words.zone, self.words.holidays)

    def _expectations(self, expect: Mapping[str, Any]) -> Iterator[Expectation]:
        for word, value in expect.items():
            yield from self._expected(word, value, self._line("expect", word))

    def _expected(self, word: str, value: Any, line: int) -> Iterator[Expectation]:
        match word:
            case "emails":
                emails = tuple(self._email(item, ("expect", word, index)) for index, item in enumerate(value))
                yield ExpectEmails(emails=emails, line=line)
            case "alerts":
                texts = tuple(value) if isinstance(value, list) else ()
                yield ExpectAlerts(count=len(texts) if isinstance(value, list) else value, texts=texts, line=line)
            case "segment":
                yield ExpectSegment(segment=None if value == NONE else value, line=line)
            case "stopped_by":
                yield ExpectStop(reason=value, line=line)
            case "held":
                yield ExpectHold(reason=value, line=line)
            case "ends":
                pairs = value.items() if isinstance(value, dict) else [(None, value)]
                yield from (ExpectEnd(sequence=name, status=RunStatus(how), line=line) for name, how in pairs)
            case "saved":
                for name, raw in value.items():
                    yield ExpectSaved(field=name, value=self._value(name, raw), line=self._line("expect", word, name))
            case _:
                begun = word == "started"
                yield from (ExpectStart(sequence=name, begun=begun, line=line) for name in sequences_of(value))

    def _email(self, item: Any, path: tuple[str | int, ...]) -> ExpectedEmail:
        template, at = email_parts(item) if isinstance(item, str) else (item["email"], item.get("at"))
        return ExpectedEmail(
            template=template,
            at=self._moment(at) if at else None,
            subject=None if isinstance(item, str) else item.get("subject"),
            line=self._line(*path),
        )
