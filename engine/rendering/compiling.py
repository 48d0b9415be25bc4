"""A template's text to three parts in Jinja: subject, complete HTML with styles in place, plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final

import css_inline
from jinja2 import Environment, Template, TemplateSyntaxError

from engine.model import TemplateText
from engine.rendering.grammar import parsed, read
from engine.rendering.layout import LAYOUT, PREHEADER
from engine.rendering.markdown import markdown_body
from engine.rendering.masking import WORD, Masks
from engine.rendering.places import TemplateFlaw, Variable, first_places
from engine.rendering.plaintext import to_text
from engine.rendering.sandbox import HTML, TEXT
from engine.rendering.values import ZONE

UNSUBSCRIBE: Final = "unsubscribe_url"
POSTAL: Final = "sender_address"
RESERVED: Final = frozenset({UNSUBSCRIBE, "sender_name", POSTAL, ZONE})
"""Names that the engine supplies, not the contact.

``unsubscribe_url``: absent for transactional email. ``sender_name``: the name in the From line.
``sender_address``: the postal address of the file, where it says one; absent for transactional email too.
``timezone_``: the IANA zone in which the ``date`` filter tells moments; UTC when absent.
"""

_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
_ATTRIBUTE = re.compile(rf'(?:{WORD.pattern})=""')
_DOCUMENT = re.compile(r"\s*(?:<!--.*?-->\s*)*(?:<!doctype\s|<html[\s>])", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """One of the texts of an email. Checking it needs no code: that is made for the first email that is written."""

    environment: Environment
    source: str

    @property
    def template(self) -> Template:
        """The part ready to print, kept by content."""
        return _ready(self.environment, self.source)


@lru_cache(maxsize=1536)
def _ready(env: Environment, source: str) -> Template:
    return env.from_string(source)


@dataclass(frozen=True, slots=True)
class Compiled:
    """What is kept for a template text.

    ``names`` includes those the layout uses; ``body`` is HTML without the layout, with words of ``masks`` for its tags.
    """

    variables: tuple[Variable, ...]
    names: tuple[str, ...]
    lists: frozenset[str]
    subject: Part
    html: Part
    text: Part
    body: str
    masks: Masks


def is_document(template: TemplateText) -> bool:
    """Whether the body is a complete HTML document, which gets no layout."""
    return template.format == "html" and _DOCUMENT.match(template.body) is not None


@lru_cache(maxsize=512)
def compiled(template: TemplateText) -> Compiled:
    """The template ready to render, kept by content. Raises ``TemplateFlaw``."""
    try:
        return _compile(template)
    except TemplateFlaw as flaw:
        raise TemplateFlaw(flaw.message, flaw.line, flaw.excerpt, template.origin) from None


def _compile(template: TemplateText) -> Compiled:
    if not template.subject.strip():
        raise TemplateFlaw("the subject is empty", 1, "")
    if not template.body.strip():
        raise TemplateFlaw("the body is empty: there is nothing to send", template.body_line, "")
    readings = [read(template.subject), read(template.preheader), read(template.body, template.body_line)]
    used = first_places(use for reading in readings for use in reading.variables)
    masks = Masks()
    body = _body(template, masks)
    html = masks.mark_addresses(masks.uncommented(_INLINER.inline(_document(template, body, masks))))
    if attribute := _ATTRIBUTE.search(html):
        raise TemplateFlaw(
            "a tag cannot stand among the attributes of an HTML element: put it inside the quotes or around it",
            template.body_line,
            masks.put_back(attribute[0][:-3]),
        )
    text = to_text(html, masks.width)
    for literal in (masks.take(template.subject), masks.take(template.preheader), text):
        _refuse_braces(masks.literal(literal), template)
    return Compiled(
        variables=used,
        names=tuple({UNSUBSCRIBE, "sender_name", POSTAL}.union(use.name for use in used)),
        lists=frozenset[str]().union(*(reading.lists for reading in readings)),
        subject=Part(TEXT, template.subject),
        html=_part(HTML, masks.put_back(html)),
        text=_part(TEXT, masks.put_back(text)),
        body=body,
        masks=masks,
    )


def _refuse_braces(literal: str, template: TemplateText) -> None:
    """A brace that is no tag is a typing mistake that a customer would read."""
    line = next((line for line in literal.splitlines() if "{" in line or "}" in line), None)
    if line is not None:
        word = next(word for word in line.split() if "{" in word or "}" in word)
        lines = enumerate(template.body.splitlines(), template.body_line)
        at = next((number for number, text in lines if word in text), 1)
        raise TemplateFlaw("a brace would be sent as it is; a field is written {{ first_name }}", at, line.strip()[:80])


def _part(env: Environment, source: str) -> Part:
    try:
        parsed(source)
    except TemplateSyntaxError as error:
        raise TemplateFlaw(f"a tag ended up where it cannot stand: {error.message}", 1, "") from None
    return Part(env, source)


# -- The document -----------------------------------------------------------------------------


def _document(template: TemplateText, body: str, masks: Masks) -> str:
    """The complete HTML with words for tags."""
    preheader = ""
    if template.preheader.strip():
        preheader = PREHEADER.replace("[[preheader]]", escape(masks.take(template.preheader)))
    if is_document(template):
        return re.sub(r"<body[^>]*>", lambda found: found[0] + preheader, body, count=1, flags=re.IGNORECASE)
    parts = {
        "subject": escape(masks.take(template.subject)),
        "preheader": preheader,
        "body": body,
    }
    return re.sub(r"\[\[(\w+)\]\]", lambda found: parts[found[1]], masks.take_html(LAYOUT))


def _body(template: TemplateText, masks: Masks) -> str:
    """The HTML of a body with words for its tags; of a whole document, all of it."""
    if template.format == "html":
        return masks.take_html(template.body)
    return markdown_body(template.body, masks, template.body_line)
