"""``split``: groups by chance that never change."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import Contact, Playbook, RunStatus
from engine.simulation import simulate_sequence
from engine.steps.split import Split, chance, read
from tests.playbooks import NOON, playbook, posted

HEAD = """
version: 1
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  offer: {type: choice, choices: [A, B], default: A}
  tone: {type: choice, choices: [warm, cool, dry]}
"""
CHI_SQUARE = {1: 10.83, 2: 13.82, 5: 20.52}
"""What chance alone passes once in a thousand times, by degrees of freedom."""
ADDRESSES = [f"person{number}@example.com" for number in range(10_000)]


def split(field: str = "offer", **shares: str) -> Split:
    return read({"split": shares, "save_as": field}, reader=None)  # type: ignore[arg-type]


def group(one: Split, address: str) -> str:
    return one._name(chance(address, one.field))


def distance(counts: Counter[object], expected: dict[object, float]) -> float:
    return sum((counts[name] - count) ** 2 / count for name, count in expected.items())


@pytest.mark.parametrize(
    "shares", [{"A": 50, "B": 50}, {"A": 10, "B": 90}, {"A": 25, "B": 25, "C": 50}, {"A": 99, "B": 1}]
)
def test_the_groups_are_as_large_as_they_should_be(shares: dict[str, int]) -> None:
    one = split(**{name: f"{share}%" for name, share in shares.items()})

    counts = Counter[object](group(one, address) for address in ADDRESSES)

    expected: dict[object, float] = {name: len(ADDRESSES) * share / 100 for name, share in shares.items()}
    assert distance(counts, expected) < CHI_SQUARE[len(shares) - 1]


def test_two_splits_know_nothing_of_each_other() -> None:
    first, second = split(A="50%", B="50%"), split("tone", warm="20%", cool="30%", dry="50%")

    counts = Counter[object]((group(first, address), group(second, address)) for address in ADDRESSES)

    shares = {"warm": 0.2, "cool": 0.3, "dry": 0.5}
    expected: dict[object, float] = {
        (one, two): len(ADDRESSES) * 0.5 * shares[two] for one, two in product("AB", shares)
    }
    assert distance(counts, expected) < CHI_SQUARE[5]


def test_a_group_is_what_it_was_on_every_machine() -> None:
    one = split(A="50%", B="50%")

    assert "".join(group(one, address) for address in ADDRESSES[:20]) == "BBBABBABABAAABBBBBBB"


@given(st.emails())
def test_capitals_and_spaces_change_nothing(address: str) -> None:
    assert (
        chance(address, "offer") == chance(f" {address.upper()} ", "offer")
        or address.upper().casefold() != address.casefold()
    )


@given(st.text(), st.text())
def test_chance_is_within_its_bounds(address: str, name: str) -> None:
    assert 0 <= chance(address, name) < 1


def test_a_larger_share_takes_nobody_from_its_own_group() -> None:
    before, after = split(A="40%", B="60%"), split(A="60%", B="40%")

    assert all(group(after, address) == "A" for address in ADDRESSES if group(before, address) == "A")


def test_an_empty_share_gets_nobody() -> None:
    assert {group(split(A="0%", B="99.5%", C="0.5%"), address) for address in ADDRESSES} == {"B", "C"}


def sequence(lines: str) -> Playbook:
    starts = "triggers:\n  enter: {requires: [email], then: [{start: course}]}\n"
    return playbook(f"{starts}sequences:\n  course:\n    steps:\n{lines}", head=HEAD)


STEPS = """
      - split: {A: 50%, B: 50%}
        save_as: offer
      - email: one
        when: offer = A
      - email: two
        when: offer = B
      - split: {A: 0%, B: 100%}
        save_as: offer
        id: again
"""


@pytest.mark.parametrize("address", ADDRESSES[:6])
def test_the_group_is_saved_and_kept(address: str) -> None:
    book = sequence(STEPS)

    found = simulate_sequence(book, "course", Contact(id="c1", email=address), NOON, posted)

    name = group(split(A="50%", B="50%"), address)
    assert found.contact.values == {"offer": name}
    assert [one.template for one in found.story if one.template] == [{"A": "one", "B": "two"}[name]]
    assert [one.note for one in found.story if one.kind == "split"] == [f"offer = {name}", f"offer = {name}, as before"]
    assert found.run is not None
    assert found.run.status is RunStatus.FINISHED


def test_who_was_put_into_a_group_by_hand_stays_there() -> None:
    contact = Contact(id="c1", email="ada@example.com", values={"offer": "A"})

    found = simulate_sequence(sequence(STEPS), "course", contact, NOON, posted)

    assert found.contact.values == {"offer": "A"}


def test_a_default_is_no_group() -> None:
    book = sequence("      - split: {A: 0%, B: 100%}\n        save_as: offer\n")

    found = simulate_sequence(book, "course", Contact(id="c1", email="ada@example.com"), NOON, posted)

    assert found.contact.values == {"offer": "B"}
