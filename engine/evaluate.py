"""Whether a condition holds for a contact, and which segment takes it: pure, and three-valued.

A test of a field that is unknown (and has no default) is neither true nor false, and ``and``, ``or``,
``not`` pass that on as Kleene's logic does. An unknown checkbox is one nobody has ticked: false. A stored
value of the wrong type counts as unknown. Moments compare as days in the zone where either side is a
day, else as instants.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Set
from datetime import date, datetime
from functools import partial
from math import isfinite
from typing import Any, NamedTuple, assert_never
from zoneinfo import ZoneInfo

from engine.model import (
    All,
    Among,
    AnyOf,
    Compare,
    Condition,
    Constant,
    Contains,
    FieldType,
    FieldValue,
    Known,
    Moment,
    Not,
    Noun,
    Operand,
    SegmentRule,
    Test,
    Value,
    Vocabulary,
)
from engine.timing import NO_HOLIDAYS, add, day_of, stored_form, stored_moment, subtract

Look = Callable[[str], Value]
Single = Compare | Among | Contains | Known

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class _World(NamedTuple):
    look: Look
    known: Callable[[str], bool]
    now: datetime
    zone: ZoneInfo
    holidays: Set[date]


class Classified(Noun, frozen=True):
    """What the segment rules say of a contact.

    ``segment`` is None when no rule took the contact (``otherwise: none``), or when that cannot be known:
    then ``missing`` names the fields that the undecided ``rule`` needs. Otherwise ``rule`` is the one that won.
    """

    segment: str | None
    rule: SegmentRule | None
    missing: frozenset[str] = frozenset()


def holds(
    condition: Condition,
    look: Look,
    known: Callable[[str], bool],
    now: datetime,
    zone: ZoneInfo,
    holidays: Set[date] = NO_HOLIDAYS,
) -> bool | None:
    """Whether the condition is true; None when that cannot be known.

    ``look`` gives a field's value or else its default; ``known`` says whether it has a value of its own.
    """
    return truth(condition.test, look, known, now, zone, holidays)


def truth(
    test: Test,
    look: Look,
    known: Callable[[str], bool],
    now: datetime,
    zone: ZoneInfo,
    holidays: Set[date] = NO_HOLIDAYS,
) -> bool | None:
    """What ``holds`` says, of a test that stands by itself."""
    return decide(test, partial(_single, world=_World(look, known, now, zone, holidays)))


def decide(test: Test, single: Callable[[Single], bool | None]) -> bool | None:
    """Kleene's logic over a tree whose single tests ``single`` answers.

    An answer that is not there yet may be told as None: what is decided without it stays decided.
    """
    match test:
        case All(tests):
            return _first(False, tests, single)
        case AnyOf(tests):
            return _first(True, tests, single)
        case Not(inner):
            found = decide(inner, single)
            return None if found is None else not found
        case _:
            return single(test)


def resolve(
    operand: Operand,
    kind: FieldType,
    look: Look,
    now: datetime,
    zone: ZoneInfo,
    holidays: Set[date] = NO_HOLIDAYS,
) -> Value:
    """What an operand is worth now, as a field of this type stores it; None where it is unknown."""
    match operand:
        case Constant(value):
            found: Value | date = value
        case FieldValue(field):
            found = look(field)
        case Moment():
            found = _moved(operand, now, zone, holidays)
        case _:
            assert_never(operand)
    if kind not in (FieldType.DATE, FieldType.DATETIME):
        return None if isinstance(found, date) else found
    told = found if isinstance(found, date) else stored_moment(found)
    return None if told is None else stored_form(told, kind, zone)


def missing_fields(condition: Condition, look: Look) -> frozenset[str]:
    """The fields without a usable value that keep the tests of a condition from being decided."""
    return frozenset(_missing(condition.test, look))


def classify(
    vocabulary: Vocabulary, look: Look, known: Callable[[str], bool], now: datetime, zone: ZoneInfo
) -> Classified:
    """The segment of a contact: the first rule from the top that is true, unless one before it is unknown."""
    for rule in vocabulary.segments:
        found = rule.condition is None or holds(rule.condition, look, known, now, zone, vocabulary.holidays)
        if found:
            return Classified(rule.name, rule)
        if found is None and rule.condition is not None:
            return Classified(None, rule, missing_fields(rule.condition, look))
    return Classified(None, None)


# -- Tests ------------------------------------------------------------------------------------


def _first(deciding: bool, tests: tuple[Test, ...], single: Callable[[Single], bool | None]) -> bool | None:
    """One deciding answer decides; else one unknown leaves it unknown; else it is the opposite."""
    answer: bool | None = not deciding
    for test in tests:
        found = decide(test, single)
        if found is deciding:
            return deciding
        if found is None:
            answer = None
    return answer


def _single(test: Single, world: _World) -> bool | None:
    match test:
        case Compare():
            return _compare(test, world)
        case Known(field, known):
            return world.known(field) == known
        case Among():
            return _among(test, world)
        case Contains():
            return _contains(test, world)
        case _:
            assert_never(test)


def _compare(test: Compare, world: _World) -> bool | None:
    left = _USABLE[test.type](world.look(test.field))
    right = _operand(test.type, test.operand, world)
    if left is None or right is None:
        return None
    return _ordered(test.op, left, right, world.zone)


def _among(test: Among, world: _World) -> bool | None:
    left = _USABLE[test.type](world.look(test.field))
    if left is None:
        return None
    answer: bool | None = False
    for operand in test.operands:
        right = _operand(test.type, operand, world)
        if right is None:
            answer = None
        elif _ordered("=", left, right, world.zone):
            return True
    return answer


def _contains(test: Contains, world: _World) -> bool | None:
    whole = _USABLE[test.type](world.look(test.field))
    part = _operand(FieldType.TEXT, test.operand, world)
    return None if whole is None or part is None else part in whole


def _ordered(op: str, left: Any, right: Any, zone: ZoneInfo) -> bool:
    if isinstance(left, date):
        left, right = _comparable(left, right, zone)
    return _ORDER[op](left, right)


def _comparable(left: date, right: date, zone: ZoneInfo) -> tuple[date, date]:
    """Two instants as they are; otherwise both as days, since a day is the most that one of them tells."""
    if isinstance(left, datetime) and isinstance(right, datetime):
        return left, right
    return day_of(left, zone), day_of(right, zone)


# -- Values -----------------------------------------------------------------------------------


def _operand(kind: FieldType, operand: Operand, world: _World) -> Any:
    match operand:
        case Constant():
            return _USABLE[kind](operand.value)
        case FieldValue():
            return _USABLE[kind](world.look(operand.field))
        case Moment():
            return _moved(operand, world.now, world.zone, world.holidays)
        case _:
            assert_never(operand)


def _moved(moment: Moment, now: datetime, zone: ZoneInfo, holidays: Set[date]) -> date:
    at = now
    if moment.offset is not None:
        at = (add if moment.sign > 0 else subtract)(at, moment.offset, zone, holidays)
    return day_of(at, zone) if moment.day_only else at


def _number(value: Value) -> Value:
    """A number that can be compared; true and false are none."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _ticked(value: Value) -> bool:
    return value is True


