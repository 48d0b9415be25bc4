"""Whether conditions hold, three-valued, and which segment takes a contact."""

import operator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluate import Classified, classify, holds, missing_fields, resolve
from engine.model import (
    All,
    Among,
    AnyOf,
    Compare,
    Condition,
    Constant,
    Contains,
    Duration,
    FieldType,
    FieldValue,
    Known,
    Moment,
    Not,
    SegmentRule,
    Test,
    Value,
    Vocabulary,
)

TORONTO = ZoneInfo("America/Toronto")
NOW = datetime(2025, 11, 12, 15, 0, tzinfo=UTC)  # 10:00 in Toronto
WEEK = Duration(text="7 days", days=7)

WHOLE, NUMBER, TEXT, TICK = FieldType.WHOLE, FieldType.NUMBER, FieldType.TEXT, FieldType.CHECKBOX
DAY, INSTANT, LIST, CHOICE = FieldType.DATE, FieldType.DATETIME, FieldType.LIST, FieldType.CHOICE


def condition(test: Test) -> Condition:
    return Condition(text="", test=test, fields=frozenset())


def ask(test: Test, values: dict[str, Value], defaults: dict[str, Value] | None = None) -> bool | None:
    def look(name: str) -> Value:
        return values.get(name, (defaults or {}).get(name))

    return holds(condition(test), look, values.__contains__, NOW, TORONTO)


@pytest.mark.parametrize(
    ("test", "values", "expected"),
    [
        (Compare("n", WHOLE, "=", Constant(2)), {"n": 2}, True),
        (Compare("n", WHOLE, "!=", Constant(2)), {"n": 2}, False),
        (Compare("n", WHOLE, "<", Constant(2)), {"n": 1}, True),
        (Compare("n", NUMBER, "<=", Constant(2)), {"n": 2.5}, False),
        (Compare("n", NUMBER, ">", Constant(2)), {"n": 2.5}, True),
        (Compare("n", WHOLE, ">=", FieldValue("m")), {"n": 2, "m": 3}, False),
        (Compare("n", WHOLE, "<", FieldValue("m")), {"n": 2, "m": 10**400}, True),
        (Compare("s", CHOICE, "=", Constant("a")), {"s": "a"}, True),
        (Compare("s", TEXT, "=", Constant("a")), {"s": "A"}, False),
        (Compare("t", TICK, "=", Constant(True)), {"t": True}, True),
        (Compare("t", TICK, "!=", FieldValue("u")), {"t": True}, True),
        (Among("s", CHOICE, (Constant("a"), Constant("b"))), {"s": "b"}, True),
        (Among("s", CHOICE, (Constant("a"), FieldValue("o"))), {"s": "b", "o": "b"}, True),
        (Among("s", CHOICE, (Constant("a"), Constant("c"))), {"s": "b"}, False),
        (Contains("l", LIST, Constant("x")), {"l": ["x", "y"]}, True),
        (Contains("l", LIST, Constant("x")), {"l": ["xy"]}, False),
        (Contains("s", TEXT, Constant("x")), {"s": "axb"}, True),
        (Contains("s", TEXT, FieldValue("p")), {"s": "axb", "p": "X"}, False),
        (Known("s", True), {"s": "a"}, True),
        (Known("s", False), {"s": "a"}, False),
        (Known("s", False), {}, True),
        (Not(Known("s", True)), {}, True),
    ],
)
def test_what_is_known_is_decided(test: Test, values: dict[str, Value], expected: bool) -> None:
    assert ask(test, values) is expected


@pytest.mark.parametrize(
    "test",
    [
        Compare("n", WHOLE, "=", Constant(2)),
        Compare("known", WHOLE, "=", FieldValue("n")),
        Compare("d", INSTANT, "<", Moment()),
        Among("s", CHOICE, (Constant("a"),)),
        Among("letter", CHOICE, (Constant("a"), FieldValue("s"))),
        Contains("l", LIST, Constant("a")),
        Contains("letter", TEXT, FieldValue("s")),
        Not(Compare("n", WHOLE, "=", Constant(2))),
    ],
)
def test_what_is_unknown_is_neither_true_nor_false(test: Test) -> None:
    assert ask(test, {"known": 1, "letter": "b"}) is None


def test_a_default_is_compared_but_is_not_known() -> None:
    assert ask(Compare("n", WHOLE, "=", Constant(2)), {}, {"n": 2}) is True
    assert ask(Known("n", True), {}, {"n": 2}) is False


def test_a_checkbox_nobody_ticked_is_not_ticked() -> None:
    assert ask(Compare("t", TICK, "=", Constant(True)), {}) is False
    assert ask(Compare("t", TICK, "=", Constant(False)), {}) is True
    assert ask(Compare("t", TICK, "=", Constant(True)), {}, {"t": True}) is True


