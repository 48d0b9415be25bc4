"""What drills look for beyond the invariants: no storm of requests, a story that tells, work that is shared."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmarks.survive.evidence import Evidence
from benchmarks.survive.timing import due_times
from benchmarks.survive.trial import Trial
from benchmarks.survive.verdict import Verdict, below, none

SAMPLE = 5


def no_storm(seen: Evidence, limit: float) -> Verdict:
    """Requests to the provider for each email that it accepted."""
    asked = seen.conduct["resend"].requests
    return below("requests for each email", asked / max(1, len(seen.sent)), limit, "", f"{asked:,} in all")


def no_more_than(name: str, count: int, limit: int) -> Verdict:
    """Something that must stay rare."""
    return Verdict(name, f"{count:,}", count <= limit, f"<= {limit:,}")


def latest(seen: Evidence) -> list[str]:
    """Who had to wait longest for an email that was due, longest first."""
    due = due_times(seen)
    late = {(one.to, one.step): seen.product_time(one.at) - due.get((one.to, one.step), one.at) for one in seen.sent}
    return list(dict.fromkeys(to for to, _ in sorted(late, key=lambda pair: -late[pair])))


def story_tells(trial: Trial, people: Sequence[str], *words: str) -> Verdict:
    """``busos runs show`` of these people says one of the words."""
    stories = {email: json.dumps(trial.product.story(email), ensure_ascii=False) for email in people[:SAMPLE]}
    silent = [f"{email}: {said[:200]}" for email, said in stories.items() if not any(word in said for word in words)]
    return none(f'stories that do not say "{words[0]}"', silent, f"{len(stories)} looked at")


def whole_stories(trial: Trial, seen: Evidence) -> Verdict:
    """``busos runs show`` lists every email of these people as sent, each with the provider's id."""
    silent = []
    for email in seen.due[:SAMPLE]:
        lines = trial.product.story(email).get("story", [])
        sent = [line for line in lines if line.get("kind") == "email" and line.get("provider_id")]
        if len(sent) != seen.emails:
            silent.append(f"{email}: {len(sent)} emails")
    return none("stories without every email and its id", silent, f"{len(seen.due[:SAMPLE])} looked at")
