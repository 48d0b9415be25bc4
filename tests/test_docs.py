"""The README and the docs say what is so: every example is run or checked, every list is complete."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import unified_diff
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import httpx
import pytest
import yaml

from engine.adapters.files import FileTemplates
from engine.language.checking import read_and_check
from engine.language.schema import schema
from engine.language.sources import Bundle
from engine.model import FieldType
from engine.rendering import render, variables
from engine.runtime.settings import SETTINGS, TRIGGER_SECRET, Settings
from engine.runtime.wiring import running
from engine.steps import WAIT, kinds
from server.app import create_app, listen, make_server
from server.cli.group import busos
from tests.fences import PAGES, ROOT, Fence, fences, marked

FENCES = fences()
KNOWN = {"sh", "console", "yaml", "json", "python", "markdown", "mermaid", "text"}
NOT_RUN_HERE = {  # what an example for the shell may begin with, besides curl and busos
    *("cd", "chmod", "docker", "python3", "sqlite3", "sudo"),
    *(".venv/bin/pytest", ".venv/bin/python", ".venv/bin/ruff"),
}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def test_there_are_examples_of_every_kind() -> None:
    assert {one.language for one in FENCES} == KNOWN


# -- YAML: validated, fragments inside a file that has the rest ------------------------------------

FIELDS = {
    "email": "{type: email}",
    "first_name": "{type: text, default: there}",
    "red_systems": "{type: whole number, min: 0, max: 8}",
    "plan": "{type: choice, choices: [free, team, company]}",
    "appointment_time": "{type: datetime}",
    "customer": "{type: checkbox}",
    "segment": "{type: segment}",
}
NOT_OF_FRAGMENTS = {"template-variable", "never-known", "maybe-unknown", "unused-field"}
REST = {
    "version": "version: 1",
    "email": "email:\n  from: Sang Le <sang@example.com>",
    "contact": "contact:",
    "segments": "segments:\n  - CRITICAL: red_systems >= 2\n  - OTHER: otherwise",
    "triggers": "triggers:\n  signup:\n    requires: [email]\n    then:\n      - start: welcome\n"
    "  booking:\n    requires: [email]",
    "sequences": "sequences:\n  welcome:\n    steps:\n      - email: email_3",
}


def whole_file(example: str) -> str:
    """The example, with what it leaves out taken from ``REST``; a list is the steps of a sequence."""
    parsed = yaml.safe_load(example)
    if isinstance(parsed, list):
        indented = "".join(f"      {line}" for line in example.splitlines(keepends=True))
        example, parsed = f"sequences:\n  welcome:\n    steps:\n{indented}", {"sequences": {}}
    if "version" in parsed:
        return example
    missing = {name: part for name, part in REST.items() if name not in parsed}
    fields = [f"  {name}: {kind}\n" for name, kind in FIELDS.items() if name not in parsed.get("contact", {})]
    if "contact" in parsed:
        example = example.replace("contact:\n", "contact:\n" + "".join(fields), 1)
    else:
        missing["contact"] = "contact:\n" + "".join(fields)
    return "\n".join(missing.values()) + "\n" + example


def beside(page: str) -> Bundle:
    """The files that a page shows beside its examples."""
    shown = [one for one in fences("yaml") if one.page == page and one.mark.startswith("file: ")]
    return Bundle("", {one.mark.removeprefix("file: "): one.text for one in shown})


@pytest.mark.parametrize("example", [one for one in fences("yaml") if not one.mark], ids=str)
def test_a_yaml_example_is_valid(example: Fence) -> None:
    text = whole_file(example.text)
    shelf = FileTemplates(ROOT / "templates")
    _, problems = read_and_check(text, str(example), shelf, beside(example.page))
    fragment = "version:" not in example.text  # then the shipped emails say more than we declare here, and less
    unsaid = [one for one in problems if not (fragment and one.rule in NOT_OF_FRAGMENTS)]
    assert unsaid == [], text


def test_a_wrong_example_would_be_noticed() -> None:
    _, problems = read_and_check(
        whole_file("- wait: 48 houres\n- email: email_3\n"), "x", FileTemplates(ROOT / "templates")
    )
    assert [one.rule for one in problems if one.rule not in NOT_OF_FRAGMENTS] == ["duration"]


# -- The shell ------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a reader has before them, without the code."""
    shutil.copy(ROOT / "sequences.yaml", tmp_path)
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    shutil.copytree(ROOT / "docs/examples", tmp_path / "docs/examples")
    shutil.copytree(ROOT / "docs/cookbook", tmp_path / "docs/cookbook")
    return tmp_path


