"""What every verb is: how it is read from the file, and which move it makes when its turn comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from engine.model import Condition, Contact, Duration, Move, Program, Run, Until, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """All that a verb may look at: the program, the run at this step, the contact, the clock."""

    program: Program
    step: str
    run: Run
    contact: Contact
    now: datetime

    def value(self, name: str) -> Value:
        """A field as emails and conditions see it: its value, else its default, else None."""
        found = self.contact.values.get(name)
        if found is None:
            field = self.program.vocabulary.fields.get(name)
            return field.default if field else None
        return found


class Reader(Protocol):
    """What a verb may ask of the compiler while it is read. Texts were checked before: nothing fails."""

    def condition(self, text: str) -> Condition:
        """A condition, parsed."""
        ...

    def duration(self, text: str) -> Duration:
        """A length of time, parsed."""
        ...

    def until(self, text: str) -> Until:
        """What a wait waits for, parsed."""
        ...

    def block(self, steps: Sequence[Mapping[str, Any]]) -> str | None:
        """Lay a nested list of steps flat; the id of its first step, or of what follows when it is empty."""
        ...


class Verb(Protocol):
    """One step of a program. Frozen; ``move`` is pure."""

    def move(self, scene: Scene) -> Move:
        """What the run does now that this step has its turn."""
        ...
