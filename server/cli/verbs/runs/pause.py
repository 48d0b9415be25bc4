"""``busos runs pause``: runs stand still until somebody resumes them."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

from typing import Any

import click

from engine.model import TRIGGER_PREFIX
from server.cli.control.carrying import carry_out
from server.cli.control.selectors import Asked, because_option, selectors


@click.command("pause", short_help="Let runs stand still.")
@selectors
@because_option
def command(because: str | None, **said: Any) -> None:
    """Let runs stand still: nothing is sent, and their waits are held, until you resume them.

    Which runs: a RUN by its id, a person by EMAIL, or everybody who fits all of --sequence, --started-…, --segment
    and --step. A sequence that is named alone is paused as a whole: whoever enters it later waits at its door.
    An email that is being sent at this moment still goes out, and nothing after it.
    What comes in is always taken in: triggers are never paused.

    More than one run is shown first, and done when you say yes.

    \b
    Examples:
      busos runs pause ada@example.com
      busos runs pause --sequence nurture --because "wrong prices in email_3"
      busos runs pause --started-since "2025-11-12 10:00" --dry-run

    Exit status: 0 done; 1 nothing to do it to, or no yes; 2 bad usage, or it could not run.
    """
    from engine.runtime.control import Pause

    if (said["sequence"] or "").startswith(TRIGGER_PREFIX):
        raise click.UsageError("what comes in is always taken in: pause the sequence that the trigger starts")
    carry_out(Pause(because), Asked(**said))
