"""The trial that is run when no drill is named, and the one in which nothing happens."""

from __future__ import annotations

import time

from benchmarks.survive.drills.drill import Drill
from benchmarks.survive.drills.looks import whole_stories
from benchmarks.survive.evidence import Kill
from benchmarks.survive.judge import punctual
from benchmarks.survive.killing import blows
from benchmarks.survive.trial import Trial


def _strike(trial: Trial) -> None:
    trial.post()
    blows(trial)


def _hasten(trial: Trial) -> None:
    """Kill soon after each start, while more are due than can be served until then."""
    trial.post()
    for number in range(trial.plan.kills):
        time.sleep(trial.chance.uniform(0.0, 0.4))
        at = time.time()
        trial.product.kill()
        again = time.time()
        trial.product.start()
        trial.struck(Kill(at=at, how="group", again=again, window=0))
        trial.say(f"kill {number + 1} of {trial.plan.kills}", every=10)


usual = Drill("survive", "the whole product is killed, again and again", _strike)
calm = Drill(
    "calm",
    "nothing happens: how punctual due emails are, and none is early",
    Trial.post,
    {"kills": 0, "window_share": 0.0, "spread": 30.0, "contacts": 300},
    lambda _trial, seen: (punctual(seen),),
)

short_lived = Drill(
    "short-lived",
    "everything is killed 30 times within half a second of each start, while hundreds are due",
    _hasten,
    {"kills": 30, "contacts": 400, "emails": 2, "spread": 10.0, "notion": False},
    lambda trial, seen: (whole_stories(trial, seen),),
)
