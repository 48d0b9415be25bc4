"""Jinja's words never reach the person who wrote the text."""

from __future__ import annotations

import pytest

from engine.rendering import TemplateFlaw, message_variables

MISTAKES = [
    ("Hi {{first_name}", "the braces are not closed"),
    ("Hi {{ first_name", "the braces are not closed"),
    ("Hi {{{ first_name }}}", "two braces"),
    ("{{ First Name }}", "one word, with underscores"),
    ("{{ }}", "nothing stands between"),
    ("{% if a %} x", "{% if %} is never closed: write {% endif %}"),
    ("{% for a in b %} x", "{% for %} is never closed: write {% endfor %}"),
    ("{% if a %} x {% end if %}", "write {% endif %}, as one word"),
    ("{% for a in b %} x {% end %}", "write {% endfor %}, as one word"),
    ("{% if a = 2 %}x{% endif %}", "write == to compare"),
    ("{% if a => 2 %}x{% endif %}", "write >="),
    ("{% if a && b %}x{% endif %}", 'write "and"'),
    ("{{ a || 'x' }}", 'write "or"'),
    ("{{ a | default(“you”) }}", "“ is no quote here: use straight quotes"),
    ("{{ a | default('you' }}", 'a ")" is missing'),
    ("{{ 'a }}", "a text that begins with ' must end with it"),
    ("{{ $a }}", '"$" means nothing between braces'),
    ("{{ a | default:'x' }}", "a filter takes its value in brackets"),
    ("x {% endif %}", "no {% if %} is open here"),
    ("{% iff a %}x", "there is no {% iff %}"),
    ("{% if a %}x{% else if b %}y{% endif %}", "write {% elif … %}"),
    ("{% if a %}x{% elseif b %}y{% endif %}", "write {% elif … %}"),
    ("{% for x of y %}{% endfor %}", "write {% for item in interests %}"),
    ("{# note", "a remark ends with #}"),
    ("{% if a; b %}x{% endif %}", "look at the quotes, brackets and words"),
    ("{% if a ] %}x{% endif %}", "look at the quotes, brackets and words"),
    ("{{ a - }}", "look at the quotes, brackets and words"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_a_mistake_in_braces_is_told_in_plain_words(text, said):
    with pytest.raises(TemplateFlaw) as caught:
        message_variables(text)
    assert said in caught.value.message
    assert "token" not in caught.value.message


def test_the_tag_that_is_wrong_is_quoted_whole():
    with pytest.raises(TemplateFlaw) as caught:
        message_variables("{% if first_name = 'Ada' %} good morning to you {% endif %}")
    assert caught.value.excerpt.startswith("{% if first_name = 'Ada' %}")
