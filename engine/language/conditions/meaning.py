"""What a condition means: its structure, checked against the fields of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never, cast

from engine.language.conditions.structure import Joined, Negated, Structure, Tested, Written
from engine.language.conditions.tokens import Token
from engine.language.conditions.values import ORDERED, Refusal, Sort, a, choices_of, example, sort_of, valued
from engine.language.flaws import Flaw
from engine.language.spelling import closest, did_you_mean
from engine.model import (
    All,
    Among,
    AnyOf,
    Compare,
    Comparison,
    Constant,
    Contains,
    Field,
    FieldType,
    FieldValue,
    Known,
    Not,
    Operand,
    Test,
    Vocabulary,
)


def fields_of(test: Test) -> Iterator[str]:
    """The fields that a test reads."""
    match test:
        case Not(inner):
            yield from fields_of(inner)
        case All(tests) | AnyOf(tests):
            for inner in tests:
                yield from fields_of(inner)
        case Known(field, _):
            yield field
        case Compare(field, _, _, operand) | Contains(field, _, operand):
            yield field
            yield from _read_by(operand)
        case Among(field, _, operands):
            yield field
            for operand in operands:
                yield from _read_by(operand)
        case _:
            assert_never(test)


def _read_by(operand: Operand) -> Iterator[str]:
    if isinstance(operand, FieldValue):
        yield operand.field


class Reading:
    """One pass over a structure that gathers every flaw; what has a flaw has no test."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.flaws: list[Flaw] = []

    def test(self, structure: Structure) -> Test | None:
        """The test that a structure says, or None when something in it is wrong."""
        match structure:
            case Tested():
                return self._tested(structure)
            case Negated(part):
                inner = self.test(part)
                return None if inner is None else Not(inner)
            case Joined(word, parts):
                return self._joined(word, parts)
            case _:
                assert_never(structure)

    def _joined(self, word: str, parts: tuple[Structure, ...]) -> Test | None:
        tests = [self.test(part) for part in parts]  # all of them, so that every flaw is told
        sound = tuple(test for test in tests if test is not None)
        if len(sound) < len(tests):
            return None
        return All(sound) if word == "and" else AnyOf(sound)

    def _tested(self, tested: Tested) -> Test | None:
        field = self.vocabulary.fields.get(tested.name.text)
        if field is None:
            self._unknown(tested.name)
            return None
        if tested.verb in ("known", "unknown"):
            return Known(field.name, tested.verb == "known")
        if tested.verb == "":
            return self._alone(tested, field)
        if not self._fits(tested, field):
            return None
        operands = [self._operand(tested, field, value) for value in tested.values]
        sound = tuple(operand for operand in operands if operand is not None)
        return _built(tested.verb, field, sound) if len(sound) == len(operands) else None

    def _flaw(self, place: Written, message: str, hint: str, rule: str) -> None:
        self.flaws.append(Flaw(start=place.start, end=place.end, message=message, hint=hint, rule=rule))

    # -- Names --------------------------------------------------------------------------------

    def _unknown(self, name: Token) -> None:
        fields = self.vocabulary.fields
        owner = next((field for field in fields.values() if name.text in choices_of(field, self.vocabulary)), None)
        if name.text.casefold() in ("true", "false"):
            self._flaw(name, f'"{name.text}" alone is no condition', "compare a field with it", "condition-syntax")
        elif owner is not None:
            message = f'"{name.text}" is a value of {owner.name}, not a field'
            self._flaw(name, message, f"write {owner.name} = {name.text}", "unknown-field")
        else:
            hint = did_you_mean(name.text, fields)
            self._flaw(name, f'no field is called "{name.text}"', hint, "unknown-field")

    def _alone(self, tested: Tested, field: Field) -> Test | None:
        if field.type is FieldType.CHECKBOX:
            return Compare(field.name, field.type, "=", Constant(True))
        message = f"{field.name} is {a(field.type)}: only a checkbox can stand alone"
        self._flaw(tested.name, message, f"write {example(field, self.vocabulary)}", "condition-type")
        return None

    # -- Verbs --------------------------------------------------------------------------------

    def _fits(self, tested: Tested, field: Field) -> bool:
        """Whether fields of this type can be asked this way at all."""
        verb, sort = tested.verb, sort_of(field.type)
        if verb == "contains":
            fits = sort in (Sort.TEXT, Sort.LIST)
        elif sort is Sort.LIST:
            fits = False
        else:
            fits = verb in ("=", "!=", "in") or sort in ORDERED
        if not fits:
            message = f'"{tested.place.text}" cannot be asked of {field.name}, which is {a(field.type)}'
            self._flaw(tested.place, message, f"write {example(field, self.vocabulary)}", "condition-type")
        return fits

    # -- Values -------------------------------------------------------------------------------

    def _operand(self, tested: Tested, field: Field, value: Written) -> Operand | None:
        choices = choices_of(field, self.vocabulary)
        if isinstance(value, Token) and value.text in choices:
            return Constant(value.text)
        if isinstance(value, Token) and value.kind == "word":
            other = self.vocabulary.fields.get(value.text)
            if other is not None:
                return self._other(field, other, value)
            if value.text in _NO_VALUE:
                meant = "known" if tested.verb == "!=" else "unknown"
                message = f'"{value.text}" is no value'
                self._flaw(value, message, f"write {field.name} is {meant}", "condition-value")
                return None
        return self._literal(tested, field, value)

    def _other(self, field: Field, other: Field, value: Token) -> Operand | None:
        if sort_of(other.type).compared_as is sort_of(field.type).compared_as:
            return FieldValue(other.name)
        if sort_of(field.type) is Sort.LIST and sort_of(other.type).compared_as is Sort.TEXT:
            return FieldValue(other.name)
        message = f"{field.name} is {a(field.type)} and {other.name} is {a(other.type)}: they cannot be compared"
        hint = f'write "{value.text}" in quotes if you mean the text' if sort_of(field.type) is Sort.TEXT else ""
        self._flaw(value, message, hint, "condition-type")
        return None

    def _literal(self, tested: Tested, field: Field, value: Written) -> Operand | None:
        found = valued(field, value, self.vocabulary, exact=tested.verb in ("=", "!=", "in"))
        if isinstance(found, Refusal):
            hint = found.hint or self._near(field, value)
            self._flaw(value, found.message, hint, found.rule)
            return None
        return found

    def _near(self, field: Field, value: Written) -> str:
        """A choice, or a field of the same kind, that is spelled like this."""
        if not isinstance(value, Token) or value.kind not in ("word", "text"):
            return ""
        like = [f.name for f in self.vocabulary.fields.values() if sort_of(f.type) is sort_of(field.type)]
        names = choices_of(field, self.vocabulary) or like
        near = closest(value.text, names)
        return f'did you mean "{near}"?' if near else ""


_NO_VALUE = ("None", "none", "null", "nil", "NULL", "empty", "blank", "unknown", "known", "missing")


def _built(verb: str, field: Field, operands: tuple[Operand, ...]) -> Test:
    if verb == "in":
        return Among(field.name, field.type, operands)
    if verb == "contains":
        return Contains(field.name, field.type, operands[0])
    return Compare(field.name, field.type, cast("Comparison", verb), operands[0])
