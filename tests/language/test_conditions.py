"""Conditions: the trees that texts become, and the flaws of texts that become none."""

import itertools
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.conditions import MOST_CHARACTERS, parse_condition
from engine.language.conditions.grammar import MOST_NESTING
from engine.model import (
    All,
    Among,
    AnyOf,
    Compare,
    Condition,
    Constant,
    Contains,
    Duration,
    Field,
    FieldType,
    FieldValue,
    Known,
    Moment,
    Not,
    Operand,
    SegmentRule,
    Test,
    Vocabulary,
)

WHOLE, NUMBER, TEXT, TICK = FieldType.WHOLE, FieldType.NUMBER, FieldType.TEXT, FieldType.CHECKBOX
DAY, INSTANT, LIST, CHOICE, SEGMENT = (
    FieldType.DATE,
    FieldType.DATETIME,
    FieldType.LIST,
    FieldType.CHOICE,
    FieldType.SEGMENT,
)
FIELDS = (
    Field(name="email", type=FieldType.EMAIL),
    Field(name="first_name", type=TEXT),
    Field(name="timezone", type=FieldType.TIMEZONE),
    Field(name="signup_source", type=CHOICE, choices=("web_form", "landing_page", "2", "unknown", "customer")),
    Field(name="broken", type=CHOICE),
    Field(name="signup_date", type=INSTANT),
    Field(name="birthday", type=DAY),
    Field(name="red", type=WHOLE, minimum=0, maximum=8),
    Field(name="orange", type=WHOLE, minimum=0),
    Field(name="price", type=NUMBER, maximum=99.5),
    Field(name="balance", type=NUMBER),
    Field(name="customer", type=TICK),
    Field(name="vip", type=TICK),
    Field(name="interests", type=LIST),
    Field(name="segment", type=SEGMENT),
)
WORDS = Vocabulary(
    fields={field.name: field for field in FIELDS},
    segments=tuple(SegmentRule(name=name, condition=None, line=1) for name in ("CRITICAL", "URGENT", "OPTIMIZE")),
    zone=ZoneInfo("America/Toronto"),
    segment_field="segment",
)


def tree(text: str) -> Test:
    found = parse_condition(text, WORDS)
    assert isinstance(found, Condition), found
    return found.test


