"""What is found out about single conditions: which can never be true, and which always are."""

from __future__ import annotations

import pytest

from engine.language.proving import interview
from engine.language.proving.claims import ANY_DAY, Claims
from engine.language.proving.segments import prove
from engine.language.source import read
from engine.language.vocabulary import vocabulary

FIELDS = """
timezone: America/Toronto
contact:
  email: {type: email}
  red: {type: whole number, min: 0, max: 8}
  blue: {type: whole number, min: 4, max: 8, default: 5}
  low: {type: whole number, max: 3}
  visits: {type: whole number}
  score: {type: number}
  share: {type: number, min: 0, max: 1}
  city: {type: text, max_length: 20}
  town: {type: text}
  tags: {type: list}
  plan: {type: choice, choices: [free, team]}
  past: {type: choice, choices: [team, company]}
  customer: {type: checkbox}
  partner: {type: checkbox, default: true}
  call_at: {type: datetime}
  seen_at: {type: datetime, default: "2025-01-01T10:00:00Z"}
  born: {type: date}
  segment: {type: segment}
segments:
  - HIGH: red >= 2
  - LOW: otherwise
"""
OWN_ZONE = FIELDS.replace("contact:", "contact:\n  zone: {type: timezone}")

NEVER = [
    "red > 8",
    "red < 0",
    "red > 3 and red < 4",
    "red in [1, 2] and red > 2",
    "red = 1 and red != 1",
    "red > 8 or red < 0",
    "not (red >= 0 or red is unknown)",
    "low > 3",
    "low >= blue",
    "red > blue and blue > red",
    "red > 7 and blue > red",
    "red > blue and red < 5",
    "visits > 3 and visits < 4",
    "score > 3 and score < 3",
    "share > 1",
    "score > share and score < 0",
    "visits > red and visits < 0",
    "score > visits and score < visits",
    "score = visits and not visits = score",
    "city = Rome and city = Paris",
    "city = Rome and city != Rome",
    'city = Rome and city contains "Paris"',
    'city contains "Paris" and not city contains "Par"',
    "city = town and not town = city",
    "city contains town and city = town and not town contains city",
    "tags contains a and not tags contains a",
    "tags contains city and not tags contains city",
    "plan = free and plan = team",
    "plan = past and plan = free",
    "plan = past and past = company",
    "customer and not customer",
    "customer = partner and customer != partner",
    "customer and customer is unknown",
    "call_at < now and call_at > now",
    "call_at < 2 days ago and call_at > 1 day ago",
    "call_at < 48 hours ago and call_at > 24 hours ago",
    "call_at < today and call_at > today",
    "call_at < today and call_at > now",
    "call_at > 2025-11-12 and call_at < 2025-11-12",
    "call_at > 2025-11-13 09:00 and call_at < 2025-11-13",
    "call_at < seen_at and call_at > seen_at",
    "born = 2025-11-12 and born > 2025-11-12",
    "born < today and born > now",
    "born = call_at and born != call_at",
    "segment = HIGH and segment = LOW",
    "segment = HIGH and segment is unknown",
    "red = red and red != red",
    "city = city and city != city",
    "call_at = call_at and call_at != call_at",
]
POSSIBLE = [
    "red > 7",
    "red > 7 and blue = 8",
    "red = 8 and blue = red",
    "red > blue and red > 4 and red < 6",
    "visits > 3 and visits < 5",
    "score > 3 and score < 3.1",
    "visits < -3 and visits > -5",
    "score > visits and score < 1",
    "blue is unknown and blue = 5",
    "low = 3 and low < blue",
    'city contains "Paris" and city contains "Rome"',
    "city = town and town = Rome",
    "tags contains a and not tags contains b",
    "plan = past",
    "plan != past and plan = team",
    "customer = false and customer is unknown",
    "partner and partner is unknown",
    "call_at < 24 hours ago and call_at > 1 day ago",  # on the day the clocks go back
    "call_at > 24 hours ago and call_at < 1 day ago",  # and on the day they go forward
    "call_at < 2025-01-01 and call_at > now",  # as it was before then
    "call_at >= today and call_at < now",
    "call_at >= 2025-11-13 and call_at < 2025-11-13 09:00",
    "call_at < seen_at and call_at > 2025-11-12",
    "seen_at is unknown and seen_at < 2025-06-01 and seen_at < 3 days ago",
    "seen_at is unknown and seen_at > 3 days ago",
    "born = 2025-11-12 or born > 2025-11-12",
    "born < 2 hours ago and born < now",
    "not segment in [HIGH, LOW]",  # a run keeps a segment that the file has lost
    *(f"red = {number}" for number in range(9)),
]


