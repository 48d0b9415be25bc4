"""Rendering: what a template may contain, what it needs, and what comes out for hostile values."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import Unrenderable
from engine.model import TemplateText
from engine.rendering import (
    RESERVED,
    TemplateFlaw,
    has_unsubscribe,
    message_variables,
    render,
    render_message,
    variables,
)
from engine.rendering.plaintext import to_text

CORPUS = Path(__file__).parents[2] / "shared" / "corpora" / "naughty_strings.json"
LINK = "https://example.com/u/token?a=1&b=2"


def template(
    body: str, *, subject: str = "Hello", preheader: str = "", form: Literal["markdown", "html"] = "markdown"
) -> TemplateText:
    return TemplateText(name="greeting", subject=subject, body=body, preheader=preheader, format=form)


def html_of(body: str, **values: Any) -> str:
    whole = render(template(body), values).html
    return whole[whole.index('<td class="card"') : whole.index('<td class="foot"')]


def text_of(body: str, **values: Any) -> str:
    return render(template(body), values).text.partition("\n\nYou are getting this email")[0]


def shown(page: str) -> str:
    """What a reader sees of a piece of HTML."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))


# -- What a template needs --------------------------------------------------------------------


def test_each_variable_is_told_once_with_its_first_place_and_the_words_around_it() -> None:
    found = variables(
        template("Hello\n\nwe know many salon owners in {{city}} and around it, {{ city }}", subject="{{ a }}")
    )
    assert [(use.name, use.line) for use in found] == [("a", 1), ("city", 3)]
    assert found[1].excerpt == "... many salon owners in {{city}} and around it, ..."


def test_lines_count_from_the_line_where_the_body_begins_in_its_file() -> None:
    text = TemplateText(name="x", subject="s", body="one\n{{ city }}", format="markdown", body_line=5)
    assert variables(text)[0].line == 6


@pytest.mark.parametrize(
    ("body", "guarded"),
    [
        ("{{ x }}", False),
        ("{{ x|default('some') }}", True),
        ("{{ x|date|default('soon') }}", True),
        ("{{ x|date }}", False),
        ("{% if x %}{{ x }}{% endif %}", True),
        ("{% if x %}yes{% endif %} {{ x }}", False),
        ("{% if x is known %}{{ x }}{% else %}nobody{% endif %}", True),
        ("{% if x is unknown %}nobody{% else %}{{ x }}{% endif %}", True),
        ("{% if not x %}nobody{% else %}{{ x }}{% endif %}", True),
        ("{% if not x %}{{ x }}{% endif %}", False),
        ("{% if x and x > 2 %}{{ x }}{% endif %}", True),
        ("{% if x or x > 2 %}a{% endif %}", False),
        ("{% if x is unknown or x > 2 %}a{% endif %}", True),
        ("{% if x > 2 %}a{% endif %}", False),
        ("{% if 'a' in x %}a{% endif %}", False),
        ("{% if x in ['a', 'b'] %}a{% endif %}", False),
        ("{{ x if x else 'nobody' }}", True),
        ("{{ 'some' if x == 1 else 'nobody' }}", False),
        ("{% for item in x %}{{ item }}{% endfor %}", False),
        ("{% if x %}{% for item in x %}{{ item }}{% else %}none{% endfor %}{% endif %}", True),
        ("{% if y is known %}a{% elif x %}{{ x }}{% endif %}", True),
        ("{% if x > -1 %}a{% endif %}", False),
    ],
)
def test_a_variable_is_guarded_when_the_template_copes_without_its_value(body: str, guarded: bool) -> None:
    assert {use.name: use.guarded for use in variables(template(body))}["x"] is guarded


