"""Conditions say something: none is never true, and none always."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.proving.claims import Claims
from engine.language.proving.stated import limits, stated_words
from engine.language.schema import Place
from engine.model import Condition


def check(book: Checkable) -> Iterator[Problem]:
    """Every ``when``, ``stop_when`` and the like that decides nothing."""
    claims = Claims(stated_words(book))
    for place in book.texts("condition"):
        condition = claims.condition(place.value)
        if condition is None:
            continue
        if not claims.possible((condition.test, True)):
            message = f'"{condition.text}" can never be true{_never(place)}'
            yield book.problem(place, "impossible-condition", message, hint=limits(condition, book.vocabulary))
        elif told := _always(claims, condition):
            message, hint = told
            yield book.problem(place, "always-true", message, hint=hint, severity=Severity.WARNING)


def _never(place: Place) -> str:
    match place.path:
        case (*_, "stop_when"):
            return ", so it ends no run"
        case (*_, "choose", _, "when"):
            return ", so this branch is never taken"
        case (*_, "also_require", _, _):
            return ", so every call is refused"
        case _:
            return ", so this step is never done"


def _always(claims: Claims, condition: Condition) -> tuple[str, str] | None:
    """What to say of a condition that is true of everybody, or of everybody of whom its fields are known."""
    if claims.always(condition.test, known=False):
        return f'"{condition.text}" is true of everybody', "take it away"
    if not claims.always(condition.test, known=True):
        return None
    names = sorted(condition.fields)
    asked = f"write  {' and '.join(f'{name} is known' for name in names)}  if that is meant, or take it away"
    return f'"{condition.text}" is true whatever {" and ".join(names)} {"is" if len(names) == 1 else "are"}', asked
