"""Whatever is on the page, however broken: an answer, never a fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.files import FileTemplates
from engine.language.checking import read_and_check
from engine.language.source import examine
from server.editor.completing import complete
from server.editor.cursor import cursor_at
from server.editor.hovering import explain, pointed_at
from server.editor.positions import Ruler
from server.editor.sight import Sight
from tests.fences import ROOT

SHIPPED = (ROOT / "sequences.yaml").read_text(encoding="utf-8")
FILES = [*sorted((ROOT / "tests/bad").glob("*.yaml")), *sorted((ROOT / "tests/good").glob("*.yaml"))]


@pytest.fixture(scope="module")
def sight() -> Sight:
    document, _ = examine(SHIPPED, "sequences.yaml")
    assert document is not None
    return Sight.of(document, FileTemplates(ROOT / "templates"))


def test_every_beginning_of_the_shipped_file_is_answered(sight: Sight) -> None:
    for offset in range(len(SHIPPED) + 1):
        for found in complete(SHIPPED[:offset], offset, sight):
            assert 0 <= found.start <= found.end <= offset
        explain(SHIPPED, offset, sight)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_place_of_a_bad_file_is_answered(path: Path, sight: Sight) -> None:
    text = path.read_bytes().decode("utf-8", "replace")[:3000]
    for offset in range(0, len(text), 7):
        for found in complete(text, offset, sight):
            assert 0 <= found.start <= offset <= max(found.end, offset)
        pointed_at(text, offset)


@pytest.mark.parametrize("path", sorted((ROOT / "docs/cookbook").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_beginning_of_a_line_is_judged(path: Path) -> None:
    """What stands there while somebody types: a hyphen, a key without its value, half a word."""
    text = path.read_text(encoding="utf-8")
    shelf = FileTemplates(ROOT / "docs/cookbook/templates")
    for found in re.finditer(r"(?m)^ *(?:- )?(?:\w+:)?(?: \S)?", text):
        for rest in ("", text[found.end() :].partition("\n")[2]):
            _, problems = read_and_check(f"{text[: found.end()]}\n{rest}", path.name, shelf)
            assert all(one.line > 0 for one in problems)


@settings(deadline=None)
@given(st.text(alphabet="ab:-# '\"|>[]{}\n\r,&*?é😀", max_size=80), st.data())
def test_any_text_has_an_answer(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    cursor = cursor_at(Ruler(text), offset)
    assert cursor is None or cursor.start <= offset <= cursor.end
    complete(text, offset, None)
    explain(text, offset, None)


@given(st.text(alphabet="aé😀\n\r", max_size=40))
def test_an_offset_and_its_place_are_the_same(text: str) -> None:
    ruler = Ruler(text)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] != "\r\n":
            assert ruler.offset(ruler.position(offset)) == offset


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sequences:\n  a:\n    steps:\n    - email: ‸", ("sequences", "a", "steps", 0, "email")),
        (
            "sequences:\n  a:\n    steps:\n      - wait: 1\n        testing: ‸",
            ("sequences", "a", "steps", 0, "testing"),
        ),
        ("triggers:\n  a:\n    requires: [email,\n      na‸", ("triggers", "a", "requires", 0)),
        ("contact:\n  a: {type: choice, choices: [x, ‸", ("contact", "a", "choices", 0)),
        ("contact:\n  a: {type: text}\n\n  # b\n  ‸", ("contact",)),
        ("a:\n  'b c':\n    ‸", ("a", "b c")),
        ("‸", ()),
    ],
)
def test_the_path_of_a_place_is_told_by_its_lines(text: str, path: tuple[str | int, ...]) -> None:
    cursor = cursor_at(Ruler(text.replace("‸", "")), text.index("‸"))
    assert cursor is not None
    assert cursor.path == path
