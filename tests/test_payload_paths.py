"""Paths into payloads: read from text, followed through any payload, and told in the published schema."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.flaws import Flaw
from engine.language.paths import LAST_PLACE, MOST_CHARACTERS, parse_path
from engine.model import Field, FieldType, PayloadPath, Program, Take, Trigger, Vocabulary, Where
from engine.payloads import Payload, PayloadReader, payload_schema, put, read_payload
from engine.payloads.finding import find, spelled

NOW = datetime(2026, 11, 12, 10, tzinfo=UTC)


def path(text: str) -> PayloadPath:
    found = parse_path(text)
    assert isinstance(found, PayloadPath), found
    return found


PATHS = [
    ("email", ("email",)),
    ("payload.startTime", ("payload", "startTime")),
    ("answers[0].text", ("answers", 0, "text")),
    (f"answers[{LAST_PLACE}]", ("answers", LAST_PLACE)),
    ("a[0][1]", ("a", 0, 1)),
    ("answers[field.ref=plan].choice.label", ("answers", Where(("field", "ref"), "plan"), "choice", "label")),
    ("answers[question=Which plan?].answer", ("answers", Where(("question",), "Which plan?"), "answer")),
    ('answers[question="A [small] one = ?"].answer', ("answers", Where(("question",), "A [small] one = ?"), "answer")),
    ('"E-Mail address"."at.home"', ("E-Mail address", "at.home")),
    ("utm-source.0", ("utm-source", "0")),
]


@pytest.mark.parametrize(("text", "parts"), PATHS)
def test_a_path_is_read(text: str, parts: tuple[object, ...]) -> None:
    assert path(text).parts == parts


@pytest.mark.parametrize(
    ("text", "start", "end", "message"),
    [
        ("", 0, 0, "the path is empty"),
        ("  ", 0, 2, "the path is empty"),
        ("a" * (MOST_CHARACTERS + 3), MOST_CHARACTERS, MOST_CHARACTERS + 3, "at most 200 characters"),
        ("a.", 1, 2, 'a name is missing after "."'),
        ("[0].a", 0, 1, "a name is missing at the start"),
        ("a.*", 2, 3, '"*" has no meaning'),
        ("a b", 1, 2, "a name with a space needs quotes"),
        ('a."b', 2, 3, '"""'),
        ("a[100].b", 2, 5, "at most 99"),
        ("a[ref=x", 1, 7, "never closed"),
        ('a[ref="x].b', 1, 11, "never closed"),
        ("a[ref.=x].b", 6, 7, '"=" has no meaning'),
        ("a[re f=x].b", 2, 5, "which item of a list"),
        ("a[x]", 2, 3, "which item of a list"),
        ("$", 0, 1, 'not with "$"'),
    ],
)
def test_what_is_wrong_with_a_path_is_told_where_it_is(text: str, start: int, end: int, message: str) -> None:
    flaw = parse_path(text)
    assert isinstance(flaw, Flaw)
    assert (flaw.start, flaw.end) == (start, end)
    assert message in flaw.message


@given(st.text(alphabet='ab0.[]="* $/{}-_\n', max_size=20))
def test_any_text_is_a_path_or_has_a_flaw_inside_it(text: str) -> None:
    found = parse_path(text)
    if isinstance(found, Flaw):
        assert 0 <= found.start <= found.end <= len(text)
        assert found.message
    else:
        assert found.parts
        assert isinstance(found.parts[0], str)


def test_what_is_read_is_spelled_as_it_was_written() -> None:
    for text in ("a.b[0].c", "answers[field.ref=plan].text"):
        assert spelled(path(text).parts) == text


# -- Reading ------------------------------------------------------------------------------------

FIELDS = (
    Field(name="email", type=FieldType.EMAIL),
    Field(name="at", type=FieldType.DATETIME),
    Field(name="plan", type=FieldType.TEXT),
    Field(name="tags", type=FieldType.LIST),
    Field(name="secret", type=FieldType.WHOLE, private=True),
)
WORDS = Vocabulary(fields={field.name: field for field in FIELDS}, segments=(), zone=ZoneInfo("UTC"))


