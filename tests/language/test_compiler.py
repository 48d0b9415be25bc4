"""Checked files to programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import InvalidFile
from engine.language.compiler import load
from engine.model import FieldType, IfAlreadyIn, UnknownContact
from tests.playbooks import AnyTemplate, playbook, steps

ROOT = Path(__file__).parents[2]


def test_the_shipped_file_compiles_to_the_programs_it_says() -> None:
    book = load(ROOT / "sequences.yaml", AnyTemplate())
    nurture = book.sequences["nurture"]

    assert list(nurture.steps) == ["email_1", "email_2", "email_3", "email_4", "email_5"]
    assert [step.position for step in nurture.steps.values()] == [1, 2, 3, 4, 5]
    assert [wait.text for step in nurture.steps.values() for wait in step.gap] == [
        "24 hours",
        "48 hours",
        "48 hours",
        "48 hours",
    ]
    assert nurture.re_entry.if_already_in is IfAlreadyIn.IGNORE
    assert list(book.triggers["assessment"].program.steps) == [
        "save assessment_completed",
        "alert discord",
        "start nurture",
    ]
    assert book.triggers["signup"].path == "/webhook/signup"
    assert book.vocabulary.segment_field == "segment"
    assert book.vocabulary.fields["red_systems"].type is FieldType.WHOLE
    assert book.send_only_to == ("*@example.com",)
    assert nurture.steps["email_1"].line == 52


def test_a_program_is_found_by_the_name_a_run_has() -> None:
    book = steps("- email: one")

    assert book.program("course") is book.sequences["course"]
    assert book.program("trigger enter") is book.triggers["enter"].program
    assert book.program("trigger gone") is None
    assert book.program("gone") is None
    assert book.triggers["enter"].program.of_trigger


def test_nested_choices_are_laid_flat_and_meet_again() -> None:
    book = steps(
        """
- choose:
    - when: visits > 5
      steps:
        - choose:
            - when: visits > 9
              steps: [{email: many}, {wait: 1 hour}]
          id: inner
        - email: some
    - otherwise: [{wait: 1 day}]
- email: last
"""
    )
    program = book.sequences["course"]

    assert {name: step.then for name, step in program.steps.items()} == {
        "choose": "last",
        "inner": "some",
        "many": "end of course/steps/0/choose/0/steps/0/choose/0/steps",
        "end of course/steps/0/choose/0/steps/0/choose/0/steps": "some",
        "some": "last",
        "end of course/steps/0/choose/1/otherwise": "last",
        "last": None,
    }
    assert program.steps["many"].line > program.steps["inner"].line > program.steps["choose"].line


@pytest.mark.parametrize(
    ("word", "policy", "seconds"),
    [
        ("create", UnknownContact.CREATE, None),
        ("hold 1 hour", UnknownContact.HOLD, 3600),
        ("reject", UnknownContact.REJECT, 0),
    ],
)
def test_what_a_trigger_does_with_strangers(word: str, policy: UnknownContact, seconds: int | None) -> None:
    trigger = playbook(f"triggers:\n  in: {{requires: [email], unknown_contact: {word}, path: /hooks/in}}\n").triggers[
        "in"
    ]

    assert (trigger.unknown_contact, trigger.path) == (policy, "/hooks/in")
    assert (trigger.program.patience.seconds if trigger.program.patience else None) == seconds


def test_what_a_trigger_takes() -> None:
    trigger = playbook("triggers:\n  in: {requires: [email], accepts: [red, {signup_date: now}]}\n").triggers["in"]

    assert [(take.field, take.required, take.otherwise) for take in trigger.takes] == [
        ("email", True, None),
        ("red", False, None),
        ("signup_date", False, "now"),
    ]


def test_the_revision_is_that_of_the_text() -> None:
    one, two = steps("- email: one"), steps("- email: two")

    assert one.revision != two.revision
    assert one.revision == steps("- email: one").revision


def test_a_file_with_errors_is_not_compiled_and_tells_all_of_them() -> None:
    with pytest.raises(InvalidFile) as caught:
        steps("- email: one\n- wait: 3 houres\n- email: two\n  when: vists > 3")

    assert len(caught.value.problems) == 2
