"""What an email is made of: links, pictures, words, lengths, weight."""

from __future__ import annotations

import pytest

from engine.model import TemplateText
from engine.rendering import Link, Picture, TemplateFlaw, anatomy, longest, may_be_blank, weight


def html(body: str) -> TemplateText:
    return TemplateText(name="x", subject="News", body=body, format="html", body_line=4)


def markdown(body: str) -> TemplateText:
    return TemplateText(name="x", subject="News", body=body, format="markdown", body_line=4)


def test_links_are_as_they_are_written_and_on_their_line() -> None:
    body = "Hello\n\n[One](https://a.com/{{ city }})\nand [two]({{ deal_link }}).\n\n[tre](https://a.com/ü)\n"
    links = anatomy(markdown(body)).links
    assert links[:2] == (Link("https://a.com/{{ city }}", 6), Link("{{ deal_link }}", 7))
    assert links[2] == Link("https://a.com/%C3%BC", 4)


def test_an_if_inside_an_address_is_kept() -> None:
    body = "<a href='{% if a %}https://a.com{% else %}https://b.com{% endif %}'>x</a>"
    assert anatomy(html(body)).links[0].address == "{% if a %}https://a.com{% else %}https://b.com{% endif %}"


def test_what_is_only_styled_is_no_word() -> None:
    head = "<head><title>No</title><style>p { x: y }</style></head>"
    body = f"<!doctype html><html>{head}<body><p>Two words</p></body></html>"
    assert anatomy(html(body)).words == 2


@pytest.mark.parametrize(
    ("template", "described"),
    [
        (html('<p>a</p><img src="https://a.com/b.png">'), False),
        (html('<p>a</p><img src="https://a.com/b.png" alt="">'), True),
        (html('<p>a</p><img src="https://a.com/b.png" alt="Us">'), True),
        (markdown("a\n\n![](https://a.com/b.png)"), False),
        (markdown("a\n\n![Us](https://a.com/b.png)"), True),
    ],
)
def test_a_picture_may_have_an_empty_alt_in_html_and_not_in_markdown(template: TemplateText, described: bool) -> None:
    (picture,) = anatomy(template).pictures
    assert isinstance(picture, Picture)
    assert (picture.source.address, picture.described) == ("https://a.com/b.png", described)


def test_a_broken_template_has_no_anatomy() -> None:
    with pytest.raises(TemplateFlaw):
        anatomy(html("{{ city"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Hello", 5),
        ("Hello {{ name }}", 6 + 7),
        ("{{ name | default('you') }}!", 8),
        ("{{ other if name else 'x' }}", 10),
        ("{{ 5 | number }}", 10),
        ("{% if name %}Dear {{ name }}{% elif other %}Hi{% else %}Hello, hello, hello{% endif %}", 19),
        ("{% for one in list %}ab{% else %}none{% endfor %}", 6),
    ],
)
def test_how_long_a_subject_gets(source: str, expected: int) -> None:
    assert longest(source, {"name": 7, "other": 10, "one": 2, "list": 4}.__getitem__) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Hello", False),
        ("{{ name }}", False),
        (" ", True),
        ("{% if a %}Hello{% endif %}", True),
        ("{% if a %}Hello{% else %}Bye{% endif %}", False),
        ("{% if a %}Hello{% elif b %} {% else %}Bye{% endif %}", True),
        ("{% for one in list %}{{ one }}{% endfor %}", True),
        ("{% if a %}Hello{% endif %}{% if not a %}Bye{% endif %}!", False),
    ],
)
def test_whether_a_subject_may_print_nothing(source: str, expected: bool) -> None:
    assert may_be_blank(source) is expected


def test_the_weight_is_that_of_the_longer_way() -> None:
    short = weight(markdown("Hello, you"))
    assert weight(markdown("Hello, yöu")) == short + 1
    both = weight(markdown("{% if a %}" + "x" * 10_000 + "{% else %}" + "y" * 20_000 + "{% endif %}"))
    assert 19_900 < both - short < 20_200
