"""Conditions, from text to a checked tree: ``red_systems = 1 or orange_systems >= 2``.

``tokens`` cuts the text into words with their places, ``grammar`` finds its structure without knowing any
field, ``meaning`` checks it against the fields of a file. A text whose structure is wrong has one flaw (what
follows it would be guessed); otherwise every flaw is told.

A bare word on the right of a comparison is, in this order: a value that the field on the left can have
(a choice, a segment), another field, or, beside a text field, a text. Quotes make anything a text.
"""

from __future__ import annotations

from engine.language.conditions.grammar import read
from engine.language.conditions.meaning import Reading, fields_of
from engine.language.conditions.tokens import Misread
from engine.language.flaws import Flaw
from engine.model import Condition, Vocabulary

__all__ = ["MOST_CHARACTERS", "parse_condition"]

MOST_CHARACTERS = 500


def parse_condition(text: str, vocabulary: Vocabulary) -> Condition | tuple[Flaw, ...]:
    """The condition that a text says, or everything wrong with it, in the order of the text."""
    if len(text) > MOST_CHARACTERS:
        return (_too_long(text),)
    try:
        structure, flaws = read(text)
    except Misread as misread:
        return (misread.flaw,)
    reading = Reading(vocabulary)
    test = reading.test(structure)
    found = sorted((*flaws, *reading.flaws), key=lambda flaw: flaw.start)
    if test is None or found:
        return tuple(found)
    return Condition(text=text.strip(), test=test, fields=frozenset(fields_of(test)))


def _too_long(text: str) -> Flaw:
    return Flaw(
        start=MOST_CHARACTERS,
        end=len(text),
        message=f"a condition has at most {MOST_CHARACTERS} characters; this one has {len(text)}",
        hint="say part of it as a segment, and compare with that",
        rule="condition-syntax",
    )
