"""The review as Markdown, for an answer under a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.errors import Problem, Severity
from engine.language.proving.moves import Comparison as Moves
from engine.language.proving.moves import Place
from engine.planning import Tally, consequences, headline
from server.review.calendars import Calendar

MARK = "<!-- busos review -->"
"""By this line an answer is found again, to be replaced."""
MOST = 20
# Signs by which a text becomes a link, a picture, code, the edge of a table, or calls somebody.
_OBEYED = {
    **{ord(sign): f"\\{sign}" for sign in "\\`*[]|~"},
    **{ord(sign): f"&#{ord(sign)};" for sign in "@#"},
    ord("&"): "&amp;",
    ord("<"): "&lt;",
}
_SIGNS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What there is to say of a file and its edit; None where it could not be found out, or was not asked for."""

    file: str
    problems: Sequence[Problem]
    tests: tuple[int, int] | None = None
    """How many tests of the file passed, of how many."""
    tally: Tally | None = None
    counted: bool = False
    moves: Moves | None = None
    calendars: Sequence[Calendar] = ()
    templates: Sequence[str] = ()
    """Templates whose text is another one."""
    against: str = ""
    gallery: str = ""

    @property
    def sound(self) -> bool:
        """Whether the file can be taken over."""
        failed = self.tests is not None and self.tests[0] < self.tests[1]
        return not failed and all(one.severity is not Severity.ERROR for one in self.problems)


def markdown(review: Review) -> str:
    """The whole answer."""
    sections = (_verdict, _problems, _changes, _segments, _days, _gallery)
    parts = [MARK, *(line for section in sections for line in section(review))]
    return "\n".join(parts) + "\n"


def _verdict(review: Review) -> Iterator[str]:
    errors = sum(one.severity is Severity.ERROR for one in review.problems)
    warnings = len(review.problems) - errors
    tests = f", {review.tests[0]} of {review.tests[1]} tests pass" if review.tests and review.tests[1] else ""
    sign = "✅" if review.sound else "❌"
    yield f"### {sign} {_code(review.file)}: {_counted(errors, 'error')}, {_counted(warnings, 'warning')}{tests}"
    yield ""


def _problems(review: Review) -> Iterator[str]:
    for one in review.problems[:MOST]:
        place, hint = _code(f"{one.file}:{one.line}"), f" — {_plain(one.hint)}" if one.hint else ""
        yield f"- {_SIGNS[one.severity]} {place} {_plain(one.message)}{hint} `[{one.rule}]`"
    if len(review.problems) > MOST:
        yield f"- and {len(review.problems) - MOST} more: `busos validate` tells all of them"
    if review.problems:
        yield ""


def _changes(review: Review) -> Iterator[str]:
    if review.tally is None:
        return
    yield f"**What changes** (against {_code(review.against)})"
    yield ""
    edits = review.tally.comparison.edits
    for edit in edits:
        yield f"- {_plain(headline(edit))}"
        for sentence in consequences(edit, review.tally) if review.counted else ():
            yield f"  - {_plain(sentence)}"
    if review.templates:
        names = ", ".join(map(_code, review.templates))
        yield f"- the text of {names}: whoever has not had it yet gets the new one"
    if not edits and not review.templates:
        yield "- nothing for anybody who is in a sequence"
    elif not review.counted:
        yield "- how many people that concerns: `busos plan` says it where the ledger is"
    yield ""


def _segments(review: Review) -> Iterator[str]:
    if review.moves is None or not review.moves.moves:
        return
    yield f"**Who is in another segment** (of {review.moves.total:,} cases)"
    yield ""
    yield "| cases | before | after | for example |"
    yield "|---:|---|---|---|"
    for move in review.moves.moves:
        example = ", ".join(f"{name} {move.example.get(name, 'unknown')}" for name in move.telling)
        yield f"| {move.cases:,} | {_place(move.before)} | {_place(move.after)} | {_plain(example)} |"
    yield ""


def _days(review: Review) -> Iterator[str]:
    for calendar in review.calendars:
        yield f"**{calendar.sequence}**, for {', '.join(calendar.segments)}"
        yield ""
        yield "| email | before | after |"
        yield "|---|---|---|"
        for step in calendar.steps:
            before, after = ((side or {}).get(step, "–") for side in (calendar.before, calendar.after))
            yield f"| {_code(step)} | {before} | {after if after == before else f'**{after}**'} |"
        yield ""


def _gallery(review: Review) -> Iterator[str]:
    if review.gallery:
        yield f"[Every email, for every segment, on a desk and on a phone]({review.gallery})"


def _place(place: Place) -> str:
    return place.segment or ("held: a value is missing" if place.held else "no segment")


def _plain(text: str) -> str:
    """Text from the file, so that it is read and not obeyed: no link, no picture, no name that is called."""
    return _line(text).translate(_OBEYED)


def _code(text: str) -> str:
    """A name from the file as code, whatever stands in it, also in a table."""
    return "`{}`".format(_line(text).replace("`", "'").replace("|", "\\|"))


def _line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
