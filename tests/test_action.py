"""The action for GitHub, as a workflow would run it: its own steps, in a real repository, against a played API."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import Problem, Severity
from server.review.markdown import MARK, Review, markdown
from tests.cli.example import FILE, TEMPLATES, environment
from tests.fences import marked

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PATH = "/repos/ada/emails/issues"


class GitHub(ThreadingHTTPServer):
    """Comments under pull requests, as GitHub's REST API has them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.comments: dict[int, str] = {}
        self.refuse = 0


class _Handler(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        found = [{"id": number, "body": body} for number, body in self.server.comments.items()]
        page = int(re.search(r"[?&]page=(\d+)", self.path)[1])  # type: ignore[index]
        self._answer(200, found[(page - 1) * 100 : page * 100])

    def do_POST(self) -> None:
        assert self.path == f"{PATH}/7/comments"
        self._keep(len(self.server.comments) + 1, 201)

    def do_PATCH(self) -> None:
        self._keep(int(self.path.rsplit("/", 1)[1]), 200)

    def _keep(self, number: int, status: int) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.refuse:
            self._answer(self.server.refuse, {"message": "Resource not accessible by integration"})
            return
        assert self.headers["Authorization"] == "Bearer not-a-real-one"
        self.server.comments[number] = body["body"]
        self._answer(status, {"id": number})

    def _answer(self, status: int, document: Any) -> None:
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives it
        pass


@pytest.fixture
def github() -> Iterator[GitHub]:
    server = GitHub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the example, and an edit of it that is not committed yet."""
    folder = tmp_path / "work"
    (folder / "templates").mkdir(parents=True)
    (folder / "sequences.yaml").write_text(FILE)
    for name, text in TEMPLATES.items():
        (folder / "templates" / f"{name}.md").write_text(text)
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run(["git", *who, *words], cwd=folder, check=True)
    text = FILE.replace("- wait: 24 hours", "- wait: 3 days").replace("reds >= 2", "reds >= 3")
    (folder / "sequences.yaml").write_text(text)
    (folder / "templates" / "cold.md").write_text(TEMPLATES["cold"] + "Really.\n")
    return folder


class Workflow:
    """Runs the steps of the action one after the other, as a runner does, without installing anything."""

    def __init__(self, folder: Path, github: GitHub) -> None:
        self.folder = folder
        self.temp = folder.parent / "temp"
        tools = self.temp / "busos" / "bin"
        tools.mkdir(parents=True)
        for name, words in {"python": "", "busos": "-m server.cli"}.items():
            (tools / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
            (tools / name).chmod(0o755)
        event = self.temp / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7}}))
        self.settings = environment(
            PATH=f"{tools}:{os.environ['PATH']}",
            RUNNER_TEMP=str(self.temp),
            GITHUB_ENV=str(self.temp / "env"),
            GITHUB_STEP_SUMMARY=str(self.temp / "summary.md"),
            GITHUB_API_URL=f"http://127.0.0.1:{github.server_address[1]}",
            GITHUB_REPOSITORY="ada/emails",
            GITHUB_EVENT_PATH=str(event),
            GITHUB_TOKEN="not-a-real-one",
            BUSOS_FILE="sequences.yaml",
            AGAINST="HEAD",
            GALLERY="https://example.com/run#artifacts",
        )

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        step = next(step for step in ACTION["runs"]["steps"] if step["name"] == name)
        kept = self.temp / "env"
        more = dict(line.split("=", 1) for line in kept.read_text().splitlines()) if kept.exists() else {}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        settings = {**self.settings, **more}
        return subprocess.run(command, cwd=self.folder, env=settings, capture_output=True, text=True, check=False)


def test_a_pull_request_is_answered_in_plain_words_and_the_answer_is_replaced(repository: Path, github: GitHub) -> None:
    github.comments = dict.fromkeys(range(1, 102), "Looks good")
    workflow = Workflow(repository, github)
    for name in ("Find what to compare with", "Review", "Answer the pull request"):
        assert workflow.run(name).returncode == 0
    assert workflow.run("Answer the pull request").stdout == "replaced the answer under pull request 7\n"
    assert list(github.comments) == list(range(1, 103))
    told = github.comments[102]
    assert told == (workflow.temp / "summary.md").read_text()
    assert told.startswith(f"{MARK}\n### ✅ `sequences.yaml`: 0 errors, 0 warnings\n")
    assert "- welcome: wait before second: 24 hours -> 3 days" in told
    assert "the text of `cold`" in told
    assert "| 1 | HOT | COLD | reds 2 |" in told
    assert "| `second` | day 2, 10:00 | **day 4, 10:00** |" in told
    assert "(https://example.com/run#artifacts)" in told


def test_problems_fail_the_workflow_and_stand_in_the_answer(repository: Path, github: GitHub) -> None:
    workflow = Workflow(repository, github)
    (repository / "sequences.yaml").write_text(FILE.replace("24 hours", "24 houres"))
    for name in ("Find what to compare with", "Review", "Answer the pull request"):
        assert workflow.run(name).returncode == 0
    validated = workflow.run("Validate")
    assert validated.returncode == 1
    assert validated.stdout.startswith("::error file=sequences.yaml,line=26,")
    (told,) = github.comments.values()
    assert "### ❌ `sequences.yaml`: 1 error, 0 warnings" in told
    assert "- ❌ `sequences.yaml:26` " in told
    assert "`[duration]`" in told


def test_a_pull_request_from_a_fork_is_no_failure(repository: Path, github: GitHub) -> None:
    github.refuse = 403
    workflow = Workflow(repository, github)
    workflow.run("Find what to compare with")
    workflow.run("Review")
    refused = workflow.run("Answer the pull request")
    assert refused.returncode == 0
    assert refused.stdout == "::warning::busos could not answer the pull request: GitHub says 403\n"


def test_a_push_is_answered_by_nobody(repository: Path, github: GitHub) -> None:
    workflow = Workflow(repository, github)
    (workflow.temp / "event.json").write_text("{}")
    workflow.run("Find what to compare with")
    workflow.run("Review")
    assert "no pull request" in workflow.run("Answer the pull request").stdout
    assert github.comments == {}


def test_an_unreachable_github_is_said_and_no_failure(repository: Path, github: GitHub) -> None:
    workflow = Workflow(repository, github)
    workflow.settings["GITHUB_API_URL"] = "http://127.0.0.1:9"
    workflow.run("Find what to compare with")
    workflow.run("Review")
    assert "::warning::busos could not answer" in workflow.run("Answer the pull request").stdout


def test_tests_run_where_the_file_carries_some(repository: Path, github: GitHub) -> None:
    workflow = Workflow(repository, github)
    assert workflow.run("Test").returncode == 0
    failing = "tests:\n  - name: no email at all\n    at: 2025-11-12 10:00\n    trigger: quiz\n"
    failing += "    with: {email: ada@example.com, reds: 1}\n"
    failing += "    expect: {emails: []}\n"
    (repository / "sequences.yaml").write_text(FILE + failing)
    assert workflow.run("Test").returncode == 1
    workflow.run("Find what to compare with")
    workflow.run("Review")
    assert (
        "### ❌ `sequences.yaml`: 0 errors, 0 warnings, 0 of 1 tests pass" in (workflow.temp / "review.md").read_text()
    )


def test_the_gallery_is_drawn(repository: Path, github: GitHub) -> None:
    workflow = Workflow(repository, github)
    assert workflow.run("Draw the gallery").returncode == 0
    assert list((workflow.temp / "gallery").iterdir())


def test_what_the_page_shows_is_what_there_is() -> None:
    workflow = yaml.safe_load(marked("workflow", "docs/ci.md"))
    assert [step["uses"].partition("@")[0] for step in workflow["jobs"]["emails"]["steps"]] == [
        "actions/checkout",
        "OWNER/busos",
    ]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    shown = yaml.safe_load(marked("pre-commit", "docs/ci.md"))["repos"][0]["hooks"]
    assert [hook["id"] for hook in shown] == [hook["id"] for hook in hooks]
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^\| `(\w+)` \| [A-Z]", page) == list(ACTION["inputs"])


def test_the_hooks_for_pre_commit_are_commands_of_ours() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    busos = shutil.which("busos") or [sys.executable, "-m", "server.cli"]
    for hook in hooks:
        words = hook["entry"].split()[1:]
        command = [busos] if isinstance(busos, str) else busos
        done = subprocess.run([*command, *words, "--help"], capture_output=True, env=environment(), check=False)
        assert done.returncode == 0, hook["id"]


@pytest.mark.parametrize(
    "file", ["sequences.yaml", "campaigns/autumn.yaml", "mail/blueprints/nudge.yml", "templates/hello.md"]
)
def test_each_hook_looks_when_any_part_of_the_file_is_edited(file: str) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    looking = {hook["id"] for hook in hooks if re.search(hook["files"], file)}
    assert looking >= {"busos-validate", "busos-test"}


def test_what_the_file_says_is_neither_link_nor_picture_nor_call_in_the_answer() -> None:
    said = 'no field is called "![x](https://evil.example/p.png) <img src=x> `a` | **b** @team #7 &lt;"'
    problem = Problem(
        file="a|`b.yaml",
        line=1,
        column=1,
        end_line=1,
        end_column=2,
        severity=Severity.ERROR,
        rule="unknown-field",
        message=said,
        hint="[here](javascript:x)",
    )
    (line,) = [line for line in markdown(Review(file="x.yaml", problems=[problem])).splitlines() if "evil" in line]
    assert line == (
        "- ❌ `a\\|'b.yaml:1` "
        r'no field is called "!\[x\](https://evil.example/p.png) &lt;img src=x> \`a\` \| \*\*b\*\* &#64;team '
        r'&#35;7 &amp;lt;"'
        r" — \[here\](javascript:x) `[unknown-field]`"
    )
