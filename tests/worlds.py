"""Small worlds by chance: any file of the language, and what happens to one contact under it.

A world is a file (as text), and a list of happenings, each so many minutes after the beginning. It is drawn so that
ends, holds, restarts and moments that have passed all come up often, and ties in time, too. It follows from a number:
drawn choice by choice, hypothesis would make many worlds that are nearly the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import count
from random import Random
from typing import Any

from tests.playbooks import HEAD as PLAIN

HEAD = PLAIN.replace(
    "  segment: {type: segment}\n",
    """\
  group: {type: choice, choices: [A, B]}
  both: {type: whole number, computed: red + visits}
  order: {type: text, private: true}
  segment: {type: segment}
""",
)
SENDER = "email: {from: Sang Le <sang@example.com>}"
EMAIL = "ada@example.com"
SEQUENCES = ("first", "second", "third")
TRIGGERS = ("enter", "quiz", "bought")
TEMPLATES = ("plain", "named", "counted", "refused", "missing")
"""``named`` says a default, ``counted`` what may be unknown; ``refused`` is never taken, ``missing`` is nowhere."""
BODIES = {"plain": "Hello", "named": "Dear {{ first_name }}", "counted": "You have {{ red }}", "refused": "No"}

CONDITIONS = (
    "customer = true",
    "red >= 2",
    "visits > 1",
    "segment = HOT",
    "appointment is known",
    "appointment < now",
    "signup_date < 1 day ago",
    "not customer",
    "red = 1 and visits is known",
    "group = A",
    "both > 4",
    "order is known",
)
SAVES: tuple[Mapping[str, Any], ...] = (
    {"visits": 1},
    {"visits": 4},
    {"red": 3},
    {"red": 0},
    {"red": "unknown"},
    {"customer": True},
    {"customer": False},
    {"appointment": "now"},
    {"appointment": "unknown"},
    {"appointment": "2025-11-14 10:00", "visits": 2},
    {"signup_date": "now"},
    {"zone": "Asia/Tokyo"},
    {"order": "first"},
    {"visits": "both"},
)
WAITS = (
    "1 hour",
    "24 hours",
    "1 day",
    "2 days 3 hours",
    "30 minutes",
    "until Friday 09:00",
    "until 09:00",
    "until 2025-11-13 08:00",
    "until appointment",
    "until 2 hours before appointment",
    "until 1 day after appointment",
    "1 business day",
    "for trigger bought, at most 2 days",
    "for trigger quiz, at most 3 hours",
    "for customer = true, at most 1 day",
    "for red >= 2, at most 1 business day",
)
SENT: tuple[Mapping[str, Any], ...] = (
    {},
    {"red": 3},
    {"red": 0},
    {"customer": True},
    {"appointment": "2025-11-14T10:00:00Z"},
    {"appointment": "2025-11-12T12:30:00Z"},
    {"zone": "Europe/Berlin", "red": 1},
    {"first_name": "Ada", "visits": 2},
    {"order": "first"},
    {"order": "second", "red": 2},
    {"order": "first", "appointment": "2025-11-17T10:00:00Z"},
)
WRITTEN: tuple[Mapping[str, Any], ...] = (
    {"customer": True},
    {"red": 5},
    {"red": None},
    {"visits": 4},
    {"appointment": "2025-11-15T10:00:00Z"},
    {"appointment": None},
    {"zone": "America/Vancouver"},
)


Step = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """What happens: a trigger with values, values that somebody writes, or a reason to send nothing more."""

    minutes: int
    kind: str
    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """A file as data, and what happens."""

    triggers: dict[str, Any]
    sequences: dict[str, Any]
    events: tuple[Event, ...]
    courtesy: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The file, in JSON, which is YAML. Every step but a wait gets an id of its own."""
        parts = {"triggers": self.triggers, "sequences": self.sequences}
        first = {name: _first_email(_named(spec)) for name, spec in self.sequences.items()}
        lines = [
            f"{word}:\n"
            + "".join(f"  {name}: {json.dumps(_elsewhere(_named(spec), first))}\n" for name, spec in members.items())
            for word, members in parts.items()
        ]
        sender = {"from": "Sang Le <sang@example.com>", **self.courtesy}
        return HEAD.replace(SENDER, f"email: {json.dumps(sender)}") + "".join(lines)


def _first_email(spec: Any) -> str | None:
    """The id of the first email in a sequence."""
    if isinstance(spec, dict) and "email" in spec:
        return str(spec["id"])
    inside = spec if isinstance(spec, list) else [spec[word] for word in _LISTS if word in spec]
    return next((found for one in inside if (found := _first_email(one))), None)


