"""What a condition tells about the fields it asks for: which have a value when it holds, and when it does not.

A comparison with something unknown is neither true nor false, so each definite answer says that both sides
have a value. Where only "not true" is known, the answer may have been "cannot be told": then ``is known``
alone says something. "Has a value" means: can be printed, be it by its default.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import assert_never

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
    Not,
    Operand,
    Test,
    Vocabulary,
)

Fields = frozenset[str]
NONE: Fields = frozenset()


@dataclass(frozen=True, slots=True)
class Implying:
    """Reads conditions. ``forgotten`` are the fields that some step makes unknown: a segment says nothing of them."""

    words: Vocabulary
    forgotten: Fields = NONE

    def when_true(self, condition: Condition) -> Fields:
        """The fields that have a value where the condition is true."""
        return self._implied(condition.test, truth=True, sure=True)

    def when_not_true(self, condition: Condition) -> Fields:
        """The fields that have a value where it is false, or cannot be told."""
        return self._implied(condition.test, truth=False, sure=False)

    def when_false(self, condition: Condition) -> Fields:
        """The fields that have a value where it is false for certain."""
        return self._implied(condition.test, truth=False, sure=True)

    def when_not_false(self, condition: Condition) -> Fields:
        """The fields that have a value where it is true, or cannot be told."""
        return self._implied(condition.test, truth=True, sure=False)

    def in_segment(self, name: str) -> Fields:
        """The fields that have a value for everybody who was put into a segment."""
        found: set[str] = {self.words.segment_field} if self.words.segment_field else set()
        for rule in self.words.segments:
            if rule.condition is None:
                break
            truth = rule.name == name
            if self.words.segment_field in rule.condition.fields:
                break  # a circle, which is told elsewhere
            found |= self._implied(rule.condition.test, truth=truth, sure=True) - self.forgotten
            if truth:
                break
        return frozenset(found)

    def segment_is_told(self, known: Fields) -> bool:
        """Whether everybody with these values is in a segment."""
        rules = self.words.segments
        if self.words.segment_field is None or not rules or rules[-1].condition is not None:
            return False
        return all(rule.condition is None or _decided(rule.condition.test, known) for rule in rules)

    def _implied(self, test: Test, *, truth: bool, sure: bool) -> Fields:
        match test:
            case Compare() | Among() | Contains():
                return self._asked(test, truth) if sure else NONE
            case Known(field, known):
                return frozenset({field}) if known == truth else NONE
            case Not(inner):
                return self._implied(inner, truth=not truth, sure=sure)
            case All(tests) | AnyOf(tests):
                parts = [self._implied(inner, truth=truth, sure=sure) for inner in tests]
                return _union(parts) if isinstance(test, All) == truth else _common(parts)
            case _:
                assert_never(test)

    def _asked(self, test: Compare | Among | Contains, truth: bool) -> Fields:
        if test.type is FieldType.CHECKBOX:  # an unknown one is one that nobody has ticked
            return frozenset({test.field}) if _ticked(test) == truth else NONE
        operands = test.operands if isinstance(test, Among) else (test.operand,)
        named = {operand.field for operand in operands if isinstance(operand, FieldValue)}
        beside = named if truth is False or not isinstance(test, Among) else set[str]()
        return frozenset({test.field}) | beside | self._by_segment(test, operands, truth)

    def _by_segment(self, test: Compare | Among | Contains, operands: Iterable[Operand], truth: bool) -> Fields:
        """What follows for those who are in one of the segments that a test of the segment leaves."""
        values = [operand.value for operand in operands if isinstance(operand, Constant)]
        if test.field != self.words.segment_field or isinstance(test, Contains) or not values:
            return NONE
        equal = isinstance(test, Among) or test.op == "="
        names = [rule.name for rule in self.words.segments if (rule.name in values) == (truth == equal)]
        return _common([self.in_segment(name) for name in names])


def unknown_when_true(test: Test) -> Fields:
    """The fields that have no value of their own where a test is true."""
    match test:
        case Known(field, False) | Not(Known(field, True)):
            return frozenset({field})
        case All(tests):
            return _union(unknown_when_true(inner) for inner in tests)
        case AnyOf(tests):
            return _common([unknown_when_true(inner) for inner in tests])
        case _:
            return NONE


def _ticked(test: Compare | Among | Contains) -> bool | None:
    """With which answer a test of a checkbox says that it is ticked; None for neither."""
    if not isinstance(test, Compare) or not isinstance(test.operand, Constant):
        return None
    return {"=": test.operand.value is True, "!=": test.operand.value is not True}.get(test.op)


def _decided(test: Test, known: Fields) -> bool:
    """Whether a test is true or false, not undecided, where these fields have a value."""
    match test:
        case Not(inner):
            return _decided(inner, known)
        case All(tests) | AnyOf(tests):
            return all(_decided(inner, known) for inner in tests)
        case Known():
            return True
        case Among(field, kind, operands):
            return kind is FieldType.CHECKBOX or known.issuperset({field, *_named(operands)})
        case Compare(field, kind, _, operand) | Contains(field, kind, operand):
            return kind is FieldType.CHECKBOX or known.issuperset({field, *_named([operand])})
        case _:
            assert_never(test)


def _named(operands: Iterable[Operand]) -> list[str]:
    return [operand.field for operand in operands if isinstance(operand, FieldValue)]


def _union(parts: Iterable[Fields]) -> Fields:
    return NONE.union(*parts)


def _common(parts: list[Fields]) -> Fields:
    return reduce(frozenset.intersection, parts) if parts else NONE
