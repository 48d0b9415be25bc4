"""``segment: live``: the segment is read again at each step, and frozen without it."""

from __future__ import annotations

import pytest

from engine.intake import start_directly
from engine.interpreter import advance
from engine.model import Playbook, RunStatus, Tick
from engine.scene import Scene
from engine.simulation import Sending, simulate_triggers
from tests.playbooks import NOON, ada, hours, playbook, posted

FILE = """
triggers:
  enter: {requires: [email], accepts: [red], then: [{start: course}]}
sequences:
  course:
    MORE
    steps:
      - email: {HOT: hot1, COLD: cold1}
        id: one
      - wait: 1 day
      - email: {HOT: hot2, COLD: cold2}
        id: two
      - wait: 1 day
      - email: three
        when: segment = HOT
"""


def book(more: str) -> Playbook:
    return playbook(FILE.replace("MORE", more))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("segment: live", ["cold1", "hot2", "three"]),
        ("segment: frozen", ["cold1", "cold2"]),
        ("again_after: never", ["cold1", "cold2"]),
        ("{segment: live, stop_when: segment = HOT}", ["cold1"]),
    ],
)
def test_a_contact_whose_segment_changes(more: str, expected: list[str]) -> None:
    found = book(more.strip("{}").replace(", ", "\n    "))
    sendings = [
        Sending(
            trigger=found.triggers["enter"], values={"email": "ada@example.com", "red": red}, at=NOON + hours(after)
        )
        for after, red in ((0, 0), (5, 3))
    ]

    played = simulate_triggers(found, None, posted, sendings, "ada@example.com")

    assert [one.template for one in played.story if one.template] == expected
    assert played.run is not None
    assert played.run.segment == ("HOT" if "live" in more else "COLD")


def test_a_segment_that_cannot_be_told_any_more_holds_the_run() -> None:
    found = book("segment: live")
    program, contact = found.sequences["course"], ada(found, red=3)
    run = start_directly(program, contact, run_id="r1", now=NOON)

    decision = advance(program, run, ada(found), Tick(), NOON)

    assert run.segment == "HOT"
    assert (decision.run.status, decision.run.segment) == (RunStatus.HELD, None)
    assert decision.run.reason == "the segment cannot be told while red is unknown"
    scene = Scene(program=program, run=decision.run, contact=contact, now=NOON)
    assert (scene.value("segment"), scene.knows("segment")) == (None, False)
