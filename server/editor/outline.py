"""The parts of a file as a tree of names, for the outline and for jumping about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.language.document import Document, Path, Span
from engine.language.vocabulary import as_dict, as_list
from engine.steps import default_id, verb_of


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named part of the file; ``kind`` is what it is of."""

    name: str
    kind: str
    span: Span
    detail: str = ""
    inside: tuple[Symbol, ...] = ()


def symbols(document: Document) -> list[Symbol]:
    """The sections of the main file with what is declared in them."""
    return [
        Symbol(name, "section", document.span((name,), key=True), inside=tuple(_inside(document, name)))
        for name in document.data
        if _here(document, (name,))
    ]


def _here(document: Document, path: Path) -> bool:
    return document.span(path, key=True).file in ("", document.file)


def _inside(document: Document, section: str) -> Iterator[Symbol]:
    if section == "segments":
        for index, rule in enumerate(as_list(document.data[section])):
            for name, text in as_dict(rule).items():
                yield from _symbol(document, (section, index, name), "segment", str(text))
        return
    kinds = {"contact": "field", "triggers": "trigger", "sequences": "sequence"}
    for name, spec in as_dict(document.data[section]).items() if section in kinds else ():
        detail = str(as_dict(spec).get("type", "")) if section == "contact" else ""
        steps = "then" if section == "triggers" else "steps"
        inside = tuple(_steps(document, (section, name, steps), as_dict(spec).get(steps)))
        yield from _symbol(document, (section, name), kinds[section], detail, inside)


def _steps(document: Document, path: Path, steps: object) -> Iterator[Symbol]:
    for index, spec in enumerate(as_list(steps)):
        verb = next(iter(as_dict(spec)), "")
        if not isinstance(spec, dict) or not verb:
            continue
        yield from _symbol(document, (*path, index, verb), "step", "", name=_called(spec))


def _called(spec: Mapping[str, Any]) -> str:
    """A step as one speaks of it, whatever is wrong with it."""
    verb = next(iter(spec))
    try:
        verb = verb_of(spec) or verb
        name = spec.get("id") or default_id(spec) or ""
    except (TypeError, AttributeError, KeyError):
        name = ""
    plain = spec.get(verb)
    told = str(name or (plain if isinstance(plain, str | int | float) else ""))
    return told if told.startswith(f"{verb} ") else f"{verb} {told}".strip()


def _symbol(
    document: Document, path: Path, kind: str, detail: str, inside: tuple[Symbol, ...] = (), *, name: str = ""
) -> Iterator[Symbol]:
    if _here(document, path):
        yield Symbol(name or str(path[-1]), kind, document.span(path, key=True), detail, inside)
