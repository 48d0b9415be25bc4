"""What a provider of email can do to us: lose its answers, go away, throttle, refuse, and talk nonsense."""

from __future__ import annotations

import time

from benchmarks.survive.campaign import template
from benchmarks.survive.drills.drill import Drill
from benchmarks.survive.drills.looks import latest, no_more_than, no_storm, story_tells, whole_stories
from benchmarks.survive.frontend import address
from benchmarks.survive.trial import Trial
from benchmarks.survive.verdict import told

CALM = {"kills": 0, "window_share": 0.0, "notion": False}
OUTAGE = 600.0
"""Seconds by the product's clock that the provider is away."""
TICK, STEP = 0.5, 15.0
"""While it is away, each half second of ours is this many more of the product's."""
HOUR = 3600.0


def asked(trial: Trial) -> int:
    """How many requests the provider has had."""
    return int(sum(trial.vendors.brief("resend")["routes"].values()))


def pass_time(trial: Trial, seconds: float) -> None:
    """Let the product's clock run fast for so long."""
    until = trial.ahead + seconds
    while trial.ahead < until:
        time.sleep(TICK)
        trial.leap(STEP)
        trial.say(f"{until - trial.ahead:.0f} s to go by the product's clock", every=10)


def away(trial: Trial, seconds: float, **faults: object) -> None:
    """Once some emails are out, the provider has this fault for so long; the requests meanwhile are noted."""
    trial.post(over=6.0)
    time.sleep(3.0)
    before = asked(trial)
    trial.misbehave(**faults)
    pass_time(trial, seconds)
    trial.notes["asked meanwhile"] = asked(trial) - before
    trial.misbehave()
    trial.frontend.join(60)
    trial.say(f"it is back after {seconds:.0f} s, {trial.notes['asked meanwhile']} requests meanwhile")


def back(trial: Trial, longest: float) -> None:
    """The product may stay away for so long after the last refusal: let that pass."""
    pass_time(trial, longest)


# -- Answers that are lost, or are none -----------------------------------------------------------


accept_then_drop = Drill(
    "accept-then-drop",
    "the provider accepts 2,000 emails and drops 30 % of the connections before its answer",
    Trial.post,
    {**CALM, "faults": {"resend": {"chances": {"drop": 0.3}}}, "spread": 20.0},
    lambda trial, seen: (no_storm(seen, 2.5), whole_stories(trial, seen)),
)
garbage = Drill(
    "garbage",
    "a fifth of answers is HTML with status 200, some are a proxy's 502",
    Trial.post,
    {**CALM, "contacts": 200, "faults": {"resend": {"chances": {"garbage": 0.2, "502": 0.05}}}, "spread": 15.0},
    lambda trial, seen: (no_storm(seen, 2.5), whole_stories(trial, seen)),
)


# -- Away, throttling, refusing ---------------------------------------------------------------------


def _down(trial: Trial) -> None:
    away(trial, OUTAGE, down="closed")
    back(trial, 75.0)


def _quota(trial: Trial) -> None:
    away(trial, 3 * HOUR / 4, chances={"quota": 1.0})
    back(trial, HOUR * 1.1)


def _revoked(trial: Trial) -> None:
    away(trial, OUTAGE, chances={"revoked": 1.0})
    back(trial, 330.0)


vendor_down = Drill(
    "vendor-down",
    "the provider is away for ten minutes of a clock that is put forward",
    _down,
    {**CALM, "contacts": 150, "leaping": True},
    lambda trial, seen: (
        no_more_than("requests in 10 minutes without an answer", trial.notes["asked meanwhile"], 60),
        no_storm(seen, 1.5),
        story_tells(trial, latest(seen)[:3], "Resend"),
    ),
)
quota = Drill(
    "quota",
    "the daily quota is used up for three quarters of an hour",
    _quota,
    {**CALM, "contacts": 150, "leaping": True},
    lambda trial, seen: (
        no_more_than("requests in 45 minutes without quota", trial.notes["asked meanwhile"], 30),
        no_storm(seen, 1.5),
        story_tells(trial, latest(seen)[:3], "quota"),
    ),
)
key_revoked = Drill(
    "key-revoked",
    "the API key is revoked for ten minutes, and restored",
    _revoked,
    {**CALM, "contacts": 150, "leaping": True},
    lambda trial, seen: (
        no_more_than("requests in 10 minutes with a revoked key", trial.notes["asked meanwhile"], 40),
        no_storm(seen, 1.5),
        story_tells(trial, latest(seen)[:3], "API key"),
    ),
)
throttled = Drill(
    "throttled",
    "the provider takes 10 requests a second, and says 429 to a fifth of those as well",
    Trial.post,
    {
        **CALM,
        "contacts": 200,
        "emails": 3,
        "rate": 10.0,
        "faults": {"resend": {"chances": {"429": 0.2}}},
        "spread": 1.0,
    },
    lambda trial, seen: (
        no_storm(seen, 1.6),
        told("answers 429", f"{trial.vendors.brief('resend')['statuses'].get('429', 0):,}"),
        whole_stories(trial, seen),
    ),
)


# -- One email that is the trouble ------------------------------------------------------------------

REFUSED, BROKEN = address(7), address(13)


def _poison(trial: Trial) -> None:
    """One address is refused, one makes the provider fail; all are due in one batch."""
    trial.parked |= {REFUSED, BROKEN}
    trial.misbehave(addresses={REFUSED: "422", BROKEN: "500"})
    trial.post(over=0.0)
    trial.frontend.join(60)
    until = time.monotonic() + 60
    while time.monotonic() < until and len(trial.vendors.sent()) < (trial.plan.contacts - 2) * trial.plan.emails:
        time.sleep(0.5)
    trial.notes["others took"] = time.monotonic() - until + 60
    before = asked(trial)
    for _ in range(40):
        if all(status == "held" for _, status in trial.place.open_runs()):
            break
        time.sleep(1.0)
        trial.leap(960.0)
    trial.notes["asked meanwhile"] = asked(trial) - before


poison = Drill(
    "poison",
    "of 100 emails in one batch the provider refuses one and fails at another, always",
    _poison,
    {**CALM, "contacts": 100, "emails": 2, "leaping": True},
    lambda trial, seen: (
        told("the 98 others had everything after", f"{trial.notes['others took']:.1f} s"),
        no_more_than("requests for the one that always fails", trial.notes["asked meanwhile"], 30),
        story_tells(trial, [REFUSED], "refused"),
        story_tells(trial, [BROKEN], "Resend failed"),
    ),
)


def _edited(trial: Trial) -> None:
    """Templates change all the time, so that tries and retries of an email see different ones."""
    trial.post()
    edits = 0
    while trial.frontend.busy or edits < 60:
        edits += 1
        for step in range(1, trial.plan.emails + 1):
            for file in trial.product.folder.glob(f"templates/step_{step}*.md"):
                # as most editors save: the file is empty for a moment
                file.write_text(template(step, trial.plan.emails, f"\nEdition {edits}.\n"), encoding="utf-8")
        time.sleep(0.3)
    trial.notes["edits"] = edits


template_edited = Drill(
    "template-edited",
    "three of ten answers are lost, and templates are edited between a try and its retry",
    _edited,
    {**CALM, "contacts": 100, "faults": {"resend": {"chances": {"drop": 0.3}}}, "spread": 15.0},
    lambda trial, seen: (told("editions of each template", str(trial.notes["edits"])), no_storm(seen, 4.0)),
)
