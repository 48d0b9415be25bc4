"""Which triggers let strangers send emails."""

from __future__ import annotations

import pytest

from engine.language.doors import open_webhooks
from engine.language.source import examine

FILE = """\
version: 1
triggers:
  form:
    requires: [email]
    then:
      - choose:
          - when: red > 1
            steps: [{start: welcome}]
  quiet: {requires: [email], then: [{save: {email: now}}, {alert: Hello}]}
  receipt: {requires: [email], then: [{email: receipt}]}
  booked: {from: calendly, requires: [email], then: [{start: welcome}]}
  broken: 3
sequences:
  welcome: {steps: [{email: hello}]}
"""


@pytest.mark.parametrize(("guarded", "told"), [((), ["form", "receipt"]), (("form",), ["receipt"])])
def test_a_trigger_that_starts_emails_and_is_not_guarded_is_told(guarded: tuple[str, ...], told: list[str]) -> None:
    document, _ = examine(FILE, "sequences.yaml")
    assert document is not None

    found = list(open_webhooks(document, lambda name: name in guarded))

    assert [problem.message.split('"')[1] for problem in found] == told
    assert {problem.severity for problem in found} == {"warning"}
    assert found[-1].line == 10


def test_a_file_without_triggers_has_no_doors() -> None:
    document, _ = examine("version: 1\n", "sequences.yaml")
    assert document is not None
    assert list(open_webhooks(document, lambda _: False)) == []
