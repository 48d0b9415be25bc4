"""The nine emails that ship: each is complete and good for every contact that can get it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.adapters.files import FileTemplates
from engine.model import TemplateText
from engine.rendering import RESERVED, has_unsubscribe, render, variables

ROOT = Path(__file__).parents[1]
TEMPLATES = FileTemplates(ROOT / "templates")
FILE = yaml.safe_load((ROOT / "sequences.yaml").read_text(encoding="utf-8"))
ENGINE = {"sender_name": "Sang Le", "unsubscribe_url": "https://example.com/u/token"}
DEFAULTS = {name: field["default"] for name, field in FILE["contact"].items() if "default" in field}
GMAIL_CLIPS = 102 * 1024


def used() -> list[str]:
    """The templates that the shipped sequence names."""
    emails = [step["email"] for step in FILE["sequences"]["nurture"]["steps"] if "email" in step]
    return [name for email in emails for name in (email.values() if isinstance(email, dict) else [email])]


def found(name: str) -> TemplateText:
    text = TEMPLATES.find(name)
    assert text is not None, name
    return text


def contacts(name: str) -> list[dict[str, Any]]:
    """A contact for every pair of counts that leads to this template, knowing as little as possible."""
    pairs = itertools.product(range(9), range(9))
    lists = {
        "critical": [(red, orange) for red, orange in pairs if red >= 2],
        "urgent": [(red, orange) for red in (0, 1) for orange in range(9) if red == 1 or orange >= 2],
        "optimize": [(0, 0), (0, 1)],
    }
    counts = lists.get(name.rpartition("_")[2], [(0, 0), (8, 8)])
    common = {"email": "ada@example.com", **DEFAULTS, **ENGINE}
    return [{**common, "red_systems": red, "orange_systems": orange} for red, orange in counts if red + orange <= 8]


def test_every_template_of_the_sequence_is_there_and_no_other() -> None:
    assert sorted(used()) == TEMPLATES.names()
    assert len(used()) == 9


@pytest.mark.parametrize("name", used())
def test_a_template_uses_only_declared_fields_and_guards_what_may_be_unknown(name: str) -> None:
    surely_known = {"email", "red_systems", "orange_systems", *DEFAULTS, *RESERVED}
    for use in variables(found(name)):
        assert use.name in FILE["contact"] or use.name in RESERVED, use
        assert use.guarded or use.name in surely_known, use


@pytest.mark.parametrize("name", used())
def test_a_template_becomes_a_whole_email_for_every_contact_who_can_get_it(name: str) -> None:
    for values in contacts(name):
        email = render(found(name), values)
        for part in (email.subject, email.text, email.html.partition("</head>")[2]):
            assert not re.search(r"[{}]|\bNone\b|zx[0-9a-f]{12}", part), part
        assert 0 < len(email.subject) < 70
        assert len(email.html.encode()) < GMAIL_CLIPS
        assert ENGINE["unsubscribe_url"] in email.html
        assert f"Unsubscribe ({ENGINE['unsubscribe_url']})" in email.text
        assert not re.search(r"\b1 (\w+ )?systems\b|\b[02-9] (\w+ )?system\b", email.text), email.text
        assert not re.search(r"\b0 ", email.text), email.text


@pytest.mark.parametrize("name", used())
def test_a_template_is_short_has_a_preheader_a_greeting_and_one_thing_to_do(name: str) -> None:
    text = found(name)
    email = render(text, contacts(name)[0])
    words = len(email.text.partition("You are getting")[0].split())
    assert 100 <= words <= 220, words
    assert 20 <= len(text.preheader) <= 90
    assert email.text.startswith("Hi there,\n")
    assert email.html.count('class="button"') == 1
    assert set(re.findall(r"https?://([^/)\s]+)", email.text)) == {"example.com"}
    assert has_unsubscribe(text)


def test_a_known_score_is_told_and_an_unknown_one_is_not() -> None:
    values = contacts("email_2c_optimize")[0]
    assert "out of" not in " ".join(render(found("email_2c_optimize"), values).text.split())
    told = render(found("email_2c_optimize"), {**values, "assessment_score": 0, "yellow_systems": 1}).text
    assert "0 out of 100" in " ".join(told.split())
    assert "1 yellow system:" in " ".join(told.split())


def test_a_contact_with_a_name_is_greeted_by_it() -> None:
    email = render(found("email_1"), {**contacts("email_1")[0], "first_name": "Ada"})
    assert email.subject == "Your free assessment is ready, Ada"
    assert "Hi Ada," in email.html
