"""A trigger that a provider calls: its events are ones the provider has, and every field stands somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.document import Path
from engine.language.schema import Place
from engine.language.spelling import did_you_mean
from engine.language.taking import provided
from engine.language.vocabulary import as_dict, as_list
from engine.providers import Provider, providers


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``from:`` and ``events:`` of a trigger."""
    for place in book.mappings("trigger-definition"):
        provider = providers().get(str(place.value.get("from")))
        if provider is not None:
            yield from _events(book, place, provider)
            yield from _nowhere(book, place, provider)
        elif "events" in place.value and "from" not in place.value:
            message = '"events" belongs to a trigger with "from", and this one has none'
            hint = f"add  from: {' or '.join(providers())}"
            yield book.problem((*place.path, "events"), "misplaced-key", message, hint=hint)


def _events(book: Checkable, place: Place, provider: Provider) -> Iterator[Problem]:
    for index, name in enumerate(as_list(place.value.get("events"))):
        if isinstance(name, str) and name not in provider.EVENTS:
            here = Place((*place.path, "events", index), name)
            message = f'busos knows no event "{name}" of {provider.TITLE}'
            hint = did_you_mean(name, provider.EVENTS) or f"it knows {', '.join(provider.EVENTS)}"
            yield book.problem(here, "unknown-event", message, hint=hint, severity=Severity.WARNING)


def _nowhere(book: Checkable, place: Place, provider: Provider) -> Iterator[Problem]:
    """Fields that the provider does not send, and of which nothing says where they stand."""
    told = as_dict(place.value.get("paths"))
    for name, path in _taken(place.value, place.path):
        field = book.vocabulary.fields.get(name)
        if field and not field.path and not field.computed and name not in told and not provided(provider, field):
            message = f'nobody knows where {provider.TITLE} sends "{name}"'
            known = did_you_mean(name, provider.FIELDS)
            hint = known or f"say where it stands:  paths: {{{name}: …}}"
            yield book.problem(Place(path, name), "provider-field", message, hint=hint)


def _taken(spec: dict[str, Any], path: Path) -> Iterator[tuple[str, Path]]:
    """Each field with its place; one with a value for when it is not sent need not be sent at all."""
    for word in ("requires", "accepts"):
        for index, item in enumerate(as_list(spec.get(word))):
            if isinstance(item, str):
                yield item, (*path, word, index)
