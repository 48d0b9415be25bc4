"""What is private is said to the contact and hidden wherever others read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.language.compiler import load
from engine.model import Accepted, Contact
from engine.scene import MASK, Scene, masked
from engine.simulation import Sending, simulate_triggers
from server.cli.reasons import because
from tests.language.conftest import FakeShelf

BOOK = load(
    """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  illness: {type: text, private: true}
  told: {type: text, computed: "'because of ' + illness"}
  copy: {type: text}
  visits: {type: whole number, private: true}
  segment: {type: segment}
segments:
  - OFTEN: visits > 2
  - SELDOM: otherwise
triggers:
  form:
    requires: [email, illness, visits]
    then:
      - save: {copy: illness, illness: illness}
      - save: {visits: unknown}
      - alert: "{{ email }} has {{ illness }}, {{ told }}, {{ visits }} and {{ copy }}"
        title: "{{ illness }}"
        fields: {Illness: "{{ illness }}"}
      - alert: "often"
        id: second
        when: illness = asthma
""",
    FakeShelf(),
)
WORDS = BOOK.vocabulary
NOW = datetime(2026, 11, 12, 10, tzinfo=UTC)
VALUES: dict[str, Any] = {"email": "ada@example.com", "illness": "asthma", "visits": 3}


@pytest.fixture(scope="module")
def played() -> Any:
    post = Accepted(template="hello", subject="Hello")
    sending = Sending(trigger=BOOK.triggers["form"], values=VALUES, at=NOW)
    return simulate_triggers(BOOK, None, lambda *_: post, [sending], "ada@example.com")


def test_no_story_and_no_alert_says_it(played: Any) -> None:
    copied, forgotten, alert, _ = [entry for entry in played.story if entry.kind in ("save", "alert")]
    assert copied.note == f"copy = {MASK}, illness = {MASK}"
    assert forgotten.note == "visits = unknown"
    assert alert.note == f"ada@example.com has {MASK}, {MASK}, (unknown) and asthma"
    assert played.alerts[0].title == MASK
    assert played.alerts[0].fields == (("Illness", MASK),)


def test_conditions_ask_for_it_as_ever(played: Any) -> None:
    assert [alert.message for alert in played.alerts][1:] == ["often"]
    assert played.contact.values["illness"] == "asthma"


def test_an_email_says_it_to_the_contact() -> None:
    contact = Contact(id="c", email="ada@example.com", values=VALUES)
    program = BOOK.triggers["form"].program
    from engine.intake import start_directly

    scene = Scene(program=program, run=start_directly(program, contact, run_id="r", now=NOW), contact=contact, now=NOW)
    assert (scene.shown["illness"], scene.shown["told"]) == ("asthma", "because of asthma")
    assert (scene.told["illness"], scene.told["told"], scene.told["copy"]) == (MASK, MASK, None)


def test_what_is_computed_from_it_is_private_too() -> None:
    assert WORDS.fields["told"].private
    assert masked(WORDS, {"told": "x", "copy": "y", "elsewhere": 1, "visits": None}) == {
        "told": MASK,
        "copy": "y",
        "elsewhere": 1,
        "visits": None,
    }


def test_why_somebody_is_in_a_segment_names_the_field_and_not_its_value() -> None:
    condition = WORDS.segments[0].condition
    assert condition is not None
    assert because(condition, WORDS, VALUES, NOW) == f"visits = {MASK}"


def test_everything_of_a_story_can_be_written_without_it(played: Any) -> None:
    told = json.dumps([[entry.note, entry.error] for entry in played.story if entry.kind != "alert"])
    assert "asthma" not in told.replace("illness = asthma", "")
