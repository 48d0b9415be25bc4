"""What somebody else says, fit to be repeated: without our keys, and without what we told them about anybody.

Vendors put into their errors what they did not like, and a proxy may send back the whole request. Their words are
worth reading, and a log is read by more people than a contact's page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
ADDRESS = re.compile(r"""[^\s<>"'`(),;:\\@]+@[\w.-]+""")
"""Looks like an email address, or the beginning of one."""
LEFT_OUT = "…"
LONG = 8
"""Characters of a text that can be part of no other word by chance."""
LONGEST = 300


def quoted(said: str, told: object = None, secrets: Mapping[str, str] | None = None) -> str:
    """These words on one line, at most 300 characters, with "…" in the place of whatever ``told`` says.

    ``told`` is data as JSON has it: its texts and numbers are left out, the names of its members are not, so that
    "email is missing" stays as it is. ``secrets`` are texts with what stands in their place. The words are shortened
    last: half of a secret would not be found.
    """
    for secret, instead in (secrets or {}).items():
        said = said.replace(secret, instead)
    texts = set(_texts(told)) - set(_names(told))
    for text in sorted({form for one in texts for form in _forms(one)}, key=len, reverse=True):
        said = said.replace(text, LEFT_OUT) if len(text) >= LONG else _word(text).sub(LEFT_OUT, said)
    return CONTROLS.sub(" ", ADDRESS.sub("[address]", said)).strip()[:LONGEST]


def _texts(told: object) -> Iterator[str]:
    match told:
        case str():
            yield told.strip()
        case int() | float() if not isinstance(told, bool):
            yield str(told)
        case Mapping():
            yield from (text for value in told.values() for text in _texts(value))
        case list() | tuple():
            yield from (text for value in told for text in _texts(value))
        case _:
            return


def _names(told: object) -> Iterator[str]:
    match told:
        case Mapping():
            yield from map(str, told)
            yield from (name for value in told.values() for name in _names(value))
        case list() | tuple():
            yield from (name for value in told for name in _names(value))
        case _:
            return


def _forms(text: str) -> set[str]:
    """A text as it is, and as it stands in JSON; a letter or a digit alone says nothing about anybody."""
    forms = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {form for form in forms if len(form) > 1}


def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
