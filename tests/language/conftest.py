"""The templates that the golden files and the rule pages may speak of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pytest

from engine.model import TemplateText


def page(name: str, body: str, subject: str = "News") -> TemplateText:
    """A template in HTML."""
    return TemplateText(name=name, subject=subject, body=body, format="html", origin=f"templates/{name}.html")


def note(name: str, body: str, subject: str = "News") -> TemplateText:
    """A template in Markdown whose file has front matter of three lines."""
    return TemplateText(
        name=name, subject=subject, body=body, format="markdown", origin=f"templates/{name}.md", body_line=4
    )


OWN_LAYOUT = "<!doctype html><html><body><p>We wrote you a letter about the things that you asked us for.</p>"
BODIES: Mapping[str, str | TemplateText] = {
    "hello": "Welcome, {{ email }}.",
    "offer": "An offer for you.",
    "thanks": "Thank you.",
    "email_2a_critical": "We help salon owners in {{city}} every week.",
    "town": "We are in {{ city }} too.",
    "town_here": "{{ city }}, where you are.",
    "dear": "Dear {{ first_name }},",
    "kind": "{% if first_name %}Dear {{ first_name }}{% else %}Hello{% endif %}, from {{ city | default('here') }}",
    "shop": note("shop", "Hello.\n\nLook at [our offers](www.shop.com) or [write to us](mailto:shop.com).\n"),
    "links": page(
        "links",
        "<p>Where does it lead, and will all of our readers get there?</p>\n"
        + "\n".join(
            f'<a href="{address}">There</a>'
            for address in (
                *("", "#", "http:// shop.com", "https://https://shop.com", "http:/shop.com", "htps://shop.com"),
                *(
                    "shop.com/offers",
                    "//shop.com",
                    "/offers",
                    "offers.html",
                    "sang@shop.com",
                    "mailto:sang",
                    "tel:call",
                ),
                *("http://localhost:8000/x", "http://192.168.1.4", "https://intranet/x", "https://", "file:///a.html"),
                *("tel:call", "C:/a.html", "javascript:go()", "{{ city | default('x') }}://shop.com"),
                *("https://shop.com/a b", "https://shop.com", "https://{{ city | default('x') }}.shop.com/", "#top"),
                *("mailto:sang@shop.com?subject=Hello%20there", "whatsapp://send", "tel:+1 555 0100"),
            )
        ),
    ),
    "placeholder": note("placeholder", "Hello, [book a call](https://www.example.com/book) or not.\n"),
    "poster": page("poster", '<a href="https://shop.com"><img src="poster.png"></a>\n<p>Come along!</p>'),
    "photo": note(
        "photo",
        "Hello, here is a photo of all of us, from last summer.\n\n![](https://shop.com/us.jpg) ![Me](https://shop.com/me.jpg)",
    ),
    "own_layout": page("own_layout", OWN_LAYOUT + "</body></html>"),
    "way_out": page("way_out", OWN_LAYOUT + '<a href="{{ unsubscribe_url }}">No more</a></body></html>'),
    "novel": page("novel", "<p>A long story about a short email.</p>\n" * 2_600),
    "wordy": note(
        "wordy",
        "Hello.",
        "{{ first_name }}, a subject that goes on and on, and still goes on long after everybody has gone",
    ),
    "silent": note("silent", "Hello.", "{% if city %}In {{ city }}{% elif first_name %}{{ first_name }}{% endif %}"),
    "misspelled": "Dear {{ first_nam }},",
    "broken": "Dear {{ first_name,",
}


@dataclass(frozen=True)
class FakeShelf:
    """Templates by name; ``off`` are switched off, ``kept`` for one file alone. Without bodies every name has one."""

    bodies: Mapping[str, str | TemplateText] | None = None
    off: Sequence[str] = ("paused",)
    kept: Sequence[str] = ()

    def spare(self, used: Collection[str]) -> Sequence[str]:
        return [name for name in self.kept if name not in used]

    def find(self, name: str) -> TemplateText | None:
        body = "Hello." if self.bodies is None else self.bodies.get(name)
        if isinstance(body, TemplateText):
            return body
        return None if body is None else TemplateText(name=name, subject="News", body=body, format="markdown")

    def names(self) -> Sequence[str]:
        return sorted([*(self.bodies or {}), *self.off])


def shelf_of(name: str) -> FakeShelf:
    """The shelf for a golden file: only those about unused templates have it for themselves."""
    return FakeShelf(BODIES, kept=("hello", "offer", "thanks") if name.startswith("unused-template") else ())


@pytest.fixture(scope="session")
def shelf() -> FakeShelf:
    """A shelf with a few good and a few bad templates."""
    return FakeShelf(BODIES)


@pytest.fixture(scope="session")
def full_shelf() -> FakeShelf:
    """A shelf on which every template is found."""
    return FakeShelf()
