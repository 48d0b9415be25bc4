"""Computed fields: what they are worth, when they are known, and where that is seen."""

from __future__ import annotations

import operator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.computing import LARGEST, apart, computed_in_order, reads, rests_on, with_computed, worth
from engine.intake import receive
from engine.language.checking import read_and_check
from engine.language.compiler import load
from engine.language.computed import MOST_DEEP
from engine.language.formulas import MOST_CHARACTERS, parse_formula
from engine.model import Accepted, Contact, Field, FieldType, Formula, Value, Values
from engine.scene import is_known, segment_of, value_of, with_segment
from engine.simulation import Sending, simulate_triggers
from tests.language.conftest import FakeShelf

BOOK = load(Path(__file__).parent / "good" / "computed.yaml", FakeShelf())
WORDS = BOOK.vocabulary
NOW = datetime(2026, 11, 12, 10, tzinfo=UTC)


def formula(text: str, kind: FieldType = FieldType.WHOLE) -> Formula:
    fields = {name: Field(name=name, type=kind) for name in "abc"}
    found = parse_formula(text, kind, fields)
    assert isinstance(found, Formula), found
    return found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b", 5),
        ("a - b - c", 2 - 3 - 5),
        ("a + b * c - a * a", 2 + 3 * 5 - 2 * 2),
        ("a*b*c", 30),
        ("10 - a * 2 + b", 9),
        ("7", 7),
    ],
)
def test_a_product_comes_before_a_sum_and_the_rest_from_left_to_right(text: str, value: int) -> None:
    assert worth(formula(text), {"a": 2, "b": 3, "c": 5}.get) == value


@given(st.lists(st.sampled_from("+-*"), max_size=8), st.lists(st.integers(0, 99), min_size=9, max_size=9))
def test_a_formula_is_worth_what_arithmetic_says(signs: list[str], numbers: list[int]) -> None:
    text = str(numbers[0]) + "".join(f" {sign} {number}" for sign, number in zip(signs, numbers[1:], strict=False))
    assert worth(formula(text), {}.get) in (eval(text), None)
    assert (worth(formula(text), {}.get) is None) == (abs(eval(text)) > LARGEST)


@pytest.mark.parametrize(("odd", "value"), [(None, None), (True, None), (2.5, None), ([], None), ("x", None), (2.0, 4)])
def test_an_operand_that_is_no_whole_number_makes_it_unknown(odd: Value, value: Value) -> None:
    assert worth(formula("a + 2"), {"a": odd}.get) == value


@pytest.mark.parametrize(("odd", "value"), [(None, None), (7, None), ("", "-b"), ("a", "a-b")])
def test_texts_are_joined_if_all_of_them_are_there(odd: Value, value: Value) -> None:
    look: dict[str, Value] = {"a": odd, "b": "b"}
    assert worth(formula('a + "-" + b', FieldType.TEXT), look.get) == value


def test_a_number_that_json_cannot_keep_is_unknown() -> None:
    assert worth(formula("a"), {"a": LARGEST}.get) == LARGEST
    assert worth(formula("a + 1"), {"a": LARGEST}.get) is None


def test_a_formula_may_be_long_but_not_endless() -> None:
    (flaw,) = parse_formula("1 +" * 200, FieldType.WHOLE, {})  # type: ignore[misc] # a flaw is expected
    assert (flaw.start, flaw.end) == (MOST_CHARACTERS, 600)


@given(st.text(alphabet="ab1. +-*()\"'{}", max_size=15), st.sampled_from([FieldType.WHOLE, FieldType.TEXT]))
def test_any_text_is_a_formula_or_has_flaws_inside_it(text: str, kind: FieldType) -> None:
    found = parse_formula(text, kind, {name: Field(name=name, type=kind) for name in "ab"})
    if isinstance(found, Formula):
        assert set(found.fields) <= set("ab")
    else:
        assert all(0 <= flaw.start <= flaw.end <= len(text) and flaw.message for flaw in found)


# -- As conditions, emails and segments see it ------------------------------------------------------


def test_a_computed_field_follows_from_others_and_their_defaults() -> None:
    values = {"last_name": "Lovelace", "red_systems": 3, "orange_systems": 1}
    assert value_of(WORDS, values, "whole_name") == "there Lovelace"
    assert value_of(WORDS, values, "greeting") == "Dear there Lovelace"
    assert (value_of(WORDS, values, "weight"), value_of(WORDS, values, "left")) == (7, 17)


