"""Every template exists, can be read, and uses only names that something gives a value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.schema import Place
from engine.language.spelling import closest
from engine.model import TemplateText
from engine.rendering import RESERVED, TemplateFlaw, variables


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with each template, told where it is first used."""
    seen: set[str] = set()
    for place in book.texts("template"):
        if place.value and place.value not in seen:
            seen.add(place.value)
            yield from _template(book, place)


def _template(book: Checkable, place: Place) -> Iterator[Problem]:
    try:
        template = book.shelf.find(place.value)
        yield from _missing(book, place) if template is None else _content(book, place, template)
    except TemplateFlaw as flaw:
        message = f'template "{place.value}" cannot be read: line {flaw.line}: {flaw.message}'
        yield book.problem(place, "template-syntax", message, notes=_said(flaw.excerpt))


def _missing(book: Checkable, place: Place) -> Iterator[Problem]:
    names = book.shelf.names()
    if place.value in names:
        message = f'the template "{place.value}" is switched off'
        yield book.problem(place, "missing-template", message, hint="switch it on, or name another one")
        return
    plain = re.sub(r"^(?:\./)?templates/|\.(?:md|html)$", "", place.value)
    if plain in names:
        hint = f"write only the name: {plain}"
    else:
        hint = f"write that email: templates/{plain}.md"
        near = closest(plain, names)
        hint = f'did you mean "{near}"? Otherwise {hint}' if near else hint
    yield book.problem(place, "missing-template", f'there is no template "{place.value}"', hint=hint)


def _content(book: Checkable, place: Place, template: TemplateText) -> Iterator[Problem]:
    known = [*book.section("contact"), *RESERVED]
    for variable in variables(template):
        if variable.name not in known:
            message = (
                f'template "{template.name}" uses {{{{ {variable.name} }}}}, but no field is called "{variable.name}"'
            )
            hint = _instead(variable.name, known)
            yield book.problem(place, "template-variable", message, notes=_said(variable.excerpt), hint=hint)


def _said(excerpt: str) -> list[str]:
    return [f'the template says: "{excerpt}"'] if excerpt else []


def _instead(name: str, known: list[str]) -> str:
    near = closest(name, known)
    if near:
        return f"did you mean {{{{ {near} }}}}?"
    return f"add a field:  {name}: {{type: text, default: your {name.replace('_', ' ')}}}"
