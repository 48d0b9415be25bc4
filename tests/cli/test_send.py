from __future__ import annotations

import json
from pathlib import Path

from tests.cli.example import Run

ADA = ("send", "quiz", "email=ada@example.com")


def test_an_event_is_accepted_and_its_story_can_be_read(run: Run) -> None:
    result = run(*ADA, "reds=2")
    assert result.exit_code == 0
    assert result.stderr == "nothing moves until a worker runs: start busos dev, or busos worker\n"
    event_id = result.stdout.split()[1]
    assert result.stdout.startswith(f"accepted {event_id} for ada@example.com, segment HOT\n")
    assert json.loads(run("runs", "show", event_id, "--json").stdout)["sequence"] == "trigger quiz"


def test_the_same_key_starts_nothing_twice(run: Run) -> None:
    words = (*ADA, "reds=2", "--key", "a")
    first, again = (json.loads(run(*words, "--json").stdout) for _ in range(2))
    assert again == first
    assert "nothing starts twice" in run(*words).stdout
    assert len(json.loads(run("runs", "list", "--triggers", "--json").stdout)["runs"]) == 1


def test_a_key_that_came_with_other_values_is_refused(run: Run) -> None:
    assert run(*ADA, "reds=2", "--key", "a").exit_code == 0
    again = run(*ADA, "reds=3", "--key", "a")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr == 'Refused: the key "a" came before with other values: use a new key for a new event\n'


def test_every_wrong_field_is_named(run: Run) -> None:
    refused = run("send", "quiz", "email=ada", "redz=9")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Refused: email must be an email address" in refused.stderr
    assert "Refused: reds is required\n" in refused.stderr
    assert 'ignored: quiz takes no redz; did you mean "reds"?\n' in refused.stderr
    assert run("runs", "list", "--triggers").stdout == "no runs\n"


def test_a_field_that_the_trigger_does_not_take_is_ignored_aloud(run: Run) -> None:
    result = run(*ADA, "reds=2", "first_nam=Ada")
    assert result.exit_code == 0
    assert result.stderr.startswith('ignored: quiz takes no first_nam; did you mean "first_name"?\n')


def test_an_unknown_trigger_is_bad_usage(run: Run) -> None:
    result = run("send", "quizz", "email=ada@example.com")
    assert (result.exit_code, result.stdout) == (2, "")
    assert 'no trigger is called "quizz"; did you mean "quiz"?' in result.stderr


def test_fields_are_given_by_name_wherever_a_payload_has_them(run: Run, folder: Path) -> None:
    file = folder / "sequences.yaml"
    nested = file.read_text().replace("reds: {type: whole number,", "reds: {type: whole number, from: answers.reds,")
    file.write_text(nested.replace("requires: [email, reds]", "requires: [email, reds]\n    paths: {email: who.email}"))
    result = run(*ADA, "reds=2", "--json")
    assert json.loads(result.stdout)["segment"] == "HOT"
