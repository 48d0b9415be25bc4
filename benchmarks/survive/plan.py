"""What is tried: contacts, emails, blows and faults, as the command line or a drill says."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

WAYS = ("group", "worker", "term", "stop", "mixed")
VENDORS = ("resend", "notion", "discord")
SPLIT = {"5xx": {"500": 0.4, "502": 0.2, "503": 0.2, "500 after": 0.2}}
"""A fault's short name, and what it is made of: before the email was accepted, and after."""
SECONDS = ("latency", "window", "hang", "retry_after")

Faults = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One trial. Durations are seconds; ``workers`` 0 is ``busos dev``, else ``busos serve`` and so many workers.

    ``window`` is how long the provider holds back its answer after it has accepted an email, ``window_share`` in
    which part of sends. ``lease`` is how long a stopped worker sleeps: longer than any lease of the product.
    ``spread`` is the time over which the webhooks come in (None: as long as the blows take). ``rate`` is how many
    requests a second the provider takes (0: any number). ``leaping``: the product's clock can be put forward. Not
    ``timed``: how long things take is told and not judged, on a machine that has other things to do.
    """

    contacts: int = 400
    emails: int = 5
    wait: int = 2
    kills: int = 200
    how: str = "group"
    workers: int = 0
    database: str = "sqlite"
    redis: str | None = None
    window: float = 0.2
    window_share: float = 0.3
    faults: Mapping[str, Faults] = field(default_factory=dict)
    notion: bool = True
    rate: float = 0.0
    hosts: int = 1
    leaping: bool = False
    timed: bool = True
    lease: float = 75.0
    spread: float | None = None
    patience: float = 180.0
    seed: int = 1

    def evolve(self, **changes: Any) -> Plan:
        """A copy with some members changed."""
        return replace(self, **changes)

    def faults_of(self, vendor: str) -> dict[str, Any]:
        """The faults of a vendor as its stand-in takes them; the window belongs to the one that sends."""
        given = {**self.faults.get(vendor, {})}
        chances = dict(given.pop("chances", {}))
        if vendor == "resend" and self.window_share:
            chances["late"] = self.window_share
            given["window"] = self.window
        return {**given, "chances": chances, "seed": self.seed}

    @property
    def said(self) -> str:
        """One line for people."""
        product = "busos dev" if not self.workers else f"busos serve and {self.workers} workers"
        beside = " and Redis" if self.redis else ""
        store = "Postgres" if self.database.startswith("postgres") else "SQLite"
        return f"{self.contacts:,} contacts x {self.emails} emails, {product} on {store}{beside}, seed {self.seed}"


def parse_faults(text: str) -> dict[str, dict[str, Any]]:
    """``drop=0.3,5xx=0.1,latency=0.2,notion.500=0.1``: by vendor, Resend where none is named."""
    found: dict[str, dict[str, Any]] = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        vendor, _, kind = name.strip().rpartition(".")
        if (vendor or "resend") not in VENDORS:
            raise ValueError(f"{vendor}: expected one of {', '.join(VENDORS)}")
        faults = found.setdefault(vendor or "resend", {"chances": {}})
        if kind in SECONDS:
            faults[kind] = float(number)
            continue
        for one, share in SPLIT.get(kind, {kind: 1.0}).items():
            faults["chances"][one] = faults["chances"].get(one, 0.0) + share * float(number)
    return found


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    usual = Plan()
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.survive",
        description="Start busos and its vendors, hurt them, judge from outside: is an email lost, or doubled?",
        epilog="Exit status: 0 everything holds; 1 something does not; 2 it could not run.",
    )
    made.add_argument("--contacts", type=int, help=f"people whose webhooks come in [{usual.contacts}]")
    made.add_argument("--emails", type=int, help=f"emails that each of them must get [{usual.emails}]")
    made.add_argument("--wait", type=int, help=f"seconds between two emails of one person [{usual.wait}]")
    made.add_argument("--kills", type=int, help=f"how many blows [{usual.kills}]")
    made.add_argument(
        "--how", choices=WAYS, help="kill -9 all, kill -9 one worker, SIGTERM, stop past the lease [group]"
    )
    made.add_argument("--workers", type=int, help="busos serve and N workers; 0: busos dev [0]")
    made.add_argument("--database", help="sqlite, postgresql (a cluster of its own), or postgresql://… [sqlite]")
    made.add_argument("--redis", help="own (a server of its own), or redis://… [none]")
    made.add_argument("--window", type=float, help=f"seconds between acceptance and answer [{usual.window:g}]")
    made.add_argument("--window-share", type=float, help=f"the part of sends with that window [{usual.window_share:g}]")
    made.add_argument(
        "--faults", type=parse_faults, help="drop=0.3,hang=0.02,garbage=0.05,5xx=0.1,429=0.05,latency=0.2"
    )
    made.add_argument("--notion", action=argparse.BooleanOptionalAction, help="mirror contacts to Notion [yes]")
    made.add_argument("--lease", type=float, help=f"seconds that a stopped worker sleeps [{usual.lease:g}]")
    made.add_argument("--spread", type=float, help="seconds over which the webhooks come [as long as the blows]")
    made.add_argument(
        "--patience", type=float, help=f"seconds without any progress before giving up [{usual.patience:g}]"
    )
    made.add_argument("--timed", action=argparse.BooleanOptionalAction, help="judge how long things take [yes]")
    made.add_argument("--seed", type=int, help="what decides the moments and faults [any]")
    made.add_argument(
        "--drill", metavar="NAME", help="one kind of trouble; --list names them; all: one after the other"
    )
    made.add_argument("--list", action="store_true", help="name the drills and end")
    made.add_argument("--json", metavar="FILE", help="write plan, figures and verdicts there")
    made.add_argument("--keep", metavar="FOLDER", help="keep logs and ledger here [a folder that is removed]")
    return made


def given(options: argparse.Namespace) -> dict[str, Any]:
    """The members of a plan that the command line names."""
    names = Plan.__dataclass_fields__
    return {name: value for name, value in vars(options).items() if name in names and value is not None}
