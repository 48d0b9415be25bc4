"""The file and the templates that the product is given: the shipped ones, with as many emails as the trial wants.

The subject says which step an email is and whom it greets, so that the judge needs to believe no key.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEQUENCE = "nurture"
SUBJECT = re.compile(r"step (\d+) of \d+, (.*)")
MIRRORED = 5
"""The contacts' database in Notion has columns for so many emails."""

BODY = """\
Hi {{ first_name }},

this is step %d for {{ email }}: {{ red_systems }} red systems. A line with more than ASCII: grüße, 🚀, « ».
"""


def write(folder: Path, emails: int, wait: int) -> None:
    """Put ``sequences.yaml`` and ``templates/`` into a folder."""
    (folder / "sequences.yaml").write_text(sequences(emails, wait), encoding="utf-8")
    (folder / "templates").mkdir()
    for step in range(1, emails + 1):
        for name in {f"step_{step}", *(_variants(step).values() if _split(step) else ())}:
            (folder / "templates" / f"{name}.md").write_text(template(step, emails), encoding="utf-8")


def template(step: int, emails: int, more: str = "") -> str:
    """The text of one email."""
    return f'---\nsubject: "step {step} of {emails}, {{{{ first_name }}}}"\n---\n{BODY % step}{more}'


def sequences(emails: int, wait: int) -> str:
    """The shipped file with other steps; in testing mode each wait has these seconds."""
    head, found, _ = (ROOT / "sequences.yaml").read_text(encoding="utf-8").partition("    steps:\n")
    if not found:
        raise ValueError("sequences.yaml has no steps: where the trial's own belong is not known")
    if emails > MIRRORED:
        head = re.sub(r'sent: "[^"]*", sent_at: "[^"]*", ', "", head)
    gap = f"      - wait: 24 hours\n        testing: {wait} second{'s' if wait != 1 else ''}\n"
    return head + found + gap.join(_step(number) for number in range(1, emails + 1))


def _step(number: int) -> str:
    if not _split(number):
        return f"      - email: step_{number}\n"
    choices = ", ".join(f"{segment}: {name}" for segment, name in _variants(number).items())
    return f"      - email: {{{choices}}}\n        id: step_{number}\n"


def _split(number: int) -> bool:
    """Every third step differs by segment, as in the shipped file."""
    return number % 3 == 2


def _variants(number: int) -> dict[str, str]:
    return {segment: f"step_{number}_{segment.lower()}" for segment in ("CRITICAL", "URGENT", "OPTIMIZE")}


def read_subject(subject: str) -> tuple[int, str]:
    """Which step an email is and whom it greets; step 0 where it says neither."""
    found = SUBJECT.fullmatch(subject)
    return (int(found[1]), found[2]) if found else (0, subject)
