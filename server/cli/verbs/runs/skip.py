"""``busos runs skip``: runs leave out the step that they stand before."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import Any

import click

from server.cli.control.carrying import carry_out
from server.cli.control.selectors import Asked, because_option, selectors


@click.command("skip", short_help="Leave out the next step of runs.")
@selectors
@because_option
def command(because: str | None, **said: Any) -> None:
    """Leave out the step that a run stands before, such as an email that is held. The next wait counts from now.

    Which runs: a RUN by its id, a person by EMAIL, or everybody who fits all of --sequence, --started-…, --segment
    and --step. Use --step with more than one: runs of a sequence stand before different steps.

    An email of which it is not known whether it was sent counts as sent then. A choose: is left out with all of its
    branches. A paused run stays paused. What follows is read from the file that the workers run now.

    \b
    Examples:
      busos runs skip ada@example.com
      busos runs skip --sequence nurture --step email_4 --because "the offer is over"

    Exit status: 0 done; 1 nothing to do it to, no yes, or not all of it; 2 bad usage, or it could not run.
    """
    from engine.runtime.control import Skip

    carry_out(Skip(because), Asked(**said))