def taking(*takes: Take) -> Trigger:
    return Trigger(
        name="t",
        path="/webhook/t",
        takes=takes,
        program=Program(name="trigger t", vocabulary=WORDS, steps={}, first=None),
    )


BOOKING = taking(
    Take(field="email", required=True, path=path("payload.invitee.email")),
    Take(field="at", required=True, path=path("payload.startTime")),
    Take(field="plan", path=path("answers[ref=plan].text")),
    Take(field="tags", path=path("answers[0].tags")),
    Take(field="secret", path=path("payload.secret")),
)
GOOD: dict[str, Any] = {
    "kind": "booking",
    "payload": {"invitee": {"email": "ada@example.com"}, "startTime": "2026-11-20T10:00:00Z"},
    "answers": [{"tags": ["a"]}, {"ref": "plan", "text": "team"}, {"ref": "plan", "text": "second"}],
}


def refused(payload: object, trigger: Trigger = BOOKING) -> list[tuple[str, str, str]]:
    answer = read_payload(trigger, WORDS, payload, NOW)
    assert isinstance(answer, tuple), answer
    return [(error.field, error.pointer, error.message) for error in answer]


def test_values_are_taken_from_deep_inside() -> None:
    answer = read_payload(BOOKING, WORDS, GOOD, NOW)
    assert answer == Payload(
        "ada@example.com",
        {"email": "ada@example.com", "at": "2026-11-20T10:00:00Z", "plan": "team", "tags": ["a"]},
        ignored=1,
    )


def test_where_the_way_ends_too_early_the_answer_names_field_path_and_gap() -> None:
    assert refused({"payload": {"start_time": "x"}, "answers": "none"}) == [
        (
            "email",
            "/payload/invitee/email",
            "email (at payload.invitee.email) is required; payload has no invitee",
        ),
        (
            "at",
            "/payload/startTime",
            'at (at payload.startTime) is required; payload has no startTime, but "start_time"',
        ),
    ]
    assert refused({})[0][2] == "email (at payload.invitee.email) is required; the payload has no payload"


def test_an_empty_value_at_the_end_of_a_path_is_left_out() -> None:
    empty = {"payload": {"invitee": {"email": ""}, "startTime": None}}
    assert [message for _, _, message in refused(empty)] == [
        "email (at payload.invitee.email) is required and must not be empty",
        "at (at payload.startTime) is required and must not be empty",
    ]
    assert refused({"payload": None})[0][2].endswith("is required; the payload has no payload")


def test_a_wrong_value_is_named_with_its_path_and_its_place() -> None:
    wrong = {**GOOD, "payload": {**GOOD["payload"], "startTime": 7, "secret": "1234"}}
    wrong["answers"] = [{"tags": ["a", 3]}, {}, {"ref": "plan", "text": 4}]
    assert refused(wrong) == [
        (
            "at",
            "/payload/startTime",
            "at (at payload.startTime) must be a date and time such as 2025-11-12T15:00:00Z, not 7",
        ),
        ("plan", "/answers/2/text", "plan (at answers[ref=plan].text) must be text, not 4; put it in quotes"),
        (
            "tags",
            "/answers/0/tags/1",
            "item 2 of tags (at answers[0].tags) must be text, not 3; put it in quotes",
        ),
        ("secret", "/payload/secret", "secret (at payload.secret) must be a whole number"),
    ]


def test_a_required_item_that_is_not_there_is_named() -> None:
    trigger = taking(
        Take(field="email", required=True), Take(field="plan", required=True, path=path("answers[ref=plan].text"))
    )
    body = {"email": "ada@example.com", "answers": [{"ref": "other"}, "text"]}
    assert refused(body, trigger) == [
        ("plan", "/answers", "plan (at answers[ref=plan].text) is required; answers has no item [ref=plan]")
    ]


def test_a_body_that_is_no_object_is_told_what_was_expected() -> None:
    (told,) = refused([])
    assert "with payload.invitee.email, payload.startTime," in told[2]