@given(
    st.sampled_from(["{{ x }}", "{% if x %}{{ x }}{% endif %}", "{% if x > 1 %}b{% endif %}", "{{ x|default('y') }}"])
)
def test_what_is_called_guarded_renders_without_the_value_and_what_is_not_does_not(body: str) -> None:
    if variables(template("a " + body))[0].guarded:
        assert render(template("a " + body), {}).text.startswith("a")
    else:
        with pytest.raises(Unrenderable, match="not known: x"):
            render(template("a " + body), {})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{{ name", "not understood"),
        ("{{ }}", "not understood"),
        ("{% if a %}x", "not understood"),
        ("{{ " + "(" * 3000 + "a" + ")" * 3000 + " }}", "nested too deeply"),
        ("{{ a" + "|number" * 60 + " }}", "nested too deeply"),
        ("{{ contact.name }}", "no parts"),
        ("{{ contact['name'] }}", "no parts"),
        ("{{ range(9) }}", "cannot call"),
        ("{{ 'a' * 10 ** 9 }}", "cannot calculate"),
        ("{{ not a }}", "cannot calculate"),
        ("{{ a ~ b }}", "each in its own"),
        ("{% set a = 1 %}", "not for templates"),
        ("{% include 'x' %}", "not for templates"),
        ("{% macro m() %}{% endmacro %}", "not for templates"),
        ("{{ 'just text' }}", "prints no field"),
        ("{% raw %}{{ a }}{% endraw %}", "leave out"),
        ("{{ a|upper }}", "no filter called"),
        ("{{ a|numbr }}", 'did you mean "number"'),
        ("{{ a|default }}", "write .default"),
        ("{{ a|default('') }}", "write .default"),
        ("{{ a|default(b) }}", "write .default"),
        ("{{ a|default('x', true) }}", "write .default"),
        ("{{ a|default(value='x') }}", "write .default"),
        ("{{ a|default('x')|number }}", "default last"),
        ("{{ a|default('{{ b') }}", "cannot contain braces"),
        ("{{ a|date('%Y') }}", "write .date"),
        ("{{ a|number(99) }}", "write .number"),
        ("{% filter number %}1{% endfilter %}", "not for templates"),
        ("{{ a if b }}", "say what to print otherwise"),
        ("{% if a is odd %}x{% endif %}", "no test called"),
        ("{% if (a and b) is known %}x{% endif %}", "is known"),
        ("{% if a.b %}x{% endif %}", "no parts"),
        ("{% for a in b %}{% for c in d %}x{% endfor %}{% endfor %}", "for inside a for"),
        ("{% for a in range(3) %}x{% endfor %}", "list field"),
        ("{% for a, b in c %}x{% endfor %}", "list field"),
        ("{% for a in b if a %}x{% endfor %}", "inside it, as an if"),
        ("hello {first_name}", "would be sent as it is"),
        ("hello {{ first_name }}}", "would be sent as it is"),
        (r"hello \{\{ first_name }}", "would be sent as it is"),
        ("one {% if a %}two\n\nthree{% endif %} four", "one paragraph"),
        ("a **b {% if a %}c** d{% endif %}", "one paragraph"),
        ("   \n", "body is empty"),
        ("x" * 300_001, "too long"),
        ("{{ a }}" * 1_001, "too long"),
        ("half \ud800", "half a character"),
        ("{{ a|default(1e400) }}", "too large"),
        ("{{ self }}", "Jinja's own"),
        ("{% for i in a %}{{ loop }}{% endfor %}", "Jinja's own"),
    ],
)
def test_what_a_template_may_not_contain_is_refused_with_the_reason(body: str, words: str) -> None:
    with pytest.raises(TemplateFlaw, match=words) as caught:
        variables(template(body))
    assert caught.value.line >= 1


def test_an_empty_subject_a_brace_in_it_and_a_brace_in_the_preheader_are_flaws() -> None:
    for flawed in (
        template("x", subject=" "),
        template("x", subject="Hello {name}"),
        template("x", preheader="Hello }}"),
    ):
        with pytest.raises(TemplateFlaw):
            variables(flawed)


def test_a_flaw_tells_the_file_and_the_line_and_the_words() -> None:
    text = TemplateText(name="x", subject="s", body="one\n\n{{ a.b }}", format="markdown", origin="x.md", body_line=4)
    with pytest.raises(TemplateFlaw) as caught:
        variables(text)
    assert (caught.value.line, caught.value.excerpt, caught.value.origin) == (6, "{{ a.b }}", "x.md")
    assert str(caught.value).startswith("x.md:6: a field has no parts")


def test_braces_in_an_attribute_and_a_tag_that_html_moves_are_flaws() -> None:
    with pytest.raises(TemplateFlaw, match="braces would be sent"):
        variables(template('<p title="&#123;&#123; a }}">x</p>', form="html"))
    with pytest.raises(TemplateFlaw, match="among the attributes") as caught:
        variables(template('<p {% if a %}title="x"{% endif %}>x</p>', form="html"))
    assert caught.value.excerpt in {"{% if a %}", "{% endif %}"}
    with pytest.raises(TemplateFlaw, match="where it cannot stand"):
        variables(template("<html><body>x</body>{% if a %}<p>y{% endif %}</p></html>", form="html"))


