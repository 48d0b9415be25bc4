"""A whole file: the shipped one and the good ones have no problem; the worst ones have only problems."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import MOST_PROBLEMS, Severity
from engine.language.checking import all_checks, check, read_and_check, vocabulary
from engine.language.report import as_text
from engine.language.source import read
from engine.model import Compare, FieldType, TemplateText
from engine.rendering import TemplateFlaw
from tests.language.conftest import FakeShelf

ROOT = Path(__file__).parents[2]
GOOD = sorted((ROOT / "tests" / "good").glob("*.yaml"))
_NAMES = ("1", "2a_critical", "2b_urgent", "2c_optimize", "3", "4", "5a_critical", "5b_urgent", "5c_optimize")
NINE = [f"email_{name}" for name in _NAMES]


def told(text, shelf, name="x.yaml"):
    return as_text(read_and_check(text, name, shelf)[1], {}, name)


def test_the_shipped_file_has_no_problem_when_its_nine_templates_are_there(shelf):
    nine = type(shelf)(dict.fromkeys(NINE, "Hello, {{ first_name }}."))
    assert told((ROOT / "sequences.yaml").read_bytes(), nine) == "0 errors, 0 warnings in x.yaml\n"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_has_no_problem(path, full_shelf):
    assert told(path.read_bytes(), full_shelf) == "0 errors, 0 warnings in x.yaml\n"


def test_every_file_in_the_folder_of_checks_is_a_check():
    files = {path.stem for path in (ROOT / "engine/language/checks").glob("*.py")} - {"__init__"}
    assert set(all_checks()) == files


def test_problems_come_sorted_by_place(full_shelf):
    document = read((ROOT / "tests/bad/several-at-once.yaml").read_bytes(), "x.yaml")
    places = [(problem.line, problem.column) for problem in check(document, full_shelf)]
    assert len(places) > 5
    assert places == sorted(places)


def test_mistakes_of_yaml_and_of_meaning_are_told_together(full_shelf):
    text = "version: 1\nversion: 1\ntimezone: Nowhere\ncontact: {email: {type: email}}\n"
    rules = [problem.rule for problem in read_and_check(text, "x.yaml", full_shelf)[1]]
    assert rules == ["duplicate-key", "zone"]


def test_an_unreadable_file_has_no_document(full_shelf):
    document, problems = read_and_check("a: [", "x.yaml", full_shelf)
    assert document is None
    assert [problem.severity for problem in problems] == [Severity.ERROR]


def test_the_vocabulary_holds_fields_segments_and_zone():
    words = vocabulary(read((ROOT / "sequences.yaml").read_bytes(), "sequences.yaml"))
    assert words.fields["red_systems"].maximum == 8
    assert words.fields["signup_source"].choices == ("web_form", "landing_page")
    assert words.fields["first_name"].default == "there"
    assert [(rule.name, rule.condition and rule.condition.text) for rule in words.segments] == [
        ("CRITICAL", "red_systems >= 2"),
        ("URGENT", "red_systems = 1 or orange_systems >= 2"),
        ("OPTIMIZE", None),
    ]
    assert isinstance(words.segments[0].condition.test, Compare)
    assert (words.zone.key, words.segment_field, words.zone_field) == ("America/Toronto", "segment", None)


def test_the_vocabulary_of_a_broken_file_holds_what_can_be_read():
    text = """
