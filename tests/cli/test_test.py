"""``busos test``: what people see, what programs read, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from click.testing import CliRunner
from junitparser import JUnitXml

from server.cli.group import busos
from tests.cli.example import FILE, Child, Run

GOOD = """\
tests:
  - name: a hot lead gets three emails
    at: 2025-11-12 10:00
    trigger: quiz
    with: {reds: 2}
    expect:
      emails: [hello at 2025-11-12 10:00, hot at 2025-11-13 10:00, hello at 2025-11-14 10:00]
"""
BAD = """\
  - name: a customer gets nothing more
    at: 2025-11-12 10:00
    trigger: quiz
    with: {reds: 2}
    later: [{after: 2 hours, trigger: bought, with: {customer: true}}]
    expect:
      stopped_by: customer = true
      emails:
        - hello
        - hot at 2025-11-13 10:00
"""
LINE = FILE.count("\n") + GOOD.count("\n") + 10
"""Where the email is expected that is not sent."""


@pytest.fixture
def tested(folder: Path) -> Path:
    (folder / "sequences.yaml").write_text(FILE + GOOD + BAD)
    return folder


def test_tests_that_pass(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE + GOOD)
    result = run("test")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "✓ a hot lead gets three emails\n"
        "1 passed, 0 failed in sequences.yaml\n"
        "reached by no test: welcome: second (cold)  (busos test --coverage)\n"
    )


def test_a_test_that_fails_shows_both_sides_and_what_happened(run: Run, tested: Path) -> None:
    result = run("test", "-k", "NOTHING")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout == (
        "✗ a customer gets nothing more\n"
        f"  sequences.yaml:{LINE}: emails: expected hot at 2025-11-13 10:00, found nothing\n"
        "       expected                 found\n"
        "       hello                    hello at 2025-11-12 10:00\n"
        "    ✗  hot at 2025-11-13 10:00\n"
        "  what happened, on the clock of America/Toronto:\n"
        "    Wed 12 Nov 10:00  start    welcome: started\n"
        "    Wed 12 Nov 10:00  end      end of trigger quiz\n"
        "    Wed 12 Nov 10:00  start    by trigger quiz\n"
        "    Wed 12 Nov 10:00  hello    Hello there\n"
        "                      wait 24 hours\n"
        "    Wed 12 Nov 12:00  stopped  customer = true\n"
        "    Wed 12 Nov 12:00  end      end of trigger bought\n"
        "0 passed, 1 failed in sequences.yaml\n"
    )


def test_fail_fast_leaves_the_rest(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE + "tests:\n" + BAD + GOOD.removeprefix("tests:\n"))
    result = run("test", "--fail-fast")
    assert result.exit_code == 1
    assert result.stdout.endswith("0 passed, 1 failed, 1 not played in sequences.yaml\n")


def test_how_many_tests_reach_each_step(run: Run, tested: Path) -> None:
    lines = run("test", "--coverage", "-k", "hot").stdout.splitlines()
    assert lines[1:] == [
        "of            step           tests",
        "trigger quiz  start welcome  1      sequences.yaml:18",
        "welcome       hello          1      sequences.yaml:25",
        "welcome       second (hot)   1      sequences.yaml:28",
        "welcome       second (cold)  none   sequences.yaml:28",
        "welcome       nudge (hello)  1      sequences.yaml:32",
        "4 of 5 steps and emails are reached by a test",
        "1 passed, 0 failed in sequences.yaml",
    ]


def test_json_is_one_document(run: Run, tested: Path) -> None:
    result = run("test", "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {name: document[name] for name in ("ok", "file", "passed", "failed")} == {
        "ok": False,
        "file": "sequences.yaml",
        "passed": 1,
        "failed": 1,
    }
    good, bad = document["tests"]
    assert (good["ok"], good["failures"], good["at"]) == (True, [], "2025-11-12T10:00:00-05:00")
    assert (bad["ok"], bad["line"]) == (False, FILE.count("\n") + GOOD.count("\n") + 1)
    assert bad["failures"] == [
        {
            "expectation": "emails",
            "line": LINE,
            "message": "emails: expected hot at 2025-11-13 10:00, found nothing",
            "rows": [
                {"expected": "hello", "found": "hello at 2025-11-12 10:00", "ok": True},
                {"expected": "hot at 2025-11-13 10:00", "found": "", "ok": False},
            ],
        }
    ]
    assert [entry["template"] for entry in good["story"] if "template" in entry] == ["hello", "hot", "hello"]
    assert {one["step"]: one["tests"] for one in document["coverage"] if one["template"] == "cold"} == {"second": 0}


def test_junit_is_read_by_a_reader_of_junit(run: Run, tested: Path) -> None:
    result = run("test", "--format", "junit")
    report = JUnitXml.fromstring(result.stdout.encode())
    (suite,) = report
    good, bad = suite
    assert result.exit_code == 1
    assert (report.tests, report.failures, report.errors, suite.name) == (2, 1, 0, "sequences.yaml")
    assert (good.name, good.classname, good.result) == ("a hot lead gets three emails", "sequences.yaml", [])
    assert bad.result[0].message == "emails: expected hot at 2025-11-13 10:00, found nothing"
    assert f"sequences.yaml:{LINE}: emails:" in bad.result[0].text
    assert "Wed 12 Nov 12:00  stopped  customer = true" in bad.result[0].text


def test_junit_survives_any_name(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(
        FILE + GOOD.replace("a hot lead gets", '"<a> & \\x07 hot"').replace(" three emails", "")
    )
    result = run("test", "--format", "junit")
    assert Xml.fromstring(result.stdout.encode())[0][0].attrib["name"] == "<a> &   hot"


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_a_file_without_tests_is_a_no(run: Run, form: str) -> None:
    result = run("test", "--format", form)
    assert result.exit_code == 1
    assert "there is no test in sequences.yaml: write one under  tests:" in result.stdout + result.stderr
    assert form != "json" or json.loads(result.stdout)["tests"] == []


def test_a_name_that_no_test_has_is_a_no(run: Run, tested: Path) -> None:
    result = run("test", "-k", "cold")
    assert (result.exit_code, result.stdout) == (1, 'no test in sequences.yaml has "cold" in its name\n')


def test_a_misspelling_in_a_test_is_an_error_of_the_file(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE + GOOD.replace("hot at", "hott at"))
    for command in ("validate", "test"):
        result = run(command)
        assert result.exit_code == (1 if command == "validate" else 2)
        assert 'no step sends "hott", so this can never come true  [test-email]' in result.stdout + result.stderr
    assert run("test").stdout == ""


def test_what_a_trigger_does_not_take_fails_the_test(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE + GOOD.replace("{reds: 2}", "{reds: 2, email: ada@localhost.invalid}"))
    result = run("test")
    assert result.exit_code == 1
    line = FILE.count("\n") + 4
    assert f"sequences.yaml:{line}: trigger: expected a payload that quiz takes, found email must be" in result.stdout


def test_signs_have_colour_on_a_terminal_and_none_where_it_is_not_wanted(
    tested: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coloured = CliRunner().invoke(busos, ["test"], color=True).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    plain = CliRunner().invoke(busos, ["test"], color=True).stdout
    assert "\x1b[32m✓\x1b[0m a hot lead" in coloured
    assert "\x1b[31m✗\x1b[0m" in coloured
    assert "\x1b" not in plain


def test_a_terminal_without_the_signs_gets_words(tested: Path, child: Child) -> None:
    result = child("test", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.startswith("ok   a hot lead gets three emails\nFAIL a customer gets nothing more\n")
    assert "    x  hot at 2025-11-13 10:00\n" in result.stdout


def test_tests_may_stand_in_a_file_of_their_own(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE + "include: sequences.test.yaml\n")
    (folder / "sequences.test.yaml").write_text(GOOD + BAD)
    result = run("test", "--format", "json")
    good, bad = json.loads(result.stdout)["tests"]
    line = GOOD.count("\n") + 10
    assert (good["file"], bad["file"], bad["line"]) == ("sequences.test.yaml",) * 2 + (GOOD.count("\n") + 1,)
    assert bad["failures"][0]["line"] == line
    assert f"  sequences.test.yaml:{line}: emails: expected hot" in run("test").stdout

    (folder / "sequences.test.yaml").write_text(GOOD.replace("hot at", "hott at"))
    assert "sequences.test.yaml:7:43: error: no step sends " in run("validate").stdout
