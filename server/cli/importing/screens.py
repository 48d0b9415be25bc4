"""What an import would do, and what it did: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from server.cli.importing.columns import Columns
from server.cli.importing.looking import Outlook
from server.cli.importing.taking import Taken
from server.cli.printing import bold, grey, plain

MOST_DAYS = 7
MOST_REASONS = 5


def outlook_text(outlook: Outlook, columns: Columns, file: str, trigger: str) -> Iterator[str]:
    """The outlook, line by line."""
    yield bold(f"{plain(file)}: {_rows(outlook.rows)} for {trigger}")
    if columns.ignored:
        yield grey(f"  ignored columns: {plain(', '.join(columns.ignored))}")
    yield from _wrong(outlook, file)
    if outlook.twice:
        yield f"  {_rows(outlook.twice)} said before in this file: counted once"
    if outlook.there:
        yield f"  {_rows(outlook.there)} imported before: left as they are"
    if outlook.good:
        yield f"  {outlook.new:,} new people, {outlook.known:,} known already{_suppressed(outlook)}"
        yield ""
        yield from _ahead(outlook)


def _wrong(outlook: Outlook, file: str) -> Iterator[str]:
    for one in outlook.wrong:
        for reason in one.reasons:
            yield f"  {plain(file)}:{one.line}: {click.style(plain(reason), fg='red')}"
    more = outlook.bad - len(outlook.wrong)
    if more:
        yield f"  and {_rows(more)} more that cannot be taken"


def _suppressed(outlook: Outlook) -> str:
    return f", of whom {outlook.suppressed:,} get no marketing email" if outlook.suppressed else ""


def _ahead(outlook: Outlook) -> Iterator[str]:
    about = "" if outlook.exact else "about "
    if not outlook.sequences:
        yield "nobody starts a sequence by it"
    for name, number in outlook.sequences.most_common():
        yield f"{about}{_people(outlook.scaled(number))} {_start(outlook.scaled(number))} {bold(name)}"
    days = sorted(outlook.days.items())
    for day, number in days[:MOST_DAYS]:
        yield f"  {day:%a %d %b %Y}  {about}{_emails(outlook.scaled(number))}"
    if rest := days[MOST_DAYS:]:
        total = outlook.scaled(sum(number for _, number in rest))
        yield f"  later, until {rest[-1][0]:%a %d %b %Y}  {about}{_emails(total)}"
    for reason, number in outlook.held.most_common(MOST_REASONS):
        told = f"{about}{_people(outlook.scaled(number))} would be held: {plain(reason)}"
        yield click.style(f"  {told}", fg="yellow")
    if outlook.known:
        yield grey("  who is in a sequence already, or was lately, follows its if_already_in and again_after")
    if not outlook.exact:
        yield grey(f"  played with {outlook.played:,} rows drawn by chance")


def outlook_json(outlook: Outlook, columns: Columns, taken: Taken | None) -> dict[str, Any]:
    """The whole of it as data; ``taken`` is None where nothing was imported."""
    return {
        "rows": outlook.rows,
        "columns": list(columns.fields.values()),
        "ignored": list(columns.ignored),
        "wrong": outlook.bad,
        "problems": [{"line": one.line, "reasons": list(one.reasons)} for one in outlook.wrong],
        "twice": outlook.twice,
        "imported_before": outlook.there,
        "new": outlook.new,
        "known": outlook.known,
        "suppressed": outlook.suppressed,
        "exact": outlook.exact,
        "sequences": {name: outlook.scaled(number) for name, number in outlook.sequences.items()},
        "emails": {day.isoformat(): outlook.scaled(number) for day, number in sorted(outlook.days.items())},
        "held": {reason: outlook.scaled(number) for reason, number in outlook.held.items()},
        "imported": taken.new if taken else None,
    }


def taken_text(taken: Taken) -> str:
    """What is on disk now."""
    there = f", {_rows(taken.there)} were there already" if taken.there else ""
    bad = f", {_rows(taken.bad)} could not be taken" if taken.bad else ""
    return f"imported {_rows(taken.new)}{there}{bad}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


def _start(number: int) -> str:
    return "starts" if number == 1 else "start"


def _emails(number: int) -> str:
    return "1 email" if number == 1 else f"{number:,} emails"
