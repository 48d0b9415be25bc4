"""The folder of verbs is the list of verbs."""

from __future__ import annotations

import pytest

from engine.steps import default_id, kinds, verb_of


def test_every_file_of_the_folder_is_a_verb() -> None:
    assert list(kinds()) == ["alert", "choose", "email", "http", "save", "split", "start", "stop"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"email": "email_1"}, "email_1"),
        ({"email": {"HOT": "a"}}, None),
        ({"wait": "1 day"}, None),
        ({"note": "nothing"}, None),
        ({"alert": "Hello"}, "alert discord"),
        ({"save": {"a": 1, "b": 2}}, "save a b"),
        ({"start": "nurture"}, "start nurture"),
        ({"stop": "enough"}, "stop"),
        ({"stop": {"sequence": "nurture"}}, "stop nurture"),
        ({"when": "a = 1", "choose": []}, "choose"),
        ({"split": {"A": "50%"}, "save_as": "offer"}, "split offer"),
        ({"http": "GET https://example.com/a?b={{ c }}"}, "http GET https://example.com/a"),
    ],
)
def test_the_id_of_a_step_whose_author_gave_none(spec: dict[str, object], expected: str | None) -> None:
    assert default_id(spec) == expected


def test_a_step_is_known_by_its_verb() -> None:
    assert verb_of({"id": "x", "wait": "1 day"}) == "wait"
    assert verb_of({"id": "x"}) is None
