"""``--overdue now | spread 2 hours | shift``: how paused runs catch up, in words with or without quotes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from engine.runtime.control import CatchUp

_OPTION = "--overdue"
_PART = re.compile(r"\d{1,6}\s*[a-z]{0,7}|(?:second|minute|hour|day|week)s?", re.IGNORECASE)
_SHORT = re.compile(r"(\d+)\s*([smhdw])\b", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class OverdueCommand(click.Command):
    """A command whose ``--overdue spread 2 hours`` needs no quotes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the words of the length together."""
        return super().parse_args(ctx, joined(args))


def joined(args: list[str]) -> list[str]:
    """The arguments, with everything that belongs to ``--overdue`` in one."""
    found: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == _OPTION and rest:
            word = f"{_OPTION}={rest.pop(0)}"
        if word == f"{_OPTION}=spread":
            while rest and _PART.fullmatch(rest[0]):
                word += f" {rest.pop(0)}"
        found.append(word)
    return found


def catch_up(text: str | None) -> CatchUp:
    """What was said; at once, where nothing was."""
    from engine.runtime.control import AtOnce, Over, Shift

    words = (text or "now").split(maxsplit=1)
    match words:
        case ["now"]:
            return AtOnce()
        case ["shift"]:
            return Shift()
        case ["spread", length]:
            return Over(_length(length))
        case ["spread"]:
            raise click.UsageError("--overdue spread over how long? Write it like  --overdue spread 2 hours")
        case _:
            raise click.UsageError(f'--overdue is now, spread with a length of time, or shift, not "{text}"')


def _length(text: str) -> timedelta:
    from engine.language.durations import parse_duration
    from engine.model import Duration

    spelled = _SHORT.sub(lambda found: f"{found[1]} {_UNITS[found[2].lower()]} ", text)
    found = parse_duration(spelled)
    if isinstance(found, Duration):
        return timedelta(days=found.days, seconds=found.seconds)
    raise click.UsageError(f"{found.message}{f': {found.hint}' if found.hint else ''}")
