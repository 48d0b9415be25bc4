"""What readers would stumble over in an email that could be sent: subject, links, pictures, weight, the way out."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.links import is_placeholder, wrong_link
from engine.language.schema import Place
from engine.language.sendings import templates_of
from engine.language.values import EMAIL_FORM
from engine.model import Field, FieldType, TemplateText
from engine.rendering import (
    Link,
    TemplateFlaw,
    anatomy,
    has_unsubscribe,
    longest,
    may_be_blank,
    message_variables,
    weight,
)

WARNING = Severity.WARNING
LONGEST_SUBJECT = 70
"""Characters: what inboxes on a desktop show; phones show about half."""
CLIPPED = 102 * 1024
"""Bytes of HTML after which Gmail hides the rest of an email, and with it the way to unsubscribe."""
FEWEST_WORDS = 10


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with each template, told where it is first used, and with the subjects of steps."""
    for step in book.mappings("step"):
        if isinstance(step.value.get("subject"), str):
            yield from _own_subject(book, Place((*step.path, "subject"), step.value["subject"]))
    seen: dict[str, Place] = {}
    for place in book.texts("template"):
        seen.setdefault(place.value, place)
    sound = {name: template for name in seen if (template := _sound(book, name))}
    for name, template in sound.items():
        yield from _subject(book, seen[name], template.subject, f'the subject of "{name}"')
        yield from _body(book, seen[name], template)
    yield from _ways_out(book, {name for name, template in sound.items() if not has_unsubscribe(template)})


def _sound(book: Checkable, name: str) -> TemplateText | None:
    """The template, if it can be sent; what is wrong with another one is told elsewhere."""
    try:
        found = book.shelf.find(name)
        if found is not None:
            anatomy(found)
    except TemplateFlaw:
        return None
    return found


# -- Subjects ---------------------------------------------------------------------------------


def _own_subject(book: Checkable, place: Place) -> Iterator[Problem]:
    if not place.value.strip():
        message = "an email without a subject is not sent"
        yield book.problem(place, "empty-subject", message, hint="write one, or take the line away for the template's")
        return
    try:
        message_variables(place.value)
    except TemplateFlaw:  # told where messages are checked
        return
    yield from _subject(book, place, place.value, "this subject")


def _subject(book: Checkable, place: Place, subject: str, name: str) -> Iterator[Problem]:
    if may_be_blank(subject):
        message = f"{name} is empty for some: all of it stands behind an if"
        hint = "say what it is otherwise: {% else %} and a text"
        yield book.problem(place, "empty-subject", message, notes=_quoted(subject), hint=hint, severity=WARNING)
    length = longest(subject, lambda field: _width(book.vocabulary.fields.get(field)))
    if length > LONGEST_SUBJECT:
        message = f"{name} has about {length} characters, and most inboxes show {LONGEST_SUBJECT} at most"
        hint = "begin with what matters, and move the rest to the preheader"
        yield book.problem(place, "long-subject", message, notes=_quoted(subject), hint=hint, severity=WARNING)


def _width(field: Field | None) -> int:
    """How long a value of a field is, more or less."""
    if field is None:
        return 10
    if field.type is FieldType.CHOICE:
        return max(map(len, field.choices), default=10)
    if field.type in (FieldType.WHOLE, FieldType.NUMBER):
        return len(f"{field.maximum:g}") if field.maximum is not None else 3
    return max(len(str(field.default)), 6) if field.default is not None else 10


def _quoted(text: str) -> list[str]:
    return [f'it says: "{text}"']


# -- Bodies -----------------------------------------------------------------------------------


def _body(book: Checkable, place: Place, template: TemplateText) -> Iterator[Problem]:
    parts = anatomy(template)
    examples = _is_an_example(book)
    for link in dict.fromkeys(parts.links):
        yield from _link(book, place, template, link, "links to", examples=examples)
    for picture in dict.fromkeys(parts.pictures):
        yield from _link(book, place, template, picture.source, "shows a picture from", examples=examples)
        if not picture.described:
            message = f'template "{template.name}" shows a picture without words for those who do not see it'
            hint = "write ![what it shows](…)" if template.format == "markdown" else 'write alt="what it shows"'
            yield _warn(book, place, "image-alt", message, _where(template, picture.source), hint)
    if parts.pictures and parts.words < FEWEST_WORDS:
        message = f'template "{template.name}" says next to nothing where its pictures are not shown'
        hint = "say in words what the pictures say: many mail programs show none before they are asked to"
        yield _warn(book, place, "poor-text", message, [_count(parts.words)], hint)
    heavy = weight(template)
    if heavy > CLIPPED:
        message = (
            f'template "{template.name}" becomes about {heavy // 1024} KB of HTML, and Gmail cuts off after 102 KB'
        )
        yield _warn(book, place, "large-email", message, [], "shorten it, or link to a page with the rest")


def _link(
    book: Checkable, place: Place, template: TemplateText, link: Link, verb: str, *, examples: bool
) -> Iterator[Problem]:
    if wrong := wrong_link(link.address):
        message = f'template "{template.name}" {verb} "{link.address}", {wrong.why}'
        yield _warn(book, place, "wrong-link", message, _where(template, link), wrong.instead)
    elif is_placeholder(link.address) and not examples:
        message = f'template "{template.name}" {verb} "{link.address}", an address from an example'
        yield _warn(
            book, place, "placeholder-link", message, _where(template, link), "write the address of your own page"
        )


def _is_an_example(book: Checkable) -> bool:
    """Whether the whole file is one still: its own sender has an address at example.com, or none that can be read."""
    address = str(book.section("email").get("from", "")).rpartition("<")[2].rstrip(">")
    return not EMAIL_FORM.fullmatch(address) or is_placeholder(f"mailto:{address}")


def _where(template: TemplateText, link: Link) -> list[str]:
    return [f"line {link.line} of {template.origin or 'the template'}"]


def _count(words: int) -> str:
    return f"it has {words or 'no'} word{'' if words == 1 else 's'} of text"


def _warn(book: Checkable, place: Place, rule: str, message: str, notes: list[str], hint: str) -> Problem:
    return book.problem(place, rule, message, notes=notes, hint=hint, severity=WARNING)


# -- The way out ------------------------------------------------------------------------------


def _ways_out(book: Checkable, closed: set[str]) -> Iterator[Problem]:
    """Marketing email offers to unsubscribe; our layout does, and a whole document must do it itself."""
    for step in book.mappings("step") if closed else ():
        for _, place in templates_of(step) if step.value.get("transactional") is not True else ():
            if place.value in closed:
                closed.remove(place.value)
                message = f'template "{place.value}" has a layout of its own, without a place to unsubscribe'
                hint = 'write in it:  <a href="{{ unsubscribe_url }}">Unsubscribe</a>'
                yield _warn(book, place, "no-unsubscribe", message, [], hint)
