"""Which addresses cannot be right: each way to go wrong, and that what may be right is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.language.links import is_placeholder, wrong_link

RIGHT = [
    "https://shop.com",
    "http://shop.com/a?b=c#d",
    "https://www.shop.co.uk:8443/",
    "https://httpbin.org/get",
    "https://http.cat/404",
    "https://user:word@shop.com/",
    "https://{{ city }}.shop.com/{{ plan }}",
    "https://{{ host }}",
    "https://shop.com/{{ first_name | default('you') }}",
    "https://8.8.8.8/dns",
    "https://bücher.de/neu",
    "HTTPS://SHOP.COM",
    "{{ deal_link }}",
    "{{ deal_link }}?from=email",
    "{% if a %}https://a.com{% else %}https://b.com{% endif %}",
    "#top",
    "mailto:sang@shop.com",
    "mailto:sang@shop.com,ada@shop.com?subject=Hi",
    "mailto:{{ email }}",
    "tel:+15550100",
    "tel:{{ phone }}",
    "sms:+15550100",
    "whatsapp://send?text=Hi",
    "webcal://shop.com/a.ics",
]
WRONG = {
    "": "nowhere",
    " # ": "nowhere",
    "www.shop.com": "https://www.shop.com",
    "shop.com:8000/x": "https://shop.com:8000/x",
    "//cdn.shop.com/a.png": "https://cdn.shop.com/a.png",
    "/a": "https://…/a",
    "./a.html": "https://…/a.html",
    "a.pdf": "https://…/a.pdf",
    "ada@shop.com": "mailto:ada@shop.com",
    "http:shop.com": "http://shop.com",
    "https:///shop.com": "https://shop.com",
    "https://http://shop.com": "https://shop.com",
    "https://https//shop.com": "https://shop.com",
    "ttps://shop.com": "https://shop.com",
    "mail:ada@shop.com": "mailto:ada@shop.com",
    "https://?a=b": "no website",
    "https://localhost/x": "your own computer",
    "http://127.0.0.1:8000": "your own computer",
    "http://printer.local": "your own computer",
    "https://shop": "no name of a website",
    "https://sh op.com": "a space",
    "mailto:": "no email address",
    "mailto:ada@shop": "no email address",
    "sms:me": "no phone number",
    "{{ scheme }}:{{ rest }}": "comes from a field",
    "data:text/html,x": "",
}


@pytest.mark.parametrize("address", RIGHT)
def test_what_may_be_right_is_left_alone(address):
    assert wrong_link(address) is None


@pytest.mark.parametrize(("address", "told"), WRONG.items())
def test_what_cannot_be_right_is_told_with_what_was_meant(address, told):
    found = wrong_link(address)
    assert (found is None) == (told == "")
    if found:
        assert told in found.why + found.instead


@pytest.mark.parametrize("address", [one for one, told in WRONG.items() if "://" in told and "…" not in told])
def test_what_is_proposed_for_a_wrong_link_is_a_right_one(address):
    found = wrong_link(address)
    assert found is not None
    assert wrong_link(found.instead.removeprefix("write  ")) is None


@given(st.text())
def test_any_text_can_be_asked_about(address):
    found = wrong_link(address)
    assert found is None or (found.why and found.instead)
    assert is_placeholder(address) in (True, False)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://example.com/book", True),
        ("http://www.example.org", True),
        ("https://your-domain.com:80/x", True),
        ("https://yoursite.co", True),
        ("mailto:you@example.com?subject=x", True),
        ("https://shop.com/example.com", False),
        ("https://myexample.com", False),
        ("{{ link }}", False),
        ("tel:+15550100", False),
    ],
)
def test_the_domains_of_examples_are_known(address, expected):
    assert is_placeholder(address) is expected
