"""What a check may look at: the document, its words, the templates, and every value that plays a role."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from engine.errors import Problem, Severity
from engine.language.document import Document, Path, Span
from engine.language.flaws import Flaw
from engine.language.schema import Place
from engine.language.vocabulary import as_dict
from engine.model import TemplateText, Vocabulary


class Shelf(Protocol):
    """Where the texts of emails are found."""

    def find(self, name: str) -> TemplateText | None:
        """The template, or None when there is none of that name (or it is switched off)."""
        ...

    def names(self) -> Sequence[str]:
        """Every template there is, sorted."""
        ...


@runtime_checkable
class OwnShelf(Shelf, Protocol):
    """A shelf that serves this file alone, so that a template which nobody gets was forgotten."""

    def spare(self, used: Collection[str]) -> Sequence[str]:
        """The templates that could be sent and are not among the used ones, sorted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkable:
    """A file ready to be checked.

    ``broken`` are the paths at or inside which something has a wrong shape, which was told already.
    """

    document: Document
    vocabulary: Vocabulary
    shelf: Shelf
    places: Mapping[str, Sequence[Place]]
    broken: frozenset[Path] = frozenset()

    def texts(self, role: str) -> Iterator[Place]:
        """The texts that play a role."""
        return (place for place in self.places.get(role, ()) if isinstance(place.value, str))

    def mappings(self, role: str) -> Iterator[Place]:
        """The mappings that play a role."""
        return (place for place in self.places.get(role, ()) if isinstance(place.value, dict))

    def lists(self, role: str) -> Iterator[Place]:
        """The lists that play a role."""
        return (place for place in self.places.get(role, ()) if isinstance(place.value, list))

    def sound(self, path: Path) -> bool:
        """Whether nothing at or inside this path has the wrong shape."""
        return path not in self.broken

    def section(self, name: str) -> Mapping[str, Any]:
        """A part of the file by its top-level word; empty where it is missing or no mapping."""
        return as_dict(self.document.data.get(name))

    def at(self, path: Path) -> Any:
        """The value at a path that is there."""
        value: Any = self.document.data
        for part in path:
            value = value[part]
        return value

    def segment_names(self) -> list[str]:
        """The declared segments, from the top."""
        return [rule.name for rule in self.vocabulary.segments]

    def problem(
        self,
        place: Place | Path,
        rule: str,
        message: str,
        *,
        hint: str = "",
        notes: Sequence[str] = (),
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """A problem at a value (a Place of a key, or a path: at the key)."""
        spot = self.place(place)
        return self.document.problem(spot, rule, message, hint=hint, notes=notes, severity=severity)

    def place(self, place: Place | Path) -> Span:
        """Where a value stands; for a bare path, where its key stands."""
        if isinstance(place, Place):
            return self.document.span(place.path, key=place.key)
        return self.document.span(place, key=True)

    def where(self, place: Place | Path) -> str:
        """``line:column``, to name a second place inside a message; with its file where there are several."""
        spot = self.place(place)
        file = f"{spot.file}:" if self.document.several else ""
        return f"{file}{spot.line}:{spot.column}"

    def flaw(self, place: Place, flaw: Flaw, shift: int = 0) -> Problem:
        """A problem inside a text: a flaw whose offsets count from ``shift``."""
        spot = self.document.inside(place.path, flaw.start + shift, flaw.end + shift)
        return self.document.problem(spot, flaw.rule, flaw.message, hint=flaw.hint)


Check = Callable[[Checkable], Iterator[Problem]]
