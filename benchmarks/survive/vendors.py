"""Resend, Notion and Discord, played by ``tests.standins`` in processes of their own, and asked what they saw."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.survive.campaign import ROOT, read_subject
from benchmarks.survive.children import CouldNotRun
from benchmarks.survive.evidence import Conduct, Sent

GROUPS = (("resend",), ("notion", "discord"))
"""Which stand-ins share a process: the one that sends is alone, so that its clock is told in time."""
CONTACTS = "c0c0c0c0-0000-4000-8000-000000000001"
TEMPLATES = "7e7e7e7e-0000-4000-8000-000000000002"


class Vendors:
    """The stand-ins. ``rate`` is Resend's requests a second before it says 429 (0: any number)."""

    def __init__(self, *, rate: float = 0.0) -> None:
        self._urls: dict[str, str] = {}
        self._rate = rate
        self._children: list[subprocess.Popen[str]] = []

    def start(self) -> None:
        """Start them; their addresses are known afterwards."""
        for names in GROUPS:
            asked = [option for name in names for option in (f"--{name}", "0")]
            limits = ["--rate", f"{self._rate:g}", "--notion-rate", "0", "--discord-rate", "0"]
            command = [sys.executable, "-m", "tests.standins", "--lean", "--control", *asked, *limits]
            child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
            self._children.append(child)
            assert child.stdout is not None
            if not select.select([child.stdout], [], [], 30)[0] or not (line := child.stdout.readline()):
                raise CouldNotRun("the stand-ins of the vendors do not start")
            self._urls |= json.loads(line)

    def stop(self) -> None:
        """End them."""
        for child in self._children:
            child.terminate()
            child.wait(10)
            if child.stdout:
                child.stdout.close()

    def environ(self, host: str, *, notion: bool) -> dict[str, str]:
        """The settings that lead a host of the product to them; it has an API key of its own."""
        mailer = {"RESEND_API_KEY": f"re_{host}", "RESEND_API_URL": self._urls["resend"]}
        chat = {"DISCORD_WEBHOOK_URL": f"{self._urls['discord']}/api/webhooks/1/for-a-stand-in"}
        pages = {
            "NOTION_TOKEN": "ntn_a-token-for-the-stand-in",
            "NOTION_API_URL": self._urls["notion"],
            "NOTION_CONTACTS_DB_ID": CONTACTS,
            "NOTION_TEMPLATES_DB_ID": TEMPLATES,
        }
        return {**mailer, **chat, **(pages if notion else {})}

    def misbehave(self, vendor: str, **faults: Any) -> None:
        """Replace the faults of a vendor; none at all: it behaves."""
        self._ask(vendor, "_faults", faults)

    def windows(self, patience: float = 0.0) -> int:
        """How many emails are accepted and their answers held back, as soon as there is one."""
        return int(self._ask("resend", f"_window?patience={patience:g}")["open"])

    def sent(self, after: int = 0) -> list[Sent]:
        """What Resend accepted, from this number on."""
        rows = self._ask("resend", f"_accepted?after={after}")
        return [
            Sent(at, to[0] if isinstance(to, list) else to, *read_subject(subject), key, account)
            for at, key, _, to, subject, account in rows
        ]

    def brief(self, vendor: str) -> Mapping[str, Any]:
        """Counts of everything that a vendor saw."""
        found: Mapping[str, Any] = self._ask(vendor, "_seen?brief=1")
        return found

    def conduct(self) -> dict[str, Conduct]:
        """How the product behaved toward each of them."""
        return {vendor: _conduct(self._ask(vendor, "_seen")) for names in GROUPS for vendor in names}

    def pages(self) -> tuple[dict[str, int], frozenset[str]]:
        """The contacts' pages in Notion: how many each address has, and whose shows the end of the sequence."""
        shown = [page["values"] for page in self._ask("notion", "_seen")["pages"] if page["source"] == "Contacts"]
        done = frozenset(values["Email"] for values in shown if values["Sequence Complete"])
        return dict(Counter(values["Email"] for values in shown)), done

    def _ask(self, vendor: str, question: str, order: object = None) -> Any:
        data = None if order is None else json.dumps(order).encode()
        with urlopen(Request(f"{self._urls[f'{vendor} control']}/{question}", data=data), timeout=60) as answer:
            return json.loads(answer.read() or b"null")


def _conduct(seen: Mapping[str, Any]) -> Conduct:
    requests = sum(seen["routes"].values())
    return Conduct(requests, tuple(seen["violations"]), bool(seen["judges"]), int(seen["most_tries"]))
