"""``busos runs stop``: runs end, with a reason."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import Any

import click

from server.cli.control.carrying import carry_out
from server.cli.control.selectors import Asked, because_option, selectors


@click.command("stop", short_help="End runs, such as a wrong batch.")
@selectors
@because_option
def command(because: str | None, **said: Any) -> None:
    """End runs for good. What was sent stays sent; nothing starts again by itself.

    Which runs: a RUN by its id, a person by EMAIL, or everybody who fits all of --sequence, --started-…, --segment
    and --step. --started-between undoes a wrong batch: everything that began in that time, webhooks included that
    no worker has looked at yet. Times are in the zone of the file; the end of the window does not belong to it.

    More than one run is shown first, and done when you say yes. A run that a worker is busy with is waited for.

    \b
    Examples:
      busos runs stop ada@example.com --because "asked us on the phone"
      busos runs stop --started-between "2025-11-12 10:00" "2025-11-12 10:05" --because "wrong list"
      busos runs stop --sequence nurture --segment URGENT --yes

    Exit status: 0 done; 1 nothing to do it to, no yes, or not all of it; 2 bad usage, or it could not run.
    """
    from engine.runtime.control import Stop

    carry_out(Stop(because), Asked(**said))