def _elsewhere(spec: Any, first: Mapping[str, str | None]) -> Any:
    """With the first email of the sequence in ``already_sent``, or without the word where there is none."""
    if isinstance(spec, list):
        return [_elsewhere(one, first) for one in spec]
    if not isinstance(spec, dict):
        return spec
    inner = {key: _elsewhere(value, first) if key in _LISTS else value for key, value in spec.items()}
    at, sent = inner.pop("already_sent", None), first.get(str(spec.get("start")))
    return {**inner, "already_sent": {sent: at}} if at and sent else inner


def _named(spec: Any, names: Iterator[int] | None = None) -> Any:
    names = names or count()
    if isinstance(spec, list):
        return [_named(one, names) for one in spec]
    if not isinstance(spec, dict):
        return spec
    is_step = not {"requires", "steps", "when", "otherwise"} >= spec.keys() and _verb(spec) not in (None, "wait")
    inner = {key: _named(value, names) if key in _LISTS else value for key, value in spec.items()}
    return {**inner, "id": f"s{next(names)}"} if is_step else inner


_LISTS = ("steps", "then", "choose", "otherwise")
_VERBS = ("email", "wait", "save", "alert", "start", "stop", "choose", "split", "http")


def _verb(spec: Mapping[str, Any]) -> str | None:
    return next((word for word in _VERBS if word in spec), None)


def world(seed: int) -> World:
    """The world of a number."""
    return _Maker(Random(seed)).world()


