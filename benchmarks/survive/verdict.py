"""One line of the table: what must hold, what was found, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """``holds`` is None where there is a figure but no limit. ``offenders`` name the first few that break it."""

    name: str
    figure: str
    holds: bool | None
    limit: str = ""
    offenders: tuple[str, ...] = ()


def none(name: str, offenders: Sequence[str], of: str = "") -> Verdict:
    """There must be none of these. ``of`` says among how many it was looked for."""
    figure = f"{len(offenders):,}{f' of {of}' if of else ''}"
    return Verdict(name, figure, not offenders, "0", tuple(offenders[:5]))


def below(name: str, value: float | None, limit: float, unit: str = "s", note: str = "") -> Verdict:
    """A figure that must stay below a limit; None: there was nothing to measure."""
    if value is None:
        return Verdict(name, "nothing to measure", None, f"< {limit:g} {unit}")
    said = f"{value:.2f} {unit}".strip()
    return Verdict(name, f"{said}{f', {note}' if note else ''}", value < limit, f"< {limit:g} {unit}".strip())


def told(name: str, figure: str) -> Verdict:
    """A figure without a limit."""
    return Verdict(name, figure, None)
