"""What to write instead, where a problem says it exactly and writing it makes the problem go away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.errors import Problem
from server.editor.positions import Ruler

_MEANT = re.compile(r'(?:did you mean|write) +"([^"]+)"')
_PLAIN = re.compile(r"^write +(\S.*)$")
_TOLD = re.compile(r'"([^"]+)"')
Check = Callable[[str], Sequence[Problem]]


@dataclass(frozen=True, slots=True)
class Fix:
    """A stretch of the text and what to write there."""

    problem: Problem
    start: int
    end: int
    new: str


def fixes(text: str, some: Sequence[Problem], every: Sequence[Problem], check: Check) -> Iterator[Fix]:
    """One for each of some problems whose own hint cures it. ``check`` finds every problem of a text.

    Whether a hint is a replacement is not guessed: it is written into a copy, and that is checked again.
    """
    for problem in some:
        found = next((fix for fix in _tries(text, problem) if _cures(text, fix, every, check)), None)
        if found is not None:
            yield found


def _tries(text: str, problem: Problem) -> Iterator[Fix]:
    ruler = Ruler(text)
    line, _ = ruler.bounds(problem.line - 1)
    start, end = line + problem.column - 1, line + problem.end_column - 1
    wrong = _TOLD.search(problem.message)
    stretches = [(start, end)]
    if wrong and (at := text.find(wrong[1], start, end)) >= 0:
        stretches.insert(0, (at, at + len(wrong[1])))
    for words in (problem.hint, problem.message):
        for pattern in (_MEANT, _PLAIN):
            if found := pattern.search(words):
                yield from (Fix(problem, first, last, found[1]) for first, last in stretches)


def _cures(text: str, fix: Fix, before: Sequence[Problem], check: Check) -> bool:
    after = check(apply(text, fix))
    kinds = [(one.rule, one.message) for one in before]
    return len(after) < len(before) and all((one.rule, one.message) in kinds for one in after)


def apply(text: str, fix: Fix) -> str:
    """The text with the fix written into it."""
    return text[: fix.start] + fix.new + text[fix.end :]