# -- Missing values ---------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, "", "  \n "])
def test_a_missing_value_is_never_a_blank(value: str | None) -> None:
    with pytest.raises(Unrenderable, match=r'template "greeting" needs a value that is not known: city, town'):
        render(template("{{ city }} {{ known }} {{ town }}"), {"city": value, "known": "x"})


def test_every_missing_value_is_named_from_subject_body_conditions_and_loops() -> None:
    body = "{% if a >= 2 %}x{% endif %}{% for i in b %}{{ i }}{% endfor %}{% if 'x' in c %}{% endif %}[z]({{ d }})\n"
    with pytest.raises(Unrenderable) as caught:
        render(template(body, subject="{{ s }}", preheader="{{ p }}"), {})
    assert set(str(caught.value).partition("known: ")[2].split(", ")) == {"s", "p", "a", "b", "c", "d"}


def test_no_and_zero_and_false_are_values() -> None:
    assert text_of("{{ a }} {{ b }} {{ c }} {{ d }}", a=0, b=False, c=True, d=2.0) == "0 no yes 2"


def test_a_list_is_told_with_commas_without_its_blanks() -> None:
    assert text_of("{{ a }}", a=["one", " ", "two"]) == "one, two"


def test_an_empty_list_is_missing_where_it_is_printed_and_nothing_where_it_is_looped_over() -> None:
    with pytest.raises(Unrenderable, match="not known: a"):
        render(template("{{ a }}"), {"a": []})
    assert text_of("x{% for i in a %} {{ i }}{% endfor %}", a=[]) == "x"
    assert text_of("{% for i in a %} {{ i }}{% endfor %} {{ a|default('none') }}", a=[]) == "none"
    with pytest.raises(Unrenderable, match="empty list"):
        render(template("{% for i in a %} {{ i }}{% endfor %} {{ a }}"), {"a": []})


def test_a_text_is_not_looped_over_letter_by_letter() -> None:
    with pytest.raises(Unrenderable, match="a, which is not a list"):
        render(template("{% for i in a %}{{ i }}{% endfor %}x"), {"a": "abc"})


def test_a_template_may_ask_whether_a_value_is_known() -> None:
    body = "{% if a is unknown %}no a{% endif %} {% if b is known and b is defined %}b{% endif %}"
    assert text_of(body, a=" ", b=0) == "no a b"


def test_values_that_do_not_compare_are_told() -> None:
    with pytest.raises(Unrenderable, match="different types"):
        render(template("{% if a > 1 %}x{% endif %}y"), {"a": "text"})


def test_a_flawed_template_cannot_be_sent_and_is_named() -> None:
    with pytest.raises(Unrenderable, match='template "greeting" cannot be sent: line 1'):
        render(template("{{ a"), {})


def test_a_subject_that_comes_out_empty_is_refused() -> None:
    with pytest.raises(Unrenderable, match="empty subject"):
        render(template("x", subject="{% if a %}A{% endif %}"), {})


# -- Filters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "values", "said"),
    [
        ("d|date", {"d": "2025-11-12"}, "12 November 2025"),
        ("d|date", {"d": "2025-11-12T02:00:00Z"}, "12 November 2025"),
        ("d|date", {"d": "2025-11-12T02:00:00Z", "timezone_": "America/Toronto"}, "11 November 2025"),
        ("d|date('time')", {"d": "2025-11-12T02:05:00Z", "timezone_": "America/Toronto"}, "21:05"),
        ("d|date('short')", {"d": "2025-11-12T02:05:00"}, "12 Nov 2025"),
        ("d|date('weekday')", {"d": "2025-11-12"}, "Wednesday 12 November"),
        ("d|date('long')", {"d": "2025-11-02"}, "2 November 2025"),
        ("d|date|default('soon')", {}, "soon"),
        ("n|number", {"n": 1234567}, "1,234,567"),
        ("n|number(2)", {"n": 1234.5}, "1,234.50"),
        ("n|number|default(0)", {}, "0"),
        ("n|default('x')", {"n": 3}, "3"),
    ],
)
def test_filters_tell_values_as_people_say_them(expression: str, values: dict[str, Any], said: str) -> None:
    assert text_of("{{ " + expression + " }}", **values) == said


