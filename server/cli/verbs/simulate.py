"""``busos simulate``: what a sequence would do for one contact, on a virtual clock."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from server.cli.assignments import contact_values, did_you_mean, document, pairs, refuse
from server.cli.files import file_option, load_playbook, settings_for, templates_from, templates_option
from server.cli.moments import after, moment
from server.cli.printing import bold, grey, print_json
from server.cli.stories import Calendar, story_json

if TYPE_CHECKING:
    from engine.model import Contact, Outcome, Playbook, SendEmail, Value
    from engine.ports import Templates
    from engine.scene import Scene
    from engine.simulation import Sending, Simulation

NOBODY = "ada@example.com"
_KEY = "simulated"


@click.command("simulate", short_help="Show who would get what and when.")
@click.argument("sequence")
@click.argument("values", nargs=-1, metavar="[FIELD=VALUE]...")
@file_option
@click.option("--at", metavar="TIME", default="now", help='When it begins, such as "2025-11-12 10:00".  [default: now]')
@click.option("--testing/--no-testing", default=None, help="Use the testing lengths of waits.  [default: TESTING_MODE]")
@click.option(
    "--send",
    "sends",
    metavar="'TRIGGER@TIME FIELD=VALUE...'",
    multiple=True,
    help='A trigger that fires on the way; TIME is a moment or a length such as "+3 days". May be given again.',
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell."
)
@templates_option
def command(
    sequence: str,
    values: tuple[str, ...],
    file: str | None,
    at: str,
    testing: bool | None,
    sends: tuple[str, ...],
    form: str,
    templates: str,
) -> None:
    """Let time fly: which emails one contact would get, when, and why. Nothing is sent or saved.

    The very machine that runs in production decides; only its clock and its mailer are played.
    Values that are left out are unknown, and emails use their defaults.

    \b
    Examples:
      busos simulate nurture email=ada@example.com red_systems=2 orange_systems=1
      busos simulate nurture red_systems=0 orange_systems=0 --at "2025-11-12 10:00"
      busos simulate nurture red_systems=1 orange_systems=0 --testing --format json
      busos simulate nurture red_systems=1 orange_systems=0 \\
          --send "assessment@+3 days red_systems=3 orange_systems=0"

    Exit status: 0 done; 2 bad usage, or a file that cannot run.
    """
    settings = settings_for(file)
    shelf = templates_from(templates, settings)
    playbook = load_playbook(settings, shelf, testing=settings.testing_mode if testing is None else testing)
    case = _case(playbook, sequence, pairs(values), at)
    post = _Post(playbook, shelf)
    simulation = case.play(post, sends)
    if form == "json":
        print_json(_as_json(sequence, simulation, playbook))
    else:
        click.echo("\n".join(_as_text(case, simulation, post, str(settings.file))))


@dataclass(frozen=True, slots=True)
class _Case:
    """Who enters which sequence when."""

    playbook: Playbook
    sequence: str
    contact: Contact
    at: datetime
    somebody: bool

    def play(self, post: _Post, sends: Sequence[str]) -> Simulation:
        from engine.simulation import simulate_sequence

        sendings = [self._sending(text) for text in sends]
        return simulate_sequence(self.playbook, self.sequence, self.contact, self.at, post, sendings)

    def _sending(self, text: str) -> Sending:
        """``TRIGGER@TIME field=value …``; what is left out is as the contact has it."""
        from engine.payloads import Payload, PayloadReader
        from engine.simulation import Sending

        name, sign, rest = text.partition("@")
        trigger = self.playbook.triggers.get(name.strip())
        if trigger is None:
            raise click.UsageError(f'no trigger is called "{name}"{did_you_mean(name, self.playbook.triggers)}')
        words = _words(rest)
        first = next((index for index, word in enumerate(words) if "=" in word), len(words))
        if not sign or not first:
            raise click.UsageError(f'--send "{text}" says no time: write it like "{name}@+3 days"')
        at = after(" ".join(words[:first]), self.at, self.playbook.vocabulary.zone)
        given = document(self.playbook.vocabulary, pairs(words[first:]))
        taken = {take.field: self.contact.values.get(take.field) for take in trigger.takes if take.required}
        read = PayloadReader(trigger, self.playbook.vocabulary).read(
            {**taken, "email": self.contact.email, **given}, at
        )
        if not isinstance(read, Payload):
            refuse([f"--send {name}: {error.message}" for error in read])
            raise AssertionError("a payload that was not taken has errors")
        return Sending(trigger=trigger, values=read.values, at=at)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise click.UsageError(f'--send: "{text}" has a quote that does not end ({error})') from None


def _case(playbook: Playbook, sequence: str, texts: dict[str, str], at: str) -> _Case:
    from engine.model import Contact
    from engine.scene import with_segment

    if sequence not in playbook.sequences:
        raise click.UsageError(f'no sequence is called "{sequence}"{did_you_mean(sequence, playbook.sequences)}')
    begin = moment(at, playbook.vocabulary.zone, datetime.now(UTC).replace(second=0, microsecond=0))
    payload = contact_values(playbook, sequence, {"email": NOBODY, **texts}, begin)
    values = with_segment(playbook.vocabulary, payload.values, begin)
    contact = Contact(id="simulated", email=payload.email, values=values)
    return _Case(playbook, sequence, contact, begin, "email" in texts)


@dataclass(slots=True)
class _Post:
    """A mailer that renders every email, says yes, and remembers which defaults were said."""

    playbook: Playbook
    templates: Templates
    sent: list[str] = field(default_factory=list)
    defaults: dict[str, tuple[Value, list[str]]] = field(default_factory=dict)

    def __call__(self, effect: SendEmail, scene: Scene) -> Outcome:
        from engine.model import Accepted, Unready
        from engine.runtime.letters import Letters

        letters = Letters(templates=self.templates, base_url="http://127.0.0.1:8000", secret_key=_KEY)
        message = letters.compose(effect, scene, self.playbook)
        if isinstance(message, Unready):
            return message
        self._remember(effect.template, scene)
        return Accepted(template=message.template, subject=message.subject)

    def _remember(self, name: str, scene: Scene) -> None:
        from engine.rendering import variables

        template = self.templates.find(name)
        self.sent.append(name)
        for variable in variables(template) if template else ():
            default = scene.value(variable.name)
            if default is not None and not scene.knows(variable.name):
                self.defaults.setdefault(variable.name, (default, []))[1].append(name)


# -- Telling it -------------------------------------------------------------------------------


def _as_json(sequence: str, simulation: Simulation, playbook: Playbook) -> dict[str, object]:
    run = simulation.run
    return {
        "sequence": sequence,
        "segment": run.segment if run else None,
        "outcome": run.status.value if run else "stopped",
        "story": story_json(simulation.story, playbook.vocabulary.zone),
    }


def _as_text(case: _Case, simulation: Simulation, post: _Post, file: str) -> list[str]:
    calendar = Calendar(simulation.story, case.playbook.vocabulary.zone).lines()
    return [*_segment_line(case, file), *calendar, *(grey(f"note: {note}") for note in _notes(case, post))]


def _segment_line(case: _Case, file: str) -> list[str]:
    from engine.scene import segment_of
    from server.cli.reasons import because

    words, values = case.playbook.vocabulary, case.contact.values
    if not words.segments:
        return []
    found = segment_of(words, values, case.at)
    rule = found.rule
    text = (rule.condition.text if rule.condition else "otherwise") if rule else "otherwise: none"
    place = grey(f"        ({file}:{rule.line}  {text})") if rule else ""
    if found.missing:
        return [f"{bold('no segment')}: {' and '.join(sorted(found.missing))} is unknown{place}"]
    if rule is None or rule.condition is None:
        return [f"segment {bold(found.segment or 'none')}, because no rule above takes this contact{place}"]
    reason = because(rule.condition, words, values, case.at)
    return [f"segment {bold(found.segment or 'none')}, because {reason}{place}"]


def _notes(case: _Case, post: _Post) -> list[str]:
    notes = [] if case.somebody else [f"no email was given, so {NOBODY} stands in"]
    if case.playbook.testing:
        notes.append("testing mode: waits have their testing lengths")
    for name, (default, templates) in post.defaults.items():
        who = _speakers(list(dict.fromkeys(templates)), everywhere=set(templates) == set(post.sent))
        notes.append(f'{name} is unknown, so {who} "{default}"')
    return notes


def _speakers(templates: list[str], *, everywhere: bool) -> str:
    if everywhere and len(templates) > 1:
        return "every email says"
    return f"{', '.join(templates)} {'says' if len(templates) == 1 else 'say'}"
