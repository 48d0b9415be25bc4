"""One trial from beginning to end: start everything, post, hurt, wait for the end, and gather what was seen."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.survive import campaign, clock
from benchmarks.survive.children import Child
from benchmarks.survive.evidence import Evidence, Kill
from benchmarks.survive.frontend import Frontend
from benchmarks.survive.places import AWAY, Place, SqlitePlace
from benchmarks.survive.plan import VENDORS, Plan
from benchmarks.survive.postgres import Cluster, PostgresPlace
from benchmarks.survive.product import Product
from benchmarks.survive.redis import RedisServer
from benchmarks.survive.vendors import Vendors

Say = Callable[[str], None]
LOOK = 1.0
AFTERMATH = 3.0
"""Seconds to go on looking after everything has ended: a second copy would come late."""
ORDINARY = 2.6
"""Seconds that a blow takes, a restart included: over so many of them the webhooks are spread."""


class Trial:
    """Everything that is running, for whoever hurts it. ``with`` starts and ends it."""

    def __init__(self, plan: Plan, folder: Path, say: Say) -> None:
        self.plan = plan
        self.folder = folder
        self.chance = random.Random(plan.seed)
        self.vendors = Vendors(rate=plan.rate)
        self.cluster: Cluster | None = None
        self.redis: RedisServer | None = None
        self.asleep: set[Child] = set()
        self.parked: set[str] = set()
        self.leaps: list[tuple[float, float]] = []
        self.notes: dict[str, Any] = {}
        self._say = say
        self._kills: list[Kill] = []
        self._limbo: list[str] = []
        self._looks = 0
        self._said = 0.0
        self._over = threading.Event()
        self._stack = contextlib.ExitStack()

    @property
    def product(self) -> Product:
        """The first host; most trials have no other."""
        return self.hosts[0]

    def say(self, line: str, every: float = 0.0) -> None:
        """Tell what happens; with ``every``, not more often than in so many seconds."""
        if time.monotonic() - self._said >= every:
            self._said = time.monotonic()
            self._say(f"{line}  ({self.progress()})" if every else line)

    def progress(self) -> str:
        """How far it is."""
        return f"{len(self.frontend.answers):,} webhooks answered, {self.vendors.brief('resend')['accepted']:,} emails"

    def struck(self, kill: Kill) -> None:
        """Remember a blow."""
        self._kills.append(kill)

    @property
    def ahead(self) -> float:
        """How far the product's clock is ahead of ours."""
        return self.leaps[-1][1] if self.leaps else 0.0

    def leap(self, seconds: float) -> None:
        """Put the product's clock forward."""
        self.leaps.append((time.time(), self._clock.leap(seconds)))

    def misbehave(self, vendor: str = "resend", /, **faults: object) -> None:
        """Other faults than the plan's for a vendor from now on; none: those of the plan again."""
        self.vendors.misbehave(vendor, **(faults or self.plan.faults_of(vendor)))

    # -- Beginning and end ------------------------------------------------------------------------

    def __enter__(self) -> Trial:
        try:
            self._begin()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._stack.close()

    def _begin(self) -> None:
        plan, stack = self.plan, self._stack
        stack.callback(self.vendors.stop)
        self.vendors.start()
        for vendor in VENDORS:
            self.misbehave(vendor)
        self.place = self._place()
        common = self._environ()
        self.hosts = [
            Product(
                folder, {**self.vendors.environ(folder.name, notion=plan.notion), **common}, plan.workers, folder.name
            )
            for folder in self._folders()
        ]
        for host in self.hosts:
            stack.callback(host.kill)
        self.frontend = Frontend(
            lambda: [host.url for host in self.hosts if host.children[0].alive] or [self.product.url], plan.seed
        )
        stack.callback(self.frontend.stop)
        for host in self.hosts:
            host.start()
        watcher = threading.Thread(target=self._watch, daemon=True)
        watcher.start()
        stack.callback(watcher.join, 10)
        stack.callback(self._over.set)

    def _folders(self) -> Iterator[Path]:
        for number in range(self.plan.hosts):
            folder = self.folder / ("host" if self.plan.hosts == 1 else f"host-{'abcdef'[number]}")
            folder.mkdir()
            campaign.write(folder, self.plan.emails, self.plan.wait)
            yield folder

    def _place(self) -> Place:
        if not self.plan.database.startswith("postgres"):
            return SqlitePlace(self.folder / "busos.db")
        url = self.plan.database
        if "://" not in url:
            self.cluster = Cluster()
            self._stack.callback(self.cluster.stop)
            self.cluster.start()
            url = self.cluster.url
        place = PostgresPlace(url)
        if self.cluster is None:
            self._stack.callback(place.close)
        return place

    def _environ(self) -> dict[str, str]:
        environ = {
            "TESTING_MODE": "true",
            "BUSOS_DATABASE_URL": self.place.url,
            "BUSOS_SECRET_KEY": "only for a trial, thirty-two letters",
        }
        if self.plan.redis == "own":
            self.redis = RedisServer(self.folder)
            self._stack.callback(self.redis.stop)
            self.redis.start()
        if self.plan.redis:
            environ["BUSOS_QUEUE_URL"] = self.redis.url if self.redis else self.plan.redis
        if self.plan.leaping:
            self._clock = clock.LeapingClock(self.folder / "clock")
            environ[clock.VARIABLE] = str(self._clock.file)
        return environ

    # -- What happens in it -----------------------------------------------------------------------

    def post(self, contacts: int | None = None, over: float | None = None, *, first: int = 0) -> None:
        """Post webhooks in the background, the plan's number over the plan's time unless said otherwise."""
        usual = self.plan.spread if self.plan.spread is not None else max(2.0, self.plan.kills * ORDINARY * 0.8)
        self.frontend.begin(contacts or self.plan.contacts, usual if over is None else over, first=first)

    def finish(self) -> bool:
        """Wait until every run has ended and, with Notion, every errand is done; False when nothing moves any more."""
        self.frontend.join(self.plan.patience)
        seen, since = None, time.monotonic()
        while time.monotonic() - since < self.plan.patience:
            found = self._left()
            if found == 0:
                time.sleep(AFTERMATH)
                if self._left() == 0:
                    return True
            state = (found, self.vendors.brief("resend")["accepted"])
            if state != seen:
                seen, since = state, time.monotonic()
            self.say(f"waiting for {found} runs and errands", every=10)
            time.sleep(0.5)
        return False

    def _left(self) -> int:
        """Runs and errands that are still to come to an end, without those that are parked."""
        with contextlib.suppress(*AWAY):
            still = [email for email, status in self.place.open_runs() if email not in self.parked or status != "held"]
            return len(still) + (self.place.errands() if self.plan.notion else 0)
        return -1

    def _watch(self) -> None:
        """Look every second for runs that nobody would ever look at again."""
        while not self._over.wait(LOOK):
            with contextlib.suppress(*AWAY):
                self._limbo += self.place.limbo()
                self._looks += 1

    def evidence(self) -> Evidence:
        """End the product, and gather everything."""
        self.frontend.stop()
        self._over.set()
        for host in self.hosts:
            at, ends = time.time(), host.end(15)
            for seconds, status in ends:
                self.struck(Kill(at=at, how="end", again=at, exit=seconds, status=status))
        pages, completed = self.vendors.pages() if self.plan.notion else (None, frozenset[str]())
        return Evidence(
            emails=self.plan.emails,
            wait=self.plan.wait,
            answers=dict(self.frontend.answers),
            refused=tuple(self.frontend.refused),
            sent=tuple(self.vendors.sent()),
            runs=self.place.runs(),
            events=self.place.events(),
            recorded=self.place.recorded(),
            entered=self.place.entered(),
            starts=tuple(seconds for host in self.hosts for seconds in host.starts),
            kills=tuple(self._kills),
            limbo=tuple(self._limbo + self.place.limbo()),
            looks=self._looks + 1,
            pages=pages,
            completed=completed,
            conduct=self.vendors.conduct(),
            integrity=(*self.place.problems(), *self._checked()),
            parked=frozenset(self.parked),
            leaps=tuple(self.leaps),
        )

    def _checked(self) -> list[str]:
        """What busos' own check of the ledger finds."""
        status, said = self.product.ask("ledger", "check", "--json")
        if not status:
            return []
        with contextlib.suppress(ValueError, KeyError):
            checks = json.loads(said[said.index("{") :])["checks"]
            return [f"busos ledger check: {one['check']}: {one['said']}" for one in checks if one["state"] == "fail"]
        return [f"busos ledger check: {said[-200:]}"]

    def keep(self, folder: Path) -> None:
        """Copy logs and ledger."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