@pytest.mark.parametrize(
    ("expression", "values", "words"),
    [
        ("d|date", {"d": "soon"}, '"soon" is not a date'),
        ("d|date", {"d": 3}, '"3" is not a date'),
        ("d|date", {"d": "2025-11-12T02:00:00Z", "timezone_": "Mars/Base"}, 'time zone "Mars/Base"'),
        ("n|number", {"n": "many"}, '"many" is not a number'),
        ("n|number", {"n": True}, '"yes" is not a number'),
    ],
)
def test_a_value_that_a_filter_cannot_tell_holds_the_email(expression: str, values: dict[str, Any], words: str) -> None:
    with pytest.raises(Unrenderable, match=words):
        render(template("{{ " + expression + " }}"), values)


# -- Hostile values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", ["[x](http://evil.example.com)", "<b>bold</b>", "*x*", "# x", "![x](y)", "`x`", "a\n\n- b"]
)
def test_a_value_is_neither_markdown_nor_html(value: str) -> None:
    page = html_of("Hi {{ name }}, *you*", name=value)
    assert shown(page).strip() == f"Hi {value}, you"
    assert re.findall(r"<(\w+)", page) == ["td", "p", "em", "tr"]


def test_a_value_is_never_rendered_again() -> None:
    email = render(template("Hi {{ name }}", subject="For {{ name }}"), {"name": "{{ 7*7 }}{% if x %}", "x": "y"})
    for part in (email.subject, email.html, email.text):
        assert "49" not in part
        assert "{{" not in part
        assert "{%" not in part
        assert "}}" not in part.partition("</head>")[2]
    assert "Hi {{ 7*7 }}{% if x %}" in shown(email.html)
    assert email.subject == "For {\u2060{ 7*7 }\u2060}{\u2060% if x %}"


def test_a_subject_stays_one_line_and_is_not_escaped() -> None:
    email = render(template("x", subject="For {{ name }}"), {"name": "O'Neil & Co\r\nBcc: all@example.com"})
    assert email.subject == "For O'Neil & Co Bcc: all@example.com"


def test_a_value_in_an_address_is_percent_encoded_in_both_parts() -> None:
    email = render(template("[x](https://example.com/?e={{ e }}&f=1)"), {"e": 'a+b&c="@example.com'})
    assert 'href="https://example.com/?e=a%2Bb%26c%3D%22%40example.com&amp;f=1"' in email.html
    assert "https://example.com/?e=a%2Bb%26c%3D%22%40example.com&f=1" in email.text


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//evil.example.com", "evil"])
def test_only_web_mail_and_phone_addresses_become_links(address: str) -> None:
    for body in ("[x]({{ site }})", "[x]({% if site %}{{ site }}{% else %}https://example.com{% endif %})"):
        with pytest.raises(Unrenderable, match="is not a link"):
            render(template(body), {"site": address})


def test_a_link_field_is_a_link_and_what_follows_it_is_a_part() -> None:
    page = html_of("[x]({{site}}?n={{n}})", site="https://example.com/a", n="ü")
    assert 'href="https://example.com/a?n=%C3%BC"' in page


def test_an_unknown_link_is_missing() -> None:
    with pytest.raises(Unrenderable, match="not known: site, part"):
        render(template("[x]({{site}}/{{part}})"), {})


def test_naughty_strings_come_out_with_the_same_characters() -> None:
    if not CORPUS.is_file():
        pytest.skip("naughty strings: ../shared/corpora/naughty_strings.json is missing")
    for value in json.loads(CORPUS.read_text(encoding="utf-8"))["strings"]:
        if not value.strip():
            continue
        email = render(template("Hi >{{ name }}<", subject=">{{ name }}<"), {"name": value})
        said = re.search(r"Hi &gt;(.*)&lt;</p>", email.html, re.DOTALL)
        assert said is not None, value
        assert html.unescape(said[1].replace("\x0d", "\n")) == html.unescape(html.escape(value)).replace("\x0d", "\n")
        assert "<" not in said[1], value
        assert f">{value}<" in email.text.replace("\u2060", "") or "\u2060" in value, value
        assert not re.search(r"[\r\n]", email.subject), value


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
@example("</td></table>")
@example('" onmouseover="x')
@example("&amp;")
def test_any_value_leaves_the_markup_as_it_is(value: str) -> None:
    if not value.strip():
        value = "x" + value
    body = '**{{ name }}** [l](https://example.com/{{ name }} "{{ name }}")'
    assert _tags(html_of(body, name=value)) == _tags(html_of(body, name="x"))


