"""Template to email: three Jinja renders for a contact, or the reason why there is no email."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.errors import Unrenderable
from engine.model import TemplateText, Value
from engine.rendering.compiling import UNSUBSCRIBE, Compiled, compiled, is_document
from engine.rendering.places import TemplateFlaw, Variable
from engine.rendering.values import ZONE, Unknown, Unshowable, usable

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Rendered:
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
    subject = _CONTROLS.sub(" ", parts.subject.render(known)).strip()
    html, text = parts.html.render(known), parts.text.render(known)
    if asked:
        names = ", ".join(asked)
        raise Unrenderable(f'template "{template.name}" needs a value that is not known: {names}')
    if not subject:
        raise Unrenderable(f'template "{template.name}" has an empty subject for this contact')
    return Rendered(subject, html, re.sub(r"\n{3,}", "\n\n", text).strip() + "\n")


def _bound(parts: Compiled, values: Mapping[str, Value], asked: dict[str, None]) -> dict[str, object]:
    known: dict[str, object] = {ZONE: values.get(ZONE)}
    for name in parts.names:
        value = usable(values.get(name))
        if name in parts.lists and not isinstance(value, list | None):
            raise Unshowable(f"for goes over {name}, which is not a list")
        known[name] = Unknown(name, asked) if value is None or (value == [] and name not in parts.lists) else value
    return known
