"""One finding: what was looked at, whether it is well, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import click

from server.cli.printing import bold, plain

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found. ``said`` never holds the value of a secret."""

    check: str
    state: State
    said: str
    fix: str = ""


def ok(check: str, said: str) -> Finding:
    """All is well."""
    return Finding(check=check, state="ok", said=said)


def warn(check: str, said: str, fix: str) -> Finding:
    """It works, but somebody should look."""
    return Finding(check=check, state="warn", said=said, fix=fix)


def fail(check: str, said: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(check=check, state="fail", said=said, fix=fix)


def lines(finding: Finding) -> Iterator[str]:
    """A finding as people read it."""
    mark = click.style(finding.state.ljust(4), fg=_COLOURS[finding.state], bold=finding.state != "ok")
    yield f"{mark}  {bold(finding.check.ljust(16))}  {plain(finding.said)}"
    if finding.fix:
        yield f"{' ' * 24}fix: {plain(finding.fix)}"
