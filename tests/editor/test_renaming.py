"""Renaming a step leaves a trace of its old name, so that people who wait there are found again."""

from __future__ import annotations

import pytest

from server.editor.hovering import pointed_at
from server.editor.renaming import CannotRename, renamed, rewritten

STEPS = (
    "sequences:\n  a:\n    steps:\n      - email: hello\n      - email: {HOT: hot, COLD: cold}\n        id: second\n"
)


def after(text: str, word: str, new: str) -> str:
    pointed = pointed_at(text, text.index(word))
    assert pointed is not None
    for start, end, written in sorted(rewritten(text, pointed, new).edits, reverse=True):
        text = text[:start] + written + text[end:]
    return text


def test_a_step_with_an_id_gets_another_and_says_what_it_was() -> None:
    assert after(STEPS, "second", "offer") == STEPS.replace("id: second", "id: offer\n        was: second")


def test_an_email_without_an_id_gets_one() -> None:
    changed = after(STEPS, "hello", "greeting")
    assert changed == STEPS.replace("email: hello", "email: hello\n        id: greeting\n        was: hello")


def test_line_breaks_stay_those_of_the_file() -> None:
    windows = STEPS.replace("\n", "\r\n")
    assert after(windows, "second", "offer") == after(STEPS, "second", "offer").replace("\n", "\r\n")


@pytest.mark.parametrize("word", ["sequences", "HOT", "hot"])
def test_what_is_no_step_cannot_be_renamed(word: str) -> None:
    with pytest.raises(CannotRename, match="only a step can be renamed"):
        renamed(STEPS, STEPS.index(word), "new")
