"""What others say is repeated, and not what they were told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.quoting import LONGEST, quoted


@pytest.mark.parametrize(
    ("said", "told", "shown"),
    [
        ("email is missing", {"email": "email"}, "email is missing"),
        ("“Zoé” is too short", {"name": "Zoé"}, "“…” is too short"),
        (r"{\"name\": \"Zo\u00e9\"}", {"name": "Zoé"}, r"{\"name\": \"…\"}"),
        ("Jo has no job", {"name": "Jo"}, "… has no job"),
        ("age 41, in 1841", {"values": [{"age": 41}]}, "age …, in 1841"),
        ("no 5 in 15", {"n": 5, "on": True, "off": None}, "no 5 in 15"),
        ("call +1 416 555 0139x now", {"phone": "+1 416 555 0139"}, "call …x now"),
        ("is it kim@example.com?", None, "is it [address]?"),
        ("two\r\nlines\x00", None, "two lines"),
        ("", {"name": "Zoé"}, ""),
    ],
)
def test_what_was_told_is_left_out(said: str, told: object, shown: str) -> None:
    assert quoted(said, told) == shown


def test_a_secret_is_left_out_before_anything_is_cut() -> None:
    said = quoted("x" * (LONGEST - 4) + "secret-of-ours", None, {"secret-of-ours": "[API key]"})
    assert said == "x" * (LONGEST - 4) + "[API"


@given(st.lists(st.text("abcdefghij é😀", min_size=9), min_size=1), st.sampled_from([json.dumps, str]))
def test_an_echo_of_everything_tells_nothing(texts: list[str], echo: object) -> None:
    told = {f"field {number}": text for number, text in enumerate(texts)}
    assert callable(echo)
    said = quoted(f"could not handle {echo(told)}", told)
    assert not any(text.strip() in said for text in texts if len(text.strip()) > 8 and "field" not in text)
