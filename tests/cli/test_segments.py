from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.example import FILE, ROOT, Run

SHIPPED = (ROOT / "sequences.yaml").read_text(encoding="utf-8")
LINES = ("  - CRITICAL: red_systems >= 2\n", "  - URGENT: red_systems = 1 or orange_systems >= 2\n")
SWAPPED = SHIPPED.replace("".join(LINES), "".join(reversed(LINES)))


@pytest.fixture(autouse=True)
def _shipped(folder: Path) -> None:
    (folder / "sequences.yaml").write_text(SHIPPED)


def test_the_shipped_rules_take_63_and_16_and_2_of_81_cases(run: Run) -> None:
    result = run("segments")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert result.stdout == (
        "81 cases: red_systems 0 to 8, orange_systems 0 to 8\n"
        "\n"
        "CRITICAL  63  78 %  ██████████████████▋       red_systems = 2\n"
        "URGENT    16  20 %  ████▊                     red_systems = 0, orange_systems = 2\n"
        "OPTIMIZE   2   2 %  ▋                         red_systems = 0, orange_systems = 0\n"
        "\n"
        "Held until a value comes:\n"
        "  while red_systems is unknown     everybody\n"
        "  while orange_systems is unknown  1 of 9 cases  such as red_systems = 0\n"
    )


def test_json_is_what_was_promised(run: Run) -> None:
    told = json.loads(run("segments", "--format", "json").stdout)
    assert told["total"] == 81
    assert told["rules"] == [
        {"name": "CRITICAL", "cases": 63, "example": {"red_systems": 2, "orange_systems": 0}},
        {"name": "URGENT", "cases": 16, "example": {"red_systems": 0, "orange_systems": 2}},
        {"name": "OPTIMIZE", "cases": 2, "example": {"red_systems": 0, "orange_systems": 0}},
    ]
    assert told["problems"] == []
    assert told["held"][1] == {
        "unknown": ["orange_systems"],
        "cases": 1,
        "of": 9,
        "example": {"orange_systems": None, "red_systems": 0},
    }


def test_with_two_rules_swapped_it_says_which_cases_move(run: Run, folder: Path) -> None:
    (folder / "swapped.yaml").write_text(SWAPPED)
    result = run("segments", "swapped.yaml", "--against", "sequences.yaml")
    assert result.exit_code == 0
    assert "CRITICAL  14  17 %" in result.stdout
    assert result.stdout.endswith(
        "49 of 81 cases are in another segment than in sequences.yaml:\n"
        "  49  CRITICAL -> URGENT  red_systems = 2, orange_systems = 2\n"
    )
    moves = json.loads(run("segments", "swapped.yaml", "--against", "sequences.yaml", "--format", "json").stdout)[
        "moves"
    ]
    assert [(move["before"], move["after"], move["cases"]) for move in moves] == [("CRITICAL", "URGENT", 49)]


def test_a_commit_is_compared_with(run: Run, folder: Path) -> None:
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qmx"],
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    assert run("segments", "--against", "HEAD").stdout.endswith("Nobody is in another segment than at HEAD.\n")
    (folder / "sequences.yaml").write_text(SWAPPED)
    assert "49  CRITICAL -> URGENT" in run("segments", "--against", "HEAD").stdout
    (folder / "sequences.yaml").write_text(SHIPPED.replace("orange_systems >= 2", "orange_systems >= 9"))
    assert run("segments", "--against", "HEAD").exit_code == 0  # that no orange ever counts is no rule without people


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("red_systems = 1 or orange_systems >= 2", "red_systems >= 3", "CRITICAL above takes every such contact"),
        ("red_systems >= 2", "red_systems > 8", '"red_systems > 8" can never be true, so nobody is ever CRITICAL'),
        ("red_systems = 1 or orange_systems >= 2", "red_systems < 2", "nobody is ever OPTIMIZE"),
    ],
)
def test_a_rule_that_takes_nobody_is_a_no(run: Run, folder: Path, old: str, new: str, said: str) -> None:
    (folder / "sequences.yaml").write_text(SHIPPED.replace(old, new, 1))
    result = run("segments")
    assert result.exit_code == 1
    assert said in result.stdout
    assert re.search(r"(?m)^[A-Z]+ +0 +0 % +nobody$", result.stdout)
    told = json.loads(run("segments", "--format", "json").stdout)
    assert [said in problem["message"] for problem in told["problems"]] == [True]