RED = Compare("red", WHOLE, "=", Constant(1))
ORANGE = Compare("orange", WHOLE, ">=", Constant(2))
CUSTOMER = Compare("customer", TICK, "=", Constant(True))
VIP = Compare("vip", TICK, "=", Constant(True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("red = 1 or orange >= 2", AnyOf((RED, ORANGE))),
        ("red == 1 AND orange >= 2 and customer", All((RED, ORANGE, CUSTOMER))),
        ("red=1\n  or orange>=2", AnyOf((RED, ORANGE))),
        ("customer", CUSTOMER),
        ("((customer))", CUSTOMER),
        ("Not customer", Not(CUSTOMER)),
        ("not red = 1 and customer", All((Not(RED), CUSTOMER))),
        ("not (red = 1 or (customer and not vip))", Not(AnyOf((RED, All((CUSTOMER, Not(VIP))))))),
        ("customer = false", Compare("customer", TICK, "=", Constant(False))),
        ("customer != vip", Compare("customer", TICK, "!=", FieldValue("vip"))),
        ("red <= 12", Compare("red", WHOLE, "<=", Constant(12))),  # always true, which the proof tells, not this
        ("red in [0, orange]", Among("red", WHOLE, (Constant(0), FieldValue("orange")))),
        ("price < -2.50", Compare("price", NUMBER, "<", Constant(-2.5))),
        ("segment = CRITICAL", Compare("segment", SEGMENT, "=", Constant("CRITICAL"))),
        ('segment in ["URGENT", CRITICAL]', Among("segment", SEGMENT, (Constant("URGENT"), Constant("CRITICAL")))),
        ("signup_source = 2", Compare("signup_source", CHOICE, "=", Constant("2"))),
        ("signup_source = unknown", Compare("signup_source", CHOICE, "=", Constant("unknown"))),
        ("signup_source = customer", Compare("signup_source", CHOICE, "=", Constant("customer"))),
        ("signup_source != segment", Compare("signup_source", CHOICE, "!=", FieldValue("segment"))),
        ("signup_source != first_name", Compare("signup_source", CHOICE, "!=", FieldValue("first_name"))),
        ("broken = anything", Compare("broken", CHOICE, "=", Constant("anything"))),
        ("first_name = Ada", Compare("first_name", TEXT, "=", Constant("Ada"))),
        ("first_name = 'Ada L'", Compare("first_name", TEXT, "=", Constant("Ada L"))),
        ("first_name = email", Compare("first_name", TEXT, "=", FieldValue("email"))),
        ('first_name = "email"', Compare("first_name", TEXT, "=", Constant("email"))),
        ("first_name contains x", Contains("first_name", TEXT, Constant("x"))),
        ("timezone = America/Toronto", Compare("timezone", FieldType.TIMEZONE, "=", Constant("America/Toronto"))),
        ("email = ada@example.com", Compare("email", FieldType.EMAIL, "=", Constant("ada@example.com"))),
        ("interests contains pricing", Contains("interests", LIST, Constant("pricing"))),
        ("interests contains first_name", Contains("interests", LIST, FieldValue("first_name"))),
        ("signup_date is unknown", Known("signup_date", False)),
        ("signup_date is known", Known("signup_date", True)),
        ("signup_date < now", Compare("signup_date", INSTANT, "<", Moment())),
        ("birthday = today", Compare("birthday", DAY, "=", Moment(day_only=True))),
        ("signup_date > birthday", Compare("signup_date", INSTANT, ">", FieldValue("birthday"))),
        ("signup_date = 2025-11-12", Compare("signup_date", INSTANT, "=", Constant("2025-11-12"))),
        (
            "signup_date = 2025-11-12 10:00 and customer",
            All((Compare("signup_date", INSTANT, "=", Constant("2025-11-12T15:00:00Z")), CUSTOMER)),
        ),
        ("signup_date = 2025-11-12T10:00:00Z", Compare("signup_date", INSTANT, "=", Constant("2025-11-12T10:00:00Z"))),
        (
            "signup_date < 30 Days ago",
            Compare("signup_date", INSTANT, "<", Moment(False, Duration(text="30 Days", days=30), -1)),
        ),
        (
            "birthday in [today, 1 day 6 hours from now]",
            Among(
                "birthday",
                DAY,
                (Moment(day_only=True), Moment(False, Duration(text="1 day 6 hours", days=1, seconds=21_600), 1)),
            ),
        ),
    ],
)
def test_what_a_text_says(text: str, expected: Test) -> None:
    assert tree(text) == expected


def test_a_condition_knows_its_text_and_the_fields_it_reads() -> None:
    found = parse_condition(" not vip and (red in [1, orange] or first_name contains email or price is known) ", WORDS)
    assert isinstance(found, Condition)
    assert found.text == "not vip and (red in [1, orange] or first_name contains email or price is known)"
    assert found.fields == {"vip", "red", "orange", "first_name", "email", "price"}


