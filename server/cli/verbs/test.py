"""``busos test``: the tests that the file carries, played on a virtual clock."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

import click

from server.cli.files import chosen, file_option, templates_from, templates_in, templates_option
from server.cli.printing import print_json

if TYPE_CHECKING:
    from engine.language.document import Document
    from engine.model import Playbook
    from engine.model.scenarios import Scenario
    from engine.ports import Templates
    from engine.scenarios import Verdict

FORMATS = ("text", "json", "junit")


@click.command("test", short_help="Run the tests that the file carries.")
@click.argument("path", metavar="[FILE]", required=False)
@file_option
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to tell.")
@click.option("-k", "wanted", metavar="TEXT", default="", help="Only tests with this text in their name.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first test that fails.")
@click.option("--coverage", is_flag=True, help="Also say how many tests reach each step and each email.")
@templates_option
def command(
    path: str | None, file: str | None, form: str, wanted: str, fail_fast: bool, coverage: bool, templates: str
) -> None:
    """Run the tests under tests: in the file: one contact each, on a clock of its own. Nothing is sent or saved.

    The very machine that runs in production decides. A test that fails shows what was expected beside what was
    found, and the calendar of what happened.

    \b
    Examples:
      busos test
      busos test campaigns/autumn.yaml --fail-fast
      busos test -k critical
      busos test --coverage                 which steps no test reaches
      busos test --format junit > report.xml

    Exit status: 0 all of them passed; 1 some failed, or there is none; 2 the file cannot run.
    """
    bench = _bench(path or file, templates)
    chosen_tests = [one for one in bench.scenarios if wanted.casefold() in one.name.casefold()]
    if not chosen_tests:
        _nothing(bench, wanted, form)
    seconds: list[float] = []
    verdicts = list(_played(bench, chosen_tests, seconds, fail_fast=fail_fast, aloud=form == "text"))
    _tell(bench, form, verdicts, seconds, left=len(chosen_tests) - len(verdicts), coverage=coverage, some=bool(wanted))
    click.get_current_context().exit(0 if all(verdict.passed for verdict in verdicts) else 1)


@dataclass
class _Bench:
    """The file, ready to be played."""

    name: str
    document: Document
    templates: Templates
    made: dict[bool, Playbook] = field(default_factory=dict)

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        from engine.language.scenarios import read_scenarios

        return read_scenarios(self.document)

    def playbook(self, *, testing: bool = False) -> Playbook:
        from engine.language.compiler import compile_document

        if testing not in self.made:
            self.made[testing] = compile_document(self.document, testing=testing)
        return self.made[testing]

    def play(self, scenario: Scenario) -> Verdict:
        from engine.scenarios import play
        from server.cli.posting import Postman

        playbook = self.playbook(testing=scenario.testing)
        return play(playbook, scenario, Postman(playbook, self.templates))


def _bench(file: str | None, templates: str) -> _Bench:
    from engine.language.compiler import sound_document
    from server.cli.files import FILES, settings_for

    found = chosen(file)
    shelf = templates_in(found) if templates == FILES else templates_from(templates, settings_for(str(found)))
    return _Bench(str(found), sound_document(found, shelf), shelf)


def _nothing(bench: _Bench, wanted: str, form: str) -> None:
    if bench.scenarios:
        message = f'no test in {bench.name} has "{wanted}" in its name'
    else:
        message = f"there is no test in {bench.name}: write one under  tests:"
    if form == "json":
        from server.cli.testing.documents import as_document

        print_json(as_document([], [], bench.name))
    click.echo(message, err=form != "text")
    click.get_current_context().exit(1)


def _played(
    bench: _Bench, scenarios: Sequence[Scenario], seconds: list[float], *, fail_fast: bool, aloud: bool
) -> Iterator[Verdict]:
    """The verdicts; each is told as soon as it is there."""
    from server.cli.testing.marks import marks
    from server.cli.testing.text import told

    for scenario in scenarios:
        began = perf_counter()
        verdict = bench.play(scenario)
        seconds.append(perf_counter() - began)
        if aloud:
            click.echo(told(verdict, marks()))
        yield verdict
        if fail_fast and not verdict.passed:
            return


def _tell(
    bench: _Bench,
    form: str,
    verdicts: Sequence[Verdict],
    seconds: Sequence[float],
    *,
    left: int,
    coverage: bool,
    some: bool,
) -> None:
    from engine.reached import reached
    from server.cli.testing import documents, text

    found = reached(bench.playbook(), verdicts)
    if form == "json":
        print_json(documents.as_document(verdicts, found, bench.name))
    elif form == "junit":
        click.echo(documents.as_junit(verdicts, seconds, bench.name), nl=False)
    else:
        more = text.coverage(found, bench.name) if coverage else []
        hint = text.hint(found) if not (coverage or some or left) else ""
        lines = [*more, text.summary(verdicts, bench.name, left), *([hint] if hint else [])]
        click.echo("\n".join(lines))
