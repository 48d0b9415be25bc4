"""The blows: kill -9 on everything, on one worker, SIGTERM, and a worker that sleeps past its lease."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Sequence

from benchmarks.survive.children import Child, CouldNotRun
from benchmarks.survive.evidence import Kill
from benchmarks.survive.places import AWAY
from benchmarks.survive.trial import Trial

AIMED = 0.4
"""The part of blows that wait for an open window: the provider has accepted an email, and we cannot know it."""
IN_START = 0.1
"""The part of kills of everything that are followed by another one before it was healthy."""
QUIET = (0.05, 1.2)
"""Seconds between a start and a blow that is not aimed."""
EXIT_PATIENCE = 15.0
CATCH = 15.0
"""Seconds in which a worker with an email in hand is looked for, to be put to sleep with it."""


def blows(trial: Trial) -> None:
    """Strike as often as the plan says, in its way."""
    way, kills = trial.plan.how, trial.plan.kills
    if way in ("worker", "stop") and not trial.product.workers:
        raise CouldNotRun(f"--how {way} needs workers: say --workers 3")
    asleep = threading.Event()
    sleeper = threading.Thread(target=_keep_sleeping, args=(trial, asleep), daemon=True)
    if way == "mixed" and len(trial.product.workers) > 1:
        sleeper.start()
    for number in range(kills):
        one = trial.chance.choices(("group", "worker", "term"), (5, 3, 2))[0] if way == "mixed" else way
        if one == "worker" and not trial.product.workers:
            one = "group"
        said = WAYS[one](trial)
        trial.say(f"{one} {number + 1} of {kills}: {said}", every=10)
    asleep.set()
    if sleeper.is_alive():
        sleeper.join(trial.plan.lease + 10)


def aim(trial: Trial) -> None:
    """Wait for the moment: inside an open window as often as ``AIMED`` says, else any."""
    chance = trial.chance
    if trial.plan.window_share and chance.random() < AIMED and trial.vendors.windows(patience=1.5):
        time.sleep(chance.uniform(0, trial.plan.window * 0.9))
    else:
        time.sleep(chance.uniform(*QUIET))


def kill_all(trial: Trial) -> str:
    """Kill -9 on every process of the product, and start it again."""
    aim(trial)
    at = time.time()
    trial.product.kill()
    window = trial.vendors.windows()
    if trial.chance.random() < IN_START:
        trial.product.launch()
        time.sleep(trial.chance.uniform(0, 1))
        trial.product.kill()
    again = time.time()
    seconds = trial.product.start()
    trial.struck(Kill(at=at, how="group", again=again, window=window))
    return f"healthy after {seconds:.1f} s"


def kill_worker(trial: Trial) -> str:
    """Kill -9 on one worker, and start it again."""
    aim(trial)
    worker = trial.chance.choice(_awake(trial))
    at = time.time()
    worker.kill()
    window = trial.vendors.windows()
    worker.start()
    trial.struck(Kill(at=at, how="worker", again=time.time(), window=window))
    return worker.name


def terminate(trial: Trial) -> str:
    """SIGTERM to every process, and start it again when all have ended."""
    aim(trial)
    at, asleep = time.time(), set(trial.asleep)
    window = trial.vendors.windows()
    ends = trial.product.end(EXIT_PATIENCE, [child for child in trial.product.children if child not in asleep])
    again = time.time()
    trial.product.start()
    for seconds, status in ends:
        trial.struck(Kill(at=at, how="term", again=again, window=window, exit=seconds, status=status))
    return f"ended after {max(seconds for seconds, _ in ends):.1f} s"


def sleep_past_lease(trial: Trial) -> str:
    """SIGSTOP a worker that has an email in hand until others have its runs; then SIGCONT."""
    aim(trial)
    caught = _sleep(trial, trial.product.workers, threading.Event())
    return f"slept {trial.plan.lease:g} s {'with' if caught else 'without'} an email in hand"


def _sleep(trial: Trial, workers: Sequence[Child], until: threading.Event) -> bool:
    worker, caught = _catch(trial, workers)
    at = time.time()
    trial.asleep.add(worker)
    until.wait(trial.plan.lease)
    worker.signal(signal.SIGCONT)
    trial.asleep.discard(worker)
    trial.struck(Kill(at=at, how="stop", again=time.time(), window=int(caught)))
    return caught


def _catch(trial: Trial, workers: Sequence[Child]) -> tuple[Child, bool]:
    """A stopped worker, and whether it has an email in hand; one that has none is let go on and the next is tried."""
    until = time.monotonic() + CATCH
    while True:
        for worker in workers:
            trial.vendors.windows(patience=1.0)
            worker.signal(signal.SIGSTOP)
            with contextlib.suppress(*AWAY):
                if worker.pid in trial.place.senders():
                    return worker, True
            if time.monotonic() > until:
                return worker, False
            worker.signal(signal.SIGCONT)


def _keep_sleeping(trial: Trial, until: threading.Event) -> None:
    """In a mixed trial one worker sleeps past its lease again and again while others are hit."""
    while not until.is_set():
        _sleep(trial, trial.product.workers[-1:], until)
        until.wait(5.0)


def _awake(trial: Trial) -> list[Child]:
    asleep = set(trial.asleep)
    return [worker for worker in trial.product.workers if worker not in asleep] or trial.product.workers


WAYS: dict[str, Callable[[Trial], str]] = {
    "group": kill_all,
    "worker": kill_worker,
    "term": terminate,
    "stop": sleep_past_lease,
}
