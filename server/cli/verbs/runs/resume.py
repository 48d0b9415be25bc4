"""``busos runs resume``: paused runs go on."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import Any

import click

from server.cli.control.carrying import carry_out
from server.cli.control.catching_up import OverdueCommand, catch_up
from server.cli.control.selectors import Asked, selectors


@click.command("resume", cls=OverdueCommand, short_help="Let paused runs go on.")
@selectors
@click.option(
    "--overdue",
    metavar="now|spread TIME|shift",
    help="How to catch up.  [default: now, unless much is overdue]",
)
def command(overdue: str | None, **said: Any) -> None:
    """Let paused runs go on. A sequence that is named alone takes people in again, too.

    Which runs: a RUN by its id, a person by EMAIL, or everybody who fits all of --sequence, --started-…, --segment
    and --step. What is not overdue keeps its time. What is overdue has to catch up:

    \b
      --overdue now              all of it at once; the default, unless more than
                                 BUSOS_ASK_ABOVE runs (100) are overdue
      --overdue spread 2 hours   evenly over that time, the oldest first
      --overdue shift            the time paused does not count: a wait that had ten
                                 hours to go has ten hours to go

    A wait until a date, or before an event, follows the calendar and what is known of the contact, whatever you
    choose. Where its moment passed during the pause, its email is overdue like others: leave it out with
    busos runs skip --step before you resume.

    \b
    Examples:
      busos runs resume ada@example.com
      busos runs resume --sequence nurture --overdue spread 2 hours
      busos runs resume --sequence nurture --overdue shift --dry-run

    Exit status: 0 done; 1 nothing to do it to, or no yes; 2 bad usage, or it could not run.
    """
    from engine.runtime.control import Resume

    carry_out(Resume(catch_up(overdue)), Asked(**said), catch_up_said=overdue is not None)
