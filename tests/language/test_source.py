"""Reading YAML: what a word means, where a value stands, and that nothing ever crashes the reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidFile
from engine.language.checking import read_and_check
from engine.language.document import Lines, Span
from engine.language.source import MAX_BYTES, examine, read
from engine.language.syntax import explain

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


def corpus(name):
    path = CORPORA / name
    if not path.exists():
        return None
    return json.loads(path.read_text(encoding="utf-8"))


def rules(text):
    return [problem.rule for problem in examine(text, "x.yaml")[1]]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("+15551234", 15551234),
        ("0o17", 15),
        ("0xff", 255),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1e3", 1000.0),
        ("2.", 2.0),
    ],
)
def test_an_unquoted_word_means_what_yaml_1_2_core_says(word, value):
    data = read(f"a: {word}", "x.yaml").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value)


@pytest.mark.parametrize(
    "word",
    ["on", "off", "yes", "No", "y", "9:00", "12:30:45", "2025-11-12", "012", "02134", "1_000", "1,5", ".inf", ".nan"],
)
def test_words_that_older_yaml_would_change_stay_text(word):
    assert read(f"a: {word}", "x.yaml").data == {"a": word}


@pytest.mark.parametrize("word", ["9" * 30, "1e999", "0x" + "f" * 40])
def test_a_number_too_long_to_count_with_stays_text(word):
    assert read(f"a: {word}", "x.yaml").data == {"a": word}


@pytest.mark.parametrize("text", ['a: "true"', "a: 'true'", "a: |-\n  true", "a: >-\n  true"])
def test_quotes_and_blocks_make_text(text):
    assert read(text, "x.yaml").data == {"a": "true"}


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm():
    document = read(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - x\r\n", "x.yaml")
    assert document.data == {"a": 1, "b": ["x"]}
    assert document.span(("b", 0)) == Span(3, 5, 3, 6)


def test_text_and_bytes_read_alike():
    assert read("a: é", "x.yaml").data == read("a: é".encode(), "x.yaml").data


def test_reading_raises_with_all_problems_of_the_yaml():
    with pytest.raises(InvalidFile) as raised:
        read("a: 1\na: 2\nb: !!str 3\n1: 2\n? [x]\n: 3\n", "x.yaml")
    assert [(problem.line, problem.rule) for problem in raised.value.problems] == [
        (2, "duplicate-key"),
        (3, "explicit-tag"),
        (4, "non-text-key"),
        (5, "non-text-key"),
    ]


def test_reading_an_unreadable_file_raises_too():
    with pytest.raises(InvalidFile, match=r"x\.yaml:1:4: this \" opens a text that is never closed"):
        read('a: "x', "x.yaml")


def test_a_file_over_the_limit_is_refused_before_it_is_parsed():
    (problem,) = examine("#" * (MAX_BYTES + 1), "sequences.yaml")[1]
    assert problem.message == "the file has more than 1,000,000 bytes"
    assert not rules("a: 1\n#" + "x" * (MAX_BYTES - 6))


@pytest.mark.parametrize("text", ["[" * 30_000, "{" * 30_000, "- " * 30_000, "? " * 3_000, "a: [" * 20_000])
def test_nesting_without_end_is_refused_and_does_not_crash_the_process(text):
    assert rules(text) == ["too-deep"]


def test_half_a_character_in_a_text_is_told_with_its_place():
    (problem,) = examine("a: 1\nb: \ud800", "x.yaml")[1]
    assert (problem.rule, problem.line, problem.column) == ("not-utf-8", 2, 4)


def test_merged_keys_lose_against_those_beside_them_and_earlier_ones_win():
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  <<: [*a, *b]\n  x: 0\n"
    assert read(text, "x.yaml").data["c"] == {"x": 0, "y": 1, "z": 2}


def test_the_place_of_a_merged_value_is_where_it_is_written():
    document = read("a: &a {x: 1}\nb:\n  <<: *a\n", "x.yaml")
    assert document.span(("b", "x")) == Span(1, 11, 1, 12)
    assert document.span(("b", "x"), key=True) == Span(1, 8, 1, 9)


def test_an_anchor_is_no_part_of_the_value_it_marks():
    assert read("a: &name hello\nb: *name", "x.yaml").span(("b",)) == Span(1, 10, 1, 15)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: '\tx'\nb: |\n  x\ty\n# \t\nc: 1\t\n", None),
        ("a:\t1", (1, 3)),
        ("a: {b:\t1} # x", (1, 7)),
        ("a:\n  b: [1,\t\t2]", (2, 9)),
    ],
)
def test_tabs_are_refused_only_where_they_stand_between_values(text, place):
    problems = examine(text, "x.yaml")[1]
    assert [(problem.line, problem.column) for problem in problems if problem.rule == "tab"][:1] == (
        [place] if place else []
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("a: 'x", "missing-quote"),
        ('a: "b\n\nc: "d"', "missing-quote"),
        ("\ta: 1", "tab"),
        ("a:\n\tb: 1", "tab"),
        ("%x: 1", "reserved-character"),
        ("a: `x`", "reserved-character"),
        ("a: &", "reserved-character"),
        ("a: [b: {", "yaml"),
        ("a: |2x\n b", "reserved-character"),
        ("a: !<x", "explicit-tag"),
        ("a: !foo!x 1", "explicit-tag"),
        ("a: ! x", "explicit-tag"),
        ("a: !%a\t|", "explicit-tag"),
        ('a: "\\U00ffffff"', "escape"),
        ("a: 1\n...\nb: 2", "many-documents"),
        ("a: {b: hello {{ x }} }", "unquoted-braces"),
        ("a: [1, 2", "bracket"),
        ("a: }", "bracket"),
        ("- a\nb: 1", "indentation"),
        ("a: 1\n- b", "indentation"),
        ("a: 1\n b: 2", "indentation"),
        ("a: {b: 1}}\n", "bracket"),
        ('a: "b\nc" d\n', "missing-quote"),
        ("a: 'b\n c' d\n", "missing-quote"),
        ("a:\n\u00a0 b: 1\n c: 2\n", "indentation"),
        ("- x\n\u00a0- y\n", "indentation"),
        ("? ", "non-text-key"),
        ("a: b: c", "colon-in-text"),
        ("a:b\nc: 1", "missing-space"),
        ("c: 1\na:b\n", "missing-space"),
        ("'only text'", "not-a-mapping"),
        ("", "empty-file"),
        ("---\n", "empty-file"),
        ("--- \n...\n", "empty-file"),
    ],
)
def test_what_libyaml_says_is_said_in_plain_words(text, rule):
    assert rules(text) == [rule]


def test_no_message_of_libyaml_reaches_anybody():
    cases = ["a: *", "a: @", "a: [", "a: }", "%YAML 9.9\n---\na: 1", "a: !", 'a: "\\q"', "a: 1\n  b", "a: >9 x"]
    words = ("expected", "scalar", "token", "block", "flow", "mapping values", "directive")
    for text in cases:
        for problem in examine(text, "x.yaml")[1]:
            assert not any(word in f"{problem.message} {problem.hint}" for word in words), text


def test_the_yaml_test_suite_is_read_or_refused_with_a_place(full_shelf):
    cases = corpus("yaml_test_suite.json")
    if cases is None:
        pytest.skip("YAML test suite: ../shared/corpora/yaml_test_suite.json is missing")
    for case in cases["cases"]:
        document, problems = read_and_check(case["yaml"], "x.yaml", full_shelf)
        assert document is not None or problems, case["id"]
        assert problems or not case["fail"], case["id"]
        assert all(problem.line >= 1 and problem.column >= 1 for problem in problems), case["id"]


def test_what_the_yaml_test_suite_reads_as_a_mapping_has_its_values():
    cases = corpus("yaml_test_suite.json")
    if cases is None:
        pytest.skip("YAML test suite: ../shared/corpora/yaml_test_suite.json is missing")
    # Three places where libyaml, a YAML 1.1 parser, differs: a question mark, trailing spaces, an anchor's name.
    differs = {"652Z", "L24T-1", "Y2GN"}
    compared = 0
    for case in cases["cases"]:
        document, problems = examine(case["yaml"], "x.yaml")
        if document is not None and not problems and case.get("json") and case["id"] not in differs:
            assert document.data == json.loads(case["json"]), case["id"]
            compared += 1
    assert compared > 80


def test_naughty_strings_are_values_or_are_refused(full_shelf):
    strings = corpus("naughty_strings.json")
    if strings is None:
        pytest.skip("naughty strings: ../shared/corpora/naughty_strings.json is missing")
    for text in strings["strings"]:
        quoted = json.dumps(text, ensure_ascii=False)
        document, problems = examine(f"a: {quoted}\nb: {text}\n", "x.yaml")
        assert document is not None or problems
        alone, problems = examine(f"a: {quoted}\n", "x.yaml")
        if alone is not None:
            assert alone.data == {"a": text}
        else:
            assert {problem.rule for problem in problems} <= {"control-character", "not-utf-8"}


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200))
def test_no_text_at_all_crashes_the_reader(text):
    document, problems = examine(text, "x.yaml")
    assert document is not None or problems


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-{}[]#&*!|>'\"%@`\\\n\t ,?<.1", max_size=40))
def test_no_yaml_like_text_crashes_the_reader(text):
    document, problems = examine(text, "x.yaml")
    assert document is not None or problems
    for problem in problems:
        assert problem.end_column >= problem.column >= 1


def test_a_parser_that_counts_levels_itself_says_the_same():
    """That of PyYAML 6.0.4 stops at a thousand levels, before ours can count them."""
    mark = yaml.Mark("", 1000, 0, 1000, None, None)
    error = yaml.MarkedYAMLError("while increasing flow level", mark, "exceeded maximum nesting depth", mark)
    trouble = explain(error, Lines("[" * 2000), None)
    assert (trouble.rule, trouble.at) == ("too-deep", (1000, 1000))
    assert trouble.message == "values are nested deeper than 50 here"
