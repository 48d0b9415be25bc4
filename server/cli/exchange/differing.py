"""What would change, template by template, as a person reads it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import click

from engine.model import TemplateText
from server.cli.exchange.writing import file_text
from server.cli.printing import bold, grey, plain

LINES = 60
"""Lines of one difference that are shown."""
WIDEST = 200


@dataclass(frozen=True, slots=True)
class Change:
    """A template that says something else afterwards; ``before`` is None for a new one."""

    before: TemplateText | None
    after: TemplateText


def changes(here: Mapping[str, TemplateText], there: Mapping[str, TemplateText], *, preheaders: bool) -> list[Change]:
    """What has to change there so that it says the same as here. Without ``preheaders`` one has no room for them."""
    found = []
    for name, template in sorted(here.items()):
        before = there.get(name)
        after = template if preheaders else replace(template, preheader=before.preheader if before else "")
        if before is None or _said(before) != _said(after):
            found.append(Change(before, after))
    return found


def _said(template: TemplateText) -> tuple[str, str, str, bool]:
    return template.subject, template.preheader, template.body, template.active


def told(found: Sequence[Change], before: str, after: str) -> Iterator[str]:
    """Each change with its lines; ``before`` and ``after`` name the two sides."""
    for change in found:
        new = change.after.name
        yield bold(f"{plain(new)}{'' if change.before else '  (new)'}")
        old = file_text(change.before).splitlines() if change.before else []
        lines = list(difflib.unified_diff(old, file_text(change.after).splitlines(), before, after, lineterm="", n=2))
        yield from map(_line, lines[2 : LINES + 2])
        if len(lines) > LINES + 2:
            yield grey(f"  … and {len(lines) - LINES - 2} lines more")


def _line(line: str) -> str:
    shown = plain(line if len(line) <= WIDEST else f"{line[:WIDEST]}…")
    colour = {"+": "green", "-": "red"}.get(line[:1])
    return f"  {click.style(shown, fg=colour) if colour else grey(shown)}"
