"""``busos explain``: why a person got what they got, and what comes next."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from server.cli.advice import command_line
from server.cli.files import file_option, settings_for, templates_in
from server.cli.ledgers import looking
from server.cli.posting import Postman
from server.cli.printing import bold, grey, plain, print_json
from server.cli.segments import segment_line
from server.cli.stories import Calendar, iso, story_json

if TYPE_CHECKING:
    from engine.model import Contact, Entry, Playbook, Run, Value, Values
    from engine.runtime.ledger import Transaction
    from engine.simulation import Simulation

MOST = 50
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody, their runs with their stories (oldest first), and which of these stand still."""

    contact: Contact
    runs: Sequence[tuple[Run, Sequence[Entry]]]
    paused: frozenset[str]

    def going(self) -> list[Run]:
        """The runs that will go on by themselves."""
        return [run for run, _ in self.runs if not run.status.ended and run.id not in self.paused]


@click.command("explain", short_help="Say why a person got what they got, and what comes next.")
@click.argument("email")
@file_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(email: str, file: str | None, as_json: bool) -> None:
    """Explain one person: what is known of them, the segment and its reason, what happened, and what will.

    What comes is played by the very machine that runs, from where the person stands now, and holds if nothing changes.

    \b
    Examples:
      busos explain ada@example.com
      busos explain ada@example.com --json

    Exit status: 0 done; 1 nobody has this address; 2 it could not run.
    """
    now = datetime.now(UTC)
    settings = settings_for(file)
    with looking(file) as (ledger, zone):
        from engine.runtime.control.playbook import playbook_in_use

        with ledger.read() as tx:
            person = _person(tx, email)
        playbook = playbook_in_use(ledger, testing=settings.testing_mode)
    if person is None:
        click.echo(f'nobody has the address "{email}"; see {command_line("runs", "list")}', err=True)
        click.get_current_context().exit(1)
    ahead = _ahead(playbook, person, Postman(playbook, templates_in(settings.file)), now) if playbook else None
    if as_json:
        print_json(_as_json(person, playbook, ahead, zone))
    else:
        click.echo("\n".join(_as_text(person, playbook, ahead, zone, now, str(settings.file))))


def _person(tx: Transaction, email: str) -> _Person | None:
    from engine.runtime.deliveries import delivery_lines, with_deliveries

    def told(story: Sequence[Entry]) -> Sequence[Entry]:
        return with_deliveries(story, delivery_lines(tx, story))

    contact = next(iter(tx.contacts_by_email([email]).values()), None)
    if contact is None:
        return None
    listed = list(reversed(tx.list_runs(email=email, triggers=True, limit=MOST)))
    paused = frozenset(one.run.id for one in listed if one.paused_at is not None and not one.run.status.ended)
    asking = {(one.run.id, one.run.step) for one in listed}
    sent = [one for found in tx.emailed([email], _EVER).values() for one in found]
    emailed = tuple(at for run_id, step, at in sent if (run_id, step) not in asking)  # as production counts them
    stories = [(one.run, told(tx.story(one.run.id))) for one in listed]
    return _Person(contact.evolve(emailed=emailed), stories, paused)


def _ahead(playbook: Playbook, person: _Person, post: Postman, now: datetime) -> Simulation:
    from engine.simulation import simulate_onwards

    known = [run for run in person.going() if playbook.program_of(run) is not None]
    return simulate_onwards(playbook, person.contact, known, post, now)


# -- Telling it -------------------------------------------------------------------------------


def _as_json(person: _Person, playbook: Playbook | None, ahead: Simulation | None, zone: ZoneInfo) -> dict[str, Any]:
    contact = person.contact
    return {
        "email": contact.email,
        "values": dict(_shown(contact, playbook)),
        "suppressed": contact.suppressed,
        "runs": [
            {
                "run": run.id,
                "sequence": run.program,
                "outcome": "paused" if run.id in person.paused else run.status.value,
                "segment": run.segment,
                "reason": run.reason,
                "story": story_json(story, zone, real=True),
                "ahead": story_json((line.entry for line in ahead.lines if line.run == run.id), zone) if ahead else [],
            }
            for run, story in person.runs
        ],
        "at": iso(datetime.now(UTC), zone),
    }


