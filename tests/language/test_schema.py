"""The schema teaches every word, and means the same to every program that reads it."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator

from engine.language.schema import resolve, schema, verbs
from engine.steps import WAIT, kinds


def words():
    """Every word that can stand in a file, with its part of the schema."""
    parts = [("the file", schema()), *schema()["$defs"].items()]
    todo = [(name, part) for name, part in parts]
    while todo:
        name, part = todo.pop()
        for word, inner in part.get("properties", {}).items():
            yield f"{name}.{word}", inner
            todo.append((f"{name}.{word}", inner))
        for way in part.get("anyOf", ()):
            todo.append((name, way))


def test_the_schema_is_valid():
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(("word", "part"), [pytest.param(*pair, id=pair[0]) for pair in words()])
def test_a_word_has_a_description_a_default_and_examples_that_are_right(word, part):
    whole = resolve(part)
    assert re.search(r"[A-Za-z].*[.}\]A-Za-z0-9]$", whole["description"])
    assert "default" in whole
    assert whole["examples"]
    validator = Draft202012Validator({**part, "$defs": schema()["$defs"]})
    for example in whole["examples"]:
        assert validator.is_valid(example), (word, example)


def test_patterns_mean_the_same_in_python_javascript_and_rust():
    patterns = re.findall(r"'pattern': '([^']*)'", str(schema()))
    assert len(patterns) >= 5
    for pattern in patterns:
        assert not re.search(r"\\[dDsSwWbB]|\(\?", pattern)
        assert pattern.startswith("^")


def test_every_mapping_says_which_keys_it_may_have():
    def mappings(part):
        if isinstance(part, dict):
            if part.get("type") == "object":
                yield part
            for inner in part.values():
                yield from mappings(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from mappings(inner)

    assert all("additionalProperties" in part for part in mappings(schema()))


def test_the_verbs_of_the_schema_are_the_verbs_of_the_engine():
    assert sorted(verbs()) == sorted([*kinds(), WAIT])
