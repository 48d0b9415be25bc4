"""Problems as text, JSON, GitHub annotations and SARIF."""

from __future__ import annotations

import json

from engine.errors import Problem, Severity
from engine.language.report import as_github, as_json, as_sarif, as_text, summary


def problem(**changes):
    about = {
        "file": "a.yaml",
        "line": 1,
        "column": 4,
        "end_line": 1,
        "end_column": 7,
        "severity": Severity.ERROR,
        "rule": "duration",
        "message": 'no "moon"',
        "hint": "write days",
        "notes": ("it says: 2 moons",),
    }
    return Problem(**(about | changes))


def test_text_shows_the_line_carets_notes_and_hint():
    assert as_text([problem()], {"a.yaml": "a: one # two\n"}, "a.yaml") == (
        'a.yaml:1:4: error: no "moon"  [duration]\n'
        "  |\n"
        "1 | a: one # two\n"
        "  |    ^^^\n"
        "  = it says: 2 moons\n"
        "  = write days\n"
        "1 error, 0 warnings in a.yaml\n"
    )


def test_the_gutter_is_as_wide_as_the_line_number():
    text = as_text([problem(line=10, notes=(), hint="")], {"a.yaml": "\n" * 9 + "a: one"}, "a.yaml")
    assert text.splitlines()[1:4] == ["   |", "10 | a: one", "   |    ^^^"]


def test_a_file_whose_text_is_not_at_hand_is_told_without_its_line():
    assert as_text([problem(notes=(), hint="")], {}, "b.yaml").splitlines() == [
        'a.yaml:1:4: error: no "moon"  [duration]',
        "1 error, 0 warnings in b.yaml",
    ]


def test_a_long_line_is_cut_around_the_place():
    line = "a" * 200 + "HERE" + "b" * 200
    shown = as_text([problem(column=201, end_column=205)], {"a.yaml": line}, "a.yaml").splitlines()
    assert shown[2].startswith("1 | ...a")
    assert shown[2].endswith("b...")
    start = shown[3].index("^")
    assert shown[2][start : start + 4] == "HERE"
    assert shown[3].count("^") == 4


def test_carets_end_where_a_cut_line_ends():
    shown = as_text([problem(column=1, end_column=500)], {"a.yaml": "x" * 500}, "a.yaml").splitlines()
    assert shown[3].count("^") == 100


def test_a_place_without_width_gets_one_caret():
    shown = as_text([problem(column=7, end_column=7)], {"a.yaml": "a: one"}, "a.yaml").splitlines()
    assert shown[3] == "  |       ^"


def test_tabs_and_terminal_codes_of_the_file_do_not_reach_the_terminal():
    shown = as_text([problem(hint="\x1b[31m", message="\x1b[2J")], {"a.yaml": "a:\t\x1b[0m"}, "a.yaml")
    assert "\t" not in shown
    assert "\x1b" not in shown


def test_colour_is_only_there_when_asked_for():
    sources = {"a.yaml": "a: one"}
    plain, coloured = (as_text([problem()], sources, "a.yaml", colour=colour) for colour in (False, True))
    assert "\x1b[31merror:\x1b[0m" in coloured
    assert "\x1b[33mwarning:" in as_text([problem(severity=Severity.WARNING)], sources, "a.yaml", colour=True)
    assert "\x1b" not in plain


def test_the_summary_counts_in_english():
    warning = problem(severity=Severity.WARNING)
    assert summary([], "a.yaml") == "0 errors, 0 warnings in a.yaml"
    assert summary([problem(), problem(), warning], "a.yaml") == "2 errors, 1 warning in a.yaml"


def test_json_has_the_shape_that_was_promised():
    assert json.loads(as_json([problem()])) == {
        "ok": False,
        "problems": [
            {
                "file": "a.yaml",
                "line": 1,
                "column": 4,
                "end_line": 1,
                "end_column": 7,
                "severity": "error",
                "rule": "duration",
                "message": 'no "moon"; it says: 2 moons',
                "hint": "write days",
            }
        ],
    }


def test_a_file_with_warnings_only_is_ok():
    assert json.loads(as_json([problem(severity=Severity.WARNING)]))["ok"] is True


def test_github_gets_an_escaped_command_for_each_problem():
    told = as_github([problem(file="a,b:c.yaml", message="100 %\nsure", notes=())])
    assert told == (
        "::error file=a%2Cb%3Ac.yaml,line=1,col=4,endLine=1,endColumn=7,title=duration::100 %25%0Asure%0Awrite days\n"
    )
    assert as_github([problem(hint="", notes=(), severity=Severity.WARNING)]).endswith('::no "moon"\n')


def test_sarif_names_each_rule_once_and_points_at_the_place():
    log = json.loads(as_sarif([problem(), problem(rule="zone", hint="", end_column=4), problem()], "0.1.0"))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["semanticVersion"] == "0.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["duration", "zone"]
    assert [result["ruleIndex"] for result in run["results"]] == [0, 1, 0]
    region = run["results"][1]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 5}
    assert run["results"][0]["message"]["text"] == 'no "moon"; it says: 2 moons. write days'


def test_sarif_of_a_clean_file_is_a_run_without_results():
    (run,) = json.loads(as_sarif([]))["runs"]
    assert run["results"] == []
    assert "semanticVersion" not in run["tool"]["driver"]
