"""The judge of ``benchmarks/survive``: it finds nothing in a perfect trial, and finds every planted defect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.survive import campaign
from benchmarks.survive.evidence import Answer, Conduct, Evidence, Kill, RunRow, Sent
from benchmarks.survive.judge import judge, punctual
from benchmarks.survive.plan import Plan, parse_faults
from benchmarks.survive.timing import Spread, lateness, recoveries, unrecorded
from benchmarks.survive.verdict import Verdict
from engine.adapters.files import FileTemplates
from engine.language.checking import read_and_check

ADA, KIM, EVE = (f"{name}@example.com" for name in ("ada", "kim", "eve"))
PEOPLE = (ADA, KIM, EVE)
BEGAN = 1_000.0
WAIT = 2
EMAILS = 3
Change = Callable[[Evidence], Evidence]


def perfect() -> Evidence:
    """Three people, three emails each, one of them named; one kill of everything, one asked to end."""
    sent = [
        Sent(BEGAN + place + (step - 1) * (WAIT + 0.1), who, step, "Ada" if who == ADA else "there", f"{who}/{step}")
        for place, who in enumerate(PEOPLE)
        for step in range(1, EMAILS + 1)
    ]
    answers = {f"assessment-{who}": Answer(who, BEGAN + n, (f"e{n}", f"e{n}")) for n, who in enumerate(PEOPLE)}
    answers[f"assessment-{ADA}"] = replace(answers[f"assessment-{ADA}"], name="Ada")
    answers[f"signup-{ADA}"] = Answer(ADA, BEGAN - 1, ("s0",), "Ada")
    runs = [RunRow(f"r-{who}-{name}", who, name, "finished") for who in PEOPLE for name in ("nurture", "trigger x")]
    return Evidence(
        emails=EMAILS,
        wait=WAIT,
        answers=answers,
        sent=tuple(sent),
        runs=tuple(runs),
        events=frozenset({"e0", "e1", "e2", "s0"}),
        recorded={(one.to, one.step): one.at + 0.05 for one in sent},
        entered={who: BEGAN + place - 0.02 for place, who in enumerate(PEOPLE)},
        starts=(1.0, 2.0),
        kills=(
            Kill(at=BEGAN + 2.5, how="group", again=BEGAN + 2.6, window=1),
            Kill(at=BEGAN + 9, how="term", again=BEGAN + 9.5, exit=0.4, status=0),
        ),
        looks=10,
        pages=dict.fromkeys(PEOPLE, 1),
        completed=frozenset(PEOPLE),
        conduct={"resend": Conduct(9), "notion": Conduct(20), "discord": Conduct(1)},
    )


def evolve(**changes: Any) -> Change:
    return lambda seen: replace(seen, **changes)


def email(which: int, **changes: Any) -> Change:
    """One email changed."""
    return lambda seen: replace(
        seen, sent=tuple(replace(one, **changes) if n == which else one for n, one in enumerate(seen.sent))
    )


def more(one: Sent) -> Change:
    return lambda seen: replace(seen, sent=(*seen.sent, one))


def run(which: int, **changes: Any) -> Change:
    return lambda seen: replace(
        seen, runs=tuple(replace(one, **changes) if n == which else one for n, one in enumerate(seen.runs))
    )


def conduct(vendor: str) -> Change:
    return lambda seen: replace(seen, conduct={**seen.conduct, vendor: Conduct(9, ("to: is too long",))})


LATE = BEGAN + 60
DEFECTS: dict[str, tuple[Change, str]] = {
    "a webhook is refused": (evolve(refused=("assessment-x: 500",)), "webhooks refused that should not be"),
    "an accepted event is not in the ledger": (
        evolve(events=frozenset({"e0", "e1", "s0"})),
        "webhooks answered 2xx and not in the ledger",
    ),
    "a key has two events": (
        lambda seen: replace(
            seen,
            events=seen.events | {"e9"},
            answers={**seen.answers, f"assessment-{KIM}": Answer(KIM, BEGAN, ("e1", "e9"))},
        ),
        "idempotency keys with a second event",
    ),
    "an accepted contact has no run": (
        lambda seen: replace(seen, runs=seen.runs[2:]),
        "accepted contacts without a run",
    ),
    "a run hangs": (run(2, status="sending"), "runs that did not finish"),
    "a trigger's run hangs": (run(3, status="ready"), "runs that did not finish"),
    "a run is held": (run(2, status="held"), "runs that did not finish"),
    "a run was stopped": (run(2, status="stopped"), "runs that did not finish"),
    "a contact is in the sequence twice": (
        lambda seen: replace(seen, runs=(*seen.runs, RunRow("r9", KIM, "nurture", "finished"))),
        "second runs of a contact",
    ),
    "a run was in limbo for a moment": (evolve(limbo=("r1: nurture waiting",)), "runs without a due time or an end"),
    "an email is lost": (lambda seen: replace(seen, sent=seen.sent[:-1]), "emails lost"),
    "an email is doubled under its key": (more(Sent(LATE, EVE, 3, "there", f"{EVE}/3")), "emails sent twice"),
    "an email is doubled under another key": (more(Sent(LATE, EVE, 3, "there", "fresh")), "emails sent twice"),
    "an email goes to a stranger": (more(Sent(LATE, "eva@example.com", 1, "there")), "emails nobody asked for"),
    "an email has no step": (email(0, step=0), "emails nobody asked for"),
    "two steps are swapped": (
        lambda seen: email(1, at=seen.sent[2].at)(email(2, at=seen.sent[1].at)(seen)),
        "runs out of order",
    ),
    "an email comes before its wait": (
        lambda seen: email(2, at=seen.sent[1].at + WAIT - 0.05)(seen),
        "emails before their wait was over",
    ),
    "a copy hides that the first came early": (
        lambda seen: more(Sent(BEGAN + 30, ADA, 3, "Ada"))(email(2, at=seen.sent[1].at + 1)(seen)),
        "emails before their wait was over",
    ),
    "an earlier event was not applied": (email(0, greeting="there"), "emails that do not know an earlier event"),
    "a page is doubled": (evolve(pages={ADA: 1, KIM: 2, EVE: 1}), "second contact pages in Notion"),
    "a page does not show the end": (
        evolve(completed=frozenset({ADA, KIM})),
        "contacts whose page does not show the end",
    ),
    "resend is asked in a wrong way": (conduct("resend"), "requests against resend's contract"),
    "notion is asked in a wrong way": (conduct("notion"), "requests against notion's contract"),
    "discord is asked in a wrong way": (conduct("discord"), "requests against discord's contract"),
    "the database is broken": (evolve(integrity=("row 1 missing from index",)), "problems in the database"),
    "a start is slow": (evolve(starts=(1.0, 5.2)), "slowest start until healthy"),
    "an end is slow": (
        evolve(kills=(Kill(at=LATE, how="term", again=LATE, exit=11.0, status=0),)),
        "slowest end after SIGTERM",
    ),
    "an end has a bad status": (
        evolve(kills=(Kill(at=LATE, how="term", again=LATE, exit=1.0, status=1),)),
        "processes asked to end that did not end well",
    ),
    "it comes back slowly": (
        lambda seen: replace(
            seen,
            kills=(Kill(at=BEGAN + 2.05, how="group", again=BEGAN + 2.1),),
            sent=tuple(replace(one, at=one.at + 4) if one.at > BEGAN + 2.05 else one for one in seen.sent),
        ),
        "from kill -9 to the first due send, p95",
    ),
}


def failed(verdicts: list[Verdict]) -> set[str]:
    return {verdict.name for verdict in verdicts if verdict.holds is False}


@pytest.mark.parametrize("seen", [perfect(), replace(perfect(), kills=()), replace(perfect(), pages=None)])
def test_nothing_is_found_in_a_perfect_trial(seen: Evidence) -> None:
    assert failed(judge(seen)) == set()


@pytest.mark.parametrize(("change", "name"), DEFECTS.values(), ids=DEFECTS.keys())
def test_every_planted_defect_is_found(change: Change, name: str) -> None:
    found = judge(change(perfect()))
    assert name in failed(found)
    verdict = next(one for one in found if one.name == name)
    assert verdict.offenders or verdict.limit.startswith("<")


def test_every_limit_was_seen_to_fail() -> None:
    shown = [*judge(perfect()), *judge(replace(perfect(), kills=()))]
    assert {verdict.name for verdict in shown if verdict.limit} == {name for _, name in DEFECTS.values()}


def test_times_can_be_told_without_being_judged() -> None:
    slow = replace(perfect(), starts=(9.0,))
    assert failed(judge(slow)) == {"slowest start until healthy"}
    assert failed(judge(slow, timed=False)) == set()
    assert "9.00 s" in str(judge(slow, timed=False))


def test_who_is_hurt_by_nobody_is_punctual() -> None:
    late = email(8, at=perfect().sent[8].at + 3)(perfect())
    assert (punctual(perfect()).holds, punctual(late).holds) == (True, False)
    assert punctual(replace(perfect(), sent=())).holds is None


def test_who_is_parked_must_end_held_and_misses_only_his_own_emails() -> None:
    seen = replace(run(2, status="held")(perfect()), parked=frozenset({KIM}), sent=perfect().sent[:3])
    assert failed(judge(replace(seen, sent=tuple(one for one in perfect().sent if one.to != KIM)))) == set()
    assert failed(judge(seen)) >= {"emails lost"}


def test_nobody_is_judged_without_a_contract() -> None:
    seen = replace(perfect(), conduct={"resend": Conduct(9, judged=False)})
    verdict = next(one for one in judge(seen) if "resend" in one.name)
    assert (verdict.holds, "not judged" in verdict.figure) == (None, True)


def test_a_leap_of_the_clock_counts_as_time_that_has_passed() -> None:
    first, second = perfect().sent[0], perfect().sent[1]
    soon = replace(second, at=first.at + 0.5)
    seen = replace(perfect(), sent=(first, soon, *perfect().sent[3:]), emails=2)
    assert "emails before their wait was over" in failed(judge(seen))
    leapt = replace(seen, leaps=((first.at + 0.1, 60.0),))
    assert not [one for one in judge(leapt) if one.name == "emails before their wait was over" and one.offenders]


def test_recovery_begins_at_the_blow_or_at_what_fell_due_after_it() -> None:
    seen = perfect()
    blow = Kill(at=BEGAN + 2.05, how="group", again=BEGAN + 2.06)
    # Ada's second email was due at 2.05 and came at 2.1.
    assert recoveries(replace(seen, kills=(blow,))) == [pytest.approx(0.05)]
    # Nothing was due at 2.2; Ada's third email was due at 4.15 and came at 4.2, Kim's second at 3.05, it came at 3.1.
    idle = Kill(at=BEGAN + 2.2, how="group", again=BEGAN + 2.3)
    assert recoveries(replace(seen, kills=(idle,))) == [pytest.approx(0.05)]
    # A blow before anything could go out ends the measurement, but not after a long silence.
    again = Kill(at=BEGAN + 2.09, how="group", again=BEGAN + 2.095)
    assert len(recoveries(replace(seen, kills=(blow, again)))) == 1
    assert recoveries(replace(seen, kills=(replace(blow, how="worker"),))) == []


def test_lateness_and_the_time_until_a_record_are_told_for_each_email() -> None:
    assert lateness(perfect()) == pytest.approx([0.02, 0.05, 0.05] * 3)
    assert unrecorded(perfect()) == pytest.approx([0.05] * 9)
    spread = Spread.of([float(n) for n in range(101)])
    assert spread is not None
    assert (spread.median, spread.p95, spread.p99, spread.most) == (50, 95, 99, 100)
    assert Spread.of([]) is None


def test_faults_are_read_from_one_line() -> None:
    found = parse_faults("drop=0.3,5xx=0.1,latency=0.2,notion.500=0.5")
    assert found["resend"]["latency"] == 0.2
    assert sum(found["resend"]["chances"].values()) == pytest.approx(0.4)
    assert found["notion"] == {"chances": {"500": 0.5}}
    with pytest.raises(ValueError, match="notes"):
        parse_faults("notes.500=1")
    plan = Plan(window_share=0.25, faults=found)
    assert plan.faults_of("resend")["chances"]["late"] == 0.25
    assert plan.faults_of("notion")["chances"] == {"500": 0.5}


@pytest.mark.parametrize(("emails", "wait"), [(1, 1), (5, 2), (8, 3)])
def test_the_file_of_a_trial_is_good_and_its_subjects_can_be_read(tmp_path: Any, emails: int, wait: int) -> None:
    campaign.write(tmp_path, emails, wait)
    file = tmp_path / "sequences.yaml"
    templates = FileTemplates(tmp_path / "templates")
    _, problems = read_and_check(file.read_text(), str(file), templates)
    assert [problem.message for problem in problems] == []
    subject = (tmp_path / "templates" / "step_1.md").read_text().splitlines()[1].split('"')[1]
    assert campaign.read_subject(subject.replace("{{ first_name }}", "Ada 3")) == (1, "Ada 3")
    assert campaign.read_subject("Hello") == (0, "Hello")
