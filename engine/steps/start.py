"""start: enrol the contact in a sequence; the sequence's re-entry rules say whether it begins."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Do, FieldType, Move, Operand, StartRun
from engine.scene import Scene
from engine.steps.kind import Reader, Spec
from engine.timing import instant_of, stored_moment


@dataclass(frozen=True, slots=True)
class Start:
    """The name of the sequence, the values that its run is to keep, and the emails that were sent elsewhere."""

    sequence: str
    given: tuple[tuple[str, Operand], ...] = ()
    elsewhere: tuple[tuple[str, Operand], ...] = ()

    def move(self, scene: Scene) -> Move:
        """Ask for the enrolment, with all values as they are now; what is unknown is left out."""
        fields = scene.program.vocabulary.fields
        given = {name: scene.worth(operand, fields[name].type) for name, operand in self.given}
        moments = {step: stored_moment(scene.worth(at, FieldType.DATETIME)) for step, at in self.elsewhere}
        asked = StartRun(
            sequence=self.sequence,
            given={name: value for name, value in given.items() if value is not None},
            elsewhere={step: instant_of(at, scene.zone) for step, at in moments.items() if at is not None},
            seen=scene.run.given,
        )
        return Do(asked, self.sequence)


def read(spec: Spec, reader: Reader) -> Start:
    """A sequence's name; ``with`` and ``already_sent`` where given."""
    given = [(name, reader.operand(name, raw)) for name, raw in spec.get("with", {}).items()]
    return Start(
        spec["start"],
        tuple((name, operand) for name, operand in given if operand is not None),
        tuple((step, reader.moment(raw)) for step, raw in spec.get("already_sent", {}).items()),
    )


def target(spec: Spec) -> str:
    """The sequence."""
    return str(spec["start"])
