"""The quick judge and the one that explains say the same of every file: good, bad, and made by chance."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.schema import schema
from engine.language.source import examine
from engine.language.validator import _explainer, _judge, errors

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "tests" / "bad").rglob("*.yaml"), *(ROOT / "tests" / "good").rglob("*.yaml")])


def data_of(path: Path) -> Any:
    document, _ = examine(path.read_bytes(), path.name)
    return document.data if document else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_both_agree_on_every_file_there_is(path: Path) -> None:
    data = data_of(path)
    assert _judge("").is_valid(data) is _explainer("").is_valid(data)


SHIPPED = data_of(ROOT / "sequences.yaml")
ODD = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)  # what YAML calls .inf is a text here
    | st.text(max_size=8)
    | st.just([])
    | st.just({})
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (mapping or list, key) of plain data."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in pairs for found in [(value, key), *places(inner)]]


@given(st.data())
def test_both_agree_on_the_shipped_file_with_something_else_in_one_place(data: st.DataObject) -> None:
    changed = copy.deepcopy(SHIPPED)
    home, key = data.draw(st.sampled_from(places(changed)))
    home[key] = data.draw(ODD)
    assert _judge("").is_valid(changed) is _explainer("").is_valid(changed)


def test_a_right_file_has_no_errors_and_a_part_is_judged_by_itself() -> None:
    assert errors(SHIPPED) == ()
    assert errors({"type": "text"}, "field") == ()
    assert [error.validator for error in errors({"type": "texts"}, "field")] == ["enum"]


def test_the_schema_itself_is_one() -> None:
    _explainer("").check_schema(schema())