def _tags(page: str) -> list[str]:
    """Every tag with the names of its attributes."""
    found: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append(" ".join([tag, *(name for name, _ in attrs)]))

        def handle_endtag(self, tag: str) -> None:
            found.append("/" + tag)

    Tags().feed(page)
    return found


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab {}%#|'\n*-[]().<>if", max_size=30))
def test_any_text_is_either_refused_or_sent_without_braces(body: str) -> None:
    try:
        email = render(template("x" + body), {"a": "1", "b": "2", "f": "3", "i": "4", "ab": "5"})
    except Unrenderable:
        return
    assert "{" not in email.text
    assert "{{" not in email.html


# -- Markdown ---------------------------------------------------------------------------------


def test_raw_html_in_markdown_is_shown_and_not_obeyed() -> None:
    assert "&lt;script&gt;" in html_of("a <script>x</script>")


def test_tags_on_their_own_lines_leave_no_empty_paragraphs() -> None:
    body = "one\n{% if a %}\ntwo\n{% else %}\nthree\n{% endif %}\nfour"
    assert re.findall(r">(\w+)</p>", html_of(body, a=1)) == ["one", "two", "four"]
    assert html_of(body, a=0).count("<p") == 3
    assert text_of(body, a=0) == "one\n\nthree\n\nfour"


def test_a_loop_around_list_items_is_one_list() -> None:
    body = "{% for i in a %}\n- {{ i }}\n{% endfor %}"
    page = html_of(body, a=["x", "y"])
    assert page.count("<ul") == 1
    assert page.count("<li") == 2
    assert text_of(body, a=["x", "y"]) == "- x\n- y"


def test_an_if_around_list_items_is_a_list_of_its_own() -> None:
    assert html_of("- a\n{% if b %}\n- c\n{% endif %}", b=1).count("<ul") == 2


def test_emphasis_may_end_beside_a_tag() -> None:
    assert "<strong>Good.</strong>" in html_of("**Good.**{% if a %} More.{% endif %}", a=1)


def test_a_bold_link_alone_in_its_paragraph_is_a_button() -> None:
    assert 'class="button"' in html_of("**[Book](https://example.com/book)**")
    assert 'class="button"' not in html_of("x **[Book](https://example.com/book)**")
    assert 'class="button"' not in html_of("**[A](https://example.com/a) [B](https://example.com/b)**")


def test_images_and_breaks_cross_no_tag() -> None:
    page = html_of("{% if a %}![x](https://example.com/x.png)  \ny{% endif %}z", a=1)
    assert "<img" in page
    assert "<br" in page


def test_marks_that_eat_white_space_do_not_join_paragraphs() -> None:
    assert text_of("one\n\n{%- if a -%}\n\ntwo {{- a -}} b\n\n{%- endif +%}", a=1) == "one\n\ntwo 1 b"


def test_comments_are_not_sent() -> None:
    assert text_of("a{# not {{ this }} #}b") == "ab"


# -- HTML, the layout, documents --------------------------------------------------------------


def test_the_layout_has_the_preheader_the_sender_and_the_way_out() -> None:
    email = render(
        template("Hi", preheader="For {{ name }}"),
        {"name": "<Ada>", "sender_name": "Sang Le", "unsubscribe_url": LINK},
    )
    assert "For &lt;Ada&gt;" in email.html
    assert "For <Ada>" not in email.text
    assert f'href="{html.escape(LINK)}"' in email.html
    assert f"Unsubscribe ({LINK})" in email.text
    assert "from Sang Le because" in email.text
    assert "@media (prefers-color-scheme: dark)" in email.html
    assert 'style="margin: 0 0 18px;"' in email.html


def test_the_foot_says_where_the_sender_can_be_reached_by_post() -> None:
    given = {"unsubscribe_url": LINK, "sender_address": "Shop <1>, Any Street & Any City"}
    email = render(template("Hi"), given)
    assert "</a><br>\nShop &lt;1&gt;, Any Street &amp; Any City</p>" in email.html
    assert email.text.endswith(f"Unsubscribe ({LINK})\nShop <1>, Any Street & Any City\n")


def test_a_transactional_email_offers_no_way_out() -> None:
    email = render(template("Hi"), {})
    assert "nsubscribe" not in email.html + email.text
    assert "display:none" not in email.html


def test_reserved_names_are_the_engines() -> None:
    assert {"unsubscribe_url", "sender_name", "sender_address", "timezone_"} == RESERVED


