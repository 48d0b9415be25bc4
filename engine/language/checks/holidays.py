"""Holidays are days, and the country whose holidays they are is one."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date

from engine.errors import Problem, Severity
from engine.language.book import Checkable
from engine.language.days_off import country_trouble, holidays_of, parse_day_off, region_trouble, split
from engine.language.flaws import Flaw
from engine.language.schema import Place


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``holidays:``."""
    for place in book.texts("day-off"):
        found = parse_day_off(place.value)
        if isinstance(found, Flaw):
            yield book.flaw(place, found)
        elif place.path[:2] == ("holidays", "not"):
            yield from _not_off(book, place, found)
    for place in book.texts("country"):
        country, region = split(place.value)
        yield from _country(book, place, country, place, region)
    for place in book.mappings("holidays"):
        yield from _of_mapping(book, place)


def _of_mapping(book: Checkable, place: Place) -> Iterator[Problem]:
    country, region = place.value.get("country"), place.value.get("region", "")
    if country is None and region:
        message = "a region needs the country that it is in"
        yield book.problem((*place.path, "region"), "country", message, hint="add  country: CA")
    elif isinstance(country, str) and isinstance(region, str):
        here, there = Place((*place.path, "country"), country), Place((*place.path, "region"), region)
        yield from _country(book, here, country, there, region)


def _country(book: Checkable, place: Place, country: str, of_region: Place, region: str) -> Iterator[Problem]:
    if found := country_trouble(country):
        yield book.problem(place, "country", found[0], hint=found[1])
    elif found := region_trouble(country, region):
        yield book.problem(of_region, "country", found[0], hint=found[1])


def _not_off(book: Checkable, place: Place, days: Set[date]) -> Iterator[Problem]:
    """A day that is taken from the holidays and is none of them."""
    others = {name: value for name, value in book.section("holidays").items() if name != "not"}
    if not days & holidays_of(others):
        message = f'"{place.value}" is no holiday, so there is nothing to take away'
        yield book.problem(place, "holiday", message, hint="take it away here", severity=Severity.WARNING)
