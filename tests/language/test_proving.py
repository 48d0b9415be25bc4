"""Proofs about conditions agree with trying every contact, and never call possible things impossible."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.computing import rests_on
from engine.evaluate import Classified
from engine.language.proving.interview import TooManyCasesError
from engine.language.proving.segments import Proof, prove
from engine.model import (
    All,
    Among,
    AnyOf,
    Arithmetic,
    Compare,
    Condition,
    Constant,
    Contains,
    Duration,
    Field,
    FieldType,
    FieldValue,
    Formula,
    Joined,
    Known,
    Moment,
    Named,
    Not,
    SegmentRule,
    Test,
    Value,
    Values,
    Vocabulary,
)
from engine.scene import segment_of

NOW = datetime(2025, 11, 12, 15, 0, tzinfo=UTC)
TORONTO = ZoneInfo("America/Toronto")
CHOICES = ("free", "team", "company")
EVERYTHING = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


# -- Rule sets that can be tried out --------------------------------------------------------------


RED, ORANGE = Named("red"), Named("orange")
TOTALS = (
    Formula(text="red + orange", term=Arithmetic("+", RED, ORANGE), fields=("red", "orange")),
    Formula(text="red * orange", term=Arithmetic("*", RED, ORANGE), fields=("red", "orange")),
    Formula(text="2 - red", term=Arithmetic("-", 2, RED), fields=("red",)),
)


def bounded_fields() -> st.SearchStrategy[dict[str, Field]]:
    """Two whole numbers, one that is computed from them, a choice and two checkboxes; some have a default."""
    whole = st.tuples(st.integers(-2, 1), st.integers(0, 3)).flatmap(
        lambda ends: st.fixed_dictionaries(
            {
                "minimum": st.just(ends[0]),
                "maximum": st.just(ends[0] + ends[1]),
                "default": st.none() | st.integers(ends[0], ends[0] + ends[1]),
            }
        )
    )
    choice = st.none() | st.sampled_from(CHOICES)
    tick = st.none() | st.booleans()
    worked = st.tuples(st.sampled_from(TOTALS), st.none() | st.integers(-3, 3))
    return st.tuples(whole, whole, choice, tick, worked).map(
        lambda drawn: {
            "red": Field(name="red", type=FieldType.WHOLE, **drawn[0]),
            "orange": Field(name="orange", type=FieldType.WHOLE, **drawn[1]),
            "plan": Field(name="plan", type=FieldType.CHOICE, choices=CHOICES, default=drawn[2]),
            "past": Field(name="past", type=FieldType.CHOICE, choices=CHOICES[:2]),
            "customer": Field(name="customer", type=FieldType.CHECKBOX, default=drawn[3]),
            "partner": Field(name="partner", type=FieldType.CHECKBOX),
            "total": Field(name="total", type=FieldType.WHOLE, computed=drawn[4][0], default=drawn[4][1]),
        }
    )


SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
EQUAL = st.sampled_from(["=", "!="])


def bounded_tests() -> st.SearchStrategy[Test]:
    numbers = st.sampled_from(["red", "orange", "total"])
    worded = st.sampled_from(["plan", "past"])
    ticks = st.sampled_from(["customer", "partner"])
    number = st.integers(-3, 5).map(Constant) | numbers.map(FieldValue) | st.just(Constant(1.5))
    word = st.sampled_from(CHOICES).map(Constant) | worded.map(FieldValue)
    single = st.one_of(
        st.builds(Compare, numbers, st.just(FieldType.WHOLE), SIGNS, number),
        st.builds(Among, numbers, st.just(FieldType.WHOLE), st.lists(number, min_size=1, max_size=3).map(tuple)),
        st.builds(Compare, worded, st.just(FieldType.CHOICE), EQUAL, word),
        st.builds(Among, worded, st.just(FieldType.CHOICE), st.lists(word, min_size=1, max_size=3).map(tuple)),
        st.builds(
            Compare, ticks, st.just(FieldType.CHECKBOX), EQUAL, st.booleans().map(Constant) | ticks.map(FieldValue)
        ),
        st.builds(Known, st.sampled_from(["red", "orange", "total", "plan", "past", "customer"]), st.booleans()),
    )
    return trees(single)


def trees(single: st.SearchStrategy[Test]) -> st.SearchStrategy[Test]:
    def joined(inner: st.SearchStrategy[Test]) -> st.SearchStrategy[Test]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return several.map(All) | several.map(AnyOf) | inner.map(Not)

    return st.recursive(single, joined, max_leaves=5)


def rules(tests: st.SearchStrategy[Test]) -> st.SearchStrategy[tuple[SegmentRule, ...]]:
    def listed(found: list[Test], named: bool) -> tuple[SegmentRule, ...]:
        conditions = [Condition(text="", test=test, fields=frozenset()) for test in found]
        ruled = [SegmentRule(name=f"S{index}", condition=one, line=0) for index, one in enumerate(conditions)]
        return (*ruled, *([SegmentRule(name="REST", condition=None, line=0)] if named else []))

    return st.builds(listed, st.lists(tests, max_size=4), st.booleans())


def words(fields: dict[str, Field], segments: tuple[SegmentRule, ...], zone_field: str | None = None) -> Vocabulary:
    return Vocabulary(fields=fields, segments=segments, zone=TORONTO, zone_field=zone_field)


def classified(vocabulary: Vocabulary, values: Values, now: datetime = NOW) -> Classified:
    return segment_of(vocabulary, values, now)


def values_of(field: Field) -> list[Value]:
    if field.type is FieldType.WHOLE:
        assert field.minimum is not None
        assert field.maximum is not None
        return list(range(int(field.minimum), int(field.maximum) + 1))
    return list(field.choices) or [False, True]


def read_by(test: Test) -> set[str]:
    match test:
        case Not(inner):
            return read_by(inner)
        case All(tests) | AnyOf(tests):
            return set().union(*map(read_by, tests))
        case Known(field, _):
            return {field}
        case Among(field, _, operands):
            return {field, *(one.field for one in operands if isinstance(one, FieldValue))}
        case Compare(field, _, _, operand) | Contains(field, _, operand):
            return {field, *([operand.field] if isinstance(operand, FieldValue) else [])}


def asked_whether_known(test: Test) -> set[str]:
    match test:
        case Not(inner):
            return asked_whether_known(inner)
        case All(tests) | AnyOf(tests):
            return set().union(*map(asked_whether_known, tests))
        case Known(field, _):
            return {field}
        case _:
            return set()


def every_contact(vocabulary: Vocabulary, unknown: set[str], names: list[str]) -> list[Values]:
    """All values of some fields, and that these are unknown."""
    ways = [[*values_of(vocabulary.fields[name]), *([None] if name in unknown else [])] for name in names]
    return [dict(zip(names, chosen, strict=True)) for chosen in product(*ways)]


@settings(EVERYTHING, max_examples=1000)
@given(bounded_fields(), rules(bounded_tests()))
def test_the_proof_of_a_rule_set_is_what_trying_every_contact_finds(
    fields: dict[str, Field], segments: tuple[SegmentRule, ...]
) -> None:
    vocabulary = words(fields, segments)
    proof = prove(vocabulary, NOW)
    conditions = [rule.condition.test for rule in segments if rule.condition]
    names = sorted({leaf for test in conditions for name in read_by(test) for leaf in rests_on(fields, name)})
    asked = {leaf for test in conditions for name in asked_whether_known(test) for leaf in rests_on(fields, name)}

    counted = [classified(vocabulary, values) for values in every_contact(vocabulary, asked, names)]
    shares = Counter(one.rule.name if one.segment and one.rule else "held" if one.missing else "" for one in counted)
    assert proof.exact
    assert proof.total == len(counted)
    assert {share.rule.name: share.cases for share in proof.shares if share.rule} == {
        rule.name: shares[rule.name] for rule in segments
    }
    assert proof.nobody.cases == shares[""]
    assert sum(one.cases for one in proof.held if one.field is None) == shares["held"]

    everybody = [classified(vocabulary, values) for values in every_contact(vocabulary, set(names), names)]
    reached = {one.segment for one in everybody}
    assert {one.rule.name for one in proof.never} == {rule.name for rule in segments} - reached
    examples_are_true(vocabulary, proof)
    held_is_what_happens(vocabulary, proof, names, asked)


def examples_are_true(vocabulary: Vocabulary, proof: Proof) -> None:
    for share in proof.shares:
        assert (share.example is not None) or not share.cases
        if share.example is not None:
            assert classified(vocabulary, share.example).rule is share.rule
    for one in proof.held:
        found = classified(vocabulary, one.example)
        assert (found.rule, found.missing) == (one.rule, one.missing)


def held_is_what_happens(vocabulary: Vocabulary, proof: Proof, names: list[str], asked: set[str]) -> None:
    """While one field is unknown: as many are held as are told."""
    for name in names:
        field = vocabulary.fields[name]
        if name in asked or field.type is FieldType.CHECKBOX or field.default is not None:
            continue
        others = every_contact(vocabulary, asked, [other for other in names if other != name])
        held = sum(bool(classified(vocabulary, values).missing) for values in others)
        told = [one for one in proof.held if one.field == name]
        assert sum(one.cases for one in told) == held


# -- Rule sets without bounds: no false "never" -----------------------------------------------------

OPEN = {
    "often": Field(
        name="often", type=FieldType.WHOLE, computed=Formula(text="", term=Named("visits"), fields=("visits",))
    ),
    "where": Field(
        name="where",
        type=FieldType.TEXT,
        computed=Formula(text="", term=Joined((Named("city"), ", ", Named("town"))), fields=("city", "town")),
    ),
    "score": Field(name="score", type=FieldType.NUMBER, minimum=0),
    "share": Field(name="share", type=FieldType.NUMBER, default=0.5),
    "visits": Field(name="visits", type=FieldType.WHOLE),
    "calls": Field(name="calls", type=FieldType.WHOLE, minimum=0, default=1),
    "city": Field(name="city", type=FieldType.TEXT),
    "town": Field(name="town", type=FieldType.TEXT, default="Rome"),
    "tags": Field(name="tags", type=FieldType.LIST),
    "call_at": Field(name="call_at", type=FieldType.DATETIME),
    "seen_at": Field(name="seen_at", type=FieldType.DATETIME, default="2025-11-11T05:00:00Z"),
    "birthday": Field(name="birthday", type=FieldType.DATE),
    "zone": Field(name="zone", type=FieldType.TIMEZONE),
}
TEXTS = ("Rome", "Paris", "Rom", "ome", "R", "")
ZONES = ("America/Toronto", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin")
NOWS = st.datetimes(datetime(2025, 10, 25), datetime(2025, 11, 14)).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)
OFFSETS = st.sampled_from(
    [
        None,
        Duration(text="24 hours", seconds=86400),
        Duration(text="1 day", days=1),
        Duration(text="2 days", days=2),
        Duration(text="1 day 6 hours", days=1, seconds=6 * 3600),
        Duration(text="1 business day", business_days=1),
        Duration(text="1 hour", seconds=3600),
    ]
)
INSTANTS = st.datetimes(datetime(2025, 11, 8), datetime(2025, 11, 14)).map(
    lambda at: f"{at.replace(microsecond=0, minute=0, second=0).isoformat()}Z"
)
DAYS = st.dates(datetime(2025, 11, 8).date(), datetime(2025, 11, 14).date()).map(lambda day: day.isoformat())


def open_tests() -> st.SearchStrategy[Test]:
    numbers = st.sampled_from(["score", "share", "visits", "calls", "often"])
    moments = st.sampled_from(["call_at", "seen_at"])
    number = st.sampled_from([-1, 0, 0.25, 0.5, 1, 2, 3]).map(Constant) | numbers.map(FieldValue)
    texts, text = st.sampled_from(["city", "town", "where"]), st.sampled_from(TEXTS).map(Constant)
    words_too = text | texts.map(FieldValue)
    relative = st.builds(
        Moment, st.booleans(), OFFSETS.filter(lambda one: not one or not one.business_days), st.sampled_from([-1, 1])
    )
    moment = st.one_of(INSTANTS.map(Constant), DAYS.map(Constant), relative, moments.map(FieldValue))
    day = st.one_of(DAYS.map(Constant), relative, moments.map(FieldValue), st.just(FieldValue("birthday")))
    return trees(
        st.one_of(
            st.builds(lambda name, sign, value: Compare(name, OPEN[name].type, sign, value), numbers, SIGNS, number),
            st.builds(Compare, texts, st.just(FieldType.TEXT), EQUAL, words_too),
            st.builds(Among, texts, st.just(FieldType.TEXT), st.lists(words_too, min_size=1, max_size=3).map(tuple)),
            st.builds(Contains, texts, st.just(FieldType.TEXT), words_too),
            st.builds(Contains, st.just("tags"), st.just(FieldType.LIST), words_too),
            st.builds(Compare, moments, st.just(FieldType.DATETIME), SIGNS, moment),
            st.builds(Among, moments, st.just(FieldType.DATETIME), st.lists(moment, min_size=1, max_size=3).map(tuple)),
            st.builds(Compare, st.just("birthday"), st.just(FieldType.DATE), SIGNS, day),
            st.builds(Known, st.sampled_from(sorted(OPEN)), st.booleans()),
        )
    )


def contacts() -> st.SearchStrategy[Values]:
    numbers = st.sampled_from([0, 0.25, 0.3, 0.5, 1, 1.5, 2, 3, 7])
    wholes = st.integers(-3, 4)
    texts = st.sampled_from([*TEXTS, "Rome, Paris", "Berlin"])
    return st.fixed_dictionaries(
        {},
        optional={
            "score": numbers,
            "share": numbers | wholes,
            "visits": wholes,
            "calls": st.integers(0, 4),
            "city": texts,
            "town": texts,
            "tags": st.lists(texts, max_size=3),
            "call_at": INSTANTS,
            "seen_at": INSTANTS,
            "birthday": DAYS,
            "zone": st.sampled_from(ZONES),
        },
    )


@settings(EVERYTHING, max_examples=500)
@given(rules(open_tests()), st.lists(st.tuples(contacts(), NOWS), min_size=5, max_size=40), st.booleans())
def test_no_rule_that_takes_somebody_is_said_to_take_nobody(
    segments: tuple[SegmentRule, ...], people: list[tuple[Values, datetime]], own_zone: bool
) -> None:
    vocabulary = words(OPEN, segments, "zone" if own_zone else None)
    try:
        proof = prove(vocabulary, NOW)
    except TooManyCasesError:
        return
    never = {one.rule.name for one in proof.never}
    for values, now in people:
        found = segment_of(vocabulary, values, now)
        assert found.segment not in never
        if found.rule is None:
            asked = {name for rule in segments if rule.condition for name in asked_whether_known(rule.condition.test)}
            assert proof.nobody.cases or not values.keys() | asked >= OPEN.keys() - {"often", "where"}


HOURS = st.integers(-80, 80)
MIDDLE = datetime(2025, 11, 2, 5, 0, tzinfo=UTC)  # the clocks of Toronto go back an hour later
NEAR = [f"2025-11-0{day}" for day in (1, 2, 3)] + [
    f"2025-11-0{day}T{hour:02}:00:00Z" for day in (1, 2) for hour in (4, 12)
]


def near_tests(field: Field) -> st.SearchStrategy[Test]:
    relative = st.builds(Moment, st.booleans(), OFFSETS, st.sampled_from([-1, 1]))
    moment = st.sampled_from(NEAR if field.type is FieldType.DATETIME else NEAR[:3]).map(Constant) | relative
    single = st.builds(Compare, st.just(field.name), st.just(field.type), SIGNS, moment)
    return st.lists(single, min_size=2, max_size=3).map(lambda found: All(tuple(found)))


@settings(EVERYTHING, max_examples=400)
@given(st.data(), st.sampled_from([FieldType.DATETIME, FieldType.DATE]), st.booleans())
def test_moments_that_meet_a_condition_are_not_said_to_miss_it(
    data: st.DataObject, kind: FieldType, own_zone: bool
) -> None:
    field = Field(name="at", type=kind)
    test = data.draw(near_tests(field))
    rule = SegmentRule(name="S", condition=Condition(text="", test=test, fields=frozenset({"at"})), line=0)
    vocabulary = words({"at": field, "zone": OPEN["zone"]}, (rule,), "zone" if own_zone else None)
    if not prove(vocabulary, NOW).never:
        return
    tries = st.tuples(HOURS, HOURS, st.sampled_from(ZONES))
    for told, asked, zone in data.draw(st.lists(tries, min_size=100, max_size=200)):
        at = MIDDLE + timedelta(hours=told)
        value = at.date().isoformat() if kind is FieldType.DATE else at.strftime("%Y-%m-%dT%H:%M:%SZ")
        values = {"at": value, **({"zone": zone} if own_zone else {})}
        assert segment_of(vocabulary, values, MIDDLE + timedelta(hours=asked)).segment is None


def test_a_computed_field_of_choices_is_gone_through_and_an_endless_one_is_not() -> None:
    fields = {
        "plan": Field(name="plan", type=FieldType.CHOICE, choices=CHOICES),
        "past": Field(name="past", type=FieldType.CHOICE, choices=CHOICES[:2]),
        "both": Field(
            name="both",
            type=FieldType.TEXT,
            computed=Formula(text="", term=Joined((Named("plan"), "-", Named("past"))), fields=("plan", "past")),
        ),
        "visits": Field(name="visits", type=FieldType.WHOLE),
        "often": Field(name="often", type=FieldType.WHOLE, computed=Formula(text="", term=2, fields=("visits",))),
    }

    def never(*tests: Test) -> list[str]:
        ruled = [Condition(text="", test=test, fields=frozenset()) for test in tests]
        rules = [SegmentRule(name=f"S{index}", condition=one, line=0) for index, one in enumerate(ruled)]
        return [one.rule.name for one in prove(words(fields, tuple(rules)), NOW).never]

    both = [Compare("both", FieldType.TEXT, "=", Constant(text)) for text in ("free-team", "free-company")]
    assert never(*both) == ["S1"]
    often = Compare("often", FieldType.WHOLE, ">", Constant(5))
    assert never(often, Compare("often", FieldType.WHOLE, ">", FieldValue("visits"))) == []
    assert never(often, often) == ["S1"]
