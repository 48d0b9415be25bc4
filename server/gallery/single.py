"""One email for somebody made up, even from a file that has mistakes elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import click

from engine.errors import Problem
from engine.intake import start_directly
from engine.language.document import Document
from engine.language.schema import roles
from engine.language.vocabulary import as_dict, vocabulary
from engine.model import Contact, Playbook, Program, SendEmail, Sender, Unready, Value, Values
from engine.ports import Templates
from engine.rendering import TemplateFlaw, render_message, variables
from engine.runtime.letters import Letters
from engine.scene import Scene, with_segment
from engine.steps import email as email_step
from server.cli.assignments import contact_values, did_you_mean
from server.gallery.collecting import ADDRESS, KEY
from server.gallery.contacts import ADDRESS as SOMEBODY
from server.gallery.contacts import contacts

if TYPE_CHECKING:
    from engine.model import Do
    from engine.steps.kind import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to show: a template, the values of its reader, and the step that sends it."""

    template: str
    texts: Mapping[str, str]
    segment: str | None = None
    sequence: str | None = None
    step: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One email; or ``trouble``, why there is none, and ``advice``. ``values`` are what it says, as texts."""

    template: str
    sender: str = ""
    subject: str = ""
    preheader: str = ""
    html: str = ""
    text: str = ""
    values: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    trouble: str = ""
    advice: tuple[str, ...] = ()


def preview(document: Document, shelf: Templates, asked: Asked, problems: Sequence[Problem]) -> Preview:
    """The email. A usage error for a template, segment, step or field that is not there."""
    playbook = _bare(document)
    about = tuple(one.message for one in problems if f'"{asked.template}"' in one.message)
    try:
        template = shelf.find(asked.template)
    except TemplateFlaw as flaw:
        return Preview(template=asked.template, trouble=str(flaw))
    if template is None:
        raise click.UsageError(_no_template(asked.template, shelf.names()))
    scene = _scene(playbook, _values(playbook, asked))
    effect = _effect(document, asked, scene)
    letters = Letters(templates=shelf, base_url=ADDRESS, secret_key=KEY)
    message = letters.compose(effect, scene, playbook)
    if isinstance(message, Unready):
        advice = _advice(playbook, asked, message.reason)
        return Preview(template=asked.template, trouble=message.reason, advice=advice, problems=about)
    said = [use.name for use in variables(template) if use.name in playbook.vocabulary.fields]
    return Preview(
        template=asked.template,
        sender=message.sender,
        subject=message.subject,
        preheader=render_message(template.preheader, scene.shown),
        html=message.html,
        text=message.text,
        values=tuple((name, _told(scene, name)) for name in said),
        problems=about,
    )


def _no_template(name: str, there: Sequence[str]) -> str:
    if name in there:
        return f'the template "{name}" is switched off'
    longer = [other for other in there if other.startswith(name)]
    near = f'; did you mean "{longer[0]}"?' if longer else did_you_mean(name, there)
    return f'there is no template "{name}"{near}'


def _bare(document: Document) -> Playbook:
    """What emails need of a file: its words and its sender. The rest may be full of mistakes."""
    email = as_dict(document.data.get("email"))
    sender, reply_to = _text(email.get("from")) or "nobody@example.com", _text(email.get("reply_to"))
    return Playbook(
        revision="preview",
        vocabulary=vocabulary(document),
        email=Sender(sender=sender, reply_to=reply_to),
        triggers={},
        sequences={},
        send_only_to=(),
        testing=False,
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _values(playbook: Playbook, asked: Asked) -> Values:
    """An example contact's, and over them what was given."""
    now, words = datetime.now(UTC), playbook.vocabulary
    given = contact_values(words, {"email": SOMEBODY, **asked.texts}, now)
    values = {"email": given.email, **given.values}
    if asked.segment is not None:
        found = contacts(playbook, now)
        if asked.segment not in found:
            near = did_you_mean(asked.segment, found)
            raise click.UsageError(f'no segment with an example contact is called "{asked.segment}"{near}')
        values = {**found[asked.segment].values, **values}
    return with_segment(words, values, now)


def _scene(playbook: Playbook, values: Values) -> Scene:
    now = datetime.now(UTC)
    program = Program(name="preview", vocabulary=playbook.vocabulary, steps={}, first=None)
    contact = Contact(id="example", email=str(values["email"]), values=values)
    return Scene(
        program=program, run=start_directly(program, contact, run_id="preview", now=now), contact=contact, now=now
    )


def _effect(document: Document, asked: Asked, scene: Scene) -> SendEmail:
    """What the step asks for; without a step, the template alone."""
    if asked.sequence is None and asked.step is None:
        return SendEmail(step="preview", template=asked.template)
    for name, step, spec in _sendings(document, asked.template):
        if asked.sequence in (None, name) and asked.step in (None, step):
            return _as_sent_by(spec, asked.template, scene)
    there = [f"step {step} of {name}" for name, step, _ in _sendings(document, asked.template)]
    where = f"; it is sent by {', '.join(there)}" if there else "; no step sends it"
    told = " ".join(
        part for part in (asked.step and f'step "{asked.step}"', asked.sequence and f'"{asked.sequence}"') if part
    )
    raise click.UsageError(f'{told} does not send "{asked.template}"{where}')


def _as_sent_by(spec: Mapping[str, Any], template: str, scene: Scene) -> SendEmail:
    """What the verb makes of a step, whatever else stands in it that cannot be read."""
    words = {word: value for word, value in spec.items() if isinstance(value, str | bool)}
    move = email_step.read({**words, "email": template}, cast("Reader", None)).move(scene)
    return cast("SendEmail", cast("Do", move).effect)


def _sendings(document: Document, template: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The steps that send a template: the sequence or trigger, the id, the step as it stands in the file."""
    for place in roles(document.data).get("step", ()):
        spec = as_dict(place.value)
        email = spec.get("email")
        names = [email] if isinstance(email, str) else list(as_dict(email).values())
        if template in names:
            yield str(place.path[1]), str(spec.get("id") or template), spec


def _told(scene: Scene, name: str) -> str:
    value: Value = scene.value(name)
    if value is None:
        return "unknown"
    told = (
        ", ".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else str(value)
    )
    return told if scene.knows(name) else f"{told} (default)"


def _advice(playbook: Playbook, asked: Asked, reason: str) -> tuple[str, ...]:
    """What to add to the command, where a value is missing."""
    missing = [
        name for name in playbook.vocabulary.fields if name in reason.rpartition(":")[2].replace(",", " ").split()
    ]
    if not missing:
        return ()
    given = " ".join(f"{name}=…" for name in missing)
    lines = [f"give it:  busos preview {asked.template} {given}"]
    if asked.segment is None and playbook.vocabulary.segments:
        name = playbook.vocabulary.segments[0].name
        lines.append(f"or take an example contact:  busos preview {asked.template} --segment {name}")
    return tuple(lines)
