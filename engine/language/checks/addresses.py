"""Addresses can be written to, and whoever sends emails has said who they are from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from engine.errors import Problem
from engine.language.book import Checkable
from engine.language.schema import Place

_DOMAIN = r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
_PLAIN = rf"[^@\s<>,;:\"()\[\]\\]+@{_DOMAIN}"
_ADDRESS = re.compile(rf"{_PLAIN}|[^<>@\r\n]*<{_PLAIN}>")
_RECIPIENTS = re.compile(rf"[^@\s<>,;]+@(\*|(\*\.)?{_DOMAIN})|\*")


def check(book: Checkable) -> Iterator[Problem]:
    """Problems with ``from``, ``reply_to``, ``to`` and ``send_only_to``."""
    for place in book.texts("address"):
        yield from _address(book, place)
    for place in book.texts("recipients"):
        if not _RECIPIENTS.fullmatch(place.value):
            hint = 'write an address, or one with a star for anything, such as "*@example.com"'
            yield book.problem(place, "address", f'"{place.value}" is not an email address', hint=hint)
    for place in book.texts("receiver"):
        yield from _receiver(book, place)
    yield from _sender(book)


def _address(book: Checkable, place: Place) -> Iterator[Problem]:
    if not _ADDRESS.fullmatch(place.value):
        hint = "write  name@example.com  or  Name <name@example.com>"
        yield book.problem(place, "address", f'"{place.value}" is not an email address', hint=hint)


def _receiver(book: Checkable, place: Place) -> Iterator[Problem]:
    """``to:`` of an email is an address, ``to:`` of an alert is discord."""
    step = book.document.value(place.path[:-1])
    if "email" in step:
        if not re.fullmatch(_PLAIN, place.value):
            message = f'"{place.value}" is not an email address'
            yield book.problem(place, "address", message, hint="write only the address:  team@example.com")
    elif "alert" in step and place.value != "discord":
        message = f'an alert cannot go to "{place.value}"'
        yield book.problem(place, "alert-to", message, hint="write  to: discord  or take it away")


def _sender(book: Checkable) -> Iterator[Problem]:
    if "from" in book.section("email"):
        return
    for step in book.mappings("step"):
        if "email" in step.value and "from" not in step.value:
            message = "this email has no sender: nothing says who the emails are from"
            hint = "add at the top:  email: {from: Your Name <you@example.com>}"
            yield book.problem((*step.path, "email"), "no-sender", message, hint=hint)
            return
