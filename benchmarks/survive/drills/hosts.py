"""Two hosts with one Postgres and one Redis: work is shared, one dies for good, the other finishes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from benchmarks.survive.drills.drill import Drill
from benchmarks.survive.drills.looks import whole_stories
from benchmarks.survive.evidence import Evidence, Kill
from benchmarks.survive.trial import Trial
from benchmarks.survive.verdict import Verdict


def _one_dies(trial: Trial) -> None:
    trial.post(over=20.0)
    time.sleep(10.0)
    trial.vendors.windows(patience=5.0)
    at = time.time()
    trial.hosts[1].kill()
    trial.struck(Kill(at=at, how="host", again=at, window=trial.vendors.windows()))
    trial.notes["died"] = at
    trial.say("the second host is dead, for good")


def _shared(trial: Trial, seen: Evidence) -> Sequence[Verdict]:
    died = trial.notes["died"]
    before = Counter(one.account for one in seen.sent if one.at < died)
    after = {one.account for one in seen.sent if one.at > died + 1}
    figure = ", ".join(
        f"{str(account).removeprefix('Bearer re_')} {count:,}" for account, count in sorted(before.items())
    )
    return (
        Verdict("emails of each host before one died", figure, min(before.values()) > 0 and len(before) == 2, "both"),
        Verdict("hosts that send afterwards", str(len(after)), len(after) == 1, "1"),
        whole_stories(trial, seen),
    )


two_hosts = Drill(
    "two-hosts",
    "two hosts share a ledger in Postgres; one is killed and never comes back",
    _one_dies,
    {
        "kills": 0,
        "contacts": 200,
        "notion": False,
        "hosts": 2,
        "workers": 2,
        "database": "postgresql",
        "redis": "own",
    },
    _shared,
)
