"""How long ``busos validate`` takes: the shipped file, and a thousand sequences of ten steps beside check-jsonschema.

    python benchmarks/validate.py [--rounds N] [--sequences N]

Whole processes, from the shell to the exit, in turns. Baseline: ``check-jsonschema`` with our own schema on the same
file in the same run: it looks at the shape alone, and knows nothing of conditions, templates, ids and segments.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "schema" / "sequences.schema.json"
HEAD = """\
version: 1
timezone: America/Toronto
email: {from: Sang Le <sang@example.com>}
contact:
  email: {type: email}
  first_name: {type: text, default: there}
  red: {type: whole number, min: 0, max: 8}
  customer: {type: checkbox}
  segment: {type: segment}
segments:
  - HOT: red >= 2
  - COLD: otherwise
triggers:
  signup:
    requires: [email, red]
    accepts: [first_name, customer]
    then:
"""


def large(sequences: int) -> Iterator[str]:
    """A file of so many sequences of ten steps, five of them emails, each with something of its own."""
    yield HEAD
    yield from (f"      - start: course_{number}\n" for number in range(sequences))
    yield "sequences:\n"
    for number in range(sequences):
        yield f"  course_{number}:\n    stop_when: customer = true\n    steps:\n"
        for email in range(1, 5):
            yield f"      - email: email_{email}\n        when: red >= {(number + email) % 8 + 1} or customer = false\n"
            yield f"      - wait: {email} days {number % 23 + 1} hours\n"
        yield '      - email: email_5\n      - alert: "course %d is over for {{ first_name }}"\n' % number  # noqa: UP031


def seconds(command: Sequence[str], folder: Path) -> float:
    """How long a process takes; it must find nothing wrong."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(command)} says: {done.stdout}{done.stderr}")
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sequences", type=int, default=1000)
    given = parser.parse_args()
    other = Path(sys.executable).with_name("check-jsonschema")
    if not other.exists():
        sys.exit("the baseline is missing: pip install check-jsonschema")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shipped, big = folder / "shipped", folder / "big"
        shipped.mkdir()
        shutil.copy(ROOT / "sequences.yaml", shipped)
        shutil.copytree(ROOT / "templates", shipped / "templates")
        (big / "templates").mkdir(parents=True)
        (big / "sequences.yaml").write_text("".join(large(given.sequences)))
        for email in range(1, 6):
            text = f"---\nsubject: Email {email} of the course\n---\nHello {{{{ first_name }}}}, this is one of five.\n"
            (big / "templates" / f"email_{email}.md").write_text(text)
        ours = [sys.executable, "-m", "server.cli", "validate"]
        theirs = [str(other), "--schemafile", str(SCHEMA), "sequences.yaml"]
        nothing = [sys.executable, "-c", "pass"]
        rounds = [
            (seconds(ours, shipped), seconds(nothing, shipped), seconds(ours, big), seconds(theirs, big))
            for _ in range(given.rounds)
        ]
    small, bare, whole, schema = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratio = statistics.median(other / ours for _, _, ours, other in rounds)
    print(f"the shipped file: {small:.2f} s from shell to exit (an interpreter that does nothing: {bare:.2f} s)")
    print(f"{given.sequences} sequences of ten steps: busos validate {whole:.2f} s, check-jsonschema {schema:.2f} s")
    print(f"check-jsonschema takes {ratio:.1f} times as long, for the shape alone (median of {given.rounds} rounds)")


if __name__ == "__main__":
    main()
