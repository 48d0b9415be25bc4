"""What can happen to Redis, which only rings bells: it is emptied, killed, and fed with code."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.survive.children import CouldNotRun
from benchmarks.survive.drills.drill import Drill
from benchmarks.survive.drills.looks import whole_stories
from benchmarks.survive.evidence import Evidence
from benchmarks.survive.redis import RedisServer
from benchmarks.survive.trial import Trial
from benchmarks.survive.verdict import Verdict, none, told

PLAN = {"kills": 0, "window_share": 0.0, "notion": False, "redis": "own", "workers": 2, "contacts": 200}
AWAY = 60.0
NAMES = ("busos", "huey", "runs", "emails", "alerts", "mirror")
"""Names that a queue of Huey could have: some are ours, some are what others would call theirs."""


def redis_of(trial: Trial) -> RedisServer:
    """The trial's own Redis: another's is never emptied."""
    if trial.redis is None:
        raise CouldNotRun("this drill empties and kills Redis: it needs one of its own, --redis own")
    return trial.redis


def _flushed(trial: Trial) -> None:
    redis = redis_of(trial)
    trial.post(over=20.0)
    flushes = keys = 0
    while trial.frontend.busy:
        keys += len(redis.keys())
        redis.ask("FLUSHALL")
        flushes += 1
        time.sleep(0.2)
    trial.notes |= {"flushes": flushes, "keys": keys}


def _away(trial: Trial) -> None:
    redis = redis_of(trial)
    trial.post(over=AWAY / 2)
    time.sleep(3.0)
    redis.kill()
    trial.say(f"Redis is killed for {AWAY:.0f} s")
    time.sleep(AWAY)
    trial.notes["sent meanwhile"] = len(trial.vendors.sent())
    redis.start()


class Hostile:
    """Whoever unpickles this makes a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str, int]]:
        return os.open, (str(self.file), os.O_CREAT | os.O_WRONLY)


def _hostile(trial: Trial) -> None:
    redis, trap = redis_of(trial), trial.folder / "code was run"
    code = pickle.dumps(Hostile(trap))
    trial.post(over=15.0)
    rounds = 0
    while trial.frontend.busy:
        rounds += 1
        for key in {*redis.keys(), *(key.encode() for name in NAMES for key in huey_keys(name))}:
            poison(redis, key, code)
        time.sleep(0.5)
    trial.notes |= {"rounds": rounds, "trap": trap}


def huey_keys(name: str) -> tuple[str, ...]:
    """The keys that Huey's Redis storage uses for a queue of this name, and the name itself."""
    return (name, f"huey.redis.{name}", f"huey.schedule.{name}", f"huey.results.{name}", f"huey.redis.{name}.notify")


def poison(redis: RedisServer, key: bytes, code: bytes) -> None:
    """Put the bytes wherever a reader of this key could meet them: list, sorted set, hash, text and channel."""
    for words in (("LPUSH", key, code), ("ZADD", key, "0", code), ("HSET", key, "k", code), ("PUBLISH", key, code)):
        redis.ask(*words)
    kind = redis.ask("TYPE", key)
    if kind in (b"+string", b"+none"):
        redis.ask("SET", key, code)


def _unharmed(trial: Trial, seen: Evidence) -> Sequence[Verdict]:
    trap: Path = trial.notes["trap"]
    dead = [child.name for child, alive in trial.notes["alive"].items() if not alive]
    return (
        none("code that was run", [str(trap)] if trap.exists() else []),
        none("workers that died", dead),
        told("rounds of hostile bytes to every key", str(trial.notes["rounds"])),
        whole_stories(trial, seen),
    )


def _trap_works(trial: Trial) -> None:
    """The trap itself must spring where somebody unpickles: a drill that cannot fail says nothing."""
    file = trial.folder / "the trap works"
    os.close(pickle.loads(pickle.dumps(Hostile(file))))
    if not file.exists():
        raise CouldNotRun("the hostile bytes do no harm even where they are read")


def _fed(trial: Trial) -> None:
    _trap_works(trial)
    _hostile(trial)
    trial.notes["alive"] = {child: child.alive for child in trial.product.children}


redis_flushed = Drill(
    "redis-flushed",
    "Redis is emptied five times a second amid 200 runs",
    _flushed,
    PLAN,
    lambda trial, seen: (
        told("times that Redis was emptied", str(trial.notes["flushes"])),
        Verdict("keys that were in it", f"{trial.notes['keys']:,}", trial.notes["keys"] > 0, "> 0"),
        whole_stories(trial, seen),
    ),
)
redis_away = Drill(
    "redis-away",
    f"Redis is killed for {AWAY:.0f} seconds",
    _away,
    PLAN,
    lambda trial, seen: (
        told("emails sent until Redis came back", f"{trial.notes['sent meanwhile']:,} of {len(seen.sent):,}"),
        whole_stories(trial, seen),
    ),
)
redis_hostile = Drill(
    "redis-hostile", "pickled code is pushed to every key and channel of Redis", _fed, PLAN, _unharmed
)
