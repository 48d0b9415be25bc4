"""save: write values into the contact: literals, other fields, now, today, or unknown."""

from __future__ import annotations

from dataclasses import dataclass

from engine.evaluate import resolve
from engine.model import Do, Move, Operand, SaveValues, Value
from engine.scene import Scene
from engine.steps.kind import Reader, Spec


@dataclass(frozen=True, slots=True)
class Save:
    """Fields and what to write into each; None makes a field unknown."""

    values: tuple[tuple[str, Operand | None], ...]

    def move(self, scene: Scene) -> Move:
        """Resolve every value against the contact as it is now."""
        saved = {name: self._value(scene, name, operand) for name, operand in self.values}
        note = ", ".join(f"{name} = {_told(value)}" for name, value in saved.items())
        return Do(SaveValues(saved), note)

    @staticmethod
    def _value(scene: Scene, name: str, operand: Operand | None) -> Value:
        if operand is None:
            return None
        kind = scene.program.vocabulary.fields[name].type
        return resolve(operand, kind, scene.value, scene.now, scene.zone)


def _told(value: Value) -> str:
    """A value as it would stand in the file."""
    match value:
        case None:
            return "unknown"
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(value)}]"
        case _:
            return str(value)


def read(spec: Spec, reader: Reader) -> Save:
    """A mapping from field to value."""
    return Save(tuple((name, reader.operand(name, raw)) for name, raw in spec["save"].items()))


def target(spec: Spec) -> str:
    """The fields it writes."""
    return " ".join(spec["save"])
