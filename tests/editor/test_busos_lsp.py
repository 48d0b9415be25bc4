"""``busos lsp`` as an editor meets it: a child process, the protocol on its pipes, and text that is half typed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lsprotocol import types

from tests.editor.lsp import Server, at, spot
from tests.fences import ROOT

SHIPPED = (ROOT / "sequences.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("desk")
    shutil.copy(ROOT / "sequences.yaml", folder)
    shutil.copytree(ROOT / "templates", folder / "templates")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = Server([sys.executable, "-m", "server.cli", "lsp"], folder, {}, env=environment)
    yield started
    assert started.close() == 0
    assert b"Traceback" not in b"".join(started.said)


def opened(server: Server, text: str, name: str = "sequences.yaml") -> tuple[str, types.Position]:
    whole, position = spot(text)
    return server.open(name, whole), position


def completed(server: Server, text: str, name: str = "sequences.yaml") -> list[str]:
    uri, position = opened(server, text, name)
    found = server.ask("textDocument/completion", at(uri, position), types.CompletionList | None)
    return [item.label for item in found.items]


def hovered(server: Server, text: str) -> str:
    uri, position = opened(server, text)
    found = server.ask("textDocument/hover", at(uri, position), types.Hover | None)
    return str(found.contents.value) if found else ""


def went(server: Server, text: str) -> tuple[str, int, int]:
    uri, position = opened(server, text)
    found = server.ask("textDocument/definition", at(uri, position), types.Location | None)
    return Path(found.uri).name, found.range.start.line + 1, found.range.start.character + 1


def mark(old: str, new: str) -> str:
    """The shipped file with one place changed; ``‸`` is the cursor."""
    assert old in SHIPPED
    return SHIPPED.replace(old, new, 1)


# -- Completion -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (mark("- email: email_3", "- email: em‸"), {"email_1", "email_2a_critical", "email_5c_optimize"}),
        (mark("{CRITICAL: email_2a_critical, URGENT", "{CRITICAL: ‸, URGENT"), {"email_2a_critical"}),
        (mark("{CRITICAL: email_5a_critical, URGENT: email_5b_urgent, OPTIMIZE: email_5c_optimize}", "{‸"),
         {"CRITICAL", "URGENT", "OPTIMIZE", "otherwise"}),
        (mark("- start: nurture", "- start: ‸"), {"nurture"}),
        (mark("requires: [email, name, first_name]", "requires: [email, ‸"), {"name", "customer", "red_systems"}),
        (mark("- save: {signup_date: now}", "- save: {‸"), {"signup_date", "customer"}),
        (mark("- save: {signup_date: now}", "- save: {signup_date: ‸"), {"now", "unknown", "last_signup_date"}),
        (mark("- save: {signup_date: now}", "- save: {signup_source: ‸"), {"web_form", "landing_page"}),
        (mark("{{ first_name }}, {{ email }}", "{{ fi‸"), {"first_name", "business_name"}),
        (mark("stop_when: customer = true", "stop_when: ‸"), {"customer", "red_systems", "not"}),
        (mark("when: segment = CRITICAL", "when: segment = ‸"), {"CRITICAL", "URGENT", "OPTIMIZE"}),
        (mark("when: segment = CRITICAL", "when: red_systems ‸"), {"=", ">=", "in", "is unknown"}),
        (mark("when: segment = CRITICAL", "when: signup_date < 30 ‸"), {"days", "weeks"}),
        (mark("when: segment = CRITICAL", "when: signup_date < 30 days ‸"), {"ago", "from now"}),
        (mark("when: segment = CRITICAL", "when: customer = true ‸"), {"and", "or"}),
        (mark("- wait: 24 hours", "- wait: 24 ‸"), {"hours", "days"}),
        (mark("- wait: 24 hours", "- wait: until ‸"), {"Tuesday", "signup_date"}),
        (mark("{type: checkbox}", "{type: ‸"), {"whole number", "choice"}),
        (mark("timezone: America/Toronto", "timezone: Euro‸"), {"Europe/Berlin"}),
        (mark("if_already_in: ignore", "‸"), {"if_already_in"}),
    ],
)  # fmt: skip
def test_names_of_this_file_are_completed_where_they_belong(server: Server, text: str, words: set[str]) -> None:
    assert words - set(completed(server, text)) == set()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (mark("- email: email_3", "- email: ‸"), {"nurture", "customer", "signup"}),
        (mark("when: segment = CRITICAL", "when: segment = ‸"), {"red_systems", "nurture"}),
        (mark("requires: [email, name, first_name]", "requires: [‸"), {"nurture", "email_1"}),
        (mark("- email: email_3", "- email: email_3\n        ‸"), {"email", "wait", "colour", "testing"}),
        (mark("# or never, or any_time", "# or ‸"), {"never"}),
    ],
)
def test_and_nothing_that_does_not(server: Server, text: str, wrong: set[str]) -> None:
    assert wrong & set(completed(server, text)) == set()


def test_while_the_text_cannot_be_read_the_names_of_before_are_known(server: Server) -> None:
    uri = server.open("sequences.yaml", SHIPPED)
    text, position = spot(mark("- email: email_1", '- email: "unclosed\n      - start: ‸'))
    server.change(uri, text, 2)
    found = server.ask("textDocument/completion", at(uri, position), types.CompletionList | None)
    assert "nurture" in [item.label for item in found.items]


def test_what_is_written_replaces_the_word_and_no_more(server: Server) -> None:
    uri, position = opened(server, mark("{CRITICAL: email_2a_critical,", "{CRITICAL: email_2‸a_critical,"))
    found = server.ask("textDocument/completion", at(uri, position), types.CompletionList | None)
    edit = next(item.text_edit for item in found.items if item.label == "email_3")
    line = SHIPPED.splitlines()[position.line]
    written = line[: edit.range.start.character] + edit.new_text + line[edit.range.end.character :]
    assert written == line.replace("email_2a_critical", "email_3")


def test_places_count_in_utf_16_and_lines_of_windows_are_lines(server: Server) -> None:
    text = mark("{{ first_name }}, {{ email }}", "😀 naïve 😀 {{ first_na‸").replace("\n", "\r\n")
    uri, position = opened(server, text)
    found = server.ask("textDocument/completion", at(uri, position), types.CompletionList | None)
    edit = next(item.text_edit for item in found.items if item.label == "first_name")
    assert (edit.range.end.character, edit.range.start.character) == (position.character, position.character - 8)


def test_fields_are_completed_in_the_texts_of_emails(server: Server) -> None:
    assert {"first_name", "unsubscribe_url"} <= set(completed(server, "---\nHi {{ ‸", "templates/email_1.md"))
    assert completed(server, "---\nHi ‸", "templates/email_1.md") == []


# -- Hover, definition, outline ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (mark("requires: [email, red_systems", "requires: [email, red_sys‸tems"), "whole number from 0 up to 8"),
        (mark("stop_when: customer", "stop_when: cus‸tomer"), "**customer** (field): checkbox"),
        (mark("- email: email_1", "- email: ema‸il_1"), "Your free assessment is ready"),
        (mark("{CRITICAL: email_2a", "{CRIT‸ICAL: email_2a"), "`red_systems >= 2`"),
        (mark("when: segment = CRITICAL", "when: segment = CRIT‸ICAL"), "`red_systems >= 2`"),
        (mark("when: segment = CRITICAL", "when: segment = CRIT‸ICAL"), "takes 63 of 81 cases"),
        (mark("- start: nurture", "- start: nurt‸ure"), "5 emails"),
        (mark("again_after: 90 days", "again_af‸ter: 90 days"), "How long after the end of one run"),
        (mark("{{ first_name }}, {{ email", "{{ first_‸name }}, {{ email"), "while it is unknown: `there`"),
    ],
)
def test_a_word_is_explained(server: Server, text: str, told: str) -> None:
    assert told in hovered(server, text)


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(SHIPPED.splitlines(), 1) if text in line)


@pytest.mark.parametrize(
    ("text", "file", "line"),
    [
        (mark("- start: nurture", "- start: nurt‸ure"), "sequences.yaml", line_of("  nurture:")),
        (mark("when: segment = CRITICAL", "when: seg‸ment = CRITICAL"), "sequences.yaml", line_of("  segment: {")),
        (mark("when: segment = CRITICAL", "when: segment = CRIT‸ICAL"), "sequences.yaml", line_of("- CRITICAL:")),
        (mark("{CRITICAL: email_2a", "{CRIT‸ICAL: email_2a"), "sequences.yaml", line_of("- CRITICAL:")),
        (mark("accepts: [business_name,", "accepts: [business‸_name,"), "sequences.yaml", line_of("  business_name:")),
        (mark("- email: email_3", "- email: email‸_3"), "email_3.md", 1),
    ],
)
def test_one_can_go_where_a_name_is_declared(server: Server, text: str, file: str, line: int) -> None:
    assert went(server, text)[:2] == (file, line)


def test_the_outline_has_every_sequence_with_its_steps(server: Server) -> None:
    uri = server.open("sequences.yaml", SHIPPED)
    asked = types.DocumentSymbolParams(types.TextDocumentIdentifier(uri))
    found = server.ask("textDocument/documentSymbol", asked, list[types.DocumentSymbol])
    tree = {one.name: [inner.name for inner in one.children or ()] for one in found}
    assert tree["triggers"] == ["signup", "assessment"]
    assert tree["segments"] == ["CRITICAL", "URGENT", "OPTIMIZE"]
    (nurture,) = next(one for one in found if one.name == "sequences").children or ()
    assert [step.name for step in nurture.children or ()][:3] == ["email email_1", "wait 24 hours", "email email_2"]


# -- Diagnostics and what cures them ----------------------------------------------------------


def test_every_problem_of_validate_is_shown_with_its_rule_and_its_page(server: Server) -> None:
    uri = server.open("sequences.yaml", mark("24 hours", "24 houres").replace("customer = true", "custmer = true"))
    found = {str(one.code): one for one in server.diagnostics(uri)}
    assert set(found) == {"duration", "unknown-field"}
    assert found["duration"].range.start.character == 14
    assert 'did you mean "customer"?' in found["unknown-field"].message
    page = found["duration"].code_description
    assert page is not None
    assert page.href.startswith("file://")
    assert page.href.endswith("/rules/duration.md")


def test_problems_come_and_go_while_one_types(server: Server) -> None:
    uri = server.open("sequences.yaml", SHIPPED)
    assert server.diagnostics(uri) == []
    server.change(uri, mark("customer = true", "custmer = true"), 2)
    assert [one.code for one in server.diagnostics(uri)] == ["unknown-field"]
    server.change(uri, mark("- start: nurture", '- start: "nurt'), 3)
    assert [one.code for one in server.diagnostics(uri)] == ["missing-quote"]
    server.change(uri, SHIPPED, 4)
    assert server.diagnostics(uri) == []


def test_columns_of_a_problem_count_in_utf_16(server: Server) -> None:
    uri = server.open("sequences.yaml", mark("{{ first_name }}, {{ email }}", "😀 {{ first_nam }}"))
    (found,) = server.diagnostics(uri)
    line = spot(mark("{{ first_name }}, {{ email }}", "😀 {{ ‸first_nam }}"))[1]
    assert (found.range.start, found.range.end.character) == (line, line.character + len("first_nam"))


def fixed(server: Server, text: str) -> list[str]:
    """The text after each quick fix that is offered at the cursor."""
    uri, position = opened(server, text)
    whole = text.replace("‸", "")
    asked = types.CodeActionParams(
        types.TextDocumentIdentifier(uri), types.Range(position, position), types.CodeActionContext([])
    )
    results = []
    for action in server.ask("textDocument/codeAction", asked, list[types.CodeAction]):
        (edit,) = (action.edit.changes or {})[uri] if action.edit else []
        lines = whole.splitlines(keepends=True)
        start, end = edit.range.start, edit.range.end
        lines[start.line] = lines[start.line][: start.character] + edit.new_text + lines[start.line][end.character :]
        results.append("".join(lines))
    return results


@pytest.mark.parametrize(
    "wrong",
    [
        mark("24 hours", "24 hou‸res"),
        mark("stop_when: customer = true", "stop_when: custmer‸ = true"),
        mark("- start: nurture", "- start: nurtur‸"),
        mark("- email: email_3", "- email: emial_3‸").replace("nothing", "nothing"),
        mark("again_after: 90 days", "agian_after‸: 90 days"),
        mark("if_already_in: ignore", "if_already_in: ignor‸"),
    ],
)
def test_a_hint_that_is_a_replacement_can_be_written_by_a_click(server: Server, wrong: str) -> None:
    assert fixed(server, wrong) == [SHIPPED]


def test_a_hint_that_cures_nothing_is_not_offered(server: Server) -> None:
    assert fixed(server, mark("- email: email_3", "- email: something_else_alto‸gether")) == []


def test_a_renamed_step_says_what_it_was(server: Server) -> None:
    uri, position = opened(server, mark("- email: email_3", "- email: ema‸il_3"))
    asked = types.RenameParams(types.TextDocumentIdentifier(uri), position, "framework")
    edit = server.ask("textDocument/rename", asked, types.WorkspaceEdit)
    (written,) = (edit.changes or {})[uri]
    assert written.new_text == "\n        id: framework\n        was: email_3"
    changed = mark("- email: email_3", f"- email: email_3{written.new_text}")
    assert server.diagnostics(server.open("sequences.yaml", changed)) == []


def test_a_file_is_written_in_its_usual_form(server: Server) -> None:
    uri = server.open("sequences.yaml", mark("customer = true", "customer == true"))
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    asked = types.DocumentFormattingParams(types.TextDocumentIdentifier(uri), options)
    (edit,) = server.ask("textDocument/formatting", asked, list[types.TextEdit])
    assert edit.new_text == SHIPPED


def test_a_part_is_judged_as_what_its_main_file_makes_of_it(server: Server) -> None:
    folder = server.folder / "several"
    (folder / "campaigns").mkdir(parents=True)
    shutil.copytree(server.folder / "templates", folder / "templates")
    (folder / "sequences.yaml").write_text(f"include: campaigns/*.yaml\n{SHIPPED}", encoding="utf-8")
    steps = "    steps:\n      - email: email_3\n        when: custmer = true\n"
    part = f"triggers:\n  more:\n    requires: [email]\n    then:\n      - start: more\nsequences:\n  more:\n{steps}"
    (folder / "campaigns/more.yaml").write_text(part, encoding="utf-8")
    uri = server.open("several/campaigns/more.yaml", part)
    assert [(one.code, one.range.start.line) for one in server.diagnostics(uri)] == [("unknown-field", 9)]
    assert "customer" in completed(server, part.replace("custmer = true", "cu‸"), "several/campaigns/more.yaml")
