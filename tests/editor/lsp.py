"""A client for language servers, as an editor is one: a child process, JSON-RPC over its stdin and stdout.

What it sends and gets is checked against the protocol by ``lsprotocol``, which also makes objects of it.
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from lsprotocol.converters import get_converter

CONVERTER = get_converter()
PATIENCE = 30.0
CAPABILITIES = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        completion=types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(
                snippet_support=True, documentation_format=[types.MarkupKind.Markdown]
            )
        ),
        hover=types.HoverClientCapabilities(content_format=[types.MarkupKind.Markdown]),
        document_symbol=types.DocumentSymbolClientCapabilities(hierarchical_document_symbol_support=True),
    ),
    workspace=types.WorkspaceClientCapabilities(configuration=True),
)


class Server:
    """A language server as a child process, initialised for a folder."""

    def __init__(self, command: Sequence[str | Path], folder: Path, settings: Mapping[str, Any], **env: Any) -> None:
        self.folder, self.settings = folder, settings
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, **env
        )
        self.incoming: queue.Queue[Any] = queue.Queue()
        self.published: dict[str, list[types.PublishDiagnosticsParams]] = {}
        self.said: list[bytes] = []
        self.number = 0
        for target in (self._listen, self._overhear):
            threading.Thread(target=target, daemon=True).start()
        params = types.InitializeParams(capabilities=CAPABILITIES, root_uri=folder.as_uri(), process_id=None)
        self.capabilities = CONVERTER.structure(self.raw("initialize", params), types.InitializeResult).capabilities
        self.notify("initialized", types.InitializedParams())

    def close(self) -> int:
        """Say goodbye; the exit status."""
        self.raw("shutdown", None)
        self.notify("exit", None)
        status = self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return status

    # -- Documents ----------------------------------------------------------------------------

    def open(self, name: str, text: str) -> str:
        """Open a document of the folder, which need not be on disk; its uri."""
        uri = (self.folder / name).as_uri()
        item = types.TextDocumentItem(uri=uri, language_id="yaml", version=1, text=text)
        self.published.pop(uri, None)
        self.notify("textDocument/didOpen", types.DidOpenTextDocumentParams(text_document=item))
        return uri

    def change(self, uri: str, text: str, version: int) -> None:
        """Replace the whole text."""
        self.notify(
            "textDocument/didChange",
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=version),
                content_changes=[types.TextDocumentContentChangeWholeDocument(text=text)],
            ),
        )

    def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """What is published for a document next, or was already since it was opened or read here last."""
        while not self.published.get(uri):
            self._handle(self.incoming.get(timeout=PATIENCE))
        return list(self.published.pop(uri)[-1].diagnostics)

    # -- Messages -----------------------------------------------------------------------------

    def ask(self, method: str, params: Any, kind: Any) -> Any:
        """A request and its answer, which must be of this kind."""
        return CONVERTER.structure(self.raw(method, params), kind)

    def raw(self, method: str, params: Any) -> Any:
        """A request and its answer as it came."""
        self.number += 1
        self._send({"id": self.number, "method": method, "params": CONVERTER.unstructure(params)})
        while True:
            message = self.incoming.get(timeout=PATIENCE)
            if message.get("id") == self.number and "method" not in message:
                assert "error" not in message, message["error"]
                return message.get("result")
            self._handle(message)

    def notify(self, method: str, params: Any) -> None:
        """A message that is not answered."""
        self._send({"method": method, "params": CONVERTER.unstructure(params)})

    def _handle(self, message: Mapping[str, Any]) -> None:
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            params = CONVERTER.structure(message["params"], types.PublishDiagnosticsParams)
            self.published.setdefault(params.uri, []).append(params)
        elif method == "workspace/configuration":
            items = message["params"]["items"]
            self._send({"id": message["id"], "result": [self.settings.get(item.get("section"), {}) for item in items]})
        elif method is not None and "id" in message:
            self._send({"id": message["id"], "result": None})

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _listen(self) -> None:
        stdout = self.process.stdout
        assert stdout is not None
        while line := stdout.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = stdout.readline()
            self.incoming.put(json.loads(stdout.read(length)))

    def _overhear(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)


def spot(text: str) -> tuple[str, types.Position]:
    """A text without its ``‸``, and where that stood: the line, and the column in UTF-16 units."""
    before, mark, after = text.partition("‸")
    assert mark
    lines = before.replace("\r\n", "\n").split("\n")
    return before + after, types.Position(line=len(lines) - 1, character=len(lines[-1].encode("utf-16-le")) // 2)


def at(uri: str, position: types.Position) -> types.TextDocumentPositionParams:
    """A place in a document."""
    return types.TextDocumentPositionParams(text_document=types.TextDocumentIdentifier(uri=uri), position=position)
