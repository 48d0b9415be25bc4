"""What happened, or would happen, to one run: as a calendar that people read, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from server.cli.printing import grey, plain

if TYPE_CHECKING:
    from engine.model import Entry

_PARTS = ("template", "subject", "until")
_REAL_PARTS = ("provider_id", "attempts", "error")
_WIDEST = 34
_BAD = ("hold", "stop", "retry")


def story_json(story: Iterable[Entry], zone: ZoneInfo, *, real: bool = False) -> list[dict[str, Any]]:
    """The lines of a story, times in a zone; a real run's have what the provider said too."""
    return [_entry_json(entry, zone, (*_PARTS, *_REAL_PARTS) if real else _PARTS) for entry in story]


def _entry_json(entry: Entry, zone: ZoneInfo, parts: Sequence[str]) -> dict[str, Any]:
    told = {name: _value(getattr(entry, name), zone) for name in parts}
    always = _REAL_PARTS if entry.template is not None else ()
    return {
        "at": iso(entry.at, zone),
        "step": entry.step,
        "kind": entry.kind,
        **{name: value for name, value in told.items() if value is not None or name in always},
        "note": entry.note,
    }


def _value(value: object, zone: ZoneInfo) -> object:
    return iso(value, zone) if isinstance(value, datetime) else value


def iso(moment: datetime, zone: ZoneInfo) -> str:
    """An instant in ISO 8601, in whole seconds unless it has parts of one, with the offset of the zone."""
    return moment.astimezone(zone).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")


# -- For people -------------------------------------------------------------------------------


class Calendar:
    """Tells lines of stories in columns: when, what, and what there is to say. Times of one table look alike."""

    def __init__(self, story: Sequence[Entry], zone: ZoneInfo) -> None:
        times = [entry.at.astimezone(zone) for entry in story]
        year = " %Y" if len({time.year for time in times}) > 1 else ""
        seconds = ":%S" if any(time.second for time in times) else ""
        self._format = f"%a {{day:>2}} %b{year} %H:%M{seconds}"
        self._zone = zone
        self._story = story
        self._blank = " " * max((len(self.when(entry.at)) for entry in story), default=0)
        self._width = min(max((len(what(entry)) for entry in story), default=0), _WIDEST)

    def when(self, at: datetime) -> str:
        """A moment as this table writes it."""
        local = at.astimezone(self._zone)
        return local.strftime(self._format.format(day=local.day))

    def lines(self) -> list[str]:
        """The story. The end of a run stands behind its last email."""
        lines: list[str] = []
        for before, entry in zip((None, *self._story), self._story, strict=False):
            if entry.kind == "end" and before is not None and before.at == entry.at and before.kind == "email":
                lines[-1] += grey(f"          {entry.note}")
            else:
                lines.append(self._line(entry))
        return lines

    def _line(self, entry: Entry) -> str:
        if entry.kind == "wait" and entry.until is not None:
            return grey(f"{self._blank}  wait {plain(entry.note)}")
        when, name = self.when(entry.at), what(entry).ljust(self._width)
        if entry.template is not None:
            return f"{when}  {click.style(name, fg='green')}  {plain(entry.subject or '')}{_tries(entry)}"
        if entry.kind in _BAD or entry.error:
            return f"{when}  {click.style(name, fg='yellow' if entry.kind == 'stop' else 'red')}  {plain(entry.note)}"
        return grey(f"{when}  {name}  {plain(entry.note)}")


def what(entry: Entry) -> str:
    """The second column: the template of an email, else the step or the kind of line."""
    if entry.template is not None:
        return entry.template
    match entry.kind:
        case "hold":
            return "held"
        case "stop":
            return "stopped"
        case "email" | "retry":
            return plain(entry.step or entry.kind)
        case _:
            return entry.kind


def _tries(entry: Entry) -> str:
    return grey(f"  ({entry.attempts} tries)") if entry.attempts and entry.attempts > 1 else ""