@pytest.mark.parametrize(
    ("kind", "constant", "odd"),
    [
        (WHOLE, 1, "1"),
        (WHOLE, 1, True),
        (NUMBER, 1, float("nan")),
        (NUMBER, 1, float("inf")),
        (TEXT, "a", 1),
        (INSTANT, "2025-11-12", "soon"),
        (DAY, "2025-11-12", 20251112),
        (LIST, "a", "a"),
    ],
)
def test_a_stored_value_of_the_wrong_type_is_unknown(kind: FieldType, constant: Value, odd: Value) -> None:
    assert constant is not None
    test: Test = (
        Contains("x", kind, Constant(constant)) if kind is LIST else Compare("x", kind, "=", Constant(constant))
    )
    assert ask(test, {"x": odd}) is None
    assert missing_fields(condition(test), {"x": odd}.get) == {"x"}


@pytest.mark.parametrize(
    ("kind", "stored", "op", "operand", "expected"),
    [
        (INSTANT, "2025-11-12T15:00:00Z", "=", Constant("2025-11-12"), True),  # any time of that day
        (INSTANT, "2025-11-13T03:00:00Z", "=", Constant("2025-11-12"), True),  # which is still that day in Toronto
        (INSTANT, "2025-11-13T05:00:00Z", ">", Constant("2025-11-12"), True),
        (INSTANT, "2025-11-12T15:00:00Z", ">", Constant("2025-11-12"), False),
        (INSTANT, "2025-11-12T15:00:00Z", "=", Constant("2025-11-12T15:00:00Z"), True),
        (INSTANT, "2025-11-12T10:00:00-05:00", "=", Constant("2025-11-12T15:00:00Z"), True),
        (INSTANT, "2025-11-12T15:00:00Z", "<", Moment(), False),
        (INSTANT, "2025-11-12T14:59:59Z", "<", Moment(), True),
        (INSTANT, "2025-11-12T23:00:00Z", "=", Moment(day_only=True), True),
        (INSTANT, "2025-11-05T15:00:00Z", "<=", Moment(False, WEEK, -1), True),
        (INSTANT, "2025-11-05T15:00:01Z", "<=", Moment(False, WEEK, -1), False),
        (INSTANT, "2025-11-19T15:00:00Z", ">=", Moment(False, WEEK, 1), True),
        (DAY, "2025-11-05", "=", Moment(True, WEEK, -1), True),
        (DAY, "2025-11-12", "=", Moment(), True),
        (DAY, "2025-11-12", "<", Moment(), False),
        (DAY, "2025-11-11", "<", Moment(day_only=True), True),
        (DAY, "2025-11-12", "=", FieldValue("other"), True),
        (INSTANT, "2025-11-13T04:00:00Z", "=", FieldValue("other"), True),
    ],
)
def test_moments_compare_as_days_where_one_of_them_is_a_day(
    kind: FieldType, stored: str, op: object, operand: object, expected: bool
) -> None:
    test = Compare("d", kind, op, operand)  # type: ignore[arg-type]
    assert ask(test, {"d": stored, "other": "2025-11-12T23:00:00Z" if kind is DAY else "2025-11-12"}) is expected


# -- Against a model of the same in plain words ------------------------------------------------

NAMES = ("a", "b", "c")
LEAF = st.one_of(
    st.builds(
        Compare,
        st.sampled_from(NAMES),
        st.just(WHOLE),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        st.builds(Constant, st.integers(0, 2)) | st.builds(FieldValue, st.sampled_from(NAMES)),
    ),
    st.builds(Known, st.sampled_from(NAMES), st.booleans()),
    st.builds(
        Among, st.sampled_from(NAMES), st.just(WHOLE), st.lists(st.builds(Constant, st.integers(0, 2))).map(tuple)
    ),
)
TREES = st.recursive(
    LEAF,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(All, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)
OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def degree(test: Test, values: dict[str, int]) -> float:
    """Kleene's logic in numbers: 0 is false, 1 is true, a half is unknown."""
    if isinstance(test, Not):
        return 1 - degree(test.test, values)
    if isinstance(test, All | AnyOf):
        degrees = [degree(inner, values) for inner in test.tests]
        return min(degrees) if isinstance(test, All) else max(degrees)
    if isinstance(test, Known):
        return float((test.field in values) == test.known)
    if test.field not in values:
        return 0.5
    if isinstance(test, Among):
        return float(values[test.field] in [o.value for o in test.operands if isinstance(o, Constant)])
    assert isinstance(test, Compare)
    right = values.get(test.operand.field) if isinstance(test.operand, FieldValue) else test.operand.value
    return 0.5 if right is None else float(OPERATORS[test.op](values[test.field], right))


@given(TREES, st.dictionaries(st.sampled_from(NAMES), st.integers(0, 2)))
def test_and_or_not_are_those_of_kleene(test: Test, values: dict[str, int]) -> None:
    expected = {0.0: False, 0.5: None, 1.0: True}[degree(test, values)]
    assert ask(test, dict(values)) is expected
    missing = missing_fields(condition(test), values.get)
    assert missing.isdisjoint(values)
    if expected is None:
        assert missing


ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())
KINDS = st.sampled_from(FieldType)


