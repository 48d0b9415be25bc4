"""Holds what was seen against what is promised: one verdict for each invariant. Pure: facts in, verdicts out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmarks.survive.evidence import Evidence, Sent
from benchmarks.survive.timing import Spread, lateness, recoveries, unrecorded
from benchmarks.survive.verdict import Verdict, below, none, told

EARLY = 0.002
"""Seconds by which the ledger's whole milliseconds and two clocks' readings may differ."""
HEALTHY, EXIT, RECOVERY, LATE = 5.0, 10.0, 3.0, 2.0


def judge(seen: Evidence, *, timed: bool = True) -> list[Verdict]:
    """Every invariant, in the order in which it is shown. Not ``timed``: how long things took is told, not judged."""
    return [
        *_accepted(seen),
        *_runs(seen),
        *_emails(seen),
        *_vendors(seen),
        none("problems in the database", seen.integrity),
        *(verdict if timed else replace(verdict, holds=None, limit="") for verdict in _times(seen)),
        *_ends(seen),
    ]


def _accepted(seen: Evidence) -> Iterator[Verdict]:
    answers = seen.answers
    lost = [f"{key}: {event}" for key, one in answers.items() for event in one.events if event not in seen.events]
    twice = [f"{key}: {sorted(set(one.events))}" for key, one in answers.items() if len(set(one.events)) > 1]
    yield none("webhooks refused that should not be", seen.refused)
    yield none("webhooks answered 2xx and not in the ledger", lost, f"{len(answers):,}")
    yield none("idempotency keys with a second event", twice, f"{len(answers):,}")


def _runs(seen: Evidence) -> Iterator[Verdict]:
    mine = [run for run in seen.runs if not run.program.startswith("trigger ")]
    counted = Counter(run.email for run in mine)
    open_runs = [
        f"{run.email}: {run.program} {run.status}" for run in seen.runs if not _ended_well(run.status, seen, run.email)
    ]
    without = [email for email in seen.contacts if email not in counted]
    yield none("accepted contacts without a run", without, f"{len(seen.contacts):,}")
    yield none("runs that did not finish", open_runs, f"{len(seen.runs):,}")
    yield none("second runs of a contact", [email for email, count in counted.items() if count > 1])
    yield none("runs without a due time or an end", seen.limbo, f"{seen.looks:,} looks")


def _ended_well(status: str, seen: Evidence, email: str) -> bool:
    return status == "finished" or (email in seen.parked and status in ("held", "stopped", "failed"))


def _emails(seen: Evidence) -> Iterator[Verdict]:
    steps = by_contact(seen.sent)
    wanted = range(1, seen.emails + 1)
    lost = [f"{email}: step {step}" for email in seen.due for step in wanted if not _has(steps.get(email, ()), step)]
    counts = Counter((one.to, one.step) for one in seen.sent)
    twice = [f"{to}: step {step}, {count} times" for (to, step), count in counts.items() if count > 1]
    everybody = {answer.email for answer in seen.answers.values()}
    strange = [f"{one.to}: step {one.step}" for one in seen.sent if one.to not in everybody or one.step not in wanted]
    of = f"{len(seen.due) * seen.emails:,}"
    yield none("emails lost", lost, of)
    yield none("emails sent twice", twice, of)
    yield none("emails nobody asked for", strange)
    yield none("runs out of order", [email for email, sent in steps.items() if not _ordered(sent)], f"{len(steps):,}")
    yield none("emails before their wait was over", list(_early(seen)), of)
    yield none("emails that do not know an earlier event", list(_forgetful(seen)))


def by_contact(sent: Sequence[Sent]) -> dict[str, list[Sent]]:
    """What each contact got, in the order in which the provider took it."""
    found: dict[str, list[Sent]] = defaultdict(list)
    for one in sorted(sent, key=lambda one: one.at):
        found[one.to].append(one)
    return found


def _has(sent: Sequence[Sent], step: int) -> bool:
    return any(one.step == step for one in sent)


def _ordered(sent: Sequence[Sent]) -> bool:
    steps = [one.step for one in sent]
    return steps == sorted(steps)


def _early(seen: Evidence) -> Iterator[str]:
    """Emails less than the wait after the one before them, by the provider's own clock."""
    for email, sent in by_contact(seen.sent).items():
        first = {one.step: one.at for one in reversed(sent)}
        for step, at in first.items():
            before = first.get(step - 1)
            gap = seen.product_time(at) - seen.product_time(before) if before is not None else seen.wait
            if gap < seen.wait - EARLY:
                yield f"{email}: step {step} after {gap:.3f} s"


def _forgetful(seen: Evidence) -> Iterator[str]:
    """Who gave a name before the assessment must be greeted by it: events of a contact are applied in order."""
    named = {answer.email: answer.name for answer in seen.answers.values() if answer.name}
    for one in seen.sent:
        if one.to in named and one.greeting != named[one.to]:
            yield f"{one.to}: step {one.step} says {one.greeting!r}"


def _vendors(seen: Evidence) -> Iterator[Verdict]:
    if seen.pages is not None:
        doubled = [f"{email}: {count} pages" for email, count in seen.pages.items() if count > 1]
        yield none("second contact pages in Notion", doubled, f"{len(seen.pages):,}")
        missing = [email for email in seen.due if email not in seen.completed]
        yield none("contacts whose page does not show the end", missing, f"{len(seen.due):,}")
    for vendor, conduct in seen.conduct.items():
        name = f"requests against {vendor}'s contract"
        if conduct.judged:
            yield none(name, conduct.violations, f"{conduct.requests:,}")
        else:
            yield told(name, f"not judged: no contract at hand ({conduct.requests:,} requests)")


def _times(seen: Evidence) -> Iterator[Verdict]:
    blows = [kill for kill in seen.kills if kill.how != "end"]
    if seen.starts:
        yield below("slowest start until healthy", max(seen.starts), HEALTHY, note=f"{len(seen.starts):,} starts")
    asked = [kill for kill in seen.kills if kill.exit is not None]
    if asked:
        yield below(
            "slowest end after SIGTERM", max(kill.exit or 0.0 for kill in asked), EXIT, note=f"{len(asked):,} ends"
        )
    if any(kill.how == "group" for kill in blows):
        back = Spread.of(recoveries(seen))
        p95, note = (back.p95, f"most {back.most:.2f} s, {back.count:,} kills") if back else (None, "")
        yield below("from kill -9 to the first due send, p95", p95, RECOVERY, note=note)
    if blows and (until := Spread.of(unrecorded(seen))):
        yield told("from an acceptance to its record", until.said)
    if late := Spread.of(lateness(seen)):
        yield told("lateness of due emails", late.said)


def _ends(seen: Evidence) -> Iterator[Verdict]:
    asked = [kill for kill in seen.kills if kill.exit is not None]
    strange = [f"{kill.how}: status {kill.status}" for kill in asked if kill.status != 0]
    yield none("processes asked to end that did not end well", strange, f"{len(asked):,}")


def punctual(seen: Evidence) -> Verdict:
    """Emails go out when they are due: what is asked of a product that nobody hurts."""
    late = Spread.of(lateness(seen))
    return below("lateness of a due email, p99", late.p99 if late else None, LATE)
