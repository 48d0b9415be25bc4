"""What a template says is known at every step that sends it: told here, before an email waits for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.conditions import parse_condition
from engine.language.document import Path
from engine.language.implying import NONE, Fields, unknown_when_true
from engine.language.knowing import Knowledge, can_be_known, knowledge
from engine.language.schema import Place
from engine.language.sendings import templates_of
from engine.language.values import UNKNOWN
from engine.language.vocabulary import as_dict
from engine.model import Condition, TemplateText
from engine.rendering import TemplateFlaw, Variable, variables

_MOST_NAMED = 3
_TRIGGER = "the trigger"


def check(book: Checkable) -> Iterator[Problem]:
    """Errors where a value can never be there, warnings where it may be missing."""
    sendings = [sending for sending in _sendings(book) if sending.needs]
    if not sendings:
        return
    possible = can_be_known(book)
    yield from _never(book, sendings, possible)
    known = knowledge(book)
    yield from _not_here(book, sendings)
    yield from _maybe(book, [one for one in sendings if one.step in known.emails], known, possible)


@dataclass(frozen=True, slots=True)
class _Sending:
    """A template at a step; ``segment`` is empty where it goes to everybody, ``needs`` have neither value nor cover."""

    step: Path
    place: Place
    segment: str
    template: str
    needs: tuple[Variable, ...]

    @property
    def program(self) -> Path:
        return self.step[:2]


def _sendings(book: Checkable) -> Iterator[_Sending]:
    needs: dict[tuple[str, Any], tuple[Variable, ...]] = {}
    for step in book.mappings("step"):
        for segment, place in templates_of(step):
            asked = place.value, subject if isinstance(subject := step.value.get("subject"), str) else None
            if asked not in needs:
                needs[asked] = tuple(use for use in _variables(book, *asked) if _needed(book, use))
            yield _Sending(step.path, place, segment, place.value, needs[asked])


def _variables(book: Checkable, name: str, subject: str | None) -> Sequence[Variable]:
    """What a template says, with the step's own subject; a broken one is told where templates are checked."""
    try:
        found: TemplateText | None = book.shelf.find(name)
        if found is None:
            return ()
        return variables(found if subject is None else replace(found, subject=subject))
    except TemplateFlaw:
        return ()


def _needed(book: Checkable, use: Variable) -> bool:
    """Whether a declared field is said as it is, with nothing to say while it is unknown."""
    field = book.vocabulary.fields.get(use.name)
    return field is not None and field.default is None and not use.guarded and use.name != "email"


# -- Never ------------------------------------------------------------------------------------


def _never(book: Checkable, sendings: Sequence[_Sending], possible: Fields) -> Iterator[Problem]:
    told: set[tuple[str, str]] = set()
    for one in sendings:
        for use in one.needs:
            if use.name not in possible and (one.template, use.name) not in told:
                told.add((one.template, use.name))
                message = f'template "{one.template}" uses {_braces(use)}, but nothing ever gives "{use.name}" a value'
                hint = "let a trigger take it under requires or accepts, save it, or give the field a  default:"
                yield book.problem(one.place, "never-known", message, notes=_said(use), hint=hint)


def _not_here(book: Checkable, sendings: Sequence[_Sending]) -> Iterator[Problem]:
    """A step for those whose city is unknown that tells them their city."""
    for one in sendings:
        unknown = _unknown_at(book, one.step)
        for use in one.needs:
            if use.name in unknown:
                message = (
                    f'template "{one.template}" uses {_braces(use)}, '
                    f'but this step is only for those whose "{use.name}" is unknown'
                )
                hint = f"send another template here, or give the field a  default:  for {use.name}"
                yield book.problem(one.place, "never-known", message, notes=_said(use), hint=hint)


def _unknown_at(book: Checkable, step: Path) -> Fields:
    when = as_dict(book.at(step)).get("when")
    condition = parse_condition(when, book.vocabulary) if isinstance(when, str) else None
    return unknown_when_true(condition.test) if isinstance(condition, Condition) else NONE


# -- Maybe ------------------------------------------------------------------------------------


def _maybe(book: Checkable, sendings: Sequence[_Sending], known: Knowledge, possible: Fields) -> Iterator[Problem]:
    """One warning for each field and sequence, at the first email that says it; the others are named in it."""
    lacking: dict[tuple[Path, str, str], list[tuple[_Sending, Variable]]] = {}
    for one in sendings:
        there = known.emails[one.step] | known.by_segment.get(one.segment, NONE)
        unknown = _unknown_at(book, one.step)
        for use in one.needs:
            if use.name in possible and use.name not in there | unknown:
                key = one.program, use.name, _reason(book, one.program, use.name, known)
                lacking.setdefault(key, []).append((one, use))
    for (_, _, reason), found in lacking.items():
        yield _warning(book, found, reason)


def _warning(book: Checkable, found: Sequence[tuple[_Sending, Variable]], reason: str) -> Problem:
    (first, use), *more = found
    message = f'template "{first.template}" uses {_braces(use)}, which may be unknown here: {reason}'
    notes = [*_said(use), *_others(book, [one for one, _ in more])]
    return book.problem(
        first.place, "maybe-unknown", message, notes=notes, hint=_way_out(use.name, reason), severity=Severity.WARNING
    )


def _others(book: Checkable, more: Sequence[_Sending]) -> list[str]:
    names = [f'"{one.template}" at {book.where(one.place)}' for one in more[:_MOST_NAMED]]
    left = len(more) - len(names)
    rest = f" and {left} more" if left else ""
    return [f"so {'do' if len(more) > 1 else 'does'} {', '.join(names)}{rest}"] if names else []


def _way_out(name: str, reason: str) -> str:
    require = f"require {name} there, " if reason.startswith(_TRIGGER) else ""
    return f"{require}give the field a  default:,  or write  when: {name} is known  at the step"


def _reason(book: Checkable, program: Path, name: str, known: Knowledge) -> str:
    behind = [path for path in known.left_out_by(program, name) if name not in known.begins[path]]
    if name in known.begins[program] or not behind:
        return _forgotten(book, name)
    triggers = [f'"{path[1]}"' for path in behind if path[0] == "triggers"]
    if not triggers:
        return f'nothing starts "{behind[0][1]}", so only the email address is sure'
    named = ", ".join(triggers[:_MOST_NAMED]) + (", …" if triggers[_MOST_NAMED:] else "")
    return f"{_TRIGGER}{'s' if triggers[1:] else ''} {named} can come without it"


def _forgotten(book: Checkable, name: str) -> str:
    saves = ((step.path, as_dict(step.value.get("save"))) for step in book.mappings("step"))
    place = next((book.where((*path, "save", name)) for path, save in saves if save.get(name) == UNKNOWN), "")
    return f"it is made unknown at {place}" if place else "a step before saves another field there"


def _braces(use: Variable) -> str:
    return f"{{{{ {use.name} }}}}"


def _said(use: Variable) -> list[str]:
    return [f'the template says: "{use.excerpt}"'] if use.excerpt else []