def test_a_fragment_of_html_gets_the_layout_and_keeps_tags_in_its_table() -> None:
    body = "<style>td { color: red }</style><table>{% for i in a %}<tr><td>{{ i }}</td></tr>{% endfor %}</table>"
    email = render(template(body, form="html"), {"a": ["x", "<y>"], "unsubscribe_url": LINK})
    assert email.html.count(">x</td></tr>") == 1
    assert email.html.count(">&lt;y&gt;</td></tr>") == 1
    assert "color: red" in email.html
    assert email.text.startswith("x\n<y>\n")
    assert has_unsubscribe(template(body, form="html"))


DOCUMENT = """<!-- mine --><!DOCTYPE html><html><head><title>T{% if name %} {{ name }}{% endif %}</title></head>
<body class="b"><!--[if mso]>{% if name %}<b>x</b>{% endif %}<![endif]--><p>Hi {{ name }}</p>
<a href="{% if name %}{{ unsubscribe_url }}{% endif %}">Stop</a></body></html>"""


def test_a_whole_document_is_sent_as_it_is_and_must_offer_its_own_way_out() -> None:
    document = template(DOCUMENT, form="html", preheader="Look")
    assert has_unsubscribe(document)
    assert not has_unsubscribe(template("<html><body>x</body></html>", form="html"))
    email = render(document, {"name": "Ada", "unsubscribe_url": LINK})
    assert "You are getting this" not in email.html
    assert "<title>T Ada</title>" in email.html
    assert '<body class="b"><div style="display:none' in email.html
    assert "<!--[if mso]><b>x</b><![endif]-->" in email.html
    assert email.text == f"Hi Ada\n\nStop ({LINK})\n"


def test_a_step_may_give_another_subject() -> None:
    email = render(template("Hi"), {"name": "Ada"}, subject="Yes, {{ name }}")
    assert email.subject == "Yes, Ada"


# -- Plain text -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<li>loose</li>", "- loose"),
        ("<a href='https://example.com'>https://example.com</a>", "https://example.com"),
        ("<a href='https://example.com'><img></a>", "https://example.com"),
        ("<a href='mailto:a@example.com'>Write</a> <a href='#top'>up</a> <a>x</a></a>", "Write (a@example.com) up x"),
        ("<a href='https://example.com'><p>over</p>two</a>", "over\n\ntwo (https://example.com)"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a | b\nc"),
        ("<img alt='Logo'> x &amp; y &lt;", "Logo x & y <"),
        ("a<hr>b", "a\n\n--------------------\n\nb"),
        ("<p hidden>x</p><p style='display: none'>y<img><b>z</b></p><br hidden>w", "w"),
        ("<style>p{}</style><script>x</script></p>a</ul>", "a"),
        ("a\0b", "ab"),
        ("<p hidden>x<b>y</p>z", "z"),
        ("<p hidden>x</i>y</p>z", "z"),
    ],
)
def test_html_reads_as_plain_text(page: str, text: str) -> None:
    assert to_text(page) == text + "\n"


def test_long_lines_are_wrapped_between_words_and_hang_under_their_bullet() -> None:
    text = to_text("<ul><li>" + "word " * 40 + "</li></ul><p>" + "x" * 200 + " y</p>")
    lines = text.splitlines()
    assert max(len(line) for line in lines if "x" not in line) <= 76
    assert lines[1].startswith("  word")
    assert "x" * 200 in lines


# -- Messages ---------------------------------------------------------------------------------


def test_an_alert_always_goes_out() -> None:
    text = "Hot lead: {{ name }}, {{ red|number }} red, {{ day|date }}{% if red > 1 %}!{% endif %}"
    assert [use.name for use in message_variables(text)] == ["name", "red", "day"]
    assert render_message(text, {"name": "A <b> & {{ b }}", "red": 2, "day": "2025-11-12"}) == (
        "Hot lead: A <b> & {{ b }}, 2 red, 12 November 2025!"
    )
    assert render_message(text, {}) == "Hot lead: (unknown), (unknown) red, (unknown)"
    assert render_message(text, {"red": 0, "day": "soon", "name": " "}) == "Hot lead: (unknown), 0 red, soon"
    assert render_message("{{ a }}{% if a > 1 %}x{% endif %} y", {"a": "text"}) == "(unknown)(unknown)x(unknown) y"


def test_a_broken_message_is_a_flaw() -> None:
    with pytest.raises(TemplateFlaw, match="not understood"):
        message_variables("{{ a")
