"""Dates and datetimes: where they lie beside the moments that tests name, as far as that is the same on every day.

Moments that can be put in order are one frame: constants with each other, and moments around now that
are given in days, or all in exact lengths. Between two frames nothing is known (24 hours and 1 day change
places when the clocks change, and any date may come before or after now), so every combination counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import NamedTuple

from engine.evaluate import resolve
from engine.language.proving.atoms import Atom
from engine.language.proving.groups import Answers, Axis, Group, World, gathered, group_of
from engine.model import EMPTY, Compare, Constant, Field, FieldType, Moment, Operand, Value, Values
from engine.timing import instant, stored_form, stored_moment

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_NOON, _MIDNIGHT = time(12, 0), time(0, 0)


class _Position(NamedTuple):
    """A place that a field can have in a frame: a value that lies there, and what each test says of it."""

    value: Value
    answers: Mapping[Atom, bool | None]


class _Frame(NamedTuple):
    """Tests whose moments have one order, and where a field can lie among them."""

    atoms: tuple[Atom, ...]
    positions: tuple[_Position, ...]


def moment_axis(field: Field, atoms: Sequence[Atom], world: World) -> Axis:
    """Everything that a field of moments can be."""
    frames = [_Frame(tuple(one), _positions(field, one, world)) for one in _framed(field, atoms, world)]
    known = (_together(field, atoms, parts, world) for parts in product(*(frame.positions for frame in frames)))
    unknown = (
        _unknown(field, atoms, parts, world) for parts in product(*(_while_unknown(one, world) for one in frames))
    )
    return Axis((field.name,), tuple(atoms), gathered([*known, *unknown]), exact=False)


def _framed(field: Field, atoms: Sequence[Atom], world: World) -> list[list[Atom]]:
    """The comparisons of a field, frame by frame."""
    found: dict[object, list[Atom]] = {}
    sure = _in_order(field, atoms)
    for atom in atoms:
        if isinstance(atom, Compare):
            found.setdefault(_frame_of(field, atom.operand, sure, world), []).append(atom)
    return list(found.values()) or [[]]


def _frame_of(field: Field, operand: Operand, sure: bool, world: World) -> object:
    """What the moments of a frame have in common."""
    match operand:
        case Moment():
            return "around now" if sure else operand
        case Constant(value) if world.vocabulary.zone_field and field.type is FieldType.DATETIME:
            return len(str(value))  # a day begins at another instant in each contact's zone
        case _:
            return "fixed"


def _in_order(field: Field, atoms: Sequence[Atom]) -> bool:
    """Whether the moments around now that a field is compared with have one order, whatever the day."""
    moments = [atom.operand for atom in atoms if isinstance(atom, Compare) and isinstance(atom.operand, Moment)]
    offsets = [moment.offset for moment in moments if moment.offset is not None]
    if any(offset.business_days for offset in offsets):
        return False
    in_days = not any(offset.seconds for offset in offsets)
    exact = not any(offset.days for offset in offsets) and not any(moment.day_only for moment in moments)
    return in_days or (exact and field.type is FieldType.DATETIME)


def _positions(field: Field, atoms: Sequence[Atom], world: World) -> tuple[_Position, ...]:
    """Where the field can lie in a frame."""
    found: dict[Answers, Value] = {}
    for value in _values(field, atoms, world):
        found.setdefault(tuple(world.answer(atom, {field.name: value}) for atom in atoms), value)
    return tuple(_Position(value, dict(zip(atoms, answers, strict=True))) for answers, value in found.items())


def _values(field: Field, atoms: Sequence[Atom], world: World) -> Iterator[str]:
    """Values around every moment that is named; round ones first."""
    told = [one for atom in atoms if (one := _told(atom, world)) is not None] or [world.now]
    for one in told:
        yield from (_stored(field, _noon(one, days, world), world) for days in (1, -1, 0))
    if field.type is FieldType.DATETIME:
        for one in told:
            yield from (_stored(field, near, world) for near in _near(one, world))


def _told(atom: Atom, world: World) -> date | None:
    """The moment on the right of a test."""
    if not isinstance(atom, Compare) or not isinstance(atom.operand, Constant | Moment):
        return None
    kind = FieldType.DATE if _is_day(atom.operand) else FieldType.DATETIME
    words = world.vocabulary
    return stored_moment(resolve(atom.operand, kind, lambda _: None, world.now, words.zone, words.holidays))


def _is_day(operand: Constant | Moment) -> bool:
    if isinstance(operand, Moment):
        return operand.day_only
    told = stored_moment(operand.value)
    return told is not None and not isinstance(told, datetime)


def _noon(told: date, days: int, world: World) -> datetime:
    zone = world.vocabulary.zone
    day = told.astimezone(zone).date() if isinstance(told, datetime) else told
    return instant(day + timedelta(days=days), _NOON, zone)


def _near(told: date, world: World) -> list[datetime]:
    if isinstance(told, datetime):
        return [told, told - _SECOND, told + _SECOND]
    zone = world.vocabulary.zone
    return [instant(told, _MIDNIGHT, zone), instant(told + _DAY, _MIDNIGHT, zone) - _SECOND]


def _stored(field: Field, at: datetime, world: World) -> str:
    return stored_form(at.astimezone(UTC), field.type, world.vocabulary.zone)


def _together(field: Field, atoms: Sequence[Atom], parts: Sequence[_Position], world: World) -> Group:
    """A position in every frame at once; where the value of one of them fits all, it stands for the group."""
    told = _told_by(parts)
    values: list[Values] = [{field.name: one.value} for one in parts]
    best = next((one for one in values if all(world.answer(atom, one) is told[atom] for atom in told)), values[0])
    return group_of((field.name,), best, _answers(atoms, told, best, world), 1, world)


def _while_unknown(frame: _Frame, world: World) -> Sequence[_Position]:
    """While the field is unknown its default counts, and where that lies beside now depends on the day."""
    if any(isinstance(atom, Compare) and isinstance(atom.operand, Moment) for atom in frame.atoms):
        default = world.vocabulary.fields[frame.atoms[0].field].default
        return frame.positions if default is not None else [_Position(None, dict.fromkeys(frame.atoms))]
    return [_Position(None, {atom: world.answer(atom, EMPTY) for atom in frame.atoms})]


def _unknown(field: Field, atoms: Sequence[Atom], parts: Sequence[_Position], world: World) -> Group:
    return group_of((field.name,), EMPTY, _answers(atoms, _told_by(parts), EMPTY, world), 1, world)


def _told_by(parts: Sequence[_Position]) -> dict[Atom, bool | None]:
    return {atom: answer for part in parts for atom, answer in part.answers.items()}


def _answers(atoms: Sequence[Atom], told: Mapping[Atom, bool | None], values: Values, world: World) -> Answers:
    return tuple(told[atom] if atom in told else world.answer(atom, values) for atom in atoms)
