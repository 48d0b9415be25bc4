"""``http``: what is asked for, what is read from an answer, and what a file knows of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Unrenderable
from engine.interpreter import advance
from engine.language.checking import read_and_check
from engine.model import Answered, CallWeb, Field, FieldType, Replied, Run, RunStatus, Vocabulary
from engine.model.effects import host_of
from engine.payloads import read_answer
from engine.rendering import fill_address, fill_header, fill_json, fill_text
from engine.steps.http import read, statuses
from tests.playbooks import HEAD, NOON, AnyTemplate, ada, steps


def asked(text: str, **values: Any) -> CallWeb:
    """The call that a sequence of this one step asks for."""
    book = steps(text)
    decision = advance(book.sequences["course"], run(book), ada(book, **values), Answered(Replied(told="")), NOON)
    call = decision.effects[-1]
    assert isinstance(call, CallWeb)
    return call


def run(book: Any) -> Run:
    first = book.sequences["course"].first
    return Run(
        id="r1", program="course", contact_id="c1", status=RunStatus.READY, step=None, since=NOON, due_at=NOON,
        started_at=NOON,
    ).evolve(step=first)  # fmt: skip


@given(st.text(min_size=1).filter(lambda text: text.strip() and not any("\ud800" <= one <= "\udfff" for one in text)))
def test_a_value_in_an_address_stays_one_value(value: str) -> None:
    filled = fill_address("https://example.com/a/{{ x }}?b={{ x }}", {"x": value})
    path, _, query = filled.removeprefix("https://example.com/a/").partition("?b=")
    assert path == query
    assert not set(path) & set("/?#& \n")


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.lists(st.text())))
def test_a_value_that_stands_alone_in_json_keeps_its_type(value: Any) -> None:
    assert json.loads(fill_json({"a": ["{{ x }}", " {{x}} "]}, {"x": value})) == {"a": [value, value]}


def test_a_header_is_one_line_whatever_the_values_are():
    told = fill_header("for {{ x }}!", {"x": "Ada\r\nX-More: 1\x00\u2028\tLe"})
    assert told == "for Ada X-More: 1 Le!"


def test_what_is_unknown_is_null_alone_and_an_error_among_words() -> None:
    assert fill_json({"a": "{{ x }}", "b": 1, "c": None}, {}) == '{"a":null,"b":1,"c":null}'
    assert fill_text("{{ x|default('nobody') }}", {}) == "nobody"
    with pytest.raises(Unrenderable, match=r"^x is unknown$"):
        fill_text("Dear {{ x }}", {"x": " "})
    with pytest.raises(Unrenderable, match=r"^x and y are unknown$"):
        fill_address("https://example.com/{{ x }}/{{ y }}", {})
    with pytest.raises(Unrenderable, match="cannot be compared"):
        fill_text("{% if x > 3 %}a{% endif %}", {"x": "b"})


def test_only_the_host_of_an_address_is_told() -> None:
    assert host_of("https://you:abc@example.com:8443/a?token=b") == "example.com"
    assert host_of("https://[x/") == host_of("nonsense") == "the address"


def test_the_statuses_that_count_as_done() -> None:
    assert list(statuses("2xx")) == list(range(200, 300))
    assert list(statuses(["404", 410, "5xx"])) == [404, 410, *range(500, 600)]
    assert read({"http": "GET  https://example.com", "expect": 204}, None).expect == (204,)  # type: ignore[arg-type]


FIELDS = {
    "score": Field(name="score", type=FieldType.WHOLE, minimum=0, maximum=9),
    "secret": Field(name="secret", type=FieldType.WHOLE, minimum=0, maximum=9, private=True),
    "tags": Field(name="tags", type=FieldType.LIST),
}
WORDS = Vocabulary(fields=FIELDS, segments=(), zone=NOON.tzinfo)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "path", "expected"),
    [
        ({"result": {"score": 3}}, "result.score", {"score": 3}),
        ([{"score": 3}], "score", "the answer has no score"),
        ({"score": 3.0}, "score", {"score": 3}),
        (7, "score", {"score": 7}),
        (7, "result.score", "the answer has no result.score"),
        (None, "score", "the answer has no score"),
        ({"score": None}, "score", "the answer has no score"),
        ({"score": 12}, "score", "the answer's score must be a whole number from 0 to 9, not 12"),
    ],
)
def test_a_field_is_read_from_an_answer(answer: object, path: str, expected: object) -> None:
    assert read_answer(answer, [("score", path)], WORDS) == expected


def test_what_an_answer_says_wrongly_is_told_but_not_of_a_private_field() -> None:
    assert read_answer({"secret": 99}, [("secret", "secret")], WORDS) == (
        "the answer's secret must be a whole number from 0 to 9"
    )
    assert read_answer({"tags": ["a", 3]}, [("tags", "tags")], WORDS) == (
        "the answer's item 2 of tags must be text, not 3; put it in quotes"
    )
    assert read_answer({"gone": 3}, [("gone", "gone")], WORDS) == "gone is no longer a field"


def test_an_answer_for_a_step_that_is_gone_moves_the_run_on_from_where_it_is() -> None:
    book = steps("- http: GET https://example.com")
    lost = run(book).evolve(step="gone", status=RunStatus.CALLING)
    decision = advance(book.sequences["course"], lost, ada(book), Answered(Replied(told="")), NOON)
    assert decision.run.reason == 'step "gone" is no longer in the file'


def test_a_step_that_becomes_another_while_it_calls_is_that_one() -> None:
    book = steps("- alert: hello\n  id: x")
    calling = run(book).evolve(step="x", status=RunStatus.CALLING, asked_at=NOON)
    decision = advance(book.sequences["course"], calling, ada(book), Answered(Replied(told="x")), NOON)
    assert decision.run.status is RunStatus.FINISHED


# -- What is known behind it ----------------------------------------------------------------------


def warnings(step: str) -> list[str]:
    text = f"""{HEAD}
triggers:
  enter: {{requires: [email], then: [{{start: course}}]}}
sequences:
  course:
    steps:
      - http: GET https://example.com
        {step}
      - email: tells
"""

    class Telling(AnyTemplate):
        def find(self, name: str) -> Any:
            from dataclasses import replace

            return replace(super().find(name), body="{{ visits }} {{ red }}\n")

    _, problems = read_and_check(text, "a.yaml", Telling())
    return [f"{one.rule}: {one.message}" for one in problems if one.rule.endswith("-unknown") or "never" in one.rule]


def test_what_a_call_saves_is_known_afterwards_unless_it_goes_on_without() -> None:
    never = 'never-known: template "tells" uses {{ red }}, but nothing ever gives "red" a value'
    assert warnings("save_as: {visits: a.b}") == [never]
    assert warnings("save_as: visits") == [never]
    maybe = warnings("{save_as: visits, if_it_fails: go_on}".strip("{}").replace(", ", "\n        "))
    assert [one.partition(":")[0] for one in maybe] == ["maybe-unknown", "never-known"]
