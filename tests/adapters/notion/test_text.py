"""Splitting text for Notion, for every text there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.notion.text import clip, plain_text, split, storable, text_items

TEXTS = st.text(alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("😀👩‍💻é界a")))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(TEXTS, st.integers(2, 9))
def test_pieces_make_the_whole_text_and_none_is_too_long_or_empty(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert "".join(pieces) == text
    assert all(0 < units(piece) <= limit for piece in pieces)


@given(TEXTS, st.integers(2, 9))
def test_pieces_are_as_long_as_they_can_be(text: str, limit: int) -> None:
    assert all(units(piece) >= limit - 1 for piece in split(text, limit)[:-1])


@given(st.text(alphabet=st.sampled_from("a\ud83d\ude00😀")))
def test_halves_of_characters_are_joined_or_replaced(text: str) -> None:
    whole = storable(text)
    whole.encode()
    assert "".join(split(text, 3)) == whole
    assert storable("\ud83d\ude00") == "😀"


@given(TEXTS)
def test_a_text_read_from_its_own_items_is_itself(text: str) -> None:
    assert plain_text(text_items(text)) == text


def test_a_clip_never_ends_inside_a_character() -> None:
    assert clip("a😀b", 2) == "a"
    assert clip("a😀b", 3) == "a😀"
    assert clip("", 3) == ""
