"""``busos simulate``: what a sequence would do for one contact, on a virtual clock."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.assignments import contact_values, did_you_mean, document, pairs, refuse
from server.cli.files import file_option, load_playbook, settings_for, templates_from, templates_option
from server.cli.moments import after, moment
from server.cli.posting import Postman
from server.cli.printing import bold, grey, plain, print_json
from server.cli.segments import segment_line
from server.cli.stories import Calendar, story_json

if TYPE_CHECKING:
    from engine.model import Contact, Playbook
    from engine.simulation import Sending, Simulation
    from server.cli.changes import Change

NOBODY = "ada@example.com"


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
@click.option("--against", metavar="REF|FILE", help="Also say what differs from a commit of git, or another file.")
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
    against: str | None,
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
      busos simulate nurture red_systems=2 orange_systems=1 --against HEAD

    Exit status: 0 done; 2 bad usage, or a file that cannot run.
    """
    settings = settings_for(file)
    shelf = templates_from(templates, settings)
    testing = settings.testing_mode if testing is None else testing
    playbook = load_playbook(settings, shelf, testing=testing)
    begin = moment(at, playbook.vocabulary.zone, datetime.now(UTC).replace(second=0, microsecond=0))
    case = _case(playbook, sequence, pairs(values), begin)
    post = Postman(playbook, shelf)
    simulation = case.play(post, sends)
    other = _other(against, case, pairs(values), sends, settings.file) if against else None
    if form == "json":
        told = _as_json(sequence, simulation, playbook)
        print_json(told if other is None else {**told, "against": other.record(simulation)})
    else:
        lines = _as_text(case, simulation, post, str(settings.file))
        click.echo("\n".join(lines if other is None else [*lines, *other.lines(simulation)]))


@dataclass(frozen=True, slots=True)
class _Case:
    """Who enters which sequence when."""

    playbook: Playbook
    sequence: str
    contact: Contact
    at: datetime
    somebody: bool

    def play(self, post: Postman, sends: Sequence[str]) -> Simulation:
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
        read = PayloadReader(trigger, self.playbook.vocabulary, plain=True).read(
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


def _case(playbook: Playbook, sequence: str, texts: dict[str, str], begin: datetime) -> _Case:
    from engine.model import Contact
    from engine.scene import with_segment

    if sequence not in playbook.sequences:
        raise click.UsageError(f'no sequence is called "{sequence}"{did_you_mean(sequence, playbook.sequences)}')
    payload = contact_values(playbook.vocabulary, {"email": NOBODY, **texts}, begin)
    values = with_segment(playbook.vocabulary, payload.values, begin)
    contact = Contact(id="simulated", email=payload.email, values=values)
    return _Case(playbook, sequence, contact, begin, "email" in texts)


# -- Another version of the file ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Before:
    """What the same contact would get from another version of the file; None where that has no such sequence."""

    name: str
    case: _Case
    simulation: Simulation | None

    def lines(self, now: Simulation) -> list[str]:
        found = self._changes(now)
        if self.simulation is None:
            return [bold(f"{self.case.sequence} is new: {self.name} has no such sequence")]
        if not found:
            return [bold(f"against {self.name}: nothing changes for this contact")]
        return [bold(f"against {self.name}:"), *(f"  {plain(one.sentence())}" for one in found)]

    def record(self, now: Simulation) -> dict[str, object]:
        told = _as_json(self.case.sequence, self.simulation, self.case.playbook) if self.simulation else {}
        return {"name": self.name, **told, "changes": [one.record() for one in self._changes(now)]}

    def _changes(self, now: Simulation) -> list[Change]:
        from server.cli.changes import changes

        playbook = self.case.playbook
        return changes(self.simulation, now, playbook, playbook.vocabulary.zone) if self.simulation else []


def _other(against: str, case: _Case, texts: dict[str, str], sends: Sequence[str], file: Path) -> _Before:
    """The same contact under another version. Values that it does not know yet are left out."""
    from server.cli.against import other_version

    other = other_version(against, file, testing=case.playbook.testing)
    if case.sequence not in other.playbook.sequences:
        return _Before(other.name, case, None)
    known = {name: text for name, text in texts.items() if name in other.playbook.vocabulary.fields}
    try:
        before = _case(other.playbook, case.sequence, known, case.at)
        simulation = before.play(Postman(other.playbook, other.templates), sends)
    except click.UsageError as error:
        raise click.UsageError(f"{other.name} does not take this: {error.message}") from None
    return _Before(other.name, replace(before, playbook=case.playbook), simulation)


# -- Telling it -------------------------------------------------------------------------------


def _as_json(sequence: str, simulation: Simulation, playbook: Playbook) -> dict[str, object]:
    run = simulation.run
    return {
        "sequence": sequence,
        "segment": run.segment if run else None,
        "outcome": run.status.value if run else "stopped",
        "story": story_json(simulation.story, playbook.vocabulary.zone),
    }


def _as_text(case: _Case, simulation: Simulation, post: Postman, file: str) -> list[str]:
    words = case.playbook.vocabulary
    calendar = Calendar(simulation.story, words.zone).lines()
    return [
        *segment_line(words, case.contact.values, case.at, file),
        *calendar,
        *(grey(f"note: {plain(note)}") for note in _notes(case, post)),
    ]


def _notes(case: _Case, post: Postman) -> list[str]:
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
