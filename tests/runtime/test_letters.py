"""The idempotency key of an email: what vendors take, and never the same for two emails."""

from __future__ import annotations

import re

import pytest

from engine.runtime.letters import Letters, email_key
from tests.playbooks import AnyTemplate

RUN = "01k9vyzqg0rpj9bd06vh3syb5n"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("email 1", "email_1"),
        ("a/b", "a%2Fb"),
        ("x" * 300, "x" * 301),
        ("é" * 60, "é" * 60 + "e"),
        ("\U0001f600" * 30, "\U0001f600" * 29 + "\U0001f601"),
        ("line\nbreak", "line break"),
    ],
)
def test_a_key_is_short_visible_and_never_of_two_emails(one: str, other: str) -> None:
    keys = {email_key(RUN, one), email_key(RUN, other)}

    assert len(keys) == 2
    assert all(re.fullmatch(r"[!-~]{1,256}", key) for key in keys)


def test_the_key_that_signs_links_is_not_shown_where_objects_are() -> None:
    letters = Letters(templates=AnyTemplate(), base_url="http://127.0.0.1", secret_key="do not show this")

    assert "do not show this" not in repr(letters)
