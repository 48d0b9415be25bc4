"""Tests in YAML: what they say is played, and what does not come true is told side by side."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from engine.language.compiler import compile_document, sound_document
from engine.language.scenarios import read_scenarios
from engine.model import Accepted, Outcome, SendEmail
from engine.reached import reached
from engine.scenarios import Verdict, play
from engine.scene import Scene
from tests.playbooks import HEAD as WORDS
from tests.playbooks import AnyTemplate

HEAD = WORDS.replace("contact:\n", "contact:\n  likes: {type: list}\n")

FILE = """
triggers:
  quiz:
    requires: [email, red]
    accepts: [first_name, appointment, likes]
    then:
      - alert: "Hot: {{ first_name }}"
        when: segment = HOT
      - start: course
  patient: {requires: [email], unknown_contact: hold 1 hour, then: [{start: course}]}
sequences:
  course:
    stop_when: customer = true
    steps:
      - email: one
      - wait: 1 day
        testing: 2 seconds
      - email: {HOT: two_hot, COLD: two_cold}
        id: two
      - save: {visits: 3, signup_date: now}
      - wait: until 2 hours before appointment
        testing: 1 second
      - email: three
      - start: other
        when: visits > 5
  other: {steps: [{stop: nothing to do}]}
"""


def posted(effect: SendEmail, scene: Scene) -> Outcome:
    return Accepted(template=effect.template, subject=f"{effect.template} for {scene.value('first_name')}")


def verdicts(tests: str) -> list[Verdict]:
    text = f"{HEAD}{FILE}tests:\n{textwrap.indent(textwrap.dedent(tests).strip(), '  ')}\n"
    document = sound_document(text, AnyTemplate())
    books = {testing: compile_document(document, testing=testing) for testing in (False, True)}
    return [play(books[one.testing], one, posted) for one in read_scenarios(document)]


def judged(body: str, expect: str) -> Verdict:
    lines = textwrap.indent(textwrap.dedent(body).strip(), "  ")
    (verdict,) = verdicts(f"- name: a test\n  at: 2025-11-12 10:00\n{lines}\n  expect: {expect}")
    return verdict


HOT = "trigger: quiz\nwith: {email: ada@example.com, red: 2, first_name: Ada, appointment: 2025-11-20 09:00}"
COLD = "trigger: quiz\nwith: {red: 0}"
GONE = f"{HOT}\nlater: [{{after: 2 days, unsubscribe: true}}]"
BOUNCED = f"{HOT}\nlater: [{{at: 2025-11-12 11:00, bounce: true}}]"
BOUGHT = f"{HOT}\nlater: [{{after: 1 hour, set: {{customer: true}}}}]"
AGAIN = f"{COLD}\nlater: [{{after: 90 minutes, trigger: quiz, with: {{red: 3}}}}]"
ELSEWHERE = "trigger: quiz\nwith: {red: 2, appointment: 2025-11-20 09:00}\ncontact: {zone: Asia/Tokyo}"
DIRECT = "sequence: course\nwith: {red: 2}\ncontact: {appointment: 2025-11-20 09:00}"
EARLY = "trigger: patient"


@pytest.mark.parametrize(
    ("body", "expect"),
    [
        (HOT, "{segment: HOT, alerts: 1, ends: finished, started: course, not_started: [other]}"),
        (HOT, "{emails: [one at 2025-11-12 10:00, two_hot at 2025-11-13 10:00, three at 2025-11-20 07:00]}"),
        (HOT, "{emails: [{email: one, subject: one for Ada}, two_hot, {email: three, at: 2025-11-20 07:00}]}"),
        (HOT, "{saved: {visits: 3, signup_date: 2025-11-13 10:00, customer: unknown, segment: HOT}}"),
        (HOT, "{alerts: ['Hot: Ad'], ends: {course: finished}}"),
        (COLD, "{segment: COLD, alerts: ['course held for']}"),
        (COLD, "{ends: held, held: appointment is unknown, emails: [one, two_cold]}"),
        (GONE, "{emails: [one, two_hot], stopped_by: unsubscribed, ends: stopped}"),
        (BOUNCED, "{emails: [one], stopped_by: bounced}"),
        (BOUGHT, "{emails: [one], stopped_by: customer  =  true}"),
        (BOUGHT, "{emails: [one], stopped_by: customer == true}"),
        (AGAIN, "{segment: COLD, saved: {segment: HOT}, alerts: 2, emails: [one, two_cold]}"),
        (ELSEWHERE, "{emails: [one at 2025-11-12 10:00, two_hot at 2025-11-13 10:00, three at 2025-11-20 07:00]}"),
        (DIRECT, "{segment: HOT, emails: [one, two_hot, three], alerts: 0}"),
        (EARLY, "{segment: none, emails: [], not_started: course, saved: {email: ada@example.com}}"),
        (f"{HOT}\ntesting: true", "{emails: [one, two_hot at 2025-11-12 10:00:02, three at 2025-11-12 10:00:03]}"),
    ],
)
def test_what_is_expected_comes_true(body: str, expect: str) -> None:
    verdict = judged(body, expect)
    assert [failure.message for failure in verdict.failures] == []
    assert verdict.passed


@pytest.mark.parametrize(
    ("body", "expect", "messages"),
    [
        (HOT, "{segment: COLD}", ["segment: expected COLD, found HOT"]),
        (HOT, "{segment: none}", ["segment: expected none, found HOT"]),
        (HOT, "{alerts: 0}", ["alerts: expected 0, found 1: Hot: Ada"]),
        (COLD, "{alerts: [Hot]}", ["alerts: expected Hot, found course held for ada@example.com: "]),
        (HOT, "{alerts: [Hot, Cold]}", ["alerts: expected Cold, found nothing"]),
        (HOT, "{alerts: []}", ["alerts: expected 0, found 1: Hot: Ada"]),
        (HOT, "{ends: stopped}", ["ends: expected stopped, found finished"]),
        (COLD, "{ends: finished}", ["ends: expected finished, found held: "]),
        (HOT, "{ends: {other: stopped}}", ["ends other: expected stopped, found never started"]),
        (EARLY, "{ends: finished}", ["ends: expected finished, found never started"]),
        (HOT, "{stopped_by: unsubscribed}", ["stopped_by: expected unsubscribed, found course finished"]),
        (GONE, "{stopped_by: customer = true}", ["stopped_by: expected customer = true, found unsubscribed"]),
        (HOT, "{held: appointment}", ["held: expected appointment, found course finished"]),
        (HOT, "{started: other}", ["started: expected other, found not started"]),
        (HOT, "{not_started: course}", ["not_started: expected course, found course started at 2025-11-12 10:00"]),
        (HOT, "{saved: {visits: 4}}", ["saved visits: expected 4, found 3"]),
        (HOT, "{saved: {customer: true}}", ["saved customer: expected true, found unknown"]),
        (HOT, "{saved: {likes: [tea, cake]}}", ["saved likes: expected [tea, cake], found unknown"]),
        (GONE, "{stopped_by: a whim}", ["stopped_by: expected a whim, found unsubscribed"]),
        (HOT, "{emails: [one, two_hot]}", ["emails: nobody expected three at 2025-11-20 07:00"]),
        (BOUGHT, "{emails: [one, two_hot, three]}", ["emails: expected two_hot, found nothing"]),
        (BOUGHT, "{emails: [one at 2025-11-12 10:01]}", [
            "emails: expected one at 2025-11-12 10:01, found one at 2025-11-12 10:00"
        ]),
        (BOUGHT, "{emails: [{email: one, subject: one for Eve}]}", [
            'emails: expected one "one for Eve", found one at 2025-11-12 10:00 "one for Ada"'
        ]),
    ],
)  # fmt: skip
def test_what_does_not_come_true_is_told(body: str, expect: str, messages: list[str]) -> None:
    verdict = judged(body, expect)
    assert not verdict.passed
    found = [failure.message for failure in verdict.failures]
    assert [text[: len(message)] for text, message in zip(found, messages, strict=True)] == messages


def rows(verdict: Verdict) -> list[tuple[str, str, bool]]:
    (failure,) = verdict.failures
    return [(row.expected, row.found, row.right) for row in failure.rows]


def test_one_email_too_many_does_not_make_the_rest_look_wrong() -> None:
    assert rows(judged(HOT, "{emails: [one, three]}")) == [
        ("one", "one at 2025-11-12 10:00", True),
        ("", "two_hot at 2025-11-13 10:00", False),
        ("three", "three at 2025-11-20 07:00", True),
    ]


def test_a_failure_names_the_line_of_the_expectation() -> None:
    (verdict,) = verdicts("""
        - name: a late email
          at: 2025-11-12 10:00
          trigger: quiz
          with: {red: 2, appointment: 2025-11-20 09:00}
          expect:
            segment: COLD
            emails:
              - one
              - two_hot at 2025-11-13 11:00
              - three
    """)
    first = verdict.scenario.line
    assert [failure.line - first for failure in verdict.failures] == [5, 8]


def test_what_a_trigger_does_not_take_is_told_at_its_line() -> None:
    later = "later:\n  - {after: 1 day, trigger: quiz, with: {red: 1}}"
    verdict = judged(f"trigger: quiz\nwith: {{red: 2, first_name: '   '}}\n{later}", "{ends: held}")
    refused = judged("trigger: quiz\nwith: {email: ada@localhost.invalid, red: 2}", "{ends: held}")

    assert verdict.passed
    assert (refused.simulation, refused.failures[0].word) == (None, "trigger")
    assert refused.failures[0].line == refused.scenario.line + 2
    assert "an email address such as ada@example.com" in refused.failures[0].message


def steps_of(found: Any) -> list[tuple[str, str, str | None, int]]:
    return [(one.program, one.step, one.template, one.tests) for one in found]


def test_every_step_and_every_email_of_a_step_knows_how_many_tests_reach_it() -> None:
    played = [judged(body, "{not_started: other}") for body in (HOT, COLD, GONE)]
    refused = judged("trigger: quiz\nwith: {email: ada@localhost.invalid, red: 2}", "{ends: held}")
    document = sound_document(HEAD + FILE, AnyTemplate())
    found = reached(compile_document(document, testing=False), [*played, refused])

    assert steps_of(found) == [
        ("trigger quiz", "alert discord", None, 2),
        ("trigger quiz", "start course", None, 3),
        ("trigger patient", "start course", None, 0),
        ("course", "one", "one", 3),
        ("course", "two", "two_hot", 2),
        ("course", "two", "two_cold", 1),
        ("course", "save visits signup_date", None, 3),
        ("course", "three", "three", 1),
        ("course", "start other", None, 0),
        ("other", "stop", None, 0),
    ]


def test_a_place_to_rest_is_no_step() -> None:
    document = sound_document(
        f"{HEAD}sequences: {{course: {{steps: [{{email: one}}, {{wait: 1 day}}]}}}}\n", AnyTemplate()
    )
    found = reached(compile_document(document, testing=False), [])
    assert [one.step for one in found] == ["one"]