def said(command: str, folder: Path) -> str:
    arguments = shlex.split(command.removeprefix("busos "))
    environ = {name: value for name, value in os.environ.items() if not is_ours(name)}
    ran = subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        check=False,
        cwd=folder,
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout


def is_ours(name: str) -> bool:
    return any(name == one.name for one in SETTINGS)


def as_shown(text: str) -> str:
    """A pattern for an example's output: … stands for anything."""
    return re.escape(text.strip()).replace("…", ".*")


RUN_ELSEWHERE = {"docs/backup.md", "docs/control.md"}  # on a ledger with people in it


@pytest.mark.parametrize("example", [one for one in fences("console") if one.page not in RUN_ELSEWHERE], ids=str)
def test_a_console_example_says_what_it_shows(example: Fence, checkout: Path) -> None:
    command, _, shown = example.text.removeprefix("$ ").partition("\n")
    output = said(command, checkout)
    assert re.fullmatch(as_shown(shown), output.strip(), re.DOTALL), output


def shell_lines() -> list[tuple[str, str]]:
    joined = [(one, one.text.replace("\\\n", " ")) for one in fences("sh")]
    return [(str(one), line) for one, text in joined for line in text.splitlines() if line.strip()]


def test_every_line_for_the_shell_is_of_a_kind_that_is_checked_or_known() -> None:
    first = {line.split()[0] for _, line in shell_lines()}
    assert first - {"curl", "busos"} - NOT_RUN_HERE == set()


def paths_named() -> list[tuple[str, str]]:
    pattern = r"(?:deploy|docs|tests|\.ci)/[\w./-]+\.\w+|requirements\.lock|constraints\.txt|\.env\.example"
    return [(place, name) for place, line in shell_lines() for name in re.findall(pattern, line)]


@pytest.mark.parametrize(("place", "name"), paths_named())
def test_a_file_named_for_the_shell_is_there(place: str, name: str) -> None:
    assert (ROOT / name).exists(), place


# -- curl: posted to the product as it ships -------------------------------------------------------


