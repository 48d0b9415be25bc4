"""``busos init``: a first file with its emails, from a few answers."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import InvalidFile, Problem, SettingsError
from server.cli.beginnings import MOST_EMAILS, STARTS, Answers, files
from server.cli.printing import bold

if TYPE_CHECKING:
    from engine.model import TemplateText


@click.command("init", short_help="Write a first file.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing; take the defaults.")
def command(folder: Path, yes: bool) -> None:
    """Ask a few questions and write a first sequences.yaml with its emails, in FOLDER (default: here).

    What is written is complete: it has no problems, a test that passes, and runs at once. Nothing that is there already
    is overwritten.

    \b
    Examples:
      busos init
      busos init campaigns/spring
      busos init --yes demo
    """
    _refuse(folder, ["sequences.yaml"])
    answers = Answers() if yes else _asked()
    written = {**files(answers), "schema/sequences.schema.json": _schema()}
    _refuse(folder, list(written))
    _check(written)
    for name, text in written.items():
        _write(folder / name, text)
    click.echo("\n".join(_next_steps(folder, answers, list(written))))


def _asked() -> Answers:
    given = Answers()
    return Answers(
        business=click.prompt("What is the business called?", given.business, value_proc=_business),
        sender=click.prompt("From which address do the emails come?", given.sender, value_proc=_sender),
        start=click.prompt("What starts the emails?", given.start, type=click.Choice(list(STARTS))),
        emails=click.prompt("How many emails?", given.emails, value_proc=_emails),
        gap=click.prompt("How long between two of them?", given.gap, value_proc=_gap),
        segments=click.confirm("Another last email for people who are ready to buy?", given.segments),
    )


def _business(text: str) -> str:
    name = " ".join(text.split())
    if not name or not name.isprintable() or any(sign in name for sign in '<>@"{}'):
        raise click.BadParameter('a name without < > @ " { }')
    return name


def _emails(text: str | int) -> int:
    number = int(text) if str(text).strip().isdecimal() else 0
    if not 1 <= number <= MOST_EMAILS:
        raise click.BadParameter(f"a number from 1 to {MOST_EMAILS}")
    return number


def _sender(text: str) -> str:
    if _problems(files(Answers(sender=text.strip()))):
        raise click.BadParameter("write it like hello@example.com")
    return text.strip()


def _gap(text: str) -> str:
    from engine.language.durations import parse_duration
    from engine.language.flaws import Flaw

    found = parse_duration(text)
    if isinstance(found, Flaw):
        raise click.BadParameter(f"{found.message}{f': {found.hint}' if found.hint else ''}")
    if problems := _problems(files(Answers(gap=found.text))):
        raise click.BadParameter(problems[0].message)
    return found.text


# -- Written ------------------------------------------------------------------------------------


def _refuse(folder: Path, names: list[str]) -> None:
    there = [name for name in names if (folder / name).exists() and name != "schema/sequences.schema.json"]
    if there:
        raise SettingsError(f"{folder / there[0]} is there already, and nothing is overwritten: name another folder")


def _schema() -> str:
    import json

    from engine.language.schema import schema

    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def _problems(written: Mapping[str, str]) -> list[Problem]:
    """What would be wrong with the file, with its templates taken from here."""
    from engine.language.checking import read_and_check

    return read_and_check(written["sequences.yaml"], "sequences.yaml", _Shelf(written))[1]


def _check(written: Mapping[str, str]) -> None:
    """Whatever was answered, what is written has no problems; else nothing is written."""
    if found := _problems(written):
        raise InvalidFile(found)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The templates that are about to be written."""

    written: Mapping[str, str]

    def find(self, name: str) -> TemplateText | None:
        """One of them."""
        from engine.model import TemplateText

        text = self.written.get(f"templates/{name}.md")
        if text is None:
            return None
        _, head, body = text.split("---\n", 2)
        subject = head.splitlines()[0].partition(": ")[2].strip('"')
        return TemplateText(name=name, subject=subject, body=body, format="markdown")

    def names(self) -> Sequence[str]:
        """All of them."""
        return sorted(Path(name).stem for name in self.written if name.startswith("templates/"))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:  # never over something that came meanwhile
            file.write(text)
    except FileExistsError:
        return
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from None


def _next_steps(folder: Path, answers: Answers, names: list[str]) -> list[str]:
    inside = "" if folder == Path() else f"cd {shlex.quote(str(folder))}"
    steps = [
        ("busos validate", "it has no problems now; look again after each change"),
        ("busos test", "its test passes"),
        (f"busos simulate {answers.sequence} email=ada@example.com", "who gets what, and when"),
        ("busos dev", "everything runs here; emails are shown, not sent"),
    ]
    widest = max(len(step) for step, _ in steps)
    emails = sum(name.startswith("templates/") for name in names)
    return [
        f"Written: {folder / 'sequences.yaml'} and {emails} emails in {folder / 'templates'}{os.sep}",
        "",
        "Next:",
        *([f"  {bold(inside)}"] if inside else []),
        *(f"  {bold(step)}{' ' * (widest - len(step))}  {told}" for step, told in steps),
        "",
        "Then write your words into the emails, and change whatever you like in sequences.yaml.",
    ]
