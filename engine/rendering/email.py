"""Template to email: three Jinja renders for a contact, or the reason why there is no email."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from jinja2 import Template
from jinja2.runtime import Context

from engine.errors import Unrenderable
from engine.model import Noun, TemplateText, Value
from engine.rendering.compiling import UNSUBSCRIBE, Compiled, compiled, is_document
from engine.rendering.places import TemplateFlaw, Variable
from engine.rendering.values import ZONE, Unknown, Unshowable, usable

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_GAPS = re.compile(r"\n{3,}")


class Rendered(Noun, frozen=True):
    """An email ready to be sent."""

    subject: str
    html: str
    text: str


def variables(template: TemplateText) -> tuple[Variable, ...]:
    """Every name that the subject, preheader and body use, each once; raises ``TemplateFlaw``.

    Lines count from ``body_line``; subject and preheader count as line 1. What only the layout uses is left out.
    """
    return compiled(template).variables


def has_unsubscribe(template: TemplateText) -> bool:
    """Whether the email offers a way out: by the layout, or by ``{{ unsubscribe_url }}`` in a whole document.

    Raises ``TemplateFlaw``.
    """
    return not is_document(template) or UNSUBSCRIBE in (use.name for use in variables(template))


def render(template: TemplateText, values: Mapping[str, Value], *, subject: str | None = None) -> Rendered:
    """The email for one contact; ``subject`` replaces the template's own.

    Raises ``Unrenderable`` naming the template and every value that is missing, or the flaw.
    """
    try:
        return _rendered(template if subject is None else replace(template, subject=subject), values)
    except TemplateFlaw as flaw:
        raise Unrenderable(f'template "{template.name}" cannot be sent: {flaw}') from flaw
    except Unshowable as problem:
        raise Unrenderable(f'template "{template.name}" cannot be sent: {problem}') from problem
    except TypeError:
        message = f'template "{template.name}" compares values of different types: compare numbers with numbers'
        raise Unrenderable(message) from None


def _rendered(template: TemplateText, values: Mapping[str, Value]) -> Rendered:
    parts = compiled(template)
    asked: dict[str, None] = {}
    known = _bound(parts, values, asked)
    subject_part, html_part, text_part = parts.subject.template, parts.html.template, parts.text.template
    plain = text_part.new_context(known, shared=True)  # for both parts: making one costs as much as printing
    subject = _CONTROLS.sub(" ", _printed(subject_part, plain)).strip()
    html, text = _printed(html_part, html_part.new_context(known, shared=True)), _printed(text_part, plain)
    if asked:
        names = ", ".join(asked)
        raise Unrenderable(f'template "{template.name}" needs a value that is not known: {names}')
    if not subject:
        raise Unrenderable(f'template "{template.name}" has an empty subject for this contact')
    return Rendered(subject, html, _closed_up(text).strip() + "\n")


def _printed(part: Template, context: Context) -> str:
    return "".join(part.root_render_func(context))


def _closed_up(text: str) -> str:
    """The text without the gaps that an if leaves which prints nothing.

    Most have none, and to find that out by the pattern would cost as much as the whole render.
    """
    return _GAPS.sub("\n\n", text) if "\n\n\n" in text else text


def _bound(parts: Compiled, values: Mapping[str, Value], asked: dict[str, None]) -> dict[str, object]:
    known: dict[str, object] = {ZONE: values.get(ZONE)}
    for name in parts.names:
        value = usable(values.get(name))
        if name in parts.lists and not isinstance(value, list | None):
            raise Unshowable(f"for goes over {name}, which is not a list")
        known[name] = Unknown(name, asked) if value is None or (value == [] and name not in parts.lists) else value
    return known
