"""What a wait is for, whichever way it is written: a length of time, ``until`` a moment, ``for`` what may come.

``for trigger booking, at most 3 days`` and ``for customer = true, at most 7 days``: what is waited for may
never come, so the text says after how long nobody waits any more.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import assert_never

from engine.language.conditions import parse_condition
from engine.language.durations import parse_duration, parse_until
from engine.language.flaws import Flaw
from engine.language.spelling import did_you_mean
from engine.model import (
    All,
    Among,
    AnyOf,
    Awaited,
    Compare,
    Condition,
    Contains,
    Duration,
    ForCondition,
    ForTrigger,
    Known,
    Moment,
    Not,
    Test,
    Until,
    Vocabulary,
)

_FOR = re.compile(r"\s*(for)\b\s*", re.IGNORECASE)
_TRIGGER = re.compile(r"((?:(?:the|a)\s+)?(?:trigger|webhook|event))\b\s*", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
# What stands in quotes is part of a condition, whatever it says.
_MOST = re.compile(
    r""" "[^"]*" | '[^']*'
       | (?P<comma>\s*,)? \s* \b(?P<most>at\s+most|max(?:imum)?|up\s+to|within|no\s+(?:more|longer)\s+than)\b \s* """,
    re.IGNORECASE | re.VERBOSE,
)
_EXAMPLES = '"for trigger booking, at most 3 days" or "for customer = true, at most 7 days"'


def parse_wait(
    text: str | int | float, vocabulary: Vocabulary, triggers: Collection[str] | None
) -> Until | Awaited | tuple[Flaw, ...]:
    """What a wait waits for, or everything wrong with it. ``triggers``: None where they are not known."""
    raw = str(text)
    begin = _FOR.match(raw)
    if begin is None:
        found = parse_until(raw, vocabulary)
        return (_meant_for(raw, found, vocabulary),) if isinstance(found, Flaw) else found
    if begin[1] != "for":
        return (_flaw(begin.start(1), begin[1], f'"{begin[1]}" is written in small letters', 'write "for"'),)
    return _Awaiting(raw, begin.end(), vocabulary, triggers).read()


class _Awaiting:
    """The part of a text after ``for``, and where it stands, so that flaws can point into it."""

    def __init__(self, raw: str, start: int, vocabulary: Vocabulary, triggers: Collection[str] | None) -> None:
        self.raw = raw
        self.start = start
        self.vocabulary = vocabulary
        self.triggers = triggers
        self.most = next((one for one in reversed([*_MOST.finditer(raw, start)]) if one["most"]), None)
        self.what = raw[start : self.most.start() if self.most else len(raw)].strip()
        self.flaws: list[Flaw] = []

    def read(self) -> Awaited | tuple[Flaw, ...]:
        """Both halves, so that every flaw is told."""
        if not self.what:
            return (self._say(self.raw.strip(), "for what?", f"write {_EXAMPLES}"),)
        if self.most is None and isinstance(parse_duration(self.what), Duration):
            whole = self.raw.strip()
            return (self._say(whole, f'"{whole}" is a length of time', f'write "{self.what}"'),)
        awaited, at_most = self._awaited(), self._at_most()
        if awaited is None or at_most is None or self.flaws:
            return tuple(self.flaws)
        return ForTrigger(awaited, at_most) if isinstance(awaited, str) else ForCondition(awaited, at_most)

    def _say(self, part: str, message: str, hint: str, rule: str = "wait") -> Flaw:
        start = self.raw.find(part, self.start)
        flaw = _flaw(start if start >= 0 else self.raw.index(part), part, message, hint, rule)
        self.flaws.append(flaw)
        return flaw

    # -- What is waited for -------------------------------------------------------------------

    def _awaited(self) -> str | Condition | None:
        found = _TRIGGER.match(self.what)
        if found and found[1] not in self.vocabulary.fields:
            return self._trigger(found[1], self.what[found.end() :])
        if self.what in (self.triggers or ()) and self.what not in self.vocabulary.fields:
            self._say(self.what, f'"{self.what}" is a trigger', f'write "for trigger {self.what}, at most 3 days"')
            return None
        return self._condition()

    def _trigger(self, word: str, name: str) -> str | None:
        if not name:
            self._say(word, "for which trigger?", f"write {_EXAMPLES}")
        elif word != "trigger":
            self._say(word, f'"{word}" is not the word for it', f'write "for trigger {name}, at most 3 days"')
        elif not _NAME.fullmatch(name):
            self._say(name, f'"{name}" is not the name of a trigger', "a wait is for one trigger, or for a condition")
        elif self.triggers is not None and name not in self.triggers:
            there_are = ", ".join(self.triggers)
            known = f"the triggers are {there_are}" if there_are else "this file has no triggers"
            hint = did_you_mean(name, self.triggers) or known
            place = self.raw.index(name, self.raw.index(word) + len(word))
            self.flaws.append(_flaw(place, name, f'no trigger is called "{name}"', hint, rule="unknown-trigger"))
        return name

    def _condition(self) -> Condition | None:
        found = parse_condition(self.what, self.vocabulary)
        if isinstance(found, tuple):
            self.flaws += [replace(one, start=one.start + self.start, end=one.end + self.start) for one in found]
            return None
        if _reads_clock(found.test):
            message = f'"{self.what}" comes true as time goes by, and nothing looks at it just then'
            self._say(self.what, message, f"write {_until(found.test)}", rule="by-clock")
        return found

    # -- How long -----------------------------------------------------------------------------

    def _at_most(self) -> Duration | None:
        if self.most is None:
            message = f'"for {self.what}" does not say how long to wait at most'
            self._say(self.raw.strip(), message, f'write "for {self.what}, at most 3 days"', rule="at-most")
            return None
        length = self.raw[self.most.end() :].strip()
        if not self.most["comma"] or " ".join(self.most["most"].split()) != "at most":
            hint = f'write "for {self.what}, at most {length or "3 days"}"'
            part = self.most["most"]
            message = f'a comma is missing before "{part}"' if part == "at most" else f'"{part}" is not the word for it'
            self.flaws.append(_flaw(self.most.start("most"), part, message, hint, rule="at-most"))
        return self._length(self.most, length)

    def _length(self, most: re.Match[str], length: str) -> Duration | None:
        if not length:
            hint = f'write "for {self.what}, at most 3 days"'
            self.flaws.append(_flaw(most.start("most"), most["most"], "at most how long?", hint, rule="at-most"))
            return None
        found = parse_duration(length)
        if isinstance(found, Duration):
            return found
        self.flaws.append(replace(found, start=found.start + most.end(), end=found.end + most.end()))
        return None


def _flaw(start: int, part: str, message: str, hint: str = "", rule: str = "wait") -> Flaw:
    return Flaw(start=start, end=start + len(part), message=message, hint=hint, rule=rule)


def _meant_for(raw: str, flaw: Flaw, vocabulary: Vocabulary) -> Flaw:
    """``until customer = true`` is a wait for something, not until a moment."""
    rest = raw.strip().removeprefix("until").strip()
    if flaw.rule != "wait" or rest == raw.strip():
        return flaw
    condition = parse_condition(rest, vocabulary)
    if rest.startswith("trigger ") or isinstance(condition, Condition):
        return replace(flaw, hint=f'write "for {rest}, at most 7 days"')
    return flaw


def _until(test: Test) -> str:
    """The wait that is over when such a condition comes true."""
    match test:
        case Compare(field, _, "<" | "<=", Moment(offset=offset, sign=sign)):
            side = "before" if sign > 0 else "after"
            return f'"until {offset.text} {side} {field}"' if offset else f'"until {field}"'
        case _:
            return 'a wait "until ..." that moment'


def _reads_clock(test: Test) -> bool:
    match test:
        case Not(inner):
            return _reads_clock(inner)
        case All(tests) | AnyOf(tests):
            return any(map(_reads_clock, tests))
        case Among(_, _, operands):
            return any(isinstance(operand, Moment) for operand in operands)
        case Compare() | Contains():
            return isinstance(test.operand, Moment)
        case Known():
            return False
        case _:
            assert_never(test)
