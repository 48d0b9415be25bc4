"""What a trigger takes, and where each value stands in the payloads it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from engine.language.paths import parse_path
from engine.language.vocabulary import payload_path
from engine.model import Field, PayloadPath, Take, Vocabulary
from engine.providers import Provider, providers


def takes_of(spec: Mapping[str, Any], words: Vocabulary) -> tuple[Take, ...]:
    """The fields of a sound trigger: those it requires, then those it accepts."""
    required = [Take(field=name, required=True) for name in spec.get("requires", ())]
    pairs = [(item, None) if isinstance(item, str) else next(iter(item.items())) for item in spec.get("accepts", ())]
    accepted = [Take(field=name, otherwise=value) for name, value in pairs]
    return tuple(replace(take, path=path_of(words.fields[take.field], spec)) for take in (*required, *accepted))


def path_of(field: Field, spec: Mapping[str, Any]) -> PayloadPath | None:
    """Where a field stands: what the trigger says wins over what its provider does, and that over the field's own."""
    own = payload_path(spec.get("paths", {}).get(field.name))
    provider = providers().get(spec.get("from", ""))
    return own or (provided(provider, field) if provider else None) or field.path


def provided(provider: Provider, field: Field) -> PayloadPath | None:
    """Where a provider sends a field; None where nobody can know."""
    return _chained(path for text in provider.places(field) if isinstance(path := parse_path(text), PayloadPath))


def _chained(paths: Iterable[PayloadPath]) -> PayloadPath | None:
    found: PayloadPath | None = None
    for path in reversed(list(paths)):
        found = replace(path, otherwise=found)
    return found


def events_of(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The provider's events that start a trigger; without any named, the one that is meant nearly always."""
    provider = providers().get(spec.get("from", ""))
    return tuple(spec.get("events", provider.EVENTS[:1])) if provider else ()
