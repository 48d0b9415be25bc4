"""Unsubscribe links: only ours are read, and they fit in a URL."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.runtime.links import WayOut, make_token, read_token, unsubscribe_url

NAME = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


@given(st.text(), NAME, st.none() | NAME)
def test_a_link_names_its_contact_and_is_safe_in_a_url(key: str, contact: str, sequence: str | None) -> None:
    key = key.encode("utf-8", "replace").decode()
    url = unsubscribe_url("https://www.example.com/", key, contact, sequence)
    assert re.fullmatch(r"https://www\.example\.com/u/[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}", url)
    assert read_token(key, url.rpartition("/")[2]) == WayOut(contact, sequence)


@given(st.text())
def test_no_other_text_is_a_token(text: str) -> None:
    assert read_token("key", text) is None


def test_a_token_of_another_key_or_contact_is_refused() -> None:
    one, other = make_token("key", "contact-1"), make_token("key", "contact-2")
    assert read_token("other key", one) is None
    assert read_token("key", one.split(".")[0] + "." + other.split(".")[1]) is None


@pytest.mark.parametrize("cut", [1, 5, 22, 23])
def test_a_token_that_was_cut_short_is_refused(cut: int) -> None:
    assert read_token("key", make_token("key", "contact-1")[:-cut]) is None