KINDS = """
version: 1
contact:
  email: {type: email}
  score: {type: number}
  plan: {type: choice, choices: [free, team]}
  customer: {type: checkbox}
  city: {type: text}
  tags: {type: list}
  red: {type: whole number, min: 0, max: 3}
  blue: {type: whole number, min: 0, max: 3}
segments:
  - NEW: score is unknown
  - HOT: score >= 10.5 and (plan = team or customer)
  - LOCAL: city = "Saint-Louis-du-Ha! Ha!, Quebec, Canada"
  - VIP: tags contains vip
  - MIXED: red > blue
  - LOST: score < 10.5 and customer and blue is unknown
  - otherwise: none
"""


def test_fields_of_every_kind_are_told(run: Run, folder: Path) -> None:
    (folder / "kinds.yaml").write_text(KINDS)
    result = run("segments", "kinds.yaml")
    assert result.exit_code == 1
    for line in (
        "960 cases: score of 3 kinds, plan of 2 choices, customer ticked or not, city of 2 kinds, tags of 2 kinds, ",
        "(where there is no end of values, those between two that the rules name are one case)",
        "NEW    ",
        "score is unknown",
        "score = 10.5, plan = free, customer = true",
        "city = Saint-Louis-du-Ha! Ha!, Quebec…",
        "(none)",
        "(held)",
        '"LOST: score < 10.5 and customer and blue is unknown" can never be true here: ',
    ):
        assert line in result.stdout, result.stdout
    waiting = [line.split(" unknown")[0] for line in result.stdout.splitlines() if line.startswith("  while ")]
    assert waiting == [
        "  while plan is",
        "  while city is",
        "  while tags is",
        "  while red is",
        "  while blue and red are",
    ]


def test_rules_that_are_too_many_sided_are_not_proved_and_that_is_said(run: Run, folder: Path) -> None:
    (folder / "many.yaml").write_bytes((ROOT / "tests/bad/unproved-segments.yaml").read_bytes())
    result = run("segments", "many.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith("many.yaml:13:1: warning: these rules tell too many kinds of contact apart")
    told = json.loads(run("segments", "many.yaml", "--format", "json").stdout)
    assert (told["total"], told["rules"], len(told["problems"])) == (None, [], 1)
    compared = run("segments", "many.yaml", "--against", "sequences.yaml")
    assert (compared.exit_code, compared.stdout) == (2, "")
    assert "both together tell too many kinds of contact apart" in compared.stderr


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.yaml", "version: 1\ncontact: {email: {type: email}}\n", "there are no segments in none.yaml"),
        ("flaw.yaml", SHIPPED.replace("red_systems >= 2", "rad_systems >= 2"), 'no field is called "rad_systems"'),
        ("torn.yaml", "version: [", "cannot be read"),
    ],
)
def test_segments_that_cannot_be_read_are_told_on_stderr(
    run: Run, folder: Path, name: str, text: str, said: str
) -> None:
    (folder / name).write_text(text)
    result = run("segments", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    compared = run("segments", "--against", name)
    assert (compared.exit_code, compared.stdout) == (2, "")
    assert compared.stderr


def test_a_version_whose_fields_are_of_other_types_is_not_compared(run: Run, folder: Path) -> None:
    (folder / "old.yaml").write_text(SHIPPED.replace("red_systems: {type: whole number", "red_systems: {type: number"))
    result = run("segments", "--against", "old.yaml")
    assert result.exit_code == 2
    assert "red_systems was of type number and is of type whole number" in result.stderr


def test_another_default_is_said(run: Run, folder: Path) -> None:
    (folder / "old.yaml").write_text(SHIPPED.replace("max: 8, notion: Red", "max: 8, default: 1, notion: Red"))
    assert "The default of red_systems differs" in run("segments", "--against", "old.yaml").stdout


def test_templates_need_not_be_there(run: Run, folder: Path) -> None:
    (folder / "alone").mkdir()
    (folder / "alone" / "a.yaml").write_text(FILE)
    assert run("segments", "alone/a.yaml").stdout.startswith("9 cases: reds 0 to 8\n")
