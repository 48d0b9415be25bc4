from __future__ import annotations

from pathlib import Path

from tests.cli.example import FILE, Run

UGLY = FILE.replace("customer = true", "customer == true").replace("24 hours", "24 Hour   ")


def test_the_file_is_written_in_its_usual_form_once(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(UGLY)
    assert run("fmt").stdout == "sequences.yaml is now in its usual form\n"
    assert (folder / "sequences.yaml").read_text() == FILE
    assert run("fmt").stdout == "sequences.yaml was in its usual form already\n"


def test_check_changes_nothing_and_says_whether_it_would(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(UGLY)
    result = run("fmt", "--check")
    assert (result.exit_code, result.stdout) == (1, "sequences.yaml is not in its usual form\n")
    assert (folder / "sequences.yaml").read_text() == UGLY
    (folder / "sequences.yaml").write_text(FILE)
    assert run("fmt", "--check").exit_code == 0


def test_diff_shows_what_would_change_and_changes_nothing(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(UGLY)
    result = run("fmt", "--diff")
    assert result.exit_code == 1
    assert "-    stop_when: customer == true\n+    stop_when: customer = true\n" in result.stdout
    assert (folder / "sequences.yaml").read_text() == UGLY
    assert "\x1b[31m" in run("fmt", "--diff", color=True).stdout


def test_a_file_with_errors_is_refused_with_them(run: Run, folder: Path) -> None:
    broken = UGLY.replace("reds >= 2", "rods >= 2")
    (folder / "sequences.yaml").write_text(broken)
    result = run("fmt")
    assert result.exit_code == 2
    assert 'no field is called "rods"' in result.stderr
    assert (folder / "sequences.yaml").read_text() == broken


def test_bytes_that_are_no_text_are_a_problem_of_the_file(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_bytes(FILE.encode() + b"# \xff\n")
    result = run("fmt")
    assert result.exit_code == 2
    assert "[not-utf-8]" in result.stderr


def test_line_breaks_of_windows_stay(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_bytes(UGLY.replace("\n", "\r\n").encode())
    assert run("fmt").exit_code == 0
    assert (folder / "sequences.yaml").read_bytes() == FILE.replace("\n", "\r\n").encode()
