"""Branches and steps that nobody gets to: others take everybody first, or what is asked was answered on the way.

All branches of a ``choose`` are asked at one moment, so what they exclude is certain. On the way down two
things are known: the segment, which a run keeps, and, until something takes time or is saved, what the
branch asked. A run whose segment cannot be told yet may get another one later, so these are warnings.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.document import Path
from engine.language.proving.claims import Claims, Demand
from engine.language.proving.stated import stated_words
from engine.language.schema import Place
from engine.language.vocabulary import OTHERWISE, as_dict, as_list
from engine.model import Among, Compare, Condition, Constant, FieldType, Known, Not

WARNING = Severity.WARNING
AT_ONCE = ("alert", "start", "stop")
"""Verbs that take no time and change nothing about the contact."""


def check(book: Checkable) -> Iterator[Problem]:
    """Every list of steps, from its top."""
    claims = Claims(stated_words(book))
    for section, word in (("sequences", "steps"), ("triggers", "then")):
        for name, spec in book.section(section).items():
            frozen = as_dict(spec).get("segment") != "live"
            walk = _Walk(book, claims, book.vocabulary.segment_field if frozen else None)
            yield from walk.steps(as_list(as_dict(spec).get(word)), (section, name, word), _Known())


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of everybody at a place: demands that hold at this moment, and segments that they are not in.

    ``said`` are the conditions on the way here that tell it.
    """

    now: tuple[Demand, ...] = ()
    not_in: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Walk:
    """Down through the steps of one sequence. ``field`` is that of the segment, where runs keep it."""

    book: Checkable
    claims: Claims
    field: str | None

    def steps(self, steps: Sequence[Any], path: Path, known: _Known) -> Iterator[Problem]:
        for index, raw in enumerate(steps):
            step, here = as_dict(raw), (*path, index)
            inside = known
            if (when := self.claims.condition(step.get("when"))) is not None:
                yield from self._excluded(Place((*here, "when"), step["when"]), when, known)
                inside = self._knowing(known, when, ())
            yield from self._email(as_dict(step.get("email")), here, inside)
            yield from self._choose(as_list(step.get("choose")), (*here, "choose"), inside)
            if not any(verb in step for verb in AT_ONCE):
                known = replace(known, now=())

    def _excluded(self, place: Place, when: Condition, known: _Known) -> Iterator[Problem]:
        """A condition that could be true, but not of anybody who gets there."""
        mine = (when.test, True)
        if known.said and self.claims.possible(mine) and not self.claims.possible(*self._demands(known), mine):
            message = f'nobody who gets here fits "{when.text}": they came by {_quoted(known.said)}'
            yield self.book.problem(place, "unreachable-step", message, hint="take it away", severity=WARNING)

    def _demands(self, known: _Known) -> tuple[Demand, ...]:
        if self.field is None or not known.not_in:
            return known.now
        others = tuple(Constant(name) for name in sorted(known.not_in))
        return (*known.now, (Not(Among(self.field, FieldType.SEGMENT, others)), True))

    # -- Branches -------------------------------------------------------------------------------

    def _choose(self, branches: Sequence[Any], path: Path, known: _Known) -> Iterator[Problem]:
        above: list[Condition] = []
        for index, branch in enumerate(map(as_dict, branches)):
            here = (*path, index)
            when = self.claims.condition(branch.get("when"))
            if when is not None:
                place = Place((*here, "when"), branch["when"])
                yield from self._shadowed(place, when, above) or self._excluded(place, when, _unlike(known, above))
                inside = self._knowing(known, when, above)
                yield from self.steps(as_list(branch.get("steps")), (*here, "steps"), inside)
                above.append(when)
            elif OTHERWISE in branch:
                yield from self._left_over((*here, OTHERWISE), above)
                rest = _unlike(known, above)
                rest = replace(rest, said=(*rest.said, OTHERWISE))
                yield from self.steps(as_list(branch[OTHERWISE]), (*here, OTHERWISE), rest)

    def _shadowed(self, place: Place, when: Condition, above: Sequence[Condition]) -> list[Problem]:
        """A branch that others above it leave nobody."""
        mine = (when.test, True)
        if not self.claims.possible(mine) or self.claims.possible(mine, *_none_of(above)):
            return []
        alone = next((one for one in above if not self.claims.possible(mine, (one.test, False))), None)
        who = f'"{alone.text}" above takes' if alone else "the branches above take"
        message = f'nobody gets to the branch "{when.text}": {who} them all'
        hint = "move it above that one, or take it away" if alone else "move it further up, or take it away"
        return [self.book.problem(place, "unreachable-branch", message, hint=hint)]

    def _left_over(self, path: Path, above: Sequence[Condition]) -> Iterator[Problem]:
        if above and not self.claims.possible(*_none_of(above)):
            message = "nobody gets to this otherwise: the branches above take everybody"
            hint = "take it away, or let the last of them be the otherwise"
            yield self.book.problem(path, "dead-otherwise", message, hint=hint, severity=WARNING)

    # -- The segment ----------------------------------------------------------------------------

    def _knowing(self, known: _Known, when: Condition, above: Sequence[Condition]) -> _Known:
        """What is known of those of whom a condition is true, and those above it are not."""
        demands = ((when.test, True), *_none_of(above))
        said = (*known.said, when.text)
        return _Known((*known.now, *demands), known.not_in | self._not_in(demands, when), said)

    def _not_in(self, demands: tuple[Demand, ...], when: Condition) -> frozenset[str]:
        """The segments of which nobody can be here, if everybody here has one."""
        if self.field is None or self.field not in when.fields:
            return frozenset()
        if self.claims.possible((when.test, True), (Known(self.field, False), True)):
            return frozenset()
        return frozenset(name for name in self.book.segment_names() if not self._may_be(name, demands))

    def _may_be(self, name: str, demands: tuple[Demand, ...]) -> bool:
        segment = Compare(self.field or "", FieldType.SEGMENT, "=", Constant(name))
        return self.claims.possible((segment, True), *demands)

    def _email(self, templates: Mapping[str, Any], here: Path, known: _Known) -> Iterator[Problem]:
        """Templates for segments of which nobody gets there."""
        never = [name for name in templates if name in known.not_in]
        if never:
            message = f"nobody in {' or '.join(never)} gets here: they came by {_quoted(known.said)}"
            left = {name: one for name, one in templates.items() if name not in known.not_in}
            yield self.book.problem(
                (*here, "email", never[0]), "unsent-email", message, hint=_shorter(left), severity=WARNING
            )


def _unlike(known: _Known, above: Sequence[Condition]) -> _Known:
    """What is known of those of whom no condition above is true."""
    return replace(known, now=(*known.now, *_none_of(above)))


def _none_of(above: Sequence[Condition]) -> tuple[Demand, ...]:
    return tuple((one.test, False) for one in above)


def _quoted(said: Sequence[str]) -> str:
    return " and ".join(f'"{text}"' for text in said)


def _shorter(left: Mapping[str, Any]) -> str:
    """What to write when some segments need no template."""
    if len(left) < 2:
        return f"write  email: {one}" if (one := next(iter(left.values()), None)) else "take the email away"
    kept = left if OTHERWISE in left else {**dict([*left.items()][:-1]), OTHERWISE: [*left.values()][-1]}
    return f"write  email: {{{', '.join(f'{name}: {template}' for name, template in kept.items())}}}"
