"""From "send email_1" to the very bytes: template found, rendered, addressed, and keyed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from engine.errors import Unrenderable
from engine.model import Playbook, SendEmail, TemplateText, Unready, Values
from engine.ports import Message, Templates
from engine.rendering import POSTAL, UNSUBSCRIBE, Rendered, TemplateFlaw, render, variables
from engine.runtime.links import unsubscribe_url
from engine.scene import Scene

LONGEST_KEY = 256
_NAMED = re.compile(r'\s*([^<>"]*?)\s*(<[^<>]+>)')
_SPECIAL = re.compile(r"[(),:;@\[\]\\]")
LIST_UNSUBSCRIBE = "List-Unsubscribe"
"""The header that every marketing email carries, and no transactional one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Writes emails. ``secret_key`` signs the unsubscribe links, ``base_url`` is where they lead."""

    templates: Templates
    base_url: str
    secret_key: str = field(repr=False)

    def for_a_batch(self) -> Letters:
        """The same, but each template is looked for once: a batch costs one look, and all of it says the same."""
        return replace(self, templates=_Found(self.templates))

    def compose(self, effect: SendEmail, scene: Scene, playbook: Playbook) -> Message | Unready:
        """The message to store before its first try, or why there cannot be one yet."""
        link = unsubscribe_url(self.base_url, self.secret_key, scene.contact.id, scene.run.program)
        sender = mailbox(effect.sender or playbook.email.sender)
        reply_to = effect.reply_to or playbook.email.reply_to
        rendered = self._render(effect, scene, supplied(link, sender, scene, playbook.email.postal_address))
        if isinstance(rendered, Unready):
            return rendered
        return Message(
            key=email_key(scene.run.id, effect.step),
            template=effect.template,
            sender=sender,
            to=effect.to or scene.contact.email,
            reply_to=mailbox(reply_to) if reply_to else None,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            headers={} if effect.transactional else way_out(link),
        )

    def _render(self, effect: SendEmail, scene: Scene, supplied: Values) -> Rendered | Unready:
        found = find_template(self.templates, effect.template)
        if isinstance(found, Unready):
            return found
        try:
            given = without_way_out(found, supplied) if effect.transactional else supplied
            return render(found, {**scene.shown, **given}, subject=effect.subject)
        except (Unrenderable, TemplateFlaw) as flaw:
            return Unready(reason=str(flaw))


def mailbox(sender: str) -> str:
    """A name and an address as mail programs read them: a name with a comma or the like in it stands in quotes."""
    found = _NAMED.fullmatch(sender)
    if found is None or not _SPECIAL.search(found[1]):
        return sender
    return '"{}" {}'.format(found[1].replace("\\", "\\\\"), found[2])


class _Found:
    """Templates as they were when they were first asked for."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._found: dict[str, TemplateText | None] = {}

    def find(self, name: str) -> TemplateText | None:
        """The template, or None; a flaw is raised anew each time."""
        if name not in self._found:
            self._found[name] = self._templates.find(name)
        return self._found[name]

    def names(self) -> Sequence[str]:
        """Every template there is."""
        return self._templates.names()

    def edition(self) -> object:
        """Theirs."""
        return self._templates.edition()


def supplied(link: str, sender: str, scene: Scene, postal_address: str | None) -> Values:
    """The names that every template may use beside the contact's fields (``rendering.RESERVED``)."""
    known = {UNSUBSCRIBE: link, "sender_name": _name_of(sender), "timezone_": scene.zone.key}
    return {**known, POSTAL: postal_address} if postal_address else known


def way_out(link: str) -> Mapping[str, str]:
    """The pair of headers by which mail programs unsubscribe with one click (RFC 8058)."""
    return {LIST_UNSUBSCRIBE: f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def without_way_out(template: TemplateText, supplied: Values) -> Values:
    """What the template of a transactional email may use: of what the foot of marketing holds, what it names itself."""
    unasked = {UNSUBSCRIBE, POSTAL}.difference(use.name for use in variables(template))
    return {name: value for name, value in supplied.items() if name not in unasked}


@lru_cache(maxsize=64)
def _name_of(sender: str) -> str:
    name, address = parseaddr(sender)
    return name or address


def find_template(templates: Templates, name: str) -> TemplateText | Unready:
    """A template, or why it cannot be used."""
    try:
        found = templates.find(name)
    except TemplateFlaw as flaw:
        return Unready(reason=str(flaw))
    return found if found is not None else Unready(reason=f'there is no template "{name}", or it is switched off')


def email_key(run_id: str, step: str) -> str:
    """The idempotency key of one email: visible ASCII, the same for every try, never of two emails.

    Resend takes 1 to 256 characters (its OpenAPI, ``Idempotency-Key``). An id too long for that is told by its
    hash; the colon keeps that apart from every id, where it would be quoted.
    """
    key = f"{run_id}/{quote(step, safe='')}"
    return key if len(key) <= LONGEST_KEY else f"{run_id}/sha256:{sha256(step.encode()).hexdigest()}"