@contextmanager
def product(folder: Path) -> Iterator[str]:
    """The shipped file behind the real server, on the embedded defaults."""
    settings = Settings.load({"BUSOS_DATABASE_URL": f"sqlite:///{folder}/busos.db"}, folder)
    ready = threading.Event()
    with listen("127.0.0.1", 0) as bound, running(settings, works=True, make_key=True) as system:
        server = make_server(create_app(system), ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            assert ready.wait(20)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def request_of(line: str) -> httpx.Request:
    """What curl would send."""
    words = iter(shlex.split(line)[1:])
    headers, url, body = {}, "", None
    for word in words:
        match word:
            case "-H":
                name, _, value = next(words).partition(":")
                headers[name] = value.strip()
            case "-d":
                body = next(words)
            case _ if word.startswith("http"):
                url = word
            case _:
                raise AssertionError(f"this test does not know curl's {word}")
    return httpx.Request("POST" if body else "GET", url, headers=headers, content=body)


def test_every_curl_example_is_accepted_in_the_order_of_its_page(checkout: Path) -> None:
    lines = [(place, line) for place, line in shell_lines() if line.startswith("curl ")]
    pages = {place.partition(":")[0] for place, _ in lines}
    assert pages >= {"README.md", "docs/webhooks.md"}
    with product(checkout) as address, httpx.Client(timeout=20) as client:
        for place, line in lines:
            asked = request_of(line.replace("http://127.0.0.1:8000", address))
            answer = client.send(asked)
            assert answer.status_code == 202, (place, answer.text)


def test_the_answers_that_are_shown_have_the_members_of_real_ones(checkout: Path) -> None:
    with product(checkout) as address, httpx.Client(timeout=20) as client:
        good = client.post(
            f"{address}/webhook/assessment", json={"email": "a@example.com", "red_systems": 0, "orange_systems": 2}
        )
        bad = client.post(
            f"{address}/webhook/assessment", json={"email": "a@example.com", "red_systems": 99, "orange_systems": 2}
        )
    real = [list(good.json()), list(bad.json())]
    shown = [list(json.loads(one.text)) for one in fences("json") if one.page in ("README.md", "docs/webhooks.md")]
    assert len(shown) >= 3
    assert [one for one in shown if one not in real] == []


def test_the_signature_in_the_docs_opens_the_door(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = [one for one in fences("python") if one.page == "docs/webhooks.md"]
    scope: dict[str, object] = {}
    exec(compile(example.text, str(example), "exec"), scope)
    secret, body = "a secret of the docs", b'{"email": "ada@example.com", "red_systems": 1, "orange_systems": 0}'
    headers = {**scope["signed_headers"](secret, "event-1", body), "content-type": "application/json"}  # type: ignore[operator]
    (checkout / ".env").write_text(f"BUSOS_WEBHOOK_SECRET={secret}\n", encoding="utf-8")
    with product(checkout) as address, httpx.Client(timeout=20) as client:
        assert client.post(f"{address}/webhook/assessment", content=body, headers=headers).status_code == 202
        headers["webhook-signature"] = "v1,AAAA"
        assert client.post(f"{address}/webhook/assessment", content=body, headers=headers).status_code == 401


def test_every_status_that_the_webhooks_may_answer_is_explained() -> None:
    from server.openapi import _PROBLEMS

    explained = {int(status) for status in re.findall(r"^\| (\d{3}) \|", text_of("docs/webhooks.md"), re.MULTILINE)}
    assert set(_PROBLEMS) - explained == set()


# -- Other languages ------------------------------------------------------------------------------


@pytest.mark.parametrize("example", fences("json"), ids=str)
def test_a_json_example_is_json(example: Fence) -> None:
    assert isinstance(json.loads(example.text), dict)


@pytest.mark.parametrize("example", fences("python"), ids=str)
def test_a_python_example_is_python(example: Fence) -> None:
    assert ast.parse(example.text).body


@pytest.mark.parametrize("red", [0, 2])
def test_the_template_in_the_docs_becomes_an_email(tmp_path: Path, red: int) -> None:
    (tmp_path / "hello.md").write_text(marked("file: templates/hello.md", "docs/templates.md"), encoding="utf-8")
    template = FileTemplates(tmp_path).find("hello")
    assert template is not None
    assert {one.name for one in variables(template)} == {"first_name", "red_systems"}
    supplied = {"unsubscribe_url": "https://example.com/u/x", "sender_name": "Sang"}
    rendered = render(template, {"first_name": "<b>Ada", "red_systems": red, **supplied})
    assert rendered.subject == "Good to have you, <b>Ada"
    assert "&lt;b&gt;Ada" in rendered.html
    assert ("systems are red" in rendered.text) == bool(red)


def test_every_tag_that_the_templates_page_lists_works(tmp_path: Path) -> None:
    cells = re.findall(r"^\| `(\{.*?\})` \|", text_of("docs/templates.md"), re.MULTILINE)
    assert len(cells) >= 6
    body = "\n\n".join(cell.replace("\\|", "|").replace("…", "words") for cell in cells)
    (tmp_path / "all.md").write_text(f"---\nsubject: All\n---\n{body}\n", encoding="utf-8")
    template = FileTemplates(tmp_path).find("all")
    assert template is not None
    values = {
        "first_name": "Ada",
        "assessment_date": "2025-11-12T15:00:00Z",
        "assessment_score": 61,
        "red_systems": 3,
        "interests": ["one"],
        "unsubscribe_url": "https://example.com/u/x",
        "sender_name": "Sang",
    }
    assert "your town" in render(template, values).text


def test_the_picture_is_an_image_that_tells_what_it_shows() -> None:
    root = ElementTree.fromstring(text_of("docs/busos.svg"))
    name = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{name}svg"
    assert (root.findtext(f"{name}title") or "").strip()
    assert "prefers-color-scheme: dark" in (root.findtext(f"{name}style") or "")


# -- Lists that must be complete -------------------------------------------------------------------


def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_parts_are_up_to_date() -> None:
    stale = [
        line
        for path, text in generate().documents().items()
        for line in unified_diff(
            path.read_text(encoding="utf-8").splitlines(), text.splitlines(), path.name, lineterm=""
        )
    ]
    assert stale == [], "run: python docs/generate.py"


def test_env_example_is_a_file_of_settings_that_sets_nothing(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    assert Settings.load({}, tmp_path) == Settings(file=tmp_path / "sequences.yaml")


def test_env_example_read_without_its_comment_signs_means_the_defaults(tmp_path: Path) -> None:
    lines = re.findall(r"^# ([A-Z_]+=.*)$", text_of(".env.example"), re.MULTILINE)
    assert [line.partition("=")[0] for line in lines] == [one.name for one in SETTINGS]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    assert Settings.load({}, tmp_path) == Settings(file=tmp_path / "sequences.yaml")


def test_every_setting_is_in_the_table_with_its_meaning() -> None:
    page = text_of("docs/settings.md")
    assert [one.name for one in SETTINGS if f"| `{one.name}` |" not in page or one.meaning not in page] == []


def test_every_setting_that_a_page_names_is_one() -> None:
    names = {one.name for one in SETTINGS}
    pattern = r"\b(?:BUSOS|NOTION|RESEND|SMTP|DISCORD)_[A-Z_]+\b"
    named = {name for page in PAGES for name in re.findall(pattern, page.read_text(encoding="utf-8"))}
    assert {name for name in named - names if not name.startswith(TRIGGER_SECRET)} == set()


def test_every_command_is_on_its_page() -> None:
    page = text_of("docs/cli.md")
    commands = [name for _, name in generate_helps()]
    assert commands
    assert [name for name in commands if f"## `{name}`" not in page] == []


def generate_helps() -> list[tuple[str, str]]:
    return [(text, name) for name, text in generate().helps(busos, "busos")]


def test_every_command_that_a_page_names_is_one() -> None:
    names = {name.removeprefix("busos ").split()[0] for _, name in generate_helps()} | {"busos"}
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"(?:`|\$ |bin/|sh\n)busos ([a-z-]+)", pages))
    assert {name for name in named - names if not name.startswith(TRIGGER_SECRET)} == set()


def test_every_verb_is_in_the_schema_and_has_a_section_and_an_example() -> None:
    verbs = {WAIT, *kinds()}
    assert {way["required"][0] for way in schema()["$defs"]["step"]["oneOf"]} == {*verbs, "use"}
    headings = " ".join(re.findall(r"^### (.+)$", text_of("docs/language.md"), re.MULTILINE))
    assert {verb for verb in verbs if not re.search(rf"\b{verb}\b", headings)} == set()
    examples = "".join(one.text for one in fences("yaml") if one.page == "docs/language.md")
    assert {verb for verb in verbs if not re.search(rf"^\s*- {verb}:", examples, re.MULTILINE)} == set()


def test_every_type_of_field_is_named() -> None:
    page = text_of("docs/language.md")
    assert {kind.value for kind in FieldType if f"`{kind.value}`" not in page} == set()


def test_the_words_of_every_mapping_are_listed() -> None:
    page = text_of("docs/language.md")
    words = {name for part in _mappings(schema()) for name in part["properties"]}
    assert {word for word in words if f"| `{word}` |" not in page} == set()


def _mappings(part: object) -> Iterator[dict[str, dict[str, object]]]:
    if isinstance(part, dict):
        if isinstance(part.get("properties"), dict) and "type" in part:
            yield part
        for inner in part.values():
            yield from _mappings(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _mappings(inner)


# -- Links and places ------------------------------------------------------------------------------


def links() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target:
                found.append((page.relative_to(ROOT).as_posix(), target))
    return found


@pytest.mark.parametrize(("page", "target"), links())
def test_a_link_leads_somewhere(page: str, target: str) -> None:
    assert (ROOT / page).parent.joinpath(target).exists()


def test_every_page_of_the_docs_is_reached_from_the_readme() -> None:
    reached, wanted = set(), ["README.md"]
    while wanted:
        page = wanted.pop()
        if page not in reached and (ROOT / page).suffix == ".md":
            reached.add(page)
            wanted += [os.path.normpath(Path(page).parent / target) for source, target in links() if source == page]
    assert {page.relative_to(ROOT).as_posix() for page in PAGES} - reached == set()


def test_the_readme_has_the_two_commands_on_a_line_each() -> None:
    for name in ("run", "test"):
        assert len(marked(f"ci: {name}", "README.md").splitlines()) == 1


def test_the_changelog_knows_this_version_or_calls_it_unreleased() -> None:
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    assert re.search(rf"^## \[(?:{re.escape(version)}|Unreleased)\]", text_of("CHANGELOG.md"), re.MULTILINE)


def test_the_units_start_commands_that_exist() -> None:
    for unit in sorted((ROOT / "deploy").glob("*.service")):
        (line,) = re.findall(r"^ExecStart=(\S+) (\w+)", unit.read_text(encoding="utf-8"), re.MULTILINE)
        assert line[0].endswith("/bin/busos")
        assert busos.get_command(None, line[1]) is not None  # type: ignore[arg-type]


def test_what_the_image_copies_is_there() -> None:
    lines = re.findall(r"^COPY (.+) \S+$", text_of("deploy/Dockerfile"), re.MULTILINE)
    sources = [name for line in lines for name in line.split()]
    assert "requirements.lock" in sources
    assert [name for name in sources if not (ROOT / name).exists()] == []


def test_the_compose_file_runs_commands_that_exist() -> None:
    services = yaml.safe_load(text_of("deploy/compose.yaml"))["services"]
    assert set(services) == {"serve", "worker"}
    assert services["worker"]["command"] == ["worker"]
    assert services["serve"]["volumes"] == services["worker"]["volumes"]


@pytest.mark.parametrize(
    "page", [*PAGES, *sorted(ROOT.glob("deploy/*")), ROOT / ".env.example"], ids=lambda page: page.name
)
def test_no_page_names_a_path_of_the_machine_it_was_written_on(page: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:root|work|tmp|home)/\S*", page.read_text(encoding="utf-8")) == []
