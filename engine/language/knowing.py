"""What is certainly known of a contact at each email, and what can be known at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.computing import operands
from engine.language.book import Checkable
from engine.language.document import Path
from engine.language.implying import NONE, Fields
from engine.language.values import UNKNOWN
from engine.language.vocabulary import as_dict
from engine.language.walking import EMAIL, Start, Walk, taken
from engine.model import FieldType

_SHAPE = frozenset({"type", "choices", "min", "max", "max_length", "private", "from", "computed"})


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known where. Paths of programs are ``("triggers", NAME)`` and ``("sequences", NAME)``.

    ``emails``: for each email step that somebody gets to, by its path, the fields that are certain there.
    ``begins``: what is certain at the beginning of a program; ``starts``: the steps that start a sequence.
    ``by_segment``: what is certain of everybody in a segment, besides.
    """

    emails: Mapping[Path, Fields]
    begins: Mapping[Path, Fields]
    starts: Mapping[str, Sequence[Start]]
    by_segment: Mapping[str, Fields]

    def left_out_by(self, program: Path, name: str) -> list[Path]:
        """The programs behind a beginning without a field: triggers, and sequences that nothing starts."""
        found: dict[Path, None] = {}
        waiting, seen = [program], set[Path]()
        while waiting:
            here = waiting.pop(0)
            if here in seen:
                continue
            seen.add(here)
            lacking = [start.program for start in self.starts.get(str(here[1]), ()) if name not in start.known]
            if here[0] == "triggers" or not lacking:
                found[here] = None
            else:
                waiting += lacking
        return list(found)


def knowledge(book: Checkable) -> Knowledge:
    """The walk through a whole file, however broken."""
    walk = Walk(book)
    for name, spec in book.section("triggers").items():
        walk.program(("triggers", name), taken(walk, as_dict(spec)), as_dict(spec).get("then"))
    walk.settle()
    for name in book.section("sequences"):
        if ("sequences", name) not in walk.begins:  # started by hand: only the address is known
            walk.enter(name, walk.closed(NONE))
            walk.settle()
    starts: dict[str, list[Start]] = {}
    for (sequence, _), start in walk.starts.items():
        starts.setdefault(sequence, []).append(start)
    by_segment = {name: walk.implying.in_segment(name) for name in book.segment_names()}
    return Knowledge(emails=walk.emails, begins=walk.begins, starts=starts, by_segment=by_segment)


def can_be_known(book: Checkable) -> Fields:
    """Every field that something gives a value: a default, Notion, a trigger, a step. No other ever has one."""
    given = {name for name, spec in book.section("contact").items() if _is_given(as_dict(spec))}
    for place in book.texts("field"):
        if place.path[0] in ("triggers", "sequences") and not (place.key and book.at(place.path) == UNKNOWN):
            given.add(place.value)
    given.update(place.value for place in book.texts("saved-field"))
    for name, read in operands(book.vocabulary.fields).items():
        if read <= {EMAIL, *given}:
            given.add(name)
    return frozenset([EMAIL, *given])


def _is_given(spec: Mapping[str, Any]) -> bool:
    """Whether a field gets its value from somewhere outside triggers and steps."""
    return bool(set(spec) - _SHAPE) or spec.get("type") == FieldType.SEGMENT
