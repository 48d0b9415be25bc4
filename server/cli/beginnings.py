"""A first file: the texts that ``busos init`` writes, made from a few answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
MOST_EMAILS = len(_ORDINALS)
STARTS: Mapping[str, tuple[str, str]] = {
    "signup": ("welcome", "somebody signs up"),
    "purchase": ("onboarding", "somebody buys"),
    "booking": ("reminders", "somebody books a call"),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked: who writes, what starts it, how many emails with which gap between them, segments or none."""

    business: str = "My Business"
    sender: str = "hello@example.com"
    start: str = "signup"
    emails: int = 3
    gap: str = "2 days"
    segments: bool = False

    @property
    def sequence(self) -> str:
        """The name of the sequence."""
        return STARTS[self.start][0]


def files(answers: Answers) -> dict[str, str]:
    """Every file of a beginning, by its name."""
    return {"sequences.yaml": "\n".join(_sequences(answers)) + "\n", **_templates(answers)}


def _sequences(answers: Answers) -> Iterator[str]:
    sender = json.dumps(f"{answers.business} <{answers.sender}>", ensure_ascii=False)
    yield "# yaml-language-server: $schema=schema/sequences.schema.json"
    yield "version: 1"
    yield "timezone: UTC                  # where your days begin, such as Europe/Berlin"
    yield 'testing: {send_only_to: ["*@example.com"]}   # in testing mode nobody else can get an email'
    yield f"email: {{from: {sender}}}"
    yield "contact:                       # what you may know about a person"
    yield "  email: {type: email}"
    yield "  first_name: {type: text, default: there}   # said while the name is unknown"
    yield "  customer: {type: checkbox}"
    yield from _segments() if answers.segments else ()
    yield "triggers:"
    yield f"  {answers.start}:                      # {STARTS[answers.start][1]}: POST /webhook/{answers.start}"
    yield "    requires: [email]"
    yield f"    accepts: [first_name{', interest' if answers.segments else ''}]"
    yield "    then:"
    yield f"      - start: {answers.sequence}"
    yield "sequences:"
    yield f"  {answers.sequence}:"
    yield "    stop_when: customer = true   # whoever unsubscribes is left alone anyway"
    yield "    steps:"
    yield from _steps(answers)
    yield from _test(answers)


def _segments() -> Iterator[str]:
    yield "  interest: {type: choice, choices: [buying, looking], default: looking}"
    yield "  segment: {type: segment}"
    yield "segments:                      # from the top: the first line that is true wins"
    yield "  - READY: interest = buying"
    yield "  - CURIOUS: otherwise"


def _steps(answers: Answers) -> Iterator[str]:
    for number in range(answers.emails):
        if number:
            yield f"      - wait: {answers.gap}"
            yield "        testing: 1 minute"
        if answers.segments and number == answers.emails - 1:
            name = _name(answers, number)
            yield f"      - email: {{READY: {name}_ready, CURIOUS: {name}_curious}}"
            yield f"        id: {name}"
        else:
            yield f"      - email: {_name(answers, number)}"


def _test(answers: Answers) -> Iterator[str]:
    emails = [_name(answers, number) for number in range(answers.emails)]
    if answers.segments:
        emails[-1] += "_ready"
    more = ", interest: buying" if answers.segments else ""
    yield "tests:                         # busos test plays them on a clock of its own"
    yield f"  - name: {STARTS[answers.start][1]} and gets every email"
    yield "    at: 2025-11-12 10:00"
    yield f"    trigger: {answers.start}"
    yield f"    with: {{email: ada@example.com{more}}}"
    yield f"    expect: {{emails: [{', '.join(emails)}]}}"


def _name(answers: Answers, number: int) -> str:
    return f"{answers.sequence}_{number + 1}"


def _templates(answers: Answers) -> dict[str, str]:
    last = answers.emails - 1
    found = {}
    for number in range(answers.emails):
        for group in ("_ready", "_curious") if answers.segments and number == last else ("",):
            found[f"templates/{_name(answers, number)}{group}.md"] = _template(answers, number, group)
    return found


def _template(answers: Answers, number: int, group: str) -> str:
    told = {"_ready": " to people who are ready to buy", "_curious": " to people who are still looking"}.get(group, "")
    return (
        f'---\nsubject: "Your {_ORDINALS[number]} email from us"\n'
        "preheader: One line that inboxes show beside it.\n---\n"
        f"Hi {{{{ first_name }}}},\n\nThis is the {_ORDINALS[number]} email{told}. Write here what you want to say.\n\n"
        f"**[A link for the one thing to do](mailto:{answers.sender})**\n"
    )
