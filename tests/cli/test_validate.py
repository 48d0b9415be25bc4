from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.example import FILE, Child, Run, environment

ROOT = Path(__file__).parents[2]
BROKEN = FILE.replace("24 hours", "24 houres").replace("reds >= 2", "rods >= 2")


def test_a_good_file_is_said_to_be_good(run: Run) -> None:
    result = run("validate")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "0 errors, 0 warnings in sequences.yaml\n", "")


def test_every_problem_is_told_with_its_line_and_what_to_write(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(BROKEN)
    result = run("validate")
    assert result.exit_code == 1
    assert result.stdout == (
        'sequences.yaml:11:10: error: no field is called "rods"  [unknown-field]\n'
        "   |\n"
        "11 |   - HOT: rods >= 2\n"
        "   |          ^^^^\n"
        '   = did you mean "reds"?\n'
        'sequences.yaml:26:15: error: "24 houres" is not a length of time; did you mean "24 hours"?  [duration]\n'
        "   |\n"
        "26 |       - wait: 24 houres\n"
        "   |               ^^^^^^^^^\n"
        "2 errors, 0 warnings in sequences.yaml\n"
    )


def test_json_is_one_document_and_nothing_else(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(BROKEN)
    result = run("validate", "--format", "json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["ok"] is False
    assert [(problem["line"], problem["rule"]) for problem in document["problems"]] == [
        (11, "unknown-field"),
        (26, "duration"),
    ]


def test_github_and_sarif_name_file_and_line(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(BROKEN)
    assert "::error file=sequences.yaml,line=11," in run("validate", "--format", "github").stdout
    sarif = json.loads(run("validate", "--format", "sarif").stdout)
    assert [result["ruleId"] for result in sarif["runs"][0]["results"]] == ["unknown-field", "duration"]


def test_warnings_are_a_no_only_when_strict(run: Run, folder: Path) -> None:
    (folder / "sequences.yaml").write_text(FILE.replace("wait: 24 hours", "wait: 20 seconds"))
    assert "1 warning in" in run("validate").stdout
    assert run("validate").exit_code == 0
    assert run("validate", "--strict").exit_code == 1


def test_the_file_can_be_named_in_three_ways(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sequences.yaml").rename(folder / "other.yaml")
    summary = "0 errors, 0 warnings in other.yaml\n"
    assert run("validate", "other.yaml").stdout == summary
    assert run("validate", "-f", "other.yaml").stdout == summary
    monkeypatch.setenv("BUSOS_FILE", "other.yaml")
    assert run("validate").stdout == summary


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("nope.yaml",),
            "Error: there is no file nope.yaml: run busos in the folder that holds it, or say where ",
        ),
        (("templates",), "Error: there is no file templates/sequences.yaml: run busos in the folder that holds it"),
    ],
)
def test_a_file_that_is_not_there_is_one_sentence_on_stderr(run: Run, words: tuple[str, ...], said: str) -> None:
    result = run("validate", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(said)
    assert result.stderr.count("\n") == 1


def test_colour_only_where_it_is_wanted(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sequences.yaml").write_text(BROKEN)
    assert "\x1b[31m" in run("validate", color=True).stdout
    assert "\x1b" not in run("validate").stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("validate", color=True).stdout


def test_live_templates_need_notion(run: Run) -> None:
    result = run("validate", "--templates", "notion")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Notion is not configured: set NOTION_TOKEN")


def test_validate_imports_nothing_that_serves_stores_or_sends(folder: Path) -> None:
    code = (
        "import sys\n"
        "from server.cli.group import busos\n"
        "busos(['validate'], standalone_mode=False)\n"
        "heavy = ['litestar', 'uvicorn', 'sqlalchemy', 'alembic', 'huey', 'httpx', 'notion_client', 'structlog']\n"
        "sys.stderr.write(' '.join(name for name in heavy if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "0 errors, 0 warnings in sequences.yaml\n"


def test_a_reader_that_leaves_early_hears_no_complaint(child: Child, folder: Path) -> None:
    command = f'"{sys.executable}" -m server.cli schema | head -n 1'
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment(), capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_the_schema_is_the_schema(run: Run) -> None:
    assert json.loads(run("schema").stdout)["title"] == "busos: customer email sequences"


def test_an_open_webhook_is_told_where_emails_really_go_out(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "open-webhook" not in run("validate").stdout

    (folder / ".env").write_text("SMTP_URL=smtp://mail.example.com\n")
    told = run("validate").stdout
    assert 'anybody can post to "quiz"' in told
    assert "[open-webhook]" in told
    assert run("validate", "--strict").exit_code == 1

    monkeypatch.setenv("BUSOS_WEBHOOK_SECRET_QUIZ", "open sesame")
    assert "open-webhook" not in run("validate").stdout

    monkeypatch.delenv("BUSOS_WEBHOOK_SECRET_QUIZ")
    monkeypatch.setenv("BUSOS_RATE_LIMIT", "20")
    assert "open-webhook" in run("validate").stdout
    monkeypatch.setenv("BUSOS_ADDRESS_LIMIT", "5")
    assert "open-webhook" not in run("validate").stdout


def test_the_page_of_postal_address_shows_what_is_said(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "rules" / "postal-address.md").read_text(encoding="utf-8")
    example, output = re.search(r"```yaml\n(.*?)```", page, re.S), re.search(r"```text\n(.*?)```", page, re.S)
    assert example is not None
    assert output is not None
    file = folder / "sequences.yaml"
    file.write_text(f"version: 1\n{example[1]}")
    for extra in (folder / "templates").iterdir():
        extra.unlink()
    (folder / "templates" / "one.md").write_text("---\nsubject: One\n---\nOne.\n")
    assert "postal-address" not in run("validate").stdout
    monkeypatch.setenv("RESEND_API_KEY", "re_1")
    monkeypatch.setenv("BUSOS_WEBHOOK_SECRET", "open sesame")

    assert run("validate").stdout == output[1]
    text = file.read_text()
    file.write_text(text.replace("email: one", "email: one\n        transactional: true"))
    assert "postal-address" not in run("validate").stdout
    file.write_text(text.replace("example.com>}", "example.com>, postal_address: Any Street}"))
    assert "postal-address" not in run("validate").stdout


def test_the_page_of_open_webhook_shows_what_is_said(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "rules" / "open-webhook.md").read_text(encoding="utf-8")
    example, output = re.search(r"```yaml\n(.*?)```", page, re.S), re.search(r"```text\n(.*?)```", page, re.S)
    assert example is not None
    assert output is not None
    sender = "{from: Ada <ada@example.com>, postal_address: Anywhere}"
    head = f"version: 1\nemail: {sender}\ncontact: {{email: {{type: email}}}}\n\n\n"
    (folder / "sequences.yaml").write_text(f"{head}{example[1]}sequences: {{welcome: {{steps: [{{email: one}}]}}}}\n")
    for extra in (folder / "templates").iterdir():
        extra.unlink()
    (folder / "templates" / "one.md").write_text("---\nsubject: One\n---\nOne. [Unsubscribe]({{ unsubscribe_url }})\n")
    monkeypatch.setenv("RESEND_API_KEY", "re_1")

    assert run("validate").stdout == output[1]
