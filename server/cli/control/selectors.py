"""Which runs a verb is about, said the same way for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click

from server.cli.assignments import did_you_mean
from server.cli.files import file_option
from server.cli.moments import moment

if TYPE_CHECKING:
    from engine.runtime.control import Selection
    from engine.runtime.ledger import Ledger

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.argument("who", metavar="[RUN|EMAIL]", required=False),
    file_option,
    click.option("--sequence", metavar="NAME", help="Runs of this sequence."),
    click.option("--segment", metavar="NAME", help="Runs in this segment."),
    click.option("--key", metavar="VALUE", help="Runs for this value of one_run_per, such as an appointment's."),
    click.option("--step", metavar="ID", help="Runs that stand before this step."),
    click.option("--started-between", metavar="A B", nargs=2, help="Runs started from A on and before B."),
    click.option("--started-since", metavar="A", help='Runs started from A on, such as "2025-11-12 10:00".'),
    click.option("--yes", "-y", is_flag=True, help="Do not ask."),
    click.option("--dry-run", is_flag=True, help="Only show what would happen."),
    click.option("--json", "as_json", is_flag=True, help="One JSON document."),
)


def selectors(function: Function) -> Function:
    """The options that say which runs, and whether to ask."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def because_option(function: Function) -> Function:
    """``--because``."""
    return click.option("--because", metavar="TEXT", help="Why: it is kept in the story of each run.")(function)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was said on the command line, beside the action itself."""

    who: str | None
    file: str | None
    sequence: str | None
    segment: str | None
    key: str | None
    step: str | None
    started_between: tuple[str, str] | None
    started_since: str | None
    yes: bool
    dry_run: bool
    as_json: bool

    def selection(self, ledger: Ledger, zone: ZoneInfo) -> Selection:
        """The runs that are meant. A usage error where nothing is said, or something that there is not."""
        from engine.runtime.control import Selection

        since, until = self._window(zone)
        if not any((self.who, self.sequence, since)):
            raise click.UsageError("say which runs: a RUN id, an EMAIL, --sequence NAME or --started-since TIME")
        if self.sequence is not None:
            _known(ledger, self.sequence)
        is_email = self.who is not None and "@" in self.who
        return Selection(
            run=None if is_email else self.who,
            email=self.who if is_email else None,
            sequence=self.sequence,
            since=since,
            until=until,
            segment=self.segment,
            key=self.key,
            step=self.step,
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The selectors as they were written, for a command that goes on with the same runs."""
        parts = [self.who] if self.who else []
        for name in ("sequence", "segment", "key", "step", "started_since"):
            if (value := getattr(self, name)) is not None:
                parts += [f"--{name.replace('_', '-')}", value]
        if self.started_between:
            parts += ["--started-between", *self.started_between]
        return tuple(parts)

    def _window(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        now = datetime.now(UTC)
        if self.started_between and self.started_since:
            raise click.UsageError("say --started-between or --started-since, not both")
        if self.started_since:
            return moment(self.started_since, zone, now), None
        if not self.started_between:
            return None, None
        since, until = (moment(text, zone, now) for text in self.started_between)
        if until <= since:
            raise click.UsageError(f'"{self.started_between[1]}" is not after "{self.started_between[0]}"')
        return since, until


def _known(ledger: Ledger, sequence: str) -> None:
    """A mistyped name must not look like a sequence without anybody in it."""
    with ledger.read() as tx:
        there = tx.programs()
    if sequence in there:
        return
    from engine.runtime.control import playbook_in_use

    playbook = playbook_in_use(ledger, testing=False)
    names = {*there, *(playbook.sequences if playbook else ())}
    if sequence not in names:
        sequences = sorted(name for name in names if not name.startswith("trigger "))
        raise click.UsageError(f'no sequence is called "{sequence}"{did_you_mean(sequence, sequences)}')