def test_what_is_stored_under_its_name_from_earlier_counts_for_nothing() -> None:
    assert value_of(WORDS, {"weight": 99}, "weight") is None
    assert not is_known(WORDS, {"weight": 99}, "weight")
    assert with_computed(WORDS, {"weight": 99, "red_systems": 1}) == {"red_systems": 1}


def test_while_an_operand_is_unknown_its_own_default_is_said() -> None:
    assert value_of(WORDS, {}, "whole_name") == "friend"
    assert value_of(WORDS, {}, "greeting") == "Dear friend"
    assert value_of(WORDS, {"red_systems": 1}, "left") is None


def test_it_is_known_when_all_that_it_rests_on_is_known_whatever_the_defaults() -> None:
    assert not is_known(WORDS, {"last_name": "Lovelace"}, "greeting")
    assert is_known(WORDS, {"first_name": "Ada", "last_name": "Lovelace"}, "greeting")


def test_for_notion_only_what_is_known_counts() -> None:
    values = {"last_name": "Lovelace", "red_systems": 3, "orange_systems": 1}
    assert with_computed(WORDS, values) == {**values, "weight": 7, "left": 17}
    plain = replace(WORDS, fields={"email": WORDS.fields["email"]})
    assert with_computed(plain, values) == values


def test_a_segment_follows_from_it_and_names_what_is_really_missing() -> None:
    assert with_segment(WORDS, {"red_systems": 4, "orange_systems": 0}, NOW)["segment"] == "CRITICAL"
    assert with_segment(WORDS, {"red_systems": 3, "orange_systems": 0}, NOW)["segment"] == "OPTIMIZE"
    assert segment_of(WORDS, {"red_systems": 3}, NOW).missing == {"orange_systems"}


def test_a_segment_that_misses_a_number_too_large_names_the_field_itself() -> None:
    wide = replace(WORDS.fields["red_systems"], minimum=None, maximum=None)
    words = replace(WORDS, fields={**WORDS.fields, "red_systems": wide})
    values = {"red_systems": LARGEST, "orange_systems": 1}
    assert segment_of(words, values, NOW).missing == {"weight", "left"}


def test_limits_follow_from_those_of_the_operands() -> None:
    def limits(name: str) -> tuple[float | None, float | None]:
        return WORDS.fields[name].minimum, WORDS.fields[name].maximum

    assert limits("weight") == (0, 24)
    assert limits("left") == (0, 24)
    assert limits("whole_name") == (None, None)


@given(st.integers(-3, 3), st.integers(0, 3), st.integers(-3, 3), st.integers(0, 3), st.sampled_from("+-*"), st.data())
def test_no_value_is_outside_the_limits(low: int, more: int, low2: int, more2: int, sign: str, data: Any) -> None:
    text = f"""
version: 1
contact:
  email: {{type: email}}
  a: {{type: whole number, min: {low}, max: {low + more}}}
  b: {{type: whole number, min: {low2}, max: {low2 + more2}}}
  c: {{type: whole number, computed: a {sign} b}}
"""
    words = load(text, FakeShelf()).vocabulary
    values = {"a": data.draw(st.integers(low, low + more)), "b": data.draw(st.integers(low2, low2 + more2))}
    found = value_of(words, values, "c")
    combine = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
    assert found == combine(values["a"], values["b"])
    assert words.fields["c"].minimum <= found <= words.fields["c"].maximum  # type: ignore[operator]


def test_a_field_may_read_two_that_are_computed_themselves() -> None:
    rows = "  c: {type: whole number, computed: a + b}\n  a: {type: whole number, computed: n + 1}\n"
    rows += "  b: {type: whole number, computed: a * 2}\n  n: {type: whole number}\n"
    words = load(f"version: 1\ncontact:\n  email: {{type: email}}\n{rows}", FakeShelf()).vocabulary
    assert value_of(words, {"n": 1}, "c") == 6


def test_an_operand_without_limits_leaves_none() -> None:
    text = "version: 1\ncontact:\n  email: {type: email}\n  a: {type: whole number, min: 0}\n"
    words = load(text + "  b: {type: whole number, computed: 2 * a}\n", FakeShelf()).vocabulary
    assert (words.fields["b"].minimum, words.fields["b"].maximum) == (None, None)


