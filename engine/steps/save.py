"""save: write values into the contact: literals, other fields, now, today, or unknown."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Do, FieldValue, Move, Operand, SaveValues, Value, written
from engine.scene import MASK, Scene, is_private
from engine.steps.kind import Reader, Spec


@dataclass(frozen=True, slots=True)
class Save:
    """Fields and what to write into each; None makes a field unknown."""

    values: tuple[tuple[str, Operand | None], ...]

    def move(self, scene: Scene) -> Move:
        """Resolve every value against the contact as it is now."""
        saved = {name: self._value(scene, name, operand) for name, operand in self.values}
        hidden = {name for name, operand in self.values if _is_private(scene, name, operand)}
        told = {name: MASK if name in hidden and value is not None else value for name, value in saved.items()}
        note = ", ".join(f"{name} = {written(value)}" for name, value in told.items())
        return Do(SaveValues(saved), note)

    @staticmethod
    def _value(scene: Scene, name: str, operand: Operand | None) -> Value:
        if operand is None:
            return None
        return scene.worth(operand, scene.program.vocabulary.fields[name].type)


def _is_private(scene: Scene, name: str, operand: Operand | None) -> bool:
    """Whether the story may not say what is saved: it is private there, or where it comes from."""
    names = [name, operand.field] if isinstance(operand, FieldValue) else [name]
    return any(is_private(scene.program.vocabulary, one) for one in names)


def read(spec: Spec, reader: Reader) -> Save:
    """A mapping from field to value."""
    return Save(tuple((name, reader.operand(name, raw)) for name, raw in spec["save"].items()))


def target(spec: Spec) -> str:
    """The fields it writes."""
    return " ".join(spec["save"])
