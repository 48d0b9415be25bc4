"""What a step may look at."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from engine.intake import start_directly
from engine.model import Contact
from engine.scene import Scene, value_of, zone_of
from tests.playbooks import NOON, ada, steps

BOOK = steps("- email: one")


def scene(contact: Contact, segment: str | None = None) -> Scene:
    run = start_directly(BOOK.sequences["course"], contact, run_id="r1", now=NOON).evolve(segment=segment)
    return Scene(program=BOOK.sequences["course"], run=run, contact=contact, now=NOON)


def test_an_email_sees_values_else_defaults_else_nothing() -> None:
    shown = scene(ada(BOOK, red=3)).shown

    assert (shown["email"], shown["first_name"], shown["red"], shown["visits"]) == ("ada@example.com", "there", 3, None)
    assert list(shown) == list(BOOK.vocabulary.fields)


def test_the_segment_of_a_run_is_frozen() -> None:
    frozen = scene(ada(BOOK, red=0), "HOT")

    assert (frozen.value("segment"), frozen.shown["segment"]) == ("HOT", "HOT")
    assert frozen.knows("segment")


def test_a_default_is_said_but_not_known() -> None:
    stranger = scene(ada(BOOK))

    assert (stranger.value("first_name"), stranger.knows("first_name")) == ("there", False)
    assert (stranger.value("segment"), stranger.knows("segment")) == (None, False)


def test_a_field_that_nobody_declared_has_no_value() -> None:
    assert value_of(BOOK.vocabulary, {}, "shoe_size") is None


def test_the_zone_is_the_contacts_own_where_it_is_real() -> None:
    assert scene(ada(BOOK, zone="Asia/Tokyo")).zone == ZoneInfo("Asia/Tokyo")
    assert zone_of(BOOK.vocabulary, {"zone": "../etc/passwd"}) == ZoneInfo("America/Toronto")
    assert zone_of(BOOK.vocabulary, {"zone": 7}) == ZoneInfo("America/Toronto")
