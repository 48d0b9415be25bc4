"""What every verb is: how it is read from the file, and which move it makes when its turn comes.

A verb is a module of this package, named after its word in the file. It has

- ``read(spec, reader) -> Verb``: from the checked mapping of one step to a frozen object, and
- ``target(spec) -> str``: the second half of the step's id where the author gives none.

The module and the verb's entry in the schema are all there is to adding one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from engine.model import Awaited, Condition, Duration, Operand, Until, Verb, Window

Spec = Mapping[str, Any]


class Reader(Protocol):
    """What a verb may ask of the compiler while it is read. Texts were checked before: nothing fails."""

    def condition(self, text: str) -> Condition:
        """A condition, parsed."""
        ...

    def duration(self, text: str) -> Duration:
        """A length of time, parsed."""
        ...

    def until(self, text: str) -> Until | Awaited:
        """What a wait waits for, parsed."""
        ...

    def window(self, between: str | None, only_on: str | Sequence[str] | None) -> Window | None:
        """When a wait may end, parsed; None where it may at any time."""
        ...

    def operand(self, field: str, raw: object) -> Operand | None:
        """A value to save into a field: a constant, another field, a moment; None is ``unknown``."""
        ...

    def moment(self, raw: object) -> Operand:
        """A moment: a date or datetime field, now, today, or a date in the file."""
        ...

    def block(self, steps: Sequence[Spec]) -> str | None:
        """Lay a nested list of steps flat; the id of its first step, or of what follows when it is empty."""
        ...


class Kind(Protocol):
    """A module of this package."""

    def read(self, spec: Spec, reader: Reader) -> Verb:
        """The verb that a checked step says."""
        ...

    def target(self, spec: Spec) -> str:
        """The second half of the default id; empty for none."""
        ...
