"""``busos graph``: a sequence, or the whole file, as a picture."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from server.cli.assignments import did_you_mean
from server.cli.files import file_option, load_playbook, settings_for, templates_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.model import Playbook, Program
    from engine.runtime.settings import Settings
    from server.graph.people import Crowd
    from server.graph.picture import Picture


@click.command("graph", short_help="Draw a sequence, or the whole file.")
@click.argument("sequence", required=False)
@file_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "svg"]),
    default="mermaid",
    show_default=True,
    help="What to draw it in.",
)
@click.option("--people", is_flag=True, help="Count who stands at each step, in the ledger of BUSOS_DATABASE_URL.")
@click.option("--ledger", metavar="URL", help="Count them in this ledger: sqlite:///PATH or postgresql://…")
def command(sequence: str | None, file: str | None, form: str, people: bool, ledger: str | None) -> None:
    """Draw a sequence: its steps, the gaps between them, its branches. Without a name: what starts what.

    The name may be that of a trigger, too. Mermaid is text that GitHub and many editors show as a picture; an SVG is a
    picture that every browser shows. The same file gives the same picture.

    \b
    Examples:
      busos graph nurture
      busos graph nurture --format svg > nurture.svg
      busos graph nurture --format svg --people > now.svg
      busos graph

    Exit status: 0 done; 2 bad usage, or a file that cannot run.
    """
    settings = settings_for(file)
    playbook = load_playbook(settings, templates_in(settings.file), testing=False)
    crowds = _crowds(settings, ledger, sequence, playbook) if people or ledger else {}
    picture = _picture(playbook, sequence, crowds, settings.file.name)
    click.echo(_drawn(picture, form), nl=False)


def _picture(playbook: Playbook, name: str | None, crowds: Mapping[str, Crowd], file: str) -> Picture:
    from server.graph.overview import draw_playbook, starters
    from server.graph.sequence import draw_program

    if name is None:
        return draw_playbook(playbook, crowds, file)
    program = _program(playbook, name)
    return draw_program(program, crowds, [] if program.of_trigger else starters(playbook, name))


def _program(playbook: Playbook, name: str) -> Program:
    if (found := playbook.sequences.get(name)) is not None:
        return found
    if (trigger := playbook.triggers.get(name)) is not None:
        return trigger.program
    near = did_you_mean(name, [*playbook.sequences, *playbook.triggers])
    raise click.UsageError(f'no sequence is called "{name}"{near}')


def _crowds(settings: Settings, url: str | None, name: str | None, playbook: Playbook) -> Mapping[str, Crowd]:
    """Who stands at each step of a program; without a name, who is in each sequence."""
    from dataclasses import replace

    from engine.runtime.ledger import Ledger
    from server.cli.ledgers import refuse_missing
    from server.graph.people import Crowd

    asked = replace(settings, database_url=url) if url else settings
    refuse_missing(asked)
    programs = list(playbook.sequences) if name is None else [_program(playbook, name).name]
    crowds: dict[str, Crowd] = {}
    with Ledger.open(asked.database_url) as ledger, ledger.read() as tx:
        for program in programs:
            for standing in tx.standing_by_step(program):
                key = standing.step if name else program
                crowd = Crowd(standing.waiting, standing.held, standing.paused)
                crowds[key] = crowds.get(key, Crowd()) + crowd
    return crowds


def _drawn(picture: Picture, form: str) -> str:
    from server.graph.mermaid import as_mermaid
    from server.graph.svg import as_svg

    return as_svg(picture) if form == "svg" else as_mermaid(picture)
