"""The shipped sequence for a crowd, against vendors with the rates that theirs publish, with and without Notion.

    python benchmarks/rates.py [--contacts N] [--wait SECONDS] [--away SECONDS] [--calm]

``busos dev`` with Resend, Notion and Discord played by ``tests.standins``: they refuse what the vendors' contracts
refuse and keep their rates (5, 3 and 2.5 requests a second). Now and then they say 429 and ask for a pause, and Notion
says 409, 500 and 503 as well (``--calm``: they do not). Everybody gets the whole sequence with waits of ``--wait``.

1. Without Notion: how late each email is, from the moment that its wait was over. This is the baseline.
2. With Notion, once in each style of its API: how late each email is then; every page is compared, value by value.
3. ``--away``: Notion answers nobody for so long, while everybody falls due, twice. Emails must not notice. When it is
   back, each page is to be brought up to date by one request.

Exits with 1 when anything is not as promised.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load import percentile, post
from benchmarks.processes import ROOT, Child, ask, busos, running, start

STYLES = ("2025-09-03", "2022-06-28")
CONTACTS = "c0c0c0c0-0000-4000-8000-000000000001"
TEMPLATES = "7e7e7e7e-0000-4000-8000-000000000002"
TOKEN = "ntn_a-token-for-the-stand-in"
SEGMENTS = {"CRITICAL": (3, 1), "URGENT": (1, 0), "OPTIMIZE": (0, 1)}
"""Red and orange systems that make somebody one of these."""
STEPS = 5
PATIENCE = 600.0
NOW_AND_THEN = {"429": 0.02}
NOTION_TOO = {**NOW_AND_THEN, "409": 0.01, "500": 0.01, "503": 0.01}
ALLOWED = 1.0
"""Seconds that Notion may delay an email."""


class NotKeptError(Exception):
    """A promise was not kept."""


@dataclass
class Stage:
    """A product and its vendors; ``urls`` by vendor, the second door of each as "NAME control"."""

    folder: Path
    contacts: int
    wait: float
    urls: Mapping[str, str]
    style: str | None
    taken: dict[str, float] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """The settings that lead the product to the vendors."""
        given = {
            "TESTING_MODE": "true",
            "RESEND_API_KEY": "re_for_a_stand_in",
            "RESEND_API_URL": self.urls["resend"],
            "DISCORD_WEBHOOK_URL": f"{self.urls['discord']}/api/webhooks/1/for-a-stand-in",
        }
        notion = {
            "NOTION_TOKEN": TOKEN,
            "NOTION_API_URL": self.urls["notion"],
            "NOTION_CONTACTS_DB_ID": CONTACTS,
            "NOTION_TEMPLATES_DB_ID": TEMPLATES,
        }
        return {**given, **notion, "NOTION_VERSION": self.style} if self.style else given

    def seen(self, vendor: str, *, brief: bool = False) -> Any:
        """What a vendor saw; ``brief`` has counts in the place of lists."""
        return ask(f"{self.urls[f'{vendor} control']}/_seen{'?brief=1' if brief else ''}")

    def misbehave(self, vendor: str, **faults: Any) -> None:
        """Replace the faults of a vendor; none at all: it behaves."""
        ask(f"{self.urls[f'{vendor} control']}/_faults", faults)

    def sent(self) -> dict[str, list[float]]:
        """When Resend took each email of each address, in order."""
        found: dict[str, list[float]] = defaultdict(list)
        for row in ask(f"{self.urls['resend control']}/_accepted?after=0"):
            found[row[3] if isinstance(row[3], str) else row[3][0]].append(row[0])
        return found

    def pages(self) -> list[dict[str, Any]]:
        """The contacts in Notion, as a person reads them."""
        shown = self.seen("notion")["pages"]
        return [page["values"] for page in shown if page["source"] == "Contacts" and not page["in_trash"]]


def address(number: int) -> str:
    return f"ada+{number}@example.com"


def segment(number: int) -> str:
    return list(SEGMENTS)[number % len(SEGMENTS)]


# -- The stage --------------------------------------------------------------------------------


@contextmanager
def staged(contacts: int, wait: float, style: str | None) -> Iterator[Stage]:
    """A product in a folder of its own, vendors beside it, and the templates in Notion where there is one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "templates", folder / "templates")
        text = (ROOT / "sequences.yaml").read_text()
        (folder / "sequences.yaml").write_text(re.sub(r"testing: \d minutes?", f"testing: {wait:g} seconds", text))
        asked = [option for vendor in ("resend", "notion", "discord") for option in (f"--{vendor}", "0")]
        vendors = start(folder, sys.executable, "-m", "tests.standins", "--control", *asked)
        with running(vendors):
            vendors.says("discord control")
            stage = Stage(folder, contacts, wait, json.loads(vendors.said()), style)
            if not all(stage.seen(vendor, brief=True)["judges"] for vendor in ("resend", "notion", "discord")):
                raise NotKeptError("nothing can be judged: the vendors' contracts are missing")
            if style:
                _push(stage)
            yield stage