def test_what_it_rests_on_is_found_through_others() -> None:
    assert rests_on(WORDS.fields, "left") == {"red_systems", "orange_systems"}
    assert rests_on(WORDS.fields, "email") == {"email"}
    diamond = {name: Field(name=name, type=FieldType.WHOLE) for name in "ab"}
    diamond["c"] = replace(diamond["a"], name="c", computed=formula("a + b"))
    diamond["d"] = replace(diamond["a"], name="d", computed=replace(formula("a + c"), fields=("a", "c")))
    assert rests_on(diamond, "d") == {"a", "b"}
    assert computed_in_order(WORDS.fields) == ["whole_name", "greeting", "weight", "left"]
    condition = BOOK.sequences["welcome"].stop_when
    assert condition is not None
    assert reads(WORDS, condition) == {"red_systems", "orange_systems"}


def test_apart_a_computed_field_may_be_anything_within_its_limits() -> None:
    assert value_of(apart(WORDS), {"weight": 99}, "weight") == 99
    assert apart(WORDS).fields["weight"].maximum == 24


def test_every_row_of_fields_is_told_in_one_go() -> None:
    rows = "".join(f"  f{n}: {{type: whole number, computed: f{n + 1} + f{n + 1}}}\n" for n in range(MOST_DEEP))
    last = f"  f{MOST_DEEP}: {{type: whole number, min: 0, max: 1}}\n"
    words = load(f"version: 1\ncontact:\n  email: {{type: email}}\n{rows}{last}", FakeShelf()).vocabulary
    assert value_of(words, {f"f{MOST_DEEP}": 1}, "f0") == 2**MOST_DEEP
    assert words.fields["f0"].maximum == 2**MOST_DEEP


def test_fields_that_rest_on_each_other_too_deep_are_refused() -> None:
    rows = "".join(f"  f{n}: {{type: whole number, computed: f{n + 1} + 1}}\n" for n in range(2000))
    text = f"version: 1\ncontact:\n  email: {{type: email}}\n{rows}  f2000: {{type: whole number}}\n"
    _, problems = read_and_check(text, "x", FakeShelf())
    (deep,) = [one for one in problems if one.rule == "formula"]
    assert (deep.line, deep.message) == (
        2003 - MOST_DEEP,
        f"more than {MOST_DEEP} computed fields rest on each other here",
    )


def test_a_whole_circle_of_many_is_one_problem() -> None:
    rows = "".join(f"  f{n}: {{type: whole number, computed: f{(n + 1) % 500} + 1}}\n" for n in range(500))
    _, problems = read_and_check(f"version: 1\ncontact:\n  email: {{type: email}}\n{rows}", "x", FakeShelf())
    assert [one.rule for one in problems] == ["computed-circle"]


# -- In a run ---------------------------------------------------------------------------------------


def played(**values: Value) -> Any:
    given: Values = {"email": "ada@example.com", **values}
    post = Accepted(template="hello", subject="Hello")
    sending = Sending(trigger=BOOK.triggers["assessment"], values=given, at=NOW)
    return simulate_triggers(BOOK, None, lambda *_: post, [sending], "ada@example.com")


def test_a_message_says_it_and_a_condition_asks_for_it() -> None:
    found = played(red_systems=2, orange_systems=1, first_name="Ada", last_name="Lovelace")
    assert [alert.message for alert in found.alerts] == ["Ada Lovelace: 5"]
    assert found.contact.values["first_name"] == "Ada"


def test_it_can_be_saved_into_another_field() -> None:
    found = played(red_systems=8, orange_systems=8, first_name="Ada", last_name="Lovelace")
    assert found.contact.values["first_name"] == "Dear Ada Lovelace"
    assert "weight" not in found.contact.values


def test_an_event_that_changes_an_operand_changes_the_contact() -> None:
    contact = Contact(id="c1", email="ada@example.com", values={"red_systems": 0, "orange_systems": 0})
    intake = receive(
        BOOK.triggers["assessment"],
        WORDS,
        {"red_systems": 8},
        contact,
        email="ada@example.com",
        event_id="e1",
        contact_id="c2",
        now=NOW,
    )
    assert intake.changed
    assert intake.contact.values["segment"] == "CRITICAL"