class _Maker:
    """Makes one world."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def world(self) -> World:
        events = [self.event() for _ in range(self.chance.choice((0, 1, 2, 2, 3, 4)))]
        return World(
            {name: self.trigger() for name in TRIGGERS},
            {name: self.sequence() for name in SEQUENCES},
            (self.first(), *sorted(events, key=lambda event: event.minutes)),
            {
                **self.maybe(0.2, quiet_hours=self.pick("21:00-08:00", "11:00-13:00")),
                **self.maybe(0.2, at_most=self.pick("1 per day", "2 per 3 hours", "3 per week")),
            },
        )

    def maybe(self, odds: float, **values: Any) -> dict[str, Any]:
        return values if self.chance.random() < odds else {}

    def pick(self, *options: Any) -> Any:
        return self.chance.choice(options)

    def when(self, odds: float = 0.25) -> dict[str, Any]:
        return self.maybe(odds, when=self.pick(*CONDITIONS))

    # The file

    def sequence(self) -> dict[str, Any]:
        return {
            "steps": self.steps(self.pick(2, 3, 4, 5, 6, 7, 8), waits=True),
            **self.maybe(0.3, stop_when=self.pick(*CONDITIONS)),
            **self.maybe(0.4, if_already_in=self.pick("ignore", "restart", "run_both")),
            **self.maybe(0.5, again_after=self.pick("never", "any_time", "1 day", "3 hours")),
            **self.maybe(0.15, segment="live"),
            **self.maybe(0.2, one_run_per=self.pick("order", "order", "appointment")),
            **self.maybe(0.3, record={"sent": "Email {n}", "finished": "Done", "error": "Error"}),
        }

    def trigger(self) -> dict[str, Any]:
        takes = ["red", "customer", "appointment", "zone", "first_name", "visits", "order", {"signup_date": "now"}]
        return {
            "requires": ["email"],
            "accepts": takes,
            "then": [*self.steps(self.pick(0, 0, 1, 2, 3), waits=False), {"start": self.pick(*SEQUENCES)}],
            **self.maybe(0.08, unknown_contact=self.pick("reject", "hold 1 hour")),
        }

    def steps(self, number: int, *, waits: bool, depth: int = 0) -> list[Step]:
        return [self.step(waits=waits, depth=depth) for _ in range(number)]

    def step(self, *, waits: bool, depth: int) -> Step:
        kinds = [self.email] * 5 + [self.save] * 2 + [self.alert, self.start, self.stop, self.split, self.http]
        if waits:
            kinds += [self.wait] * 5
        if depth < 2:
            kinds += [lambda: self.choose(waits=waits, depth=depth + 1)]
        return self.pick(*kinds)()  # type: ignore[no-any-return]

    def email(self) -> Step:
        names = [*(("plain", "named") * 10), *TEMPLATES]
        one = self.pick(*names)
        by_segment = {"HOT": one, "COLD": self.pick(*names)}
        return {
            "email": self.pick(one, one, by_segment),
            **self.when(),
            **self.maybe(0.3, if_it_fails=self.pick("go_on", "stop", "hold")),
            **self.maybe(0.1, subject="About {{ first_name }}"),
            **self.maybe(0.1, transactional=True),
        }

    def wait(self) -> Step:
        wait = self.pick(*WAITS)
        on_date = "appointment" in wait or "2025" in wait
        return {
            "wait": wait,
            **self.maybe(0.3 * on_date, if_past=self.pick("skip next email", "go_on", "stop")),
            **self.maybe(0.3 * ("appointment" in wait), if_unknown=self.pick("hold", "go_on", "stop")),
            **self.maybe(0.15, between=self.pick("09:00-17:00", "20:00-06:00")),
            **self.maybe(0.15, only_on=self.pick("weekdays", "weekends", ["Monday", "Thursday"])),
            **self.when(0.15),
        }

    def split(self) -> Step:
        return {"split": {"A": "50%", "B": "50%"}, "save_as": "group", **self.when()}

    def http(self) -> Step:
        return {"http": self.pick("POST https://example.com", "GET https://example.com/{{ red }}"), **self.when()}

    def save(self) -> Step:
        return {"save": self.pick(*SAVES), **self.when()}

    def alert(self) -> Step:
        return {"alert": self.pick("Look", "{{ first_name }} is here"), **self.when()}

    def start(self) -> Step:
        return {
            "start": self.pick(*SEQUENCES),
            **self.maybe(0.3, **{"with": self.pick({"visits": 3}, {"order": "given"}, {"appointment": "signup_date"})}),
            **self.maybe(0.2, already_sent=self.pick("now", "signup_date", "appointment")),
            **self.when(),
        }

    def stop(self) -> Step:
        return self.pick(
            {"stop": {"sequence": self.pick(*SEQUENCES)}, **self.when()},
            {"stop": "enough", "when": self.pick(*CONDITIONS)},
        )  # type: ignore[no-any-return]

    def choose(self, *, waits: bool, depth: int) -> Step:
        ways = [
            {"when": self.pick(*CONDITIONS), "steps": self.steps(self.pick(1, 2), waits=waits, depth=depth)}
            for _ in range(self.pick(1, 2))
        ]
        last = {"otherwise": self.steps(self.pick(1, 2), waits=waits, depth=depth)}
        return {"choose": [*ways, *([last] if self.chance.random() < 0.5 else [])], **self.when(0.1)}

    # What happens

    def first(self) -> Event:
        usual = {"red": 1, "appointment": "2025-11-13T10:00:00Z"}
        return Event(0, "trigger", self.pick(*TRIGGERS), self.pick({}, usual, {**usual, **self.pick(*SENT)}))

    def event(self) -> Event:
        minutes = self.pick(0, 0, 30, 60, 90, 24 * 60, 25 * 60, 48 * 60, 51 * 60, 5 * 24 * 60)
        match self.pick("trigger", "trigger", "trigger", "write", "write", "leave"):
            case "trigger":
                return Event(minutes, "trigger", self.pick(*TRIGGERS), self.pick(*SENT))
            case "write":
                return Event(minutes, "write", "", self.pick(*WRITTEN))
            case _:
                return Event(minutes, "leave", self.pick("unsubscribed", "bounced"), {})


# -- Smaller worlds, so that what fails can be read -----------------------------------------------


def smaller(big: World) -> Iterator[World]:
    """The same world with one thing less: an event, a step, a branch, a modifier."""
    for index in range(1, len(big.events)):
        yield replace(big, events=big.events[:index] + big.events[index + 1 :])
    for part in ("sequences", "triggers", "courtesy"):
        for path in list(_removable(getattr(big, part))):
            copy = deepcopy(getattr(big, part))
            inside = copy
            for key in path[:-1]:
                inside = inside[key]
            del inside[path[-1]]
            yield replace(big, **{part: copy})


_NEEDED = frozenset((*_VERBS, "requires", "steps", "then", "otherwise", *SEQUENCES, *TRIGGERS))


def _removable(spec: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of what may go: from a mapping whatever is not needed, from a list all but the last item."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key not in _NEEDED and not ("steps" in spec and key == "when"):
                yield (*path, key)
            if key in (*_LISTS, *SEQUENCES, *TRIGGERS):
                yield from _removable(value, (*path, key))
    elif isinstance(spec, list):
        for index, value in enumerate(spec):
            if len(spec) > 1:
                yield (*path, index)
            yield from _removable(value, (*path, index))