def _push(stage: Stage) -> None:
    """The templates go to Notion as users bring them there."""
    child = busos(stage.folder, "templates", "push", "--yes", **stage.environ)
    if child.popen.wait(timeout=120):
        raise NotKeptError(f"templates push: {child.said()}")


@contextmanager
def product(stage: Stage, *, calm: bool) -> Iterator[Child]:
    """``busos dev``, and vendors with moods."""
    with running(child := busos(stage.folder, "dev", **stage.environ)):
        child.healthy_after()
        if not calm:
            stage.misbehave("resend", chances=NOW_AND_THEN, retry_after=2)
            stage.misbehave("discord", chances=NOW_AND_THEN, retry_after=2)
            stage.misbehave("notion", chances=NOTION_TOO, retry_after=2)
        yield child


def come(stage: Stage, child: Child) -> None:
    """Everybody signs up, and then sends the assessment."""
    signups = [
        {"email": address(n), "name": f"Ada {n}", "first_name": f"Ada{n}", "business_name": f"Shop {n}"}
        for n in range(stage.contacts)
    ]
    post([child.port], "/webhook/signup", [json.dumps(one).encode() for one in signups], clients=8)
    for number in range(stage.contacts):
        red, orange = SEGMENTS[segment(number)]
        body = {
            "email": address(number),
            "red_systems": red,
            "orange_systems": orange,
            "assessment_score": number % 101,
        }
        ask(f"{child.url}/webhook/assessment", body)
        stage.taken[address(number)] = time.time()


def until(what: str, good: Any, child: Child, patience: float = PATIENCE) -> None:
    """Wait for it, aloud on a terminal."""
    deadline = time.monotonic() + patience
    while not good():
        if time.monotonic() > deadline:
            raise NotKeptError(f"after {patience:.0f} s still not {what}; the log ends: {child.said()}")
        time.sleep(0.5)


def emails_out(stage: Stage, each: int) -> bool:
    return int(stage.seen("resend", brief=True)["accepted"]) >= each * stage.contacts


# -- What is promised -------------------------------------------------------------------------


def lateness(stage: Stage) -> list[float]:
    """Seconds from the moment at which each email was due (the webhook's answer; the email before and the wait)."""
    late = []
    for who, times in stage.sent().items():
        due = [stage.taken[who], *(at + stage.wait for at in times)]
        late += [at - moment for at, moment in zip(times, due, strict=False)]
    return late


def judge(stage: Stage, emails: int) -> None:
    """No contract was broken, no pause ignored, nobody left out or served twice."""
    for vendor in ("resend", "discord", *(("notion",) if stage.style else ())):
        seen = stage.seen(vendor)
        if seen["violations"] or seen["hurried"]:
            raise NotKeptError(f"{vendor}: {seen['hurried']} pauses ignored; {seen['violations'][:3]}")
    counts = Counter(len(times) for times in stage.sent().values())
    if counts != {emails: stage.contacts} or stage.seen("resend")["doubled"]:
        raise NotKeptError(f"emails by how many somebody got: {dict(counts)}")
    hot = sum(segment(number) == "CRITICAL" for number in range(stage.contacts))
    if (told := len(stage.seen("discord")["messages"])) != hot:
        raise NotKeptError(f"{told} alerts of {hot}")


def judge_pages(stage: Stage) -> None:
    """Every value of every page, and one page for each."""
    pages, sent = {page["Email"]: page for page in stage.pages()}, stage.sent()
    if len(pages) != len(stage.pages()) or len(pages) != stage.contacts:
        raise NotKeptError(f"{len(stage.pages())} pages for {stage.contacts} contacts")
    for number in range(stage.contacts):
        page, times = pages[address(number)], sent[address(number)]
        wrong = {name: (page[name], value) for name, value in expected(number).items() if page[name] != value}
        wrong |= {
            f"Email {n} Sent Date": (page[f"Email {n} Sent Date"], at)
            for n, at in enumerate(times, start=1)
            if abs(datetime.fromisoformat(page[f"Email {n} Sent Date"] or "1970-01-01T00:00Z").timestamp() - at) > 5
        }
        if wrong or not all(page[name] for name in ("Signup Date", "Last Signup Date")):
            raise NotKeptError(f"the page of {address(number)}: shown and expected differ: {wrong}")


def expected(number: int) -> dict[str, Any]:
    """What a page says at the end; dates are looked at apart."""
    red, orange = SEGMENTS[segment(number)]
    return {
        "Name": f"Ada {number}",
        "First Name": f"Ada{number}",
        "Business Name": f"Shop {number}",
        "Signup Source": None,
        "Red Systems": red,
        "Orange Systems": orange,
        "Yellow Systems": None,
        "Green Systems": None,
        "Assessment Score": number % 101,
        "Assessment Completed": True,
        "Segment": segment(number),
        "Sequence Complete": True,
        "Email Sequence Error": "",
        **{f"Email {n} Sent": True for n in range(1, STEPS + 1)},
    }