def claims_of(text: str) -> Claims:
    return Claims(vocabulary(read(text, "x.yaml")))


def possible(claims: Claims, text: str) -> bool:
    condition = claims.condition(text)
    assert condition, text
    return claims.possible((condition.test, True))


@pytest.mark.parametrize("text", NEVER)
def test_what_can_never_be_true_is_found(text: str) -> None:
    assert not possible(claims_of(FIELDS), text)


@pytest.mark.parametrize("text", POSSIBLE)
def test_what_may_be_true_is_left_alone(text: str) -> None:
    assert possible(claims_of(FIELDS), text)


def test_a_day_begins_at_another_moment_for_each_contact_with_a_zone_of_its_own() -> None:
    text = "call_at > 2025-11-13 09:00 and call_at < 2025-11-13"
    assert not possible(claims_of(FIELDS), text)
    assert possible(claims_of(OWN_ZONE), text)


@pytest.mark.parametrize(
    ("text", "everybody", "known"),
    [
        ("customer or not customer", True, True),
        ("red is known or red is unknown", True, True),
        ("red >= 0", False, True),
        ("blue >= 4", True, True),
        ("red >= 1", False, False),
        ("plan in [free, team]", False, True),
        ("segment in [HIGH, LOW]", False, False),
        ("call_at > 2 days ago or call_at < now", False, True),
        ("city = city", False, True),
        ("tags contains a or not tags contains a", False, True),
        ("red >= blue or blue > red", False, True),
    ],
)
def test_what_is_always_true_is_found(text: str, everybody: bool, known: bool) -> None:
    claims = claims_of(FIELDS)
    condition = claims.condition(text)
    assert condition
    assert claims.always(condition.test, known=False) is everybody
    assert claims.always(condition.test, known=True) is known


def test_a_condition_with_a_flaw_is_none_and_is_read_once() -> None:
    claims = claims_of(FIELDS)
    assert claims.condition("red >") is None
    assert claims.condition(7) is None
    assert claims.condition("red > 2") is claims.condition("red > 2")


def test_what_tells_too_many_contacts_apart_is_possible_and_not_always_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interview, "MOST_QUESTIONS", 0)
    claims = claims_of(FIELDS)
    never, always = claims.condition("red > 8"), claims.condition("red >= 0")
    assert never
    assert always
    assert claims.possible((never.test, True))
    assert not claims.always(always.test, known=True)


def test_too_many_parts_of_a_text_are_taken_for_free() -> None:
    parts = " and ".join(f"city contains {letter}" for letter in "abcdefg")
    assert possible(claims_of(FIELDS), f'{parts} and not city contains ""')  # never true, but that is not looked at
    assert not possible(claims_of(FIELDS), f"{parts} and city = Rome and city = Paris")


def test_many_numbers_that_are_compared_with_each_other_are_taken_two_by_two() -> None:
    names = [f"n{index}" for index in range(6)]
    fields = "".join(f"  {name}: {{type: whole number, min: 0, max: 100}}\n" for name in names)
    claims = claims_of(f"contact:\n{fields}")
    circle = " and ".join(f"{one} > {two}" for one, two in zip(names, [*names[1:], names[0]], strict=True))
    assert possible(claims, circle)  # never true, but six fields at once are too many to look at
    assert not possible(claims, "n0 > n1 and n1 > n2 and n2 > n0")
    assert not possible(claims, f"{circle} and n0 < n1")


def test_the_shipped_rules_are_proved_in_a_moment_of_any_day() -> None:
    words = vocabulary(read(FIELDS, "x.yaml"))
    proof = prove(words, ANY_DAY)
    assert [(share.rule and share.rule.name, share.cases) for share in proof.shares] == [("HIGH", 7), ("LOW", 2)]
