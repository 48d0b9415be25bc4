"""What a file says that its fields can be, as far as one can go by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from engine.language.book import Checkable
from engine.language.conditions.values import Sort, extent, sort_of
from engine.language.values import read_value
from engine.language.vocabulary import OTHERWISE
from engine.model import Condition, Field, FieldValue, SegmentRule, Vocabulary

_FEW = 6

Copy = tuple[str, str]
"""A field, and another one whose value is saved in it."""


def stated_words(book: Checkable) -> Vocabulary:
    """The words of a file. A field whose definition is wrong can be anything.

    ``save`` copies numbers without looking at bounds, so a field reaches as far as those it is copied from.
    """
    words = book.vocabulary
    sound = {name: field if _sound(book, field) else _anything(field) for name, field in words.fields.items()}
    return replace(words, fields=_with_copies(sound, list(_copies(book))))


def stated_rules(book: Checkable) -> tuple[SegmentRule, ...] | None:
    """The segment rules, if each of them can be read and none asks for the segment itself."""
    rules, field = book.vocabulary.segments, book.vocabulary.segment_field
    texts = [line.value for line in book.texts("segment-rule") if line.path[-1] != OTHERWISE]
    read = all(
        text == OTHERWISE if rule.condition is None else field not in rule.condition.fields
        for rule, text in zip(rules, texts, strict=False)
    )
    return rules if rules and read and len(texts) == len(rules) else None


def limits(condition: Condition, words: Vocabulary) -> str:
    """What the fields of a condition can be, where the file sets them bounds."""
    fields = [field for name, field in words.fields.items() if name in condition.fields]
    told = [f"{field.name} is {extent(field)}" for field in fields if (field.minimum, field.maximum) != (None, None)]
    told += [f"{field.name} is {' or '.join(field.choices)}" for field in fields if 0 < len(field.choices) <= _FEW]
    return "; ".join(told)


def _sound(book: Checkable, field: Field) -> bool:
    low, high = field.minimum, field.maximum
    return book.sound(("contact", field.name)) and (low is None or high is None or low <= high)


def _anything(field: Field) -> Field:
    return Field(name=field.name, type=field.type, default=field.default)


def _copies(book: Checkable) -> Iterator[Copy]:
    for mapping in book.mappings("values"):
        for name, raw in mapping.value.items():
            field = book.vocabulary.fields.get(name)
            found = read_value(field, raw, book.vocabulary) if field else None
            if field and isinstance(found, FieldValue) and sort_of(field.type) is Sort.NUMBER:
                yield name, found.field


def _with_copies(fields: Mapping[str, Field], copies: list[Copy]) -> Mapping[str, Field]:
    found = dict(fields)
    for _ in copies:  # a chain of copies is no longer than that
        for name, source in copies:
            found[name] = reaching(found[name], found[source])
    return found


def reaching(field: Field, source: Field) -> Field:
    """A number field that can be all that another one can be, too."""
    lows, highs = (field.minimum, source.minimum), (field.maximum, source.maximum)
    low = None if None in lows else min(one for one in lows if one is not None)
    high = None if None in highs else max(one for one in highs if one is not None)
    return replace(field, minimum=low, maximum=high)
