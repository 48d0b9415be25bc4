"""The schema alone, in the language server that VS Code's and Neovim's YAML support use: it completes and explains."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from lsprotocol import types

from tests.editor.lsp import Server, at, spot
from tests.fences import ROOT
from tests.node import module, node

SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
MODELINE = "# yaml-language-server: $schema=schema/sequences.schema.json\n"
STEP = "sequences:\n  welcome:\n    steps:\n      - "


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    program = module("yaml-language-server", "bin/yaml-language-server")
    folder = tmp_path_factory.mktemp("editor")
    shutil.copytree(ROOT / "schema", folder / "schema")
    started = Server([node(), program, "--stdio"], folder, SETTINGS)
    started.notify("workspace/didChangeConfiguration", types.DidChangeConfigurationParams(settings=SETTINGS))
    yield started
    started.close()


def completed(server: Server, text: str) -> dict[str, types.CompletionItem]:
    whole, position = spot(MODELINE + text)
    uri = server.open(f"completed-{abs(hash(text))}.yaml", whole)
    found = server.ask("textDocument/completion", at(uri, position), types.CompletionList | None)
    return {item.label: item for item in found.items}


def hovered(server: Server, text: str) -> str:
    whole, position = spot(MODELINE + text)
    uri = server.open(f"hovered-{abs(hash(text))}.yaml", whole)
    found = server.ask("textDocument/hover", at(uri, position), types.Hover | None)
    return str(found.contents.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("‸", {"version", "timezone", "contact", "segments", "triggers", "sequences"}),
        (f"{STEP}‸", {"email", "wait", "save", "alert", "start", "stop", "choose", "when", "id"}),
        ("sequences:\n  welcome:\n    ‸", {"steps", "stop_when", "again_after", "if_already_in"}),
        ("contact:\n  name:\n    ‸", {"type", "default", "notion", "choices"}),
    ],
)
def test_it_completes_the_words_of_each_place(server: Server, text: str, words: set[str]) -> None:
    assert words - set(completed(server, text)) == set()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("contact:\n  name: {type: ‸}", {"text", "whole number", "choice", "datetime"}),
        (f"{STEP}wait: ‸", {"24 hours", "until Tuesday 09:00"}),
        (f"{STEP}wait: 1 day\n        testing: ‸", {"1 minute", "10 seconds"}),
        (f"{STEP}wait: until 10:00\n        if_past: ‸", {"skip next email", "go_on", "stop"}),
        ("sequences:\n  welcome:\n    again_after: ‸", {"90 days", "never", "any_time"}),
        ("timezone: ‸", {"America/Toronto", "UTC"}),
    ],
)
def test_it_completes_values_and_units(server: Server, text: str, values: set[str]) -> None:
    assert values - set(completed(server, text)) == set()


def test_it_writes_a_whole_sequence_or_trigger(server: Server) -> None:
    written = completed(server, "sequences:\n  ‸")["a sequence"]
    assert "- email: ${3:hello}" in (written.insert_text or written.text_edit.new_text)  # type: ignore[union-attr]
    assert "a trigger" in completed(server, "triggers:\n  ‸")
    assert "wait: ${2:2 days}" in str(completed(server, "sequences:\n  welcome:\n    steps:\n      ‸")["steps"])


@pytest.mark.parametrize(
    "text",
    ["‸", "sequences:\n  ‸", "sequences:\n  welcome:\n    ‸", f"{STEP}‸", "contact:\n  ‸", "triggers:\n  a:\n    ‸"],
)
def test_nothing_it_writes_is_garbage(server: Server, text: str) -> None:
    assert [name for name, item in completed(server, text).items() if "[object Object]" in str(item)] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{STEP}wa‸it: 1 day\n", "The gap before the next step"),
        ("time‸zone: UTC\n", "The time zone in which days and clock times are meant"),
        ("sequences:\n  welcome:\n    stop_wh‸en: customer = true\n", "A condition that ends the run"),
    ],
)
def test_it_explains_a_word(server: Server, text: str, told: str) -> None:
    assert told in hovered(server, text)


def test_it_underlines_what_is_wrong_and_nothing_of_the_shipped_file(server: Server) -> None:
    wrong = "version: 1\ncontact:\n  email: {type: emial}\nsequences:\n  welcome:\n    steps:\n      - wiat: 1 day\n"
    found = server.diagnostics(server.open("wrong.yaml", MODELINE + wrong))
    assert {(one.range.start.line, one.range.start.character) for one in found} == {(3, 16), (7, 8)}
    shipped = (ROOT / "sequences.yaml").read_text(encoding="utf-8")
    assert server.diagnostics(server.open("sequences.yaml", shipped)) == []
