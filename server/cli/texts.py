"""Which templates there are, which steps use them, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidFile
from server.cli.files import content

if TYPE_CHECKING:
    from engine.language.document import Document
    from engine.language.document import Path as Trail
    from engine.model import TemplateText, Value, Vocabulary


def document_of(path: Path) -> Document:
    """The file as far as it can be read, with whatever mistakes; ``InvalidFile`` when YAML cannot read it at all."""
    from engine.language.source import examine

    document, problems = examine(content(path), str(path))
    if document is None:
        raise InvalidFile(problems)
    return document


def uses(document: Document) -> dict[str, list[str]]:
    """The steps that use each template, as ``sequence: step``."""
    from engine.language.schema import roles

    found: dict[str, list[str]] = {}
    for place in roles(document.data).get("template", ()):
        if isinstance(place.value, str):
            found.setdefault(place.value, []).append(_step(document.data, place.path))
    return {name: list(dict.fromkeys(steps)) for name, steps in found.items()}


def _step(data: Mapping[str, Any], path: Trail) -> str:
    from engine.steps import default_id

    spec: Any = data
    for part in path[: _depth(path)]:
        spec = spec[part]
    name = spec.get("id") or default_id(spec) or "a step without id"
    return f"{path[1]}: {name}"


def _depth(path: Trail) -> int:
    """How many parts of the path lead to the step: up to its last list index."""
    return max(index for index, part in enumerate(path) if isinstance(part, int)) + 1


def faults(template: TemplateText, vocabulary: Vocabulary) -> Iterator[str]:
    """What keeps a template from being sent, a sentence each."""
    from engine.errors import Unrenderable
    from engine.rendering import RESERVED, has_unsubscribe, render, variables

    try:
        unknown = [use for use in variables(template) if use.name not in vocabulary.fields and use.name not in RESERVED]
        for use in unknown:
            yield f'line {use.line}: no field is called "{use.name}" (it says: "{use.excerpt}")'
        if not has_unsubscribe(template):
            yield "there is no place to unsubscribe: put {{ unsubscribe_url }} into a link"
        if not unknown:
            render(template, sample_values(vocabulary))
    except Unrenderable as flaw:
        yield str(flaw)


def sample_values(vocabulary: Vocabulary) -> dict[str, Value]:
    """A value for every field: its default, else one that fits; and what the engine supplies."""
    from engine.scene import value_of
    from server.cli.samples import sample

    fields = {
        name: field.default if field.default is not None else sample(field, vocabulary)
        for name, field in vocabulary.fields.items()
    }
    fields = {name: value_of(vocabulary, fields, name) for name in fields}  # what is computed follows from the others
    return {**fields, "unsubscribe_url": "http://127.0.0.1:8000/u/sample", "sender_name": "busos"}