# -- The runs ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What a run came to: lateness of its emails, and seconds that the pages were behind at its end."""

    late: Sequence[float]
    behind: float = 0.0
    throttled: int = 0
    requests: int = 0

    def line(self) -> str:
        """For people."""
        late = f"late p50 {percentile(self.late, 50):.2f} s, p99 {percentile(self.late, 99):.2f} s, "
        late += f"at most {max(self.late):.2f} s ({sum(one < 0 for one in self.late)} of {len(self.late):,} early)"
        asked = f"; Notion asked {self.requests:,} times, of which {self.throttled} too fast" if self.requests else ""
        return late + asked + (f"; pages right {self.behind:.0f} s after the last email" if self.requests else "")


def whole(contacts: int, wait: float, style: str | None, *, calm: bool) -> Told:
    """The whole sequence for everybody."""
    with staged(contacts, wait, style) as stage, product(stage, calm=calm) as child:
        come(stage, child)
        until("all emails out", lambda: emails_out(stage, STEPS), child, STEPS * wait + PATIENCE)
        last = max(max(times) for times in stage.sent().values())
        hot = sum(segment(number) == "CRITICAL" for number in range(contacts))
        until("all alerts told", lambda: stage.seen("discord", brief=True)["messages"] >= hot, child)
        if not style:
            judge(stage, STEPS)
            return Told(lateness(stage))
        until("all pages complete", lambda: all_complete(stage), child)
        behind = time.time() - last
        judge(stage, STEPS)
        judge_pages(stage)
        seen = stage.seen("notion", brief=True)
        return Told(lateness(stage), behind, seen["throttled"], sum(seen["routes"].values()))


def all_complete(stage: Stage) -> bool:
    return sum(bool(page["Sequence Complete"]) for page in stage.pages()) == stage.contacts


def without_notion(contacts: int, seconds: float, style: str) -> str:
    """Notion is away for so long, and everybody falls due twice meanwhile."""
    wait = seconds * 0.45
    with staged(contacts, wait, style) as stage, product(stage, calm=True) as child:
        come(stage, child)
        until("the first email shown on all pages", lambda: shown(stage, 1) == contacts, child, wait - 5)
        stage.misbehave("notion", down="refused")
        gone = time.time()
        time.sleep(max(0.0, gone + seconds - time.time()))
        if not emails_out(stage, 3):
            raise NotKeptError("emails waited for Notion")
        late, before = lateness(stage), len(stage.seen("notion")["requests"])
        stage.misbehave("notion")
        back = time.time()
        until("the pages up to date", lambda: shown(stage, 3) == contacts, child)
        took = time.time() - back
        writes = writes_of(stage.seen("notion")["requests"][before:])
        if max(writes.values()) > 1 or len(writes) != contacts:
            raise NotKeptError(f"updates by how many a page got: {Counter(writes.values())}")
        if seen := stage.seen("notion")["violations"]:
            raise NotKeptError(f"violations: {seen[:3]}")
        return (
            f"Notion away for {seconds:.0f} s, {2 * contacts} emails due meanwhile: {Told(late).line()}; "
            f"{len(writes)} pages brought up to date by one request each, {took:.0f} s after it was back"
        )


def shown(stage: Stage, email: int) -> int:
    """How many pages say that this email was sent."""
    return sum(bool(page[f"Email {email} Sent"]) for page in stage.pages())


def writes_of(requests: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """How often each page was written."""
    paths = [one["path"] for one in requests if one["method"] == "PATCH" and one["status"] == 200]
    return Counter(path for path in paths if path.startswith("/v1/pages/"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--wait", type=float, default=20.0, help="seconds, of each of the four waits")
    parser.add_argument("--away", type=float, default=0.0, help="seconds that Notion is away; 0: leave that out")
    parser.add_argument("--calm", action="store_true", help="no faults but what the rates lead to")
    parser.add_argument("--only-away", action="store_true", help="leave the whole sequences out")
    options = parser.parse_args()
    try:
        if not options.only_away:
            compare(options)
        if options.away:
            print(without_notion(options.contacts, options.away, STYLES[0]), flush=True)
    except NotKeptError as broken:
        raise SystemExit(f"NOT KEPT: {broken}") from None


def compare(options: argparse.Namespace) -> None:
    """Without Notion, and in both of its styles."""
    bare = whole(options.contacts, options.wait, None, calm=options.calm)
    print(f"without Notion: {bare.line()}", flush=True)
    for style in STYLES:
        found = whole(options.contacts, options.wait, style, calm=options.calm)
        print(f"Notion {style}: {found.line()}", flush=True)
        for which in (50, 99, 100):
            more = at(found.late, which) - at(bare.late, which)
            if more > ALLOWED:
                raise NotKeptError(f"of 100 emails, {which} were up to {more:.2f} s later because of Notion")
    print("0 violations, 0 pauses ignored, every email once, every page right")


def at(late: Sequence[float], which: int) -> float:
    return max(late) if which == 100 else percentile(late, which)


if __name__ == "__main__":
    main()
