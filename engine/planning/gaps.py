"""The gap before a step in two versions of a file: whether it means the same, and in words what is different.

A gap is told by its waits, and by the clock and the days off that they are counted with: ``until 09:00`` is another
moment in another time zone, although nobody has touched the wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.model import After, Around, Duration, FieldType, ForCondition, ForTrigger, Program, Vocabulary, Wait


def difference(old: Program, new: Program, before: Sequence[Wait], after: Sequence[Wait]) -> tuple[str, str] | None:
    """The gap as it was and as it is, in words; None where it is the same."""
    was, now = gap_text(before), gap_text(after)
    if [_essence(wait) for wait in before] != [_essence(wait) for wait in after]:
        return was, now
    one, two = old.vocabulary, new.vocabulary
    if one.zone.key != two.zone.key and any(_by_clock(wait, two) for wait in after):
        return f"{was} in {one.zone.key}", f"{now} in {two.zone.key}"
    if one.holidays != two.holidays and any(map(_by_days_off, after)):
        return was, f"{now}, with other holidays"
    return None


def gap_text(gap: Sequence[Wait]) -> str:
    """The waits of a gap in the author's words."""
    return ", then ".join(wait.words for wait in gap)


def _essence(wait: Wait) -> Wait:
    """What a wait means: not where it stands, nor how it is written."""
    return replace(wait, line=0, text="")


def _by_clock(wait: Wait, words: Vocabulary) -> bool:
    """Whether its end depends on what the clocks show: by days, hours of the day, or a field that is a day."""
    if wait.window is not None:
        return True
    length = _length(wait)
    if length is not None and (length.days or length.business_days):
        return True
    if isinstance(wait.until, Around):
        return words.fields[wait.until.field].type is FieldType.DATE
    return length is None


def _by_days_off(wait: Wait) -> bool:
    """Whether holidays are skipped."""
    length = _length(wait)
    return bool(length and length.business_days) or (wait.window is not None and not wait.window.holidays)


def _length(wait: Wait) -> Duration | None:
    """The length of time that is counted in a wait; None in one until a time of the day."""
    match wait.until:
        case After(duration):
            return duration
        case ForTrigger(at_most=most) | ForCondition(at_most=most):
            return most
        case Around(offset=offset):
            return offset
        case _:
            return None
