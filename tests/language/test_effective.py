"""The whole file as one: it says the same, and where each part is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.compiler import compile_document, sound_document
from engine.language.document import Document, Items, Lines, Scalar, entries
from engine.language.effective import effective
from engine.language.source import examine_alone, read
from engine.language.sources import Bundle

ROOT = Path(__file__).parents[2]
GOOD = sorted([*(ROOT / "tests" / "good").glob("*.yaml"), *(ROOT / "docs" / "cookbook").glob("*.yaml")])

MAIN = """\
version: 1
include: [contact.yaml, "campaigns/*.yaml"]
email: {from: you@example.com}   # who it is
triggers:
  signup: &plain
    requires: [email]
    then:
      - use: tell
        with: {what: "came: somebody"}
      - start: welcome
  again: *plain
blueprints:
  tell: {inputs: {what: {type: text}}, steps: [{alert: "<what> # {{ email }}", if_it_fails: go_on}]}
sequences:
  welcome:
    use: blueprints/reminder.yaml
    with: {moment: due, template: hello}
"""
FILES = {
    "contact.yaml": "contact:\n  email: {type: email}\n  due: {type: datetime}\n",
    "campaigns/autumn.yaml": (
        "triggers:\n  autumn: {requires: [email], then: [{start: autumn}]}\n"
        "sequences:\n  autumn:\n    steps: [{email: offer}, {wait: 2 days}, {email: thanks, when: due is known}]\n"
    ),
    "blueprints/reminder.yaml": """\
blueprint:
  inputs: {moment: {type: field}, template: {type: template}}
sequence:
  stop_when: <moment> is unknown
  steps:
    - wait: until 1 day before <moment>
      testing: 1 minute
    - email: <template>
""",
}
WHOLE = """\
version: 1
email: {from: you@example.com}
triggers:
  signup:  # sequences.yaml:5
    requires: [email]
    then:
      - alert: "came: somebody # {{ email }}"  # sequences.yaml:13
        if_it_fails: go_on
      - start: welcome  # sequences.yaml:10
  again:  # sequences.yaml:11
    requires: [email]
    then:
      - alert: "came: somebody # {{ email }}"  # sequences.yaml:13
        if_it_fails: go_on
      - start: welcome  # sequences.yaml:10
  autumn:  # campaigns/autumn.yaml:2
    requires: [email]
    then:
      - start: autumn  # campaigns/autumn.yaml:2
sequences:
  welcome:  # sequences.yaml:15
    stop_when: due is unknown  # blueprints/reminder.yaml:4
    steps:  # blueprints/reminder.yaml:6
      - wait: until 1 day before due  # blueprints/reminder.yaml:6
        testing: 1 minute
      - email: hello  # sequences.yaml:17, for blueprints/reminder.yaml:8
  autumn:  # campaigns/autumn.yaml:4
    steps:
      - email: offer  # campaigns/autumn.yaml:5
      - wait: 2 days  # campaigns/autumn.yaml:5
      - email: thanks  # campaigns/autumn.yaml:5
        when: due is known
contact:
  email: {type: email}  # contact.yaml:2
  due: {type: datetime}  # contact.yaml:3
"""


def compiled(document):
    """What is compiled, but for where it stood."""
    playbook = compile_document(document, testing=False)
    return re.sub(r"(Spot\([^)]*\)|line=\d+|file='[^']*'|revision='\w+')", "", repr(playbook))


@pytest.fixture
def several(full_shelf):
    return sound_document(MAIN, full_shelf, sources=Bundle("sequences.yaml", FILES))


def test_it_is_one_file_that_says_where_each_part_is_written(several):
    assert effective(several) == WHOLE


def test_what_is_so_where_nothing_is_said_is_shown_on_request(several):
    whole = effective(several, defaults=True)
    said = [line.strip().removesuffix("  # default") for line in whole.splitlines() if line.endswith("# default")]
    assert set(said) == {
        "timezone: UTC",
        "if_already_in: ignore",
        "again_after: never",
        "unknown_contact: create",
        "if_it_fails: hold",
    }
    assert re.sub(r".*  # default\n", "", whole) == WHOLE


@pytest.mark.parametrize("defaults", [False, True])
def test_several_files_as_one_compile_to_the_same(several, full_shelf, defaults):
    again = sound_document(effective(several, defaults=defaults), full_shelf)
    assert compiled(again) == compiled(several)


@pytest.mark.parametrize("defaults", [False, True])
@pytest.mark.parametrize("path", [ROOT / "sequences.yaml", *GOOD], ids=lambda path: path.stem)
def test_every_good_file_compiles_to_the_same(path, defaults, full_shelf):
    document = sound_document(path, full_shelf)
    again = sound_document(effective(document, defaults=defaults), full_shelf)
    assert compiled(again) == compiled(document)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["steps", "then"]) | st.text(min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


def node_of(value, lines, flow):
    match value:
        case dict():
            pairs = {name: (Scalar(0, 0, name, home=lines), node_of(one, lines, flow)) for name, one in value.items()}
            return entries(Scalar(0, 0, None, flow=flow, home=lines), pairs)
        case list():
            children = [node_of(one, lines, flow) for one in value]
            return Items(0, 0, value, 1, flow, children, home=lines)
        case _:
            return Scalar(0, 0, value, home=lines)


@given(st.dictionaries(st.sampled_from(["contact", "triggers", "sequences", "x y"]), VALUES, min_size=1), st.booleans())
def test_whatever_the_values_are_they_are_read_as_the_same_again(data, flow):
    lines = Lines("\n", "x.yaml")
    text = effective(Document("x.yaml", "", node_of(data, lines, flow), lines))
    assert read(text, "y.yaml").data == data


def test_a_part_alone_is_read_as_it_is_written():
    document, problems = examine_alone("include: nowhere.yaml\nsequences: {a: {use: b}}\n", "x.yaml")
    assert document is not None
    assert (document.data, problems) == ({"include": "nowhere.yaml", "sequences": {"a": {"use": "b"}}}, [])
    assert examine_alone("- a\n", "x.yaml")[0] is None