timezone: 7
contact: {email: email, a: {type: txt, min: low, choices: {x: 1}}, b: {type: [x], max_length: true, notion: 3}}
segments: [A, {B: 1, C: nonsense here}, {otherwise: none}]
"""
    words = vocabulary(read(text, "x.yaml"))
    assert {name: field.type for name, field in words.fields.items()} == {
        "email": FieldType.TEXT,
        "a": FieldType.TEXT,
        "b": FieldType.TEXT,
    }
    assert [(rule.name, rule.condition) for rule in words.segments] == [("B", None), ("C", None)]
    assert words.zone.key == "UTC"


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.sampled_from(["", "x", "now", "email", "otherwise", "1 day"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["email", "wait", "when", "steps", "type", "otherwise", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from places(child, (*path, name))


def replaced(value, path, junk):
    if not path:
        return junk
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], junk)
    return copy


WHOLE = [read(path.read_bytes(), path.name).data for path in [ROOT / "sequences.yaml", *GOOD]]


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_file_with_junk_anywhere_gets_problems_and_no_traceback(data, full_shelf):
    whole = data.draw(st.sampled_from(WHOLE))
    path = data.draw(st.sampled_from([path for path in places(whole) if path]))
    text = json.dumps(replaced(whole, path, data.draw(JUNK)), ensure_ascii=False)
    document, problems = read_and_check(text, "x.yaml", full_shelf)
    assert document is not None
    for problem in problems:
        assert problem.message
        assert problem.end_column >= problem.column >= 1


def test_checking_imports_nothing_heavy():
    code = "import sys, engine.language.checking; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["litestar", "sqlalchemy", "alembic", "huey", "httpx", "notion_client", "rich", "email_validator"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["", "America", "../etc/passwd", "/etc/localtime", "a\\x00b", "x" * 300, "toronto"])
def test_a_name_that_is_no_time_zone_is_told_and_nothing_else_happens(name, full_shelf):
    text = f'version: 1\ntimezone: "{name}"\ncontact: {{email: {{type: email}}}}\n'
    assert [problem.rule for problem in read_and_check(text, "x.yaml", full_shelf)[1]] == ["zone"]


def test_what_a_message_quotes_from_the_file_is_cut_and_stays_on_one_line(full_shelf):
    text = f"version: 1\ntimezone: |\n  a\n  {'b' * 9000}\ncontact: {{email: {{type: email}}}}\n"
    (problem,) = read_and_check(text, "x.yaml", full_shelf)[1]
    assert problem.message.startswith('"a bbbb')
    assert len(problem.message) == 403


def test_a_file_of_mistakes_is_told_whole(full_shelf):
    steps = "".join(f"      - emial: a{number}\n" for number in range(500))
    text = f"version: 1\ncontact: {{email: {{type: email}}}}\nsequences:\n  s:\n    steps:\n{steps}"
    rules = [problem.rule for problem in read_and_check(text, "x.yaml", full_shelf)[1]]
    assert rules == ["unstarted-sequence", *["unknown-key"] * 500]


class TornShelf:
    """A shelf on which every template is torn."""

    def find(self, name: str) -> TemplateText | None:
        raise TemplateFlaw("there is no line of dashes at the top", 1, "", f"templates/{name}.md")

    def names(self) -> Sequence[str]:
        return ()


def test_a_template_that_cannot_even_be_opened_is_a_problem_beside_the_others() -> None:
    text = """\
version: 1
email: {from: sang@example.com}
contact: {email: {type: email}}
triggers: {enter: {requires: [email], then: [{start: course}]}}
sequences: {course: {steps: [{email: one}, {wait: 3 houres}, {email: two}]}}
"""
    _, problems = read_and_check(text, "sequences.yaml", TornShelf())

    assert [problem.rule for problem in problems] == ["template-syntax", "duration", "template-syntax"]
    assert problems[0].message == 'template "one" cannot be read: line 1: there is no line of dashes at the top'


def test_a_way_to_write_fields_is_foreign_only_where_it_may_be_meant(full_shelf):
    text = """\
version: 1
contact: {email: {type: email}, first_name: {type: text, default: there}}
triggers: {enter: {requires: [email, first_name], then: [{alert: "[Read this] and [First Name], 100%sure%"}]}}
"""
    _, problems = read_and_check(text, "sequences.yaml", full_shelf)

    assert [problem.message for problem in problems] == ['"[First Name]" would be sent as it stands']


def test_a_brace_too_few_in_a_template_is_told_once():
    shelf = FakeShelf({"one": "Hello {first_name}, {{ email }}"})
    text = """\
version: 1
email: {from: sang@example.com}
contact: {email: {type: email}, first_name: {type: text, default: there}}
triggers: {enter: {requires: [email], then: [{start: course}]}}
sequences: {course: {steps: [{email: one}]}}
"""
    _, problems = read_and_check(text, "sequences.yaml", shelf)

    assert len(problems) == 1


def test_of_a_file_with_more_mistakes_than_anybody_reads_the_first_are_told(full_shelf):
    steps = "".join(f"      - emial: a{number}\n" for number in range(MOST_PROBLEMS + 7))
    text = f"version: 1\ncontact: {{email: {{type: email}}}}\nsequences:\n  s:\n    steps:\n{steps}"
    problems = read_and_check(text, "x.yaml", full_shelf)[1]
    assert [problem.rule for problem in problems] == [*["unknown-key"] * MOST_PROBLEMS, "too-many"]
    assert (problems[-1].line, problems[-1].message) == (
        MOST_PROBLEMS + 5,
        "there are 1,000 problems up to here, and more may follow",
    )


@pytest.mark.parametrize("text", ["a: 1\n" * 2000, "a:\n" + "\t- x\n" * 2000, "a: [" + "1,\t" * 2000 + "]\n"])
def test_what_yaml_objects_to_without_end_is_told_to_an_end(text, full_shelf):
    assert len(read_and_check(text, "x.yaml", full_shelf)[1]) <= MOST_PROBLEMS + 1
