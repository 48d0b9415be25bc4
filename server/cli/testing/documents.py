"""Tests told for programs: one JSON document, or the XML that JUnit made common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as Xml

from server.cli.stories import iso, story_json
from server.cli.testing.marks import WORDS
from server.cli.testing.text import plain_text

if TYPE_CHECKING:
    from engine.reached import Reached
    from engine.scenarios import Failure, Verdict


def as_document(verdicts: Sequence[Verdict], found: Sequence[Reached], file: str) -> dict[str, Any]:
    """What happened in every test, and what the tests reach."""
    failed = sum(not verdict.passed for verdict in verdicts)
    return {
        "ok": not failed,
        "file": file,
        "passed": len(verdicts) - failed,
        "failed": failed,
        "tests": [_test(verdict) for verdict in verdicts],
        "coverage": [
            {"of": one.program, "step": one.step, "template": one.template, "line": one.line, "tests": one.tests}
            for one in found
        ],
    }


def _test(verdict: Verdict) -> dict[str, Any]:
    scenario, simulation = verdict.scenario, verdict.simulation
    return {
        "name": scenario.name,
        "file": scenario.file,
        "line": scenario.line,
        "at": iso(scenario.at, scenario.zone),
        "ok": verdict.passed,
        "failures": [_failure(failure) for failure in verdict.failures],
        "story": story_json(simulation.story, scenario.zone) if simulation else [],
    }


def _failure(failure: Failure) -> dict[str, Any]:
    rows = [{"expected": row.expected, "found": row.found, "ok": row.right} for row in failure.rows]
    return {"expectation": failure.word, "line": failure.line, "message": failure.message, "rows": rows}


def as_junit(verdicts: Sequence[Verdict], seconds: Sequence[float], file: str) -> str:
    """A test suite of the file, with a test case each. ``seconds`` is how long each took."""
    failed = str(sum(not verdict.passed for verdict in verdicts))
    counts = {"tests": str(len(verdicts)), "failures": failed, "errors": "0", "time": f"{sum(seconds):.3f}"}
    root = Xml.Element("testsuites", {"name": "busos", **counts})
    suite = Xml.SubElement(root, "testsuite", {"name": file, **counts, "skipped": "0"})
    for verdict, time in zip(verdicts, seconds, strict=True):
        _case(suite, verdict, time)
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'


def _case(suite: Xml.Element, verdict: Verdict, seconds: float) -> None:
    scenario = verdict.scenario
    members = {"name": _clean(scenario.name), "classname": scenario.file, "time": f"{seconds:.3f}"}
    case = Xml.SubElement(suite, "testcase", {**members, "file": scenario.file, "line": str(scenario.line)})
    if not verdict.passed:
        message = "; ".join(failure.message for failure in verdict.failures)
        failure = Xml.SubElement(case, "failure", {"message": _clean(message), "type": verdict.failures[0].word})
        failure.text = _clean(plain_text(verdict, WORDS))


def _clean(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