def _list(value: Value) -> Value:
    return value if isinstance(value, list) else None


def _text(value: Value) -> Value:
    return value if isinstance(value, str) else None


# By type: the value as it is compared, or None where it is unknown or not of the field's type.
_USABLE: Mapping[FieldType, Callable[[Value], Any]] = {
    **dict.fromkeys(FieldType, _text),
    FieldType.WHOLE: _number,
    FieldType.NUMBER: _number,
    FieldType.CHECKBOX: _ticked,
    FieldType.DATE: stored_moment,
    FieldType.DATETIME: stored_moment,
    FieldType.LIST: _list,
}


def _missing(test: Test, look: Look) -> set[str]:
    match test:
        case Not(inner):
            return _missing(inner, look)
        case All(tests) | AnyOf(tests):
            return {name for inner in tests for name in _missing(inner, look)}
        case Known():
            return set()
        case Compare(field, kind, _, operand):
            return _unusable(field, kind, look) | _unusable_operand(operand, kind, look)
        case Contains(field, kind, operand):
            return _unusable(field, kind, look) | _unusable_operand(operand, FieldType.TEXT, look)
        case Among(field, kind, operands):
            others = (_unusable_operand(operand, kind, look) for operand in operands)
            return _unusable(field, kind, look).union(*others)
        case _:
            assert_never(test)


def _unusable(field: str, kind: FieldType, look: Look) -> set[str]:
    return {field} if _USABLE[kind](look(field)) is None else set()


def _unusable_operand(operand: Operand, kind: FieldType, look: Look) -> set[str]:
    return _unusable(operand.field, kind, look) if isinstance(operand, FieldValue) else set()
