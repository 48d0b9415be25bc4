"""``--overdue now | spread 2 hours | shift``: how paused runs catch up, in words with or without quotes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from engine.runtime.control import CatchUp

_OPTION = "--overdue"
_ALONE = ("now", "shift")
_LIMIT = "write at most 10 years, in weeks, days, hours or minutes"
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
        if word.startswith(f"{_OPTION}=") and word.removeprefix(f"{_OPTION}=") not in _ALONE:
            while rest and _continues(word, rest[0]):
                word += f" {rest.pop(0)}"
        found.append(word)
    return found


def _continues(said: str, word: str) -> bool:
    """Whether a word belongs to a length, however its unit is spelt."""
    return bool(_PART.fullmatch(word)) or (said[-1].isdigit() and word.isalpha())


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
            said = f'--overdue is now, spread with a length of time, or shift, not "{text}"'
            raise click.UsageError(f"{said}{_meant(text or '')}")


def _meant(text: str) -> str:
    from engine.language.spelling import closest

    first, _, length = text.partition(" ")
    if first[:1].isdigit():
        return f'; did you mean "spread {text}"?'
    if (near := closest(first, ("spread", *_ALONE))) is None:
        return ""
    return f'; did you mean "{near} {length}"?' if near == "spread" and length else f'; did you mean "{near}"?'


def _length(text: str) -> timedelta:
    from engine.language.durations import parse_duration
    from engine.model import Duration

    spelled = _SHORT.sub(lambda found: f"{found[1]} {_UNITS[found[2].lower()]} ", text)
    found = parse_duration(spelled)
    if isinstance(found, Duration):
        return timedelta(days=found.days, seconds=found.seconds)
    hint = _LIMIT if re.search("month|year", found.message) else found.hint
    raise click.UsageError(f"--overdue spread: {found.message}{f': {hint}' if hint else ''}")
