"""What is said to be out of reach is not reached, in simulations of random files."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.language.checks import reach, truths
from engine.language.compiler import compile_document
from engine.language.schema import Place
from engine.language.source import read
from engine.model import Accepted
from engine.simulation import Sending, simulate_triggers
from tests.language.test_knowing import VALUES, book_of, files

NOW = datetime(2025, 11, 12, 10, tzinfo=UTC)
RULES = {"impossible-condition", "unreachable-step", "unreachable-branch", "dead-otherwise", "unsent-email"}
NOT_DONE = ("wait", "hold", "stop", "end")  # of a step that the run only stands before
LEFT_OUT = ("skipped", "left out")  # its when is not true, or the moment of its email has passed
BY_SEGMENT = {"HIGH": "high", "SOME": "some", "REST": "rest"}


def with_maps(part):
    """Every email as a map from segment to template."""
    if isinstance(part, list):
        return [with_maps(one) for one in part]
    if isinstance(part, dict):
        return {word: BY_SEGMENT if one == "hello" else with_maps(one) for word, one in part.items()}
    return part


def all_places(part, path=()):
    """Every value of the file with its path, the deepest first."""
    children = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, child in children:
        yield from all_places(child, (*path, name))
    yield path, part


def ids_in(part):
    return [one["id"] for _, one in all_places(part) if isinstance(one, dict) and "id" in one]


def out_of_reach(book):
    """Ids of steps, and (id, template) of emails, of which it is said that nobody gets there."""
    spots = {}
    for path, value in all_places(book.document.data):
        for place in (Place(path, value), path):
            spots.setdefault(book.place(place), []).append((path, value))
    steps, emails = set(), set()
    for check in (truths.check, reach.check):
        for problem in check(book):
            if problem.rule not in RULES:
                continue
            path = next(
                p for spot, found in spots.items() for p, _ in found if starts(spot, problem) and fits(p, problem)
            )
            owner = book.document.value(path[:-1])
            if problem.rule == "unsent-email":
                step = book.document.value(path[:-2])
                named = [name for name in BY_SEGMENT if name in problem.message.partition(" gets here")[0]]
                emails |= {(step["id"], BY_SEGMENT[name]) for name in named}
            elif "id" in owner:
                steps |= {owner["id"], *ids_in(owner.get("choose", []))}
            elif path[-1] != "stop_when":
                steps |= set(ids_in(owner))
    return steps, emails


def starts(spot, problem):
    return (spot.line, spot.column) == (problem.line, problem.column)


def fits(path, problem):
    wanted = {"unsent-email": BY_SEGMENT, "dead-otherwise": ["otherwise"]}.get(problem.rule, ["when", "stop_when"])
    return bool(path) and path[-1] in wanted


def payload(trigger, values):
    required = {"red": 0, "blue": 1, "city": "Oslo", "town": "Oslo", "customer": False, "plan": "free"}
    required["meeting"] = "2025-11-14T10:00:00Z"
    taken = {take.field for take in trigger.takes}
    needed = {take.field: required[take.field] for take in trigger.takes if take.required and take.field != "email"}
    return {**needed, **{name: value for name, value in values.items() if name in taken}}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=files(), values=st.lists(VALUES, min_size=2, max_size=4))
def test_nobody_gets_where_it_is_said_that_nobody_gets(data, values):
    text = json.dumps(with_maps(data))
    playbook, book = compile_document(read(text, "x.yaml"), testing=False), book_of(text)
    steps, emails = out_of_reach(book)
    sent = set()

    def post(effect, scene):
        sent.add((effect.step, effect.template))
        return Accepted(template=effect.template, subject="x")

    for index, more in enumerate(values):
        enter, change = playbook.triggers["enter"], playbook.triggers["change"]
        sendings = [
            Sending(trigger=enter, values=payload(enter, more), at=NOW),
            Sending(trigger=change, values=payload(change, values[index - 1]), at=NOW.replace(day=13, hour=12)),
        ]
        story = simulate_triggers(playbook, None, post, sendings, "ada@example.com").story
        done = {entry.step for entry in story if entry.kind not in NOT_DONE and not entry.note.startswith(LEFT_OUT)}
        assert not done & steps
        assert not sent & emails
