"""Where things stand in a file."""

from __future__ import annotations

import pytest

from engine.language.document import Span
from engine.language.source import read

TEXT = """\
name: Ada  # a person
list:
  - one
  - {two: 2}
empty:
"quoted": "a b c"
escaped: "a \\"b\\" c"
folded: two
  lines
block: |
  first
  second
deep:
  a:
    b: x
"""


@pytest.fixture(scope="module")
def document():
    return read(TEXT, "x.yaml")


@pytest.mark.parametrize(
    ("path", "span"),
    [
        (("name",), Span(1, 7, 1, 10)),
        (("list",), Span(3, 5, 3, 8)),
        (("list", 0), Span(3, 5, 3, 8)),
        (("list", 1), Span(4, 5, 4, 13)),
        (("list", 1, "two"), Span(4, 11, 4, 12)),
        (("quoted",), Span(6, 11, 6, 18)),
        (("folded",), Span(8, 9, 8, 12)),
        (("block",), Span(10, 8, 10, 9)),
        (("deep",), Span(14, 3, 14, 4)),
        ((), Span(1, 1, 1, 5)),
    ],
)
def test_a_value_has_its_place_cut_to_one_line(document, path, span):
    assert document.span(path) == span


def test_a_key_has_a_place_too(document):
    assert document.span(("deep", "a", "b"), key=True) == Span(15, 5, 15, 6)
    assert document.span(("quoted",), key=True) == Span(6, 1, 6, 9)


def test_an_empty_value_is_shown_by_its_key(document):
    assert document.span(("empty",)) == Span(5, 1, 5, 6)


def test_what_is_not_there_is_shown_by_the_nearest_thing_around_it(document):
    assert document.span(("deep", "a", "missing")) == document.span(("deep", "a"))
    assert document.span(("list", 7)) == document.span(("list",))
    assert document.span(("name", "first"), key=True) == document.span(("name",))


def test_a_part_of_a_text_has_its_place_plain_or_quoted(document):
    assert document.inside(("name",), 1, 3) == Span(1, 8, 1, 10)
    assert document.inside(("quoted",), 2, 3) == Span(6, 14, 6, 15)


def test_a_flaw_of_no_length_is_one_character_wide(document):
    assert document.inside(("name",), 3, 3) == Span(1, 10, 1, 11)
    assert document.inside(("quoted",), 2, 2) == Span(6, 14, 6, 15)


@pytest.mark.parametrize("name", ["escaped", "folded", "block"])
def test_where_escapes_or_line_breaks_hide_the_part_the_whole_is_shown(document, name):
    assert document.inside((name,), 2, 3) == document.span((name,))


def test_a_part_of_something_that_is_no_text_is_the_whole_of_it(document):
    assert document.inside(("list", 1, "two"), 0, 1) == document.span(("list", 1, "two"))


def test_the_line_of_a_path_is_that_of_its_key(document):
    assert document.line(("block",)) == 10
    assert document.line(("list", 1, "two")) == 4
    assert document.line(("deep", "a", "b")) == 15


def test_columns_count_characters_and_not_bytes():
    assert read("é😀: [ü, x]", "x.yaml").span(("é😀", 1)) == Span(1, 9, 1, 10)
