"""Which column fills which field: by its name, however it is spelled, or by what ``--map`` says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.model import Trigger
from server.cli.assignments import did_you_mean, refuse

_BETWEEN = re.compile(r"[\s_\-]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """The fields by the number of their column, and the columns that nothing takes."""

    fields: Mapping[int, str]
    ignored: Sequence[str]


def columns_of(header: Sequence[str], trigger: Trigger, told: Sequence[str]) -> Columns:
    """Raises ``click.UsageError`` with everything that does not fit; ``told`` are the words of ``--map``."""
    taken = list(dict.fromkeys(["email", *(take.field for take in trigger.takes)]))
    wrong: list[str] = []
    found = _told(told, header, taken, trigger.name, wrong)
    plain = {_plain(name): name for name in taken if name not in found.values()}
    for number, name in enumerate(header):
        field = plain.get(_plain(name))
        if field is None or number in found:
            continue
        if field in found.values():
            wrong.append(f'two columns fill {field}: rename one of them, or say --map "COLUMN={field}"')
        found[number] = field
    free = [name for number, name in enumerate(header) if number not in found and name]
    wrong += _missing(trigger, found, free)
    refuse(list(dict.fromkeys(wrong)))
    return Columns(found, free)


def _missing(trigger: Trigger, found: Mapping[int, str], free: Sequence[str]) -> Iterator[str]:
    required = dict.fromkeys(["email", *(take.field for take in trigger.takes if take.required)])
    for field in required:
        if field not in found.values():
            there = did_you_mean(field, free)
            yield f'{trigger.name} requires {field}, and no column is called so{there}: say --map "COLUMN={field}"'


def _told(
    words: Sequence[str], header: Sequence[str], taken: Sequence[str], trigger: str, wrong: list[str]
) -> dict[int, str]:
    chosen: dict[int, str] = {}
    for word in words:
        column, _, field = (part.strip() for part in word.rpartition("="))
        if not column or not field:
            wrong.append(f'--map "{word}" is not COLUMN=FIELD: write it like --map "E-mail address=email"')
        elif column not in header:
            wrong.append(f'--map: no column is called "{column}"{did_you_mean(column, header)}')
        elif field not in taken:
            wrong.append(f'--map: {trigger} takes no field "{field}"{did_you_mean(field, taken)}')
        else:
            chosen[header.index(column)] = field
    return chosen


def _plain(name: str) -> str:
    return _BETWEEN.sub("", name).casefold()