def _as_text(
    person: _Person, playbook: Playbook | None, ahead: Simulation | None, zone: ZoneInfo, now: datetime, file: str
) -> Iterator[str]:
    contact = person.contact
    yield bold(contact.email) + (click.style(f"  {contact.suppressed}", fg="red") if contact.suppressed else "")
    yield from _known(contact, playbook, zone)
    yield from segment_line(playbook.vocabulary, contact.values, now, file) if playbook else ()
    for run, story in person.runs:
        yield ""
        yield from _told(run, story, person, playbook, ahead, zone)
    yield from _to_come(person, ahead, zone) if ahead else ()


def _to_come(person: _Person, ahead: Simulation, zone: ZoneInfo) -> Iterator[str]:
    """Runs that will begin."""
    there = {run.id for run, _ in person.runs}
    for run in ahead.runs:
        if run.id not in there:
            yield ""
            yield f"{bold(run.program)}  will begin, if nothing changes:"
            yield from Calendar([line.entry for line in ahead.lines if line.run == run.id], zone).lines()


def _shown(contact: Contact, playbook: Playbook | None) -> Values:
    """What may be shown; while the file cannot be read, nobody knows what is private."""
    from engine.scene import MASK, masked

    if playbook is not None:
        return masked(playbook.vocabulary, contact.values)
    return {name: value if name == "email" else MASK for name, value in contact.values.items()}


def _known(contact: Contact, playbook: Playbook | None, zone: ZoneInfo) -> Iterator[str]:
    fields = playbook.vocabulary.fields if playbook else {}
    hidden = (playbook.vocabulary.segment_field if playbook else None, "email")
    told = [
        f"{name} {plain(_words(value, zone))}"
        for name, value in _shown(contact, playbook).items()
        if name not in hidden
    ]
    yield f"known: {', '.join(told) or 'nothing but the address'}"
    missing = [name for name in fields if name not in contact.values and name not in hidden]
    if missing:
        yield grey(f"unknown: {', '.join(missing)}")


def _words(value: Value, zone: ZoneInfo) -> str:
    from engine.timing import stored_moment

    told = stored_moment(value)
    if isinstance(told, datetime):
        return told.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    match value:
        case bool():
            return "ticked" if value else "not ticked"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _told(
    run: Run,
    story: Sequence[Entry],
    person: _Person,
    playbook: Playbook | None,
    ahead: Simulation | None,
    zone: ZoneInfo,
) -> Iterator[str]:
    status = "paused" if run.id in person.paused else run.status.value
    why = f", because {plain(run.reason)}" if run.reason and run.status.value != "finished" else ""
    segment = f", segment {run.segment}" if run.segment else ""
    yield f"{bold(run.program)}  {status}{segment}{why}  {grey(f'run {run.id}')}"
    yield from Calendar(story, zone).lines()
    if run.status.ended:
        return
    if run.id in person.paused:
        yield grey("stands still until somebody resumes it")
        return
    coming = [line.entry for line in ahead.lines if line.run == run.id] if ahead else []
    if coming:
        yield "what comes, if nothing changes:"
        yield from Calendar(coming, zone).lines()
    yield from _ends(run, playbook)


def _ends(run: Run, playbook: Playbook | None) -> Iterator[str]:
    program = playbook.program_of(run) if playbook else None
    if program is None:
        yield grey("this sequence is no longer in the file: it stays where it is")
    elif not program.of_trigger:
        stop = f"{program.stop_when.text}, or " if program.stop_when else ""
        yield grey(f"it ends at once if: {stop}they unsubscribe, bounce or complain")
