"""Who would be in another segment by other rules: as trying every contact by both finds it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given

from engine.computing import rests_on
from engine.language.proving.moves import NotAlikeError, Place, compare
from engine.language.source import read
from engine.language.vocabulary import vocabulary
from engine.model import Field, SegmentRule, Values, Vocabulary
from tests.language.test_proving import (
    EVERYTHING,
    NOW,
    asked_whether_known,
    bounded_fields,
    bounded_tests,
    classified,
    every_contact,
    read_by,
    rules,
    words,
)

SHIPPED = """
contact:
  email: {type: email}
  red_systems: {type: whole number, min: 0, max: 8}
  orange_systems: {type: whole number, min: 0, max: 8}
segments:
  - CRITICAL: red_systems >= 2
  - URGENT: red_systems = 1 or orange_systems >= 2
  - OPTIMIZE: otherwise
"""


def words_of(text: str) -> Vocabulary:
    return vocabulary(read(text, "x.yaml"))


def place(vocabulary: Vocabulary, values: Values) -> Place:
    found = classified(vocabulary, values)
    return Place(segment=found.segment, held=bool(found.missing))


@EVERYTHING
@given(bounded_fields(), rules(bounded_tests()), rules(bounded_tests()))
def test_the_moves_are_what_trying_every_contact_by_both_finds(
    fields: dict[str, Field], before: tuple[SegmentRule, ...], after: tuple[SegmentRule, ...]
) -> None:
    old, new = words(fields, before), words(fields, after)
    tests = [rule.condition.test for rule in (*before, *after) if rule.condition]
    names = sorted({leaf for test in tests for name in read_by(test) for leaf in rests_on(fields, name)})
    asked = {leaf for test in tests for name in asked_whether_known(test) for leaf in rests_on(fields, name)}
    everybody = every_contact(new, asked, names)
    expected = Counter((place(old, values), place(new, values)) for values in everybody)

    found = compare(old, new, NOW)

    assert found.total == len(everybody)
    assert {(move.before, move.after): move.cases for move in found.moves} == {
        ways: cases for ways, cases in expected.items() if ways[0] != ways[1]
    }
    for move in found.moves:
        assert (place(old, move.example), place(new, move.example)) == (move.before, move.after)


def test_with_the_first_two_shipped_rules_swapped_49_of_81_move() -> None:
    old = words_of(SHIPPED)
    first, second, third = old.segments
    found = compare(old, replace(old, segments=(second, first, third)), NOW)
    (move,) = found.moves
    assert (move.before.segment, move.after.segment, move.cases, found.total) == ("CRITICAL", "URGENT", 49, 81)
    assert move.example == {"red_systems": 2, "orange_systems": 2}


def test_values_that_only_one_version_allows_count_too() -> None:
    found = compare(words_of(SHIPPED), words_of(SHIPPED.replace("max: 8", "max: 9").replace(">= 2\n", ">= 9\n")), NOW)
    assert found.total == 100
    assert {move.example["red_systems"] for move in found.moves} == {0, 2}


def test_a_field_that_only_one_version_has_counts_too() -> None:
    old = SHIPPED.replace("orange_systems", "amber_systems")
    found = compare(words_of(old), words_of(SHIPPED), NOW)
    assert found.total == 9 * 9 * 9
    assert {(move.before.segment, move.after.segment) for move in found.moves} == {
        ("URGENT", "OPTIMIZE"),
        ("OPTIMIZE", "URGENT"),
    }


def test_a_field_that_has_become_another_type_cannot_be_compared() -> None:
    new = SHIPPED.replace("red_systems: {type: whole number", "red_systems: {type: number")
    with pytest.raises(NotAlikeError, match="red_systems was of type whole number and is of type number"):
        compare(words_of(SHIPPED), words_of(new), NOW)


def test_a_computed_field_counts_by_those_behind_it_and_cannot_be_compared_with_another_formula() -> None:
    def text(formula: str, least: int) -> str:
        computed = f"  total: {{type: whole number, computed: {formula}}}\nsegments:\n  - MANY: total >= {least}\n"
        return f"{SHIPPED.partition('segments:')[0]}{computed}  - FEW: otherwise\n"

    both = "red_systems + orange_systems"
    (move,) = compare(words_of(text(both, 15)), words_of(text(both, 16)), NOW).moves
    assert (move.before.segment, move.after.segment, move.cases) == ("MANY", "FEW", 2)
    with pytest.raises(NotAlikeError, match="total is computed in another way than it was"):
        compare(words_of(text(both, 15)), words_of(text("red_systems * 2", 15)), NOW)


def test_a_field_with_another_default_is_named() -> None:
    new = SHIPPED.replace("max: 8}", "max: 8, default: 2}", 1)
    assert compare(words_of(SHIPPED), words_of(new), NOW).defaults == ("red_systems",)
    assert compare(words_of(SHIPPED), words_of(SHIPPED), NOW).defaults == ()


def test_nobody_moves_where_the_rules_say_the_same_in_other_words() -> None:
    new = SHIPPED.replace("red_systems >= 2", "not red_systems < 2").replace("= 1 or", "> 0 or")
    assert compare(words_of(SHIPPED), words_of(new), NOW).moves == ()