def test_a_shell_and_a_test_give_the_fields_by_their_names() -> None:
    answer = read_payload(BOOKING, WORDS, {"email": "ada@example.com", "at": "2026-11-20T10:00:00Z"}, NOW, plain=True)
    assert isinstance(answer, Payload)
    assert answer.ignored == 0


def test_a_plain_field_beside_a_path_with_the_same_first_name_is_counted_once() -> None:
    trigger = taking(Take(field="email", required=True), Take(field="plan", path=path("email.plan")))
    answer = read_payload(trigger, WORDS, {"email": "ada@example.com", "more": 1}, NOW)
    assert isinstance(answer, Payload)
    assert answer.ignored == 1


# -- The schema says the same -----------------------------------------------------------------------


def test_the_schema_has_the_shape_of_the_payload() -> None:
    schema = payload_schema(BOOKING, WORDS)
    assert schema["required"] == ["payload"]
    assert schema["properties"]["payload"]["required"] == ["invitee", "startTime"]
    assert schema["properties"]["payload"]["properties"]["invitee"]["properties"]["email"]["format"] == "email"


SIMPLE = (
    Field(name="email", type=FieldType.EMAIL),
    Field(name="a", type=FieldType.WHOLE, minimum=0, maximum=3),
    Field(name="b", type=FieldType.CHECKBOX),
    Field(name="c", type=FieldType.LIST),
)
SIMPLE_WORDS = replace(WORDS, fields={field.name: field for field in SIMPLE})
STEPS = ("x", "y", "l[0]", "l[1]", "l[k=v]", "l[k.m=v]")
TEXTS = st.lists(st.sampled_from(STEPS), min_size=0, max_size=2).map(lambda steps: ".".join((*steps, "z")))
LEAVES = st.sampled_from([None, "", "v", 2, 9, True, [], ["t"], [1]])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(["x", "y", "l", "z", "k", "m"]), inner, max_size=4), st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    st.lists(st.tuples(TEXTS, st.booleans()), min_size=1, max_size=3), st.lists(LEAVES, min_size=3, max_size=3), TREES
)
def test_the_schema_takes_what_the_reader_takes(wanted: list[tuple[str, bool]], leaves: list[Any], tree: Any) -> None:
    named = zip("abc", wanted, strict=False)
    takes = [Take(field=name, path=path(text), required=required) for name, (text, required) in named]
    trigger = taking(Take(field="email", required=True), *takes)
    body: dict[str, Any] = {"email": "ada@example.com"}
    body |= tree if isinstance(tree, dict) else {}
    if not isinstance(tree, dict):
        for take, leaf in zip(takes, leaves, strict=False):
            if take.path and not set(body) & {take.path.parts[0]}:
                put(take.path.parts, body, leaf)
    taken = isinstance(PayloadReader(trigger, SIMPLE_WORDS).read(body, NOW), Payload)
    valid = jsonschema.Draft202012Validator(payload_schema(trigger, SIMPLE_WORDS)).is_valid(body)
    if valid:
        assert taken, body
    elif not _several_items_alike(body):  # the schema holds every such item to it, the reader takes the first
        assert not taken, body


def _several_items_alike(body: Any) -> bool:
    if isinstance(body, dict):
        return any(_several_items_alike(value) for value in body.values())
    if isinstance(body, list):
        return len(body) > 1 or any(_several_items_alike(value) for value in body)
    return False


@given(TEXTS, st.integers(1, 9))
def test_what_is_put_at_a_path_is_found_there(text: str, value: int) -> None:
    body: dict[str, Any] = {}
    put(path(text).parts, body, value)
    assert find(path(text), json.loads(json.dumps(body))) == value


def test_two_examples_share_what_is_around_them() -> None:
    body: dict[str, Any] = {}
    for text, value in (("l[k.m=v].z", 1), ("l[k.m=v].y", 2), ("l[2].y", 3), ("x[0]", 4)):
        put(path(text).parts, body, value)
    assert body == {"l": [{"k": {"m": "v"}, "z": 1, "y": 2}, {}, {"y": 3}], "x": [4]}