# Text, where the flaw is («» around it), message, hint, rule.
SYNTAX = [
    ("«»", "the condition is empty", "write a test like red_systems >= 2"),
    ("red = 1 and«»", "a test is missing at the end", "write a test like red_systems >= 2"),
    ("red = 1 and «or» vip", 'a test is missing before "or"', "write a test like red_systems >= 2"),
    ("(«)»", 'a test is missing before ")"', "write a test like red_systems >= 2"),
    ("not «not» vip", '"not not" says nothing', "leave both out"),
    ("«(»red = 1", "this bracket is never closed", 'write ")" where it ends'),
    ("red = 1«)»", "there is no bracket for this one to close", 'leave it out, or write "(" before'),
    ("(red = 1 «vip»)", '"vip" was not expected here', 'join two tests with "and" or "or"'),
    ("(vip «]»)", '"]" was not expected here', 'join two tests with "and" or "or"'),
    ("red = 2 «vip»", '"vip" was not expected here', 'join two tests with "and" or "or"'),
    ("red «1»", '"1" was not expected here', 'join two tests with "and" or "or"'),
    ("red = «1,5»", "numbers are written with a point here", "write 1.5"),
    ("red = 1«,» vip", '"," was not expected here', 'join two tests with "and" or "or"'),
    ("red is «at» least 2", '"is" is followed by "known" or "unknown"', "write red >= 2"),
    ("red is «more» than 2", '"is" is followed by "known" or "unknown"', "write red > 2"),
    ("red > «=» 2", 'a value is missing after ">"', 'write ">="'),
    ("red = 1 «red» = 2", '"red" was not expected here', 'join two tests with "and" or "or"'),
    ("vip «&&» customer", '"&&" is written as a word', 'write "and"'),
    ("vip «||» customer", '"||" is written as a word', 'write "or"'),
    ("vip «!» customer", '"!" is written as a word', 'write "not"'),
    ("«!»vip", '"!" is written as a word', 'write "not"'),
    ("red «=>» 2", '"=>" is not a comparison', 'write ">="'),
    ("red «≤» 2", '"≤" is not a comparison', 'write "<="'),
    ("red «<>» 2", '"<>" is not a comparison', 'write "!="'),
    ("red «===» 2", '"===" is not a comparison', 'write "="'),
    ("red < «>» 2", 'a value is missing after "<"', 'write "!="'),
    ("red «=»", 'a value is missing after "="', "write a value there"),
    ("red = «and» vip", 'a value is missing after "="', "write a value there"),
    ("segment in [«]»", 'a value is missing after "in"', "write a value there"),
    ("segment in «(»URGENT)", 'the values of "in" stand in square brackets', "write in [one, two]"),
    ("segment in «[»URGENT", 'a "," or the closing "]" is missing', "write in [one, two]"),
    ("segment in [URGENT «CRITICAL»]", 'a "," or the closing "]" is missing', "write in [one, two]"),
    ("segment «not» in [URGENT]", '"not" stands before the name', "write not segment in ..."),
    ("segment «not» URGENT", '"not" does not follow the name of a field',
     'write "!=", or put not before the name'),
    ("red «equals» 1", '"equals" does not follow the name of a field', 'write "="'),
    ("first_name «IS» known", '"IS" does not follow the name of a field', 'did you mean "is"?'),
    ("red «zzzz» 1", '"zzzz" does not follow the name of a field',
     'a name is followed by a comparison like >=, or by "in", "contains", "is known"'),
    ("first_name is «not» known", '"is not" is not a comparison', "write first_name is unknown"),
    ("first_name is «not» None", '"is not" is not a comparison', "write first_name is known"),
    ("segment is «not» URGENT", '"is not" is not a comparison', "write segment != URGENT"),
    ("segment is «not»", '"is not" is not a comparison', "write segment is unknown"),
    ("segment is «URGENT»", '"is" is followed by "known" or "unknown"', "write segment = URGENT"),
    ("segment is «knwon»", '"is" is followed by "known" or "unknown"', "write segment is known"),
    ("segment is «None»", 'nothing is called "None"', "write segment is unknown"),
    ("segment is«»", '"segment is" what?', "write segment is known, or segment is unknown"),
    ("«2» <= red", "a test begins with the name of a field", "write red >= 2"),
    ("red = 1 or «2»", "a test begins with the name of a field, not with 2", "write red in [1, 2]"),
    ("vip or red > 1 or «2»", "a test begins with the name of a field, not with 2",
     "write a test like red_systems >= 2"),
    ('«"red"» > 1', 'a test begins with the name of a field, not with "red"', "write a test like red_systems >= 2"),
    ("signup_date < «30 days»", '"30 days" before now, or after it?', "write 30 days ago, or 30 days from now"),
    ("signup_date < «24h» ago", '"24h" is neither a number nor a date', 'write "24 hours ago"'),
    ("red = «2x»", '"2x" is neither a number nor a date',
     'numbers are like 2 or 2.5, dates like 2025-11-12, texts stand in quotes: "2x"'),
    ("birthday = «12/11/2025»", '"12/11/2025" is neither a number nor a date',
     'numbers are like 2 or 2.5, dates like 2025-11-12, texts stand in quotes: "2x"'),
    ("vip «;» customer", '";" has no meaning in a condition', ""),
    ("first_name = «'Ada»", "this quote is never closed: 'Ada", "end the text with '"),
    ("first_name = «“»Ada”", "“ is not a quote that busos reads", 'use straight quotes: "text"'),
]  # fmt: skip
MEANING = [
    ("«rd» >= 2", 'no field is called "rd"', 'did you mean "red"?', "unknown-field"),
    ("«zzzzz» is known", 'no field is called "zzzzz"', "", "unknown-field"),
    ("segment = CRITICAL or «URGENT»", '"URGENT" is a value of segment, not a field', "write segment = URGENT",
     "unknown-field"),
    ("«true»", '"true" alone is no condition', "compare a field with it", "condition-syntax"),
    ("«red»", "red is a whole number: only a checkbox can stand alone", "write red > 0", "condition-type"),
    ("«segment»", "segment is a segment: only a checkbox can stand alone", "write segment = CRITICAL",
     "condition-type"),
    ("«broken»", "broken is a choice: only a checkbox can stand alone", "write broken = CHOICE", "condition-type"),
    ("«email»", "email is an email: only a checkbox can stand alone", 'write email = "text"', "condition-type"),
    ("«birthday»", "birthday is a date: only a checkbox can stand alone", "write birthday < now", "condition-type"),
    ("customer «<» true", '"<" cannot be asked of customer, which is a checkbox', "write customer = true",
     "condition-type"),
    ("segment «>=» CRITICAL", '">=" cannot be asked of segment, which is a segment', "write segment = CRITICAL",
     "condition-type"),
    ("first_name «<» B", '"<" cannot be asked of first_name, which is a text', 'write first_name = "text"',
     "condition-type"),
    ("red «contains» 2", '"contains" cannot be asked of red, which is a whole number', "write red > 0",
     "condition-type"),
    ("interests «=» pricing", '"=" cannot be asked of interests, which is a list',
     'write interests contains "text"', "condition-type"),
    ("red = «9»", "red is a whole number from 0 up to 8, so it is never 9", "", "condition-value"),
    ("red in [1, «-1»]", "red is a whole number from 0 up to 8, so it is never -1", "", "condition-value"),
    ("orange != «2.5»", "orange is a whole number from 0, so it is never 2.5", "", "condition-value"),
    ("price = «100»", "price is a number up to 99.5, so it is never 100", "", "condition-value"),
    ('red >= «"2"»', 'red is a whole number, and "2" is text', "write 2 without quotes", "condition-type"),
    ('red >= «"two"»', 'red is a whole number, and "two" is text', "", "condition-type"),
    ("red > «ornge»", 'red is a whole number, and "ornge" is neither that nor a field', 'did you mean "orange"?',
     "condition-type"),
    ("red > «first_name»", "red is a whole number and first_name is a text: they cannot be compared", "",
     "condition-type"),
    ("red > «2025-11-12»", "red is a whole number, and 2025-11-12 is a date", "", "condition-type"),
    ("red > «now»", 'red is a whole number, and "now" is neither that nor a field', "", "condition-type"),
    ("red > «2 days ago»", '"2 days ago" is a moment, and red is a whole number', "", "condition-type"),
    ("red > «None»", '"None" is no value', "write red is unknown", "condition-value"),
    ("red != «null»", '"null" is no value', "write red is known", "condition-value"),
    ("segment = «CRITCAL»", 'no segment is called "CRITCAL"; there are CRITICAL, URGENT, OPTIMIZE',
     'did you mean "CRITICAL"?', "unknown-segment"),
    ("segment != «urgent»", 'no segment is called "urgent"; there are CRITICAL, URGENT, OPTIMIZE',
     'did you mean "URGENT"?', "unknown-segment"),
    ("signup_source = «3»",
     'signup_source is never "3", only web_form, landing_page, 2, unknown, customer', "", "condition-value"),
    ("customer = «yes»", 'customer is a checkbox, and "yes" is neither that nor a field', "write true",
     "condition-type"),
    ("customer = «False»", 'customer is a checkbox, and "False" is neither that nor a field', "write false",
     "condition-type"),
    ("customer = «1»", "customer is a checkbox, and 1 is a number", "write true", "condition-type"),
    ("customer = «maybe»", 'customer is a checkbox, and "maybe" is neither that nor a field',
     "a checkbox is true or false", "condition-type"),
    ("first_name = «customer»", "first_name is a text and customer is a checkbox: they cannot be compared",
     'write "customer" in quotes if you mean the text', "condition-type"),
    ("first_name = «true»", 'first_name is a text, and "true" is neither that nor a field',
     'write "true" in quotes if you mean the text', "condition-type"),
    ("interests contains «5»", "interests is a list, and 5 is a number",
     'write "5" in quotes if you mean the text', "condition-type"),
    ('signup_date < «"2025-11-12"»', 'signup_date is a datetime, and "2025-11-12" is text',
     "write 2025-11-12 without quotes", "condition-type"),
    ('signup_date < «"soon"»', 'signup_date is a datetime, and "soon" is text',
     "write it like 2025-11-12, 30 days ago, now or today", "condition-type"),
    ("signup_date < «30»", "signup_date is a datetime, and 30 is a number", "write 30 days ago", "condition-type"),
    ("signup_date < «tomorrow»", 'signup_date is a datetime, and "tomorrow" is neither that nor a field', "",
     "condition-type"),
    ("signup_date < «2025-02-30»", "2025-02-30 is not in the calendar", "", "condition-value"),
    ("signup_date < «2025-11-12 25:00»", "2025-11-12 25:00 is not in the calendar", "", "condition-value"),
    ("birthday = «2025-11-12 10:00»", "birthday is a date, and 2025-11-12 10:00 is a date and time",
     "write 2025-11-12", "condition-type"),
    ("signup_date < «30 dayz» ago", '"30 dayz" is not a length of time; did you mean "30 days"?', "", "duration"),
    ("signup_date < «2 months» ago", "months are not all equally long, so they are no length of time here",
     'write it in days or weeks, like "30 days"', "duration"),
    ("«red = 1 or orange >= 2 and vip»", '"and" beside "or" can be read in two ways; brackets say which',
     "write red = 1 or (orange >= 2 and vip), or (red = 1 or orange >= 2) and vip", "mixed-and-or"),
    ("not («vip and (red = 1) or customer and vip»)", '"and" beside "or" can be read in two ways; brackets say which',
     "write (vip and (red = 1)) or (customer and vip), or vip and ((red = 1) or customer) and vip", "mixed-and-or"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("marked", "message", "hint", "rule"), [*((*row, "condition-syntax") for row in SYNTAX), *MEANING]
)
def test_what_is_no_condition_says_where_why_and_what_to_write(marked: str, message: str, hint: str, rule: str) -> None:
    text = marked.replace("«", "").replace("»", "")
    found = parse_condition(text, WORDS)
    assert isinstance(found, tuple), found
    assert [(flaw.start, flaw.end, flaw.message, flaw.hint, flaw.rule) for flaw in found] == [
        (marked.index("«"), marked.index("»") - 1, message, hint, rule)
    ]


def test_all_flaws_are_told_in_the_order_of_the_text() -> None:
    found = parse_condition("rd > 1 or red = 9 and segment in [FOO, URGENT, BAR] and not (customer = 1)", WORDS)
    assert isinstance(found, tuple)
    assert [(flaw.start, flaw.rule) for flaw in found] == [
        (0, "mixed-and-or"),
        (0, "unknown-field"),
        (16, "condition-value"),
        (34, "unknown-segment"),
        (47, "unknown-segment"),
        (72, "condition-type"),
    ]


def test_a_condition_may_be_so_long_and_no_longer() -> None:
    text = "vip" + " or vip" * 71
    assert isinstance(parse_condition(text, WORDS), Condition)
    found = parse_condition(text.ljust(MOST_CHARACTERS + 1), WORDS)
    assert isinstance(found, tuple)
    assert (found[0].start, found[0].end) == (MOST_CHARACTERS, MOST_CHARACTERS + 1)
    assert found[0].message == "a condition has at most 500 characters; this one has 501"


def test_brackets_nest_so_deep_and_no_deeper() -> None:
    assert tree("(" * MOST_NESTING + "vip" + ")" * MOST_NESTING) == VIP
    found = parse_condition("(" * 200 + "vip" + ")" * 200, WORDS)
    assert isinstance(found, tuple)
    assert (found[0].start, found[0].message) == (MOST_NESTING, "brackets are nested more than 20 deep")


# -- Printed and read again -------------------------------------------------------------------


def told(operand: Operand) -> str:
    match operand:
        case Constant(bool() as value):
            return "true" if value else "false"
        case Constant(str() as value):
            return value if value[:2] == "20" else f'"{value}"'
        case Constant(value):
            return str(value)
        case FieldValue(field):
            return field
        case Moment(day_only, None, _):
            return "today" if day_only else "now"
        case Moment(_, offset, sign):
            assert offset is not None
            return f"{offset.text} {'ago' if sign < 0 else 'from now'}"
    raise AssertionError(operand)


def printed(test: Test) -> str:
    """A tree as text, with brackets only where the grammar wants them."""
    match test:
        case Compare(field, _, op, operand):
            return f"{field} {op} {told(operand)}"
        case Among(field, _, operands):
            return f"{field} in [{', '.join(told(operand) for operand in operands)}]"
        case Contains(field, _, operand):
            return f"{field} contains {told(operand)}"
        case Known(field, known):
            return f"{field} is {'known' if known else 'unknown'}"
        case Not(inner):
            return f"not {bracketed(inner)}"
        case All(tests):
            return " and ".join(bracketed(inner) if not isinstance(inner, Not) else printed(inner) for inner in tests)
        case AnyOf(tests):
            return " or ".join(bracketed(inner) if not isinstance(inner, Not) else printed(inner) for inner in tests)


def bracketed(test: Test) -> str:
    return f"({printed(test)})" if isinstance(test, All | AnyOf | Not) else printed(test)


def compares(names: list[str], kind: FieldType, values: st.SearchStrategy[Operand]) -> st.SearchStrategy[Test]:
    ordered = kind in (WHOLE, NUMBER, DAY, INSTANT)
    ops = st.sampled_from(["=", "!=", "<", "<=", ">", ">="] if ordered else ["=", "!="])
    name, several = st.sampled_from(names), st.lists(values, min_size=1, max_size=3).map(tuple)
    return st.builds(Compare, name, st.just(kind), ops, values) | st.builds(Among, name, st.just(kind), several)


PLAIN = st.text(st.characters(exclude_characters='"', exclude_categories=["C"]), max_size=8).filter(
    lambda text: text[:2] != "20"
)
SPANS = st.builds(Duration, text=st.just("3 days"), days=st.just(3))
MOMENTS = st.one_of(
    st.dates().filter(lambda day: 2000 <= day.year < 2100).map(lambda day: Constant(day.isoformat())),
    st.builds(Moment, st.booleans()),
    st.builds(Moment, st.just(False), SPANS, st.sampled_from([-1, 1])),
    st.sampled_from([FieldValue("signup_date"), FieldValue("birthday")]),
)
TEXTS = st.builds(Constant, PLAIN) | st.sampled_from([FieldValue("first_name"), FieldValue("segment")])
LEAVES = st.one_of(
    compares(["red"], WHOLE, st.builds(Constant, st.integers(0, 8)) | st.just(FieldValue("price"))),
    compares(["balance"], NUMBER, st.builds(Constant, st.decimals(-99, 99, places=2).map(float))),
    compares(["customer", "vip"], TICK, st.builds(Constant, st.booleans()) | st.just(FieldValue("vip"))),
    compares(["segment"], SEGMENT, st.builds(Constant, st.sampled_from(["CRITICAL", "URGENT"]))),
    compares(["first_name"], TEXT, TEXTS),
    compares(["signup_date"], INSTANT, MOMENTS),
    compares(["birthday"], DAY, MOMENTS),
    st.builds(Contains, st.just("interests"), st.just(LIST), TEXTS),
    st.builds(Known, st.sampled_from(sorted(WORDS.fields)), st.booleans()),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(All, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@given(TREES.filter(lambda test: len(printed(test)) <= MOST_CHARACTERS))
def test_a_tree_that_is_printed_and_read_is_the_same_tree(test: Test) -> None:
    assert tree(printed(test)) == test


SIGNS = ["(", ")", "[", "]", ",", "=", ">=", "!=", "<", "!", "&&", '"', "'a b'", "2", "-1.5", "2025-11-12", "“"]
PLAIN_WORDS = [
    "CRITICAL",
    "and",
    "or",
    "not",
    "is",
    "in",
    "known",
    "contains",
    "days",
    "ago",
    "from",
    "now",
    "zzz",
    "10:00",
]
PIECES = st.sampled_from([*WORDS.fields, *PLAIN_WORDS, *SIGNS])


@given(st.text() | st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join))
def test_no_text_is_too_odd_and_every_flaw_lies_inside_it(text: str) -> None:
    found = parse_condition(text, WORDS)
    if isinstance(found, Condition):
        assert found.fields <= WORDS.fields.keys()
        return
    assert found
    for flaw in found:
        assert 0 <= flaw.start <= flaw.end <= len(text)
        assert flaw.message


def readings(hint: str) -> Iterator[str]:
    first, second = hint.removeprefix("write ").split(", or ")
    yield from (first, second)


@pytest.mark.parametrize("words", [w for w in itertools.product(["and", "or"], repeat=3) if len(set(w)) > 1])
def test_the_two_readings_of_a_mixed_condition_can_be_read_and_differ(words: tuple[str, ...]) -> None:
    parts = ("vip", "customer", "orange > 1")
    text = "red = 1" + "".join(f" {word} {part}" for word, part in zip(words, parts, strict=True))
    found = parse_condition(text, WORDS)
    assert isinstance(found, tuple)
    first, second = (tree(reading) for reading in readings(found[0].hint))
    assert first != second
