"""A wrapped text keeps to its room and loses nothing but what the ellipsis stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.graph.metrics import width, wrapped


@given(st.text(min_size=1), st.integers(30, 400), st.booleans(), st.integers(1, 4))
def test_every_line_fits(text: str, room: int, mono: bool, most: int) -> None:
    lines = wrapped(text, room, 12, mono=mono, most=most)
    assert len(lines) <= most
    assert all(width(line, 12, mono=mono) <= room for line in lines)
    if len(lines) < most:
        assert "".join(lines).replace(" ", "") == "".join(text.split())


def test_a_long_name_is_broken_where_its_words_end() -> None:
    lines = wrapped("a_template_with_a_name_of_many_words", 150, 12, mono=True)
    assert lines == ["a_template_with_a_", "name_of_many_words"]


@pytest.mark.parametrize(("text", "least"), [("日本語", 36), ("ÄÖÜ", 25), ("e\u0301", 7)])
def test_other_scripts_have_room_too(text: str, least: float) -> None:
    assert width(text, 12) >= least
