"""``busos runs retry``: held and failed runs are tried again now."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import Any

import click

from server.cli.control.carrying import carry_out
from server.cli.control.selectors import Asked, selectors


@click.command("retry", short_help="Try held and failed runs again.")
@selectors
@click.option("--send-again", is_flag=True, help="Also emails that may be out already: some may arrive twice.")
def command(send_again: bool, **said: Any) -> None:
    """Try held and failed runs again now, with all of their tries.

    Which runs: a RUN by its id, a person by EMAIL, or everybody who fits all of --sequence, --started-…, --segment
    and --step. A failed run is tried again unless the same person has a newer one in the sequence.

    An email of which it is not known whether it was sent is not tried again: busos runs skip counts it as sent;
    --send-again sends it, and it may arrive twice.

    \b
    Examples:
      busos runs retry ada@example.com
      busos runs retry --sequence nurture --step email_3

    Exit status: 0 done; 1 nothing to do it to, no yes, or not all of it; 2 bad usage, or it could not run.
    """
    from engine.runtime.control import Retry

    carry_out(Retry(send_again), Asked(**said))
