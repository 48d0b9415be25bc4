"""What a webhook takes: every type read and refused, and the schema that says the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from engine.model import Field, FieldType, Program, SegmentRule, Take, Trigger, Value, Vocabulary
from engine.payloads import FieldError, Payload, PayloadReader, payload_schema, read_payload
from engine.payloads.rules import takes

NOW = datetime(2025, 11, 12, 3, 30, 15, 999_999, tzinfo=UTC)  # still the 11th in Toronto


def words(*fields: Field) -> Vocabulary:
    rules = (SegmentRule(name="CRITICAL", condition=None, line=1), SegmentRule(name="OPTIMIZE", condition=None, line=2))
    every = (Field(name="email", type=FieldType.EMAIL), *fields)
    return Vocabulary(fields={field.name: field for field in every}, segments=rules, zone=ZoneInfo("America/Toronto"))


def taking(*takes: Take) -> Trigger:
    program = Program(name="trigger t", vocabulary=words(), steps={}, first=None)
    return Trigger(name="t", path="/webhook/t", takes=takes, program=program)


def read(field: Field, value: object, *, required: bool = False) -> Value | str:
    """The value as it was read, or the message that refused it."""
    trigger = taking(Take(field="email", required=True), Take(field=field.name, required=required))
    answer = read_payload(trigger, words(field), {"email": "ada@example.com", field.name: value}, NOW)
    if isinstance(answer, Payload):
        return answer.values.get(field.name)
    return " | ".join(error.message for error in answer)


def f(type_: FieldType, **more: Any) -> Field:
    return Field(name="x", type=type_, **more)


WHOLE = f(FieldType.WHOLE, minimum=0, maximum=8)
CHOICE = f(FieldType.CHOICE, choices=("web_form", "landing_page"))

TAKEN = [
    (f(FieldType.TEXT), "Zoë 👩‍💻\nand\ttab", "Zoë 👩‍💻\nand\ttab"),
    (f(FieldType.TEXT), "  spaces stay  ", "  spaces stay  "),
    (f(FieldType.TEXT, max_length=3), "abc", "abc"),
    (f(FieldType.EMAIL), " Ada@Example.com\n", "Ada@Example.com"),
    (f(FieldType.EMAIL), "ünï@exämple.com", "ünï@exämple.com"),
    (f(FieldType.EMAIL), "ada@shop.test", "ada@shop.test"),
    (f(FieldType.EMAIL), "ada@xn--exmple-cua.com", "ada@xn--exmple-cua.com"),
    (f(FieldType.EMAIL), "u\u0308@example\u3002com", "ü@example.com"),
    (WHOLE, 0, 0),
    (WHOLE, 8, 8),
    (WHOLE, 2.0, 2),
    (f(FieldType.WHOLE), -(2**53 - 1), -(2**53 - 1)),
    (f(FieldType.NUMBER), 0.5, 0.5),
    (f(FieldType.NUMBER), 3, 3),
    (f(FieldType.CHECKBOX), True, True),
    (f(FieldType.CHECKBOX), False, False),
    (CHOICE, "web_form", "web_form"),
    (f(FieldType.SEGMENT), "CRITICAL", "CRITICAL"),
    (f(FieldType.DATE), "2024-02-29", "2024-02-29"),
    (f(FieldType.DATETIME), "2025-11-12T15:00:00Z", "2025-11-12T15:00:00Z"),
    (f(FieldType.DATETIME), "2025-11-12t10:00:00.999-05:00", "2025-11-12T15:00:00Z"),
    (f(FieldType.DATETIME), "2025-11-12 10:00", "2025-11-12T15:00:00Z"),
    (f(FieldType.DATETIME), "2025-07-12T10:00:00", "2025-07-12T14:00:00Z"),
    (f(FieldType.DATETIME), "2025-11-12T10:00:00+0530", "2025-11-12T04:30:00Z"),
    (f(FieldType.PHONE), "+1 (416) 555-0100", "+1 (416) 555-0100"),
    (f(FieldType.LINK), "https://www.example.com/a?b=c#d", "https://www.example.com/a?b=c#d"),
    (f(FieldType.LINK), "HTTP://exämple.com:8080", "HTTP://exämple.com:8080"),
    (f(FieldType.LIST), [], []),
    (f(FieldType.LIST), ["a", "b", "a"], ["a", "b", "a"]),
    (f(FieldType.TIMEZONE), "Europe/Berlin", "Europe/Berlin"),
]


@pytest.mark.parametrize(("field", "value", "expected"), TAKEN)
def test_a_good_value_is_read_in_the_form_of_the_model(field: Field, value: object, expected: Value) -> None:
    found = read(field, value)
    assert found == expected
    assert type(found) is type(expected)


REFUSED = [
    (f(FieldType.TEXT), 3, "x must be text, not 3; put it in quotes"),
    (f(FieldType.TEXT), ["a"], "x must be text, not a list"),
    (f(FieldType.TEXT, max_length=1500), "a" * 1501, "x must be at most 1,500 characters long, not 1,501"),
    (f(FieldType.TEXT), "a\x00", "x must not contain the control character U+0000 (at character 2)"),
    (f(FieldType.TEXT), "\ud800", "x must not contain the control character U+D800 (at character 1)"),
    (f(FieldType.EMAIL), 7, "x must be an email address such as ada@example.com, not 7"),
    (f(FieldType.EMAIL), "a" * 65 + "@example.com", "x must be an email address such as"),
    (f(FieldType.EMAIL), "Ada <ada@example.com>", "x must be an email address such as"),
    (f(FieldType.EMAIL), "a" * 255, "x must be at most 254 characters long, not 255"),
    (f(FieldType.EMAIL), "ada@localhost", "x must be an email address such as"),
    (f(FieldType.EMAIL), "ada@exam\udcffple.com", "x must be an email address such as"),
    (WHOLE, 9, "x must be a whole number from 0 to 8, not 9"),
    (WHOLE, -1, "x must be a whole number from 0 to 8, not -1"),
    (WHOLE, 2.5, "x must be a whole number from 0 to 8, not 2.5"),
    (WHOLE, True, "x must be a whole number from 0 to 8, not true"),
    (WHOLE, "2", 'x must be a whole number from 0 to 8, not "2"; write 2 without quotes'),
    (WHOLE, "two", 'x must be a whole number from 0 to 8, not "two"'),
    (WHOLE, {}, "x must be a whole number from 0 to 8, not an object"),
    (WHOLE, float("nan"), "x must be a whole number from 0 to 8, not NaN"),
    (f(FieldType.WHOLE, minimum=1), 0, "x must be a whole number of at least 1, not 0"),
    (f(FieldType.WHOLE, maximum=5), 6, "x must be a whole number of at most 5, not 6"),
    (f(FieldType.WHOLE), 2**53, "x must be a whole number, not 9007199254740992"),
    (f(FieldType.NUMBER), "1.5", 'x must be a number, not "1.5"; write 1.5 without quotes'),
    (f(FieldType.NUMBER), False, "x must be a number, not false"),
    (f(FieldType.NUMBER), float("inf"), "x must be a number, not Infinity"),
    (f(FieldType.CHECKBOX), 1, "x must be true or false, not 1"),
    (f(FieldType.CHECKBOX), "true", 'x must be true or false, not "true"; write true without quotes'),
    (f(FieldType.CHECKBOX), "yes", 'x must be true or false, not "yes"'),
    (CHOICE, "webform", 'x must be one of web_form, landing_page, not "webform"; did you mean web_form?'),
    (CHOICE, 1, "x must be one of web_form, landing_page, not 1"),
    (f(FieldType.CHOICE, choices=tuple("abcdefghijklm")), "z", 'x must be one of the 13 known names, not "z"'),
    (f(FieldType.SEGMENT), "critical", 'x must be one of CRITICAL, OPTIMIZE, not "critical"'),
    (f(FieldType.DATE), "2025-02-29", 'x must be a date such as 2025-11-12, not "2025-02-29": '),
    (f(FieldType.DATE), "20250228", 'x must be a date such as 2025-11-12, not "20250228"'),
    (f(FieldType.DATE), 20250228, "x must be a date such as 2025-11-12, not 20250228"),
    (f(FieldType.DATETIME), "2025-11-12", "x must be a date and time such as 2025-11-12T15:00:00Z, not"),
    (f(FieldType.DATETIME), "2025-11-12T25:00:00Z", "x must be a date and time such as 2025-11-12T15:00:00Z, not"),
    (f(FieldType.DATETIME), "0001-01-01T00:00:00+14:00", "x must be a date and time such as"),
    (f(FieldType.DATETIME), 1731423600, "x must be a date and time such as 2025-11-12T15:00:00Z, not 1731423600"),
    (
        f(FieldType.PHONE),
        "call me",
        'x must be a phone number such as +1 416 555 0100, of 6 to 15 digits, not "call me"',
    ),
    (f(FieldType.PHONE), "12345\n67", "x must be a phone number"),
    (f(FieldType.PHONE), "1234567\n", "x must be a phone number"),
    (f(FieldType.LINK), "javascript:alert(1)", "x must be a link that starts with https:// or http://, not"),
    (f(FieldType.LINK), "https://user:pass@example.com", "x must be a link"),
    (f(FieldType.LINK), "https://", "x must be a link"),
    (f(FieldType.LINK), "https://example.com/a b", "x must be a link"),
    (f(FieldType.LINK), "https://e.com/" + "a" * 2048, "x must be at most 2,048 characters long, not 2,062"),
    (f(FieldType.LIST), "a", 'x must be a list of texts, not "a"'),
    (f(FieldType.LIST), ["a"] * 101, "x must have at most 100 items, not 101"),
    (f(FieldType.LIST), ["a", 2, "\x07"], "item 2 of x must be text, not 2; put it in quotes | item 3 of x must not"),
    (f(FieldType.TIMEZONE), "America/Torono", "did you mean America/Toronto?"),
    (f(FieldType.TIMEZONE), "../../etc/passwd", "x must be one of the"),
]


@pytest.mark.parametrize(("field", "value", "expected"), REFUSED)
def test_a_wrong_value_is_refused_in_plain_words(field: Field, value: object, expected: str) -> None:
    found = read(field, value)
    assert isinstance(found, str)
    assert expected in found


@given(
    st.text("ab.+-@\"' ü\n", max_size=6) | st.just("a" * 65),
    st.sampled_from(
        ["example.com", "EXAMPLE.com", "a.b-c.example", "-a.com", "a..com", "com", "[1.2.3.4]", "localhost", ""]
    )
    | st.text("ab.-", max_size=8),
)
def test_the_short_way_through_an_address_ends_where_the_long_one_does(local: str, domain: str) -> None:
    address = f"{local}@{domain}".strip()
    try:
        validate_email(address, check_deliverability=False, strict=True, test_environment=True)
        good = True
    except EmailNotValidError:
        good = False
    assert (read(f(FieldType.EMAIL), address) == address) is good or not address.isascii()


def test_every_type_of_field_has_a_good_and_a_wrong_example_here() -> None:
    assert {case[0].type for case in TAKEN} == {case[0].type for case in REFUSED} == set(FieldType)


def test_a_long_wrong_value_is_shown_short_and_without_its_control_characters() -> None:
    assert read(WHOLE, "\x1b[2J" + "a" * 100) == (
        'x must be a whole number from 0 to 8, not "\\u001b[2J' + "a" * 36 + '\\u2026"'
    )


def test_the_value_of_a_private_field_is_never_repeated() -> None:
    assert read(f(FieldType.PHONE, private=True), "hunter2") == (
        "x must be a phone number such as +1 416 555 0100, of 6 to 15 digits"
    )


@pytest.mark.parametrize("type_", FieldType)
def test_null_counts_as_left_out_where_a_value_is_accepted(type_: FieldType) -> None:
    assert read(f(type_, choices=("a",)), None) is None


@pytest.mark.parametrize(
    "type_", [one for one in FieldType if one not in {"whole number", "number", "checkbox", "list"}]
)
def test_an_empty_text_counts_as_left_out_as_a_form_sends_it(type_: FieldType) -> None:
    assert read(f(type_, choices=("a",)), "") is None


@pytest.mark.parametrize("value", [None, "", " \u00a0\u200b\n"])
def test_a_required_text_needs_a_character_that_can_be_seen(value: object) -> None:
    assert read(f(FieldType.TEXT), value, required=True) == "x is required and must not be empty"


def test_all_wrong_fields_are_named_at_once_with_their_places() -> None:
    vocabulary = words(WHOLE, Field(name="a/b~c", type=FieldType.LIST), Field(name="first_name", type=FieldType.TEXT))
    trigger = taking(
        Take(field="email", required=True),
        Take(field="x"),
        Take(field="a/b~c"),
        Take(field="first_name", required=True),
    )
    answer = read_payload(trigger, vocabulary, {"email": "no", "x": 9, "a/b~c": [1], "firstName": "Ada"}, NOW)
    assert isinstance(answer, tuple)
    assert [(error.field, error.pointer) for error in answer] == [
        ("email", "/email"),
        ("x", "/x"),
        ("a/b~c", "/a~1b~0c/0"),
        ("first_name", "/first_name"),
    ]
    assert answer[3] == FieldError(
        "first_name", "/first_name", 'first_name is required; the payload has "firstName" instead'
    )


@pytest.mark.parametrize(("body", "kind"), [([], "a list"), ("a", "text"), (None, "null"), (3, "3"), (True, "true")])
def test_a_payload_that_is_no_object_is_one_error_at_the_top(body: object, kind: str) -> None:
    message = f"the body must be a JSON object with email, not {kind}"
    assert read_payload(taking(Take(field="email", required=True)), words(), body, NOW) == (
        FieldError("", "", message),
    )


def test_the_email_is_required_even_where_the_trigger_forgot_to_say_so() -> None:
    answer = read_payload(taking(Take(field="x")), words(WHOLE), {"x": 1}, NOW)
    assert answer == (FieldError("email", "/email", "email is required"),)


def test_other_keys_are_ignored_and_counted() -> None:
    answer = read_payload(
        taking(Take(field="x")), words(WHOLE), {"email": "ada@example.com", "x": None, "y": 1, "": 2}, NOW
    )
    assert answer == Payload("ada@example.com", {"email": "ada@example.com"}, ignored=2)


@pytest.mark.parametrize(
    ("type_", "otherwise", "expected"),
    [
        (FieldType.DATETIME, "now", "2025-11-12T03:30:15Z"),
        (FieldType.DATETIME, "today", "2025-11-11T05:00:00Z"),
        (FieldType.DATE, "today", "2025-11-11"),
        (FieldType.DATE, "now", "2025-11-11"),
        (FieldType.TEXT, "now", "now"),
        (FieldType.CHECKBOX, False, False),
        (FieldType.WHOLE, 0, 0),
        (FieldType.DATETIME, "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
    ],
)
def test_what_is_left_out_is_saved_as_the_file_says(type_: FieldType, otherwise: Value, expected: Value) -> None:
    trigger = taking(Take(field="x", otherwise=otherwise))
    answer = read_payload(trigger, words(f(type_)), {"email": "ada@example.com"}, NOW)
    assert isinstance(answer, Payload)
    assert answer.values["x"] == expected


def test_the_schema_says_what_stands_in_for_a_value_left_out() -> None:
    vocabulary = words(WHOLE, Field(name="at", type=FieldType.DATETIME), Field(name="n", type=FieldType.TEXT))
    trigger = taking(Take(field="x", otherwise=3), Take(field="at", otherwise="now"), Take(field="n"))
    properties = payload_schema(trigger, vocabulary)["properties"]
    assert {name: schema["description"] for name, schema in properties.items()} == {
        "email": "An email address such as ada@example.com. Required.",
        "x": "A whole number from 0 to 8. When left out: 3.",
        "at": "A date and time such as 2025-11-12T15:00:00Z. When left out: now.",
        "n": "Text of at most 500 characters. May be left out.",
    }


# -- The schema and the reader agree ------------------------------------------------------------

EVERY = tuple(
    Field(name=type_.value.replace(" ", "_"), type=type_, choices=("a", "b"), minimum=-2, maximum=9, max_length=20)
    for type_ in FieldType
    if type_ is not FieldType.EMAIL
)
ALL_WORDS = words(*EVERY)
ALL_OPTIONAL = taking(Take(field="email", required=True), *(Take(field=field.name) for field in EVERY))
ALL_REQUIRED = taking(Take(field="email", required=True), *(Take(field=field.name, required=True) for field in EVERY))
SCHEMA = jsonschema.Draft202012Validator(payload_schema(ALL_OPTIONAL, ALL_WORDS))
STRICT = jsonschema.Draft202012Validator(payload_schema(ALL_REQUIRED, ALL_WORDS))
READER, STRICT_READER = PayloadReader(ALL_OPTIONAL, ALL_WORDS), PayloadReader(ALL_REQUIRED, ALL_WORDS)
FORMATS = {"date", "datetime"}  # a schema only hints at these

good = {
    "text": st.text(max_size=20),
    "whole_number": st.integers(-2, 9) | st.floats(-2, 9),
    "number": st.floats(-2, 9) | st.integers(-3, 10),
    "checkbox": st.booleans(),
    "choice": st.sampled_from(["a", "b", "c"]),
    "date": st.dates().map(lambda day: day.isoformat()),
    "datetime": st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.isoformat() + "Z"),
    "phone": st.from_regex(r"\+?[0-9() .-]{4,18}", fullmatch=True),
    "link": st.from_regex(r"https?://[a-z.@\[\]?/ ]{0,12}", fullmatch=True),
    "list": st.lists(st.text(max_size=22), max_size=3),
    "segment": st.sampled_from(["CRITICAL", "OPTIMIZE", "critical"]),
    "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Mars/Olympus"]),
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def test_the_schemas_are_schemas() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)
    jsonschema.Draft202012Validator.check_schema(STRICT.schema)


@given(st.fixed_dictionaries({}, optional={name: values | anything for name, values in good.items()}))
@example({"text": "\x0b"})
@example({"text": " \t\ufeff"})
def test_the_published_schema_and_the_reader_agree_on_every_field(payload: dict[str, Any]) -> None:
    payload["email"] = "ada@example.com"
    for schema, reader in ((SCHEMA, READER), (STRICT, STRICT_READER)):
        answer = reader.read(payload, NOW)
        refused = {error.field for error in answer} if isinstance(answer, tuple) else set()
        by_schema = {_field(error) for error in schema.iter_errors(payload)}
        assert refused - FORMATS == by_schema - FORMATS


def _field(error: jsonschema.ValidationError) -> str:
    return str(error.absolute_path[0]) if error.absolute_path else error.message.split("'")[1]


@given(anything | st.dictionaries(st.sampled_from([*good, "email", "other"]), anything))
def test_any_json_at_all_is_read_or_refused_with_sentences(document: Any) -> None:
    answer = READER.read(document, NOW)
    if isinstance(answer, Payload):
        json.dumps(dict(answer.values), allow_nan=False)
    else:
        assert answer
        assert all(error.message and error.message.isprintable() for error in answer)


@pytest.mark.parametrize(("field", "value", "good"), [(WHOLE, 8, True), (WHOLE, 9, False), (WHOLE, None, True)])
def test_one_value_can_be_asked_about_by_itself(field: Field, value: Value, good: bool) -> None:
    assert takes(field, value, words(field)) is good


def test_one_wrong_item_makes_a_list_one_that_is_not_taken() -> None:
    assert not takes(f(FieldType.LIST), ["a", "\x00"], words())