@given(st.data(), ODD, ODD)
def test_no_stored_value_is_too_odd(data: st.DataObject, left: Value, right: Value) -> None:
    kind = data.draw(KINDS)
    ordered = kind in (WHOLE, NUMBER, DAY, INSTANT)
    op = data.draw(st.sampled_from(["=", "!=", "<", ">="] if ordered else ["=", "!="]))
    values = {"x": left, "y": right}
    assert ask(Compare("x", kind, op, FieldValue("y")), values) in (True, False, None)
    assert ask(Among("x", kind, (FieldValue("y"),)), values) in (True, False, None)
    if kind in (LIST, TEXT):
        assert ask(Contains("x", kind, FieldValue("y")), values) in (True, False, None)


@given(st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | st.dates().map(date.isoformat))
def test_no_stored_moment_is_too_far_away(stored: str) -> None:
    assert ask(Compare("d", INSTANT, "=", Moment(day_only=True)), {"d": stored}) in (False, True, None)
    assert ask(Compare("d", DAY, "<", FieldValue("d")), {"d": stored}) in (False, None)


# -- Segments ---------------------------------------------------------------------------------


def rule(name: str, test: Test | None) -> SegmentRule:
    return SegmentRule(name=name, condition=condition(test) if test else None, line=1)


CRITICAL = rule("CRITICAL", Compare("red", WHOLE, ">=", Constant(2)))
URGENT = rule("URGENT", AnyOf((Compare("red", WHOLE, "=", Constant(1)), Compare("orange", WHOLE, ">=", Constant(2)))))
OPTIMIZE = rule("OPTIMIZE", None)


def segment(values: dict[str, Value], *rules: SegmentRule) -> Classified:
    words = Vocabulary(fields={}, segments=rules, zone=TORONTO)
    return classify(words, values.get, values.__contains__, NOW, TORONTO)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"red": 2, "orange": 0}, Classified("CRITICAL", CRITICAL)),
        ({"red": 2}, Classified("CRITICAL", CRITICAL)),
        ({"red": 1}, Classified("URGENT", URGENT)),
        ({"red": 0, "orange": 2}, Classified("URGENT", URGENT)),
        ({"red": 0, "orange": 1}, Classified("OPTIMIZE", OPTIMIZE)),
        ({"red": 0}, Classified(None, URGENT, frozenset({"orange"}))),
        ({"orange": 2}, Classified(None, CRITICAL, frozenset({"red"}))),
    ],
)
def test_the_first_rule_that_is_true_wins_and_an_unknown_one_stops_the_search(
    values: dict[str, Value], expected: Classified
) -> None:
    assert segment(values, CRITICAL, URGENT, OPTIMIZE) == expected


def test_whom_no_rule_takes_is_in_no_segment() -> None:
    assert segment({"red": 0}, CRITICAL) == Classified(None, None, frozenset())


# -- What is missing --------------------------------------------------------------------------


def test_what_is_missing_are_the_fields_that_keep_a_test_undecided() -> None:
    test = All(
        (
            Not(Compare("a", WHOLE, "=", FieldValue("b"))),
            Among("c", TEXT, (Constant("x"), FieldValue("d"))),
            Contains("e", LIST, FieldValue("f")),
            Known("g", True),
            Compare("tick", TICK, "=", Constant(True)),
            AnyOf((Compare("have", WHOLE, "=", Constant(1)), Compare("h", INSTANT, "<", Moment()))),
        )
    )
    assert missing_fields(condition(test), {"have": 1}.get) == set("abcdefh")


# -- What is saved ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operand", "kind", "expected"),
    [
        (Constant(2), WHOLE, 2),
        (Constant("2025-11-12"), DAY, "2025-11-12"),
        (Constant("2025-11-12"), INSTANT, "2025-11-12T05:00:00Z"),
        (FieldValue("name"), TEXT, "Ada"),
        (FieldValue("nobody"), TEXT, None),
        (FieldValue("nobody"), DAY, None),
        (FieldValue("late"), DAY, "2025-11-12"),
        (FieldValue("late"), INSTANT, "2025-11-13T03:00:00Z"),
        (Moment(), INSTANT, "2025-11-12T15:00:00Z"),
        (Moment(), DAY, "2025-11-12"),
        (Moment(day_only=True), INSTANT, "2025-11-12T05:00:00Z"),
        (Moment(False, WEEK, -1), DAY, "2025-11-05"),
        (Moment(), TEXT, None),
    ],
)
def test_an_operand_is_saved_as_its_field_stores_it(operand: object, kind: FieldType, expected: Value) -> None:
    look = {"name": "Ada", "late": "2025-11-13T03:00:00Z"}.get
    assert resolve(operand, kind, look, NOW + timedelta(microseconds=5), TORONTO) == expected  # type: ignore[arg-type]
