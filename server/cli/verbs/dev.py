"""``busos dev``: everything in one process, on what is built in."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from server.cli.faults import problems_text
from server.cli.files import content, file_option, settings_for, templates_in
from server.cli.printing import bold, grey
from server.cli.processes import end_now_if_late
from server.cli.serving import address, address_options, serve_until_asked

if TYPE_CHECKING:
    from pathlib import Path

    from engine.errors import Problem
    from engine.runtime.settings import Settings
    from engine.runtime.system import System
    from server.cli.logs import Event

_IN_TEMPLATES = ("template-syntax", "template-variable", "missing-template")
_TOLD_ALREADY = ("file reloaded", "file not reloaded")


@click.command("dev", short_help="Run everything here, reload on save.")
@address_options
@file_option
def command(host: str, port: int, file: str | None) -> None:
    """Run the server and a worker in one process. Nothing has to be set up, and nothing is sent unless a mailer is.

    Emails are kept and shown at /outbox. The file is loaded again when it is saved; one with mistakes is
    shown with its problems, and the last good one stays. The ledger is busos.db in this folder.

    \b
    Examples:
      busos dev
      TESTING_MODE=true busos dev           waits have their testing lengths
      busos dev --port 0                    any free port

    Exit status: 0 it was asked to end (Ctrl-C); 2 it could not start.
    """
    from engine.runtime.wiring import running
    from server.app import listen
    from server.cli import logs
    from server.cli.stopping import stoppable

    logs.set_up(_drop_told)
    settings = settings_for(file)
    content(settings.file)
    with stoppable() as stop, listen(host, port) as bound:
        where = address(bound, host)
        with running(_at(settings, where), works=True, make_key=True) as system, _told_reloads(system):
            serve_until_asked(system, bound, stop, lambda: click.echo(_welcome(system, where)))
    click.echo("ended")
    end_now_if_late(system)


def _at(settings: Settings, where: str) -> Settings:
    """Unsubscribe links lead here, unless the settings say where."""
    default = type(settings)().base_url
    return replace(settings, base_url=where) if settings.base_url == default else settings


def _drop_told(_logger: object, _method: str, event: Event) -> Event:
    """Reloads are told in full on stdout."""
    import structlog

    if event.get("event") in _TOLD_ALREADY and "reason" not in event:
        raise structlog.DropEvent
    return event


# -- What it says -----------------------------------------------------------------------------


def _welcome(system: System, where: str) -> str:
    from server.cli.samples import curl, sent

    playbook, settings = system.playbook(), system.settings
    lines = [
        *_banner(system),
        f"{bold('busos dev')}  {where}",
        f"  emails    {where}/outbox  {grey(_mailer(settings))}",
        f"  webhooks  {where}/schema",
        f"  file      {settings.file}  {grey(f'revision {playbook.revision}, loaded again when it is saved')}",
        *_strange(settings),
        "",
        "Try it:",
        *(
            f"  {sent(trigger, playbook.vocabulary)}"
            if trigger.provider
            else f"  {curl(where, trigger, playbook.vocabulary, secret=settings.secret_name_of(trigger.name))}"
            for trigger in playbook.triggers.values()
        ),
        "",
        grey("Ctrl-C ends it."),
    ]
    return "\n".join(lines)


def _strange(settings: Settings) -> list[str]:
    """Names in .env that are close to a setting and set nothing."""
    import os

    from engine.runtime.settings import strange_names

    return [
        f"  {click.style(name, fg='yellow')} is not a setting and does nothing"
        + (f"; did you mean {near}?" if near else "")
        for name, near in strange_names(os.environ, settings.file).items()
    ]


def _banner(system: System) -> list[str]:
    playbook = system.playbook()
    if not playbook.testing:
        return []
    only = ", ".join(playbook.send_only_to)
    text = f"  TESTING MODE: waits have their testing lengths{f'; emails go only to {only}' if only else ''}  "
    return [click.style(text, fg="black", bg="yellow", bold=True), ""]


def _mailer(settings: Settings) -> str:
    if settings.resend_configured:
        return "real: sent through Resend, because RESEND_API_KEY is set"
    if settings.smtp_url:
        return "real: sent through SMTP, because SMTP_URL is set"
    return "kept, not sent"


@contextmanager
def _told_reloads(system: System) -> Iterator[None]:
    """Tell what became of each save while the block runs."""
    ended = threading.Event()
    teller = threading.Thread(target=_tell_reloads, args=(system, ended), name="reloads", daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _tell_reloads(system: System, ended: threading.Event) -> None:
    file = str(system.settings.file)
    revision, problems = system.playbook().revision, system.library.problems
    templates = _Templates(system.settings.file)
    while not ended.wait(0.1):
        templates.tell_changes()
        found = system.playbook().revision, system.library.problems
        if found[1] is not problems and found[1]:
            click.echo(f"{problems_text(found[1], file)}{bold(f'not loaded: revision {found[0]} goes on')}")
        elif found != (revision, problems):
            click.echo(f"{bold('loaded')} {file}: revision {found[0]}")
        revision, problems = found


class _Templates:
    """Tells of templates that are saved while ``busos dev`` runs: the next email has the new text."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.stamps = self._look()

    def tell_changes(self) -> None:
        """Say what was saved, and what is wrong with it."""
        found = self._look()
        if found == self.stamps:
            return
        names = sorted(path for path in {*found, *self.stamps} if found.get(path) != self.stamps.get(path))
        self.stamps = found
        problems = self._problems()
        if problems:
            told = problems_text(problems, str(self.file))
            click.echo(f"{told}{bold(', '.join(names))}: whoever comes to that email is held until it is mended")
        else:
            click.echo(f"{bold('loaded')} {', '.join(names)}")

    def _look(self) -> dict[str, int]:
        folder = self.file.parent / "templates"
        try:
            return {str(path): path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix in (".md", ".html")}
        except OSError:  # gone, or being replaced: the next look sees
            return {}

    def _problems(self) -> list[Problem]:
        """Errors in templates; the file itself is told when it is saved."""
        from engine.language.checking import read_and_check

        _, problems = read_and_check(content(self.file), str(self.file), templates_in(self.file))
        return [one for one in problems if one.rule in _IN_TEMPLATES]
