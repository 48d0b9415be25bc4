"""The language server: what an editor asks by JSON-RPC on stdin is answered on stdout by the rest of this package."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from engine import __version__
from engine.errors import Problem, Severity
from engine.language.document import Span
from server import rules
from server.editor.completing import Suggestion, complete, complete_template
from server.editor.fixing import fixes
from server.editor.hovering import explain, pointed_at
from server.editor.judging import Desk
from server.editor.outline import Symbol, symbols
from server.editor.positions import Position, Ruler
from server.editor.renaming import CannotRename, renamed
from server.formatting import formatted

QUIET = 0.25
"""How many seconds nobody has typed before the file is looked at, so that half a word is not called wrong."""

_KINDS = {
    "field": types.CompletionItemKind.Field,
    "template": types.CompletionItemKind.File,
    "expected-template": types.CompletionItemKind.File,
    "sequence": types.CompletionItemKind.Function,
    "trigger": types.CompletionItemKind.Event,
    "segment": types.CompletionItemKind.EnumMember,
    "unit": types.CompletionItemKind.Unit,
    "value": types.CompletionItemKind.Value,
    "word": types.CompletionItemKind.Keyword,
}
_SYMBOLS = {
    "section": types.SymbolKind.Module,
    "field": types.SymbolKind.Field,
    "segment": types.SymbolKind.EnumMember,
    "trigger": types.SymbolKind.Event,
    "sequence": types.SymbolKind.Function,
    "step": types.SymbolKind.Method,
}
_SEVERITIES = {Severity.ERROR: types.DiagnosticSeverity.Error, Severity.WARNING: types.DiagnosticSeverity.Warning}


class Busos(LanguageServer):
    """A server with the files of one editor on its desk."""

    def __init__(self) -> None:
        super().__init__("busos", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Incremental)
        self.desk = Desk()
        self.looking: dict[Path, asyncio.Task[None]] = {}
        self.told: dict[Path, set[Path]] = {}

    def path(self, uri: str) -> Path:
        """The file of a document, which need not be on the disk."""
        return Path(to_fs_path(uri) or uri)

    def take(self, uri: str) -> Path:
        """Put a document as it is now on the desk."""
        path = self.path(uri)
        self.desk.open[path] = self.workspace.get_text_document(uri).source
        return path

    def ruler(self, path: Path) -> Ruler:
        """For the places of a file."""
        return Ruler(self.desk.text(path))

    # -- Diagnostics --------------------------------------------------------------------------

    def look_soon(self, uri: str) -> None:
        """Look at a document once nobody has typed for a moment."""
        path = self.take(uri)
        if path in self.looking:
            self.looking[path].cancel()
        self.looking[path] = asyncio.get_running_loop().create_task(self._look_later(path))

    async def _look_later(self, path: Path) -> None:
        await asyncio.sleep(QUIET)
        self.look(path)

    def look(self, path: Path) -> None:
        """Publish what is wrong with the files that this one belongs to, and that what was wrong is right again."""
        found = self.desk.problems(path)
        for file in self.told.get(path, set()) - set(found):
            self._publish(file, [])
        self.told[path] = set(found)
        for file, problems in found.items():
            self._publish(file, problems)

    def _publish(self, file: Path, problems: Sequence[Problem]) -> None:
        diagnostics = [diagnostic(problem, self.ruler(file)) for problem in problems]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(_uri(file), diagnostics))


def diagnostic(problem: Problem, ruler: Ruler) -> types.Diagnostic:
    """A problem as an editor shows it, with a link to the page of its rule."""
    link = types.CodeDescription((rules.folder() / f"{problem.rule}.md").as_uri())
    words = [problem.message, *problem.notes, *([problem.hint] if problem.hint else [])]
    return types.Diagnostic(
        range=types.Range(
            _position(ruler.of_column(problem.line, problem.column)),
            _position(ruler.of_column(problem.end_line, problem.end_column)),
        ),
        message="\n".join(words),
        severity=_SEVERITIES[problem.severity],
        code=problem.rule,
        code_description=link if problem.rule in rules.names() else None,
        source="busos",
    )


def _uri(path: Path) -> str:
    return from_fs_path(str(path)) or path.as_uri()


def _position(place: Position) -> types.Position:
    return types.Position(*place)


def _range(ruler: Ruler, start: int, end: int) -> types.Range:
    return types.Range(_position(ruler.position(start)), _position(ruler.position(end)))


def _offset(ruler: Ruler, position: types.Position) -> int:
    return ruler.offset((position.line, position.character))


server = Busos()


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
async def opened(params: types.DidOpenTextDocumentParams) -> None:
    """A file was opened: look at it at once."""
    server.look(server.take(params.text_document.uri))


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
async def changed(params: types.DidChangeTextDocumentParams) -> None:
    """Somebody is typing."""
    server.look_soon(params.text_document.uri)


@server.feature(types.TEXT_DOCUMENT_DID_SAVE)
async def saved(params: types.DidSaveTextDocumentParams) -> None:
    """A file was saved: it may be a template, which others speak of."""
    server.look(server.take(params.text_document.uri))


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
async def closed(params: types.DidCloseTextDocumentParams) -> None:
    """A file is no longer edited: what is on the disk counts again."""
    path = server.path(params.text_document.uri)
    server.desk.open.pop(path, None)
    if (task := server.looking.pop(path, None)) is not None:
        task.cancel()


# -- Completion, hover, definition ------------------------------------------------------------


@server.feature(
    types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", ":", "{", "[", ",", '"', "-"])
)
def completion(params: types.CompletionParams) -> types.CompletionList:
    """Everything that can be written at the cursor."""
    path = server.take(params.text_document.uri)
    ruler = server.ruler(path)
    find = complete_template if path.parent.name == "templates" else complete
    found = find(ruler.text, _offset(ruler, params.position), server.desk.sight(path))
    items = [_item(one, number, ruler) for number, one in enumerate(found)]
    return types.CompletionList(is_incomplete=False, items=items)


def _item(one: Suggestion, number: int, ruler: Ruler) -> types.CompletionItem:
    told = types.MarkupContent(types.MarkupKind.Markdown, one.told) if one.told else None
    return types.CompletionItem(
        label=one.label,
        kind=_KINDS.get(one.kind, types.CompletionItemKind.Text),
        detail=one.detail or None,
        documentation=told,
        sort_text=f"{number:04}",
        filter_text=one.label,
        text_edit=types.TextEdit(_range(ruler, one.start, one.end), one.written),
    )


@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(params: types.HoverParams) -> types.Hover | None:
    """What the word at the cursor means."""
    path = server.take(params.text_document.uri)
    ruler = server.ruler(path)
    meaning = explain(ruler.text, _offset(ruler, params.position), server.desk.sight(path))
    if meaning is None:
        return None
    content = types.MarkupContent(types.MarkupKind.Markdown, meaning.told)
    return types.Hover(content, _range(ruler, meaning.start, meaning.end))


@server.feature(types.TEXT_DOCUMENT_DEFINITION)
def definition(params: types.DefinitionParams) -> types.Location | None:
    """Where the name at the cursor is declared, or the file of a template."""
    path = server.take(params.text_document.uri)
    ruler = server.ruler(path)
    pointed, sight = pointed_at(ruler.text, _offset(ruler, params.position)), server.desk.sight(path)
    if pointed is None or sight is None:
        return None
    for role in pointed.roles:
        template = sight.template(pointed.name) if role in ("template", "expected-template") else None
        if template is not None and template.origin:
            return types.Location(_uri(Path(template.origin)), _start())
        span = sight.place(role, pointed.name)
        if span is not None:
            return _location(span, server.desk.main_of(path))
    return None


def _start() -> types.Range:
    return types.Range(types.Position(0, 0), types.Position(0, 0))


def _location(span: Span, main: Path) -> types.Location:
    file = Path(span.file) if span.file else main
    return types.Location(_uri(file), _of_span(span, server.ruler(file)))


def _of_span(span: Span, ruler: Ruler) -> types.Range:
    return types.Range(
        _position(ruler.of_column(span.line, span.column)), _position(ruler.of_column(span.end_line, span.end_column))
    )


# -- The whole file ---------------------------------------------------------------------------


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def outline(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    """The sections and what is declared in them."""
    path = server.take(params.text_document.uri)
    sight = server.desk.sight(path)
    if sight is None or sight.document.file != str(path):
        return []
    return [_symbol(one, server.ruler(path)) for one in symbols(sight.document)]


def _symbol(one: Symbol, ruler: Ruler) -> types.DocumentSymbol:
    inside = [_symbol(inner, ruler) for inner in one.inside]
    own = _of_span(one.span, ruler)
    whole = types.Range(own.start, max([own.end, *(inner.range.end for inner in inside)]))
    return types.DocumentSymbol(
        name=one.name, kind=_SYMBOLS[one.kind], range=whole, selection_range=own, detail=one.detail, children=inside
    )


@server.feature(types.TEXT_DOCUMENT_FORMATTING)
def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    """The file in its usual form; nothing where it has errors."""
    path = server.take(params.text_document.uri)
    ruler = server.ruler(path)
    wrong = [one for one in server.desk.problems(path).get(path, []) if one.severity is Severity.ERROR]
    after = ruler.text if wrong or path.parent.name == "templates" else formatted(ruler.text)
    return [] if after == ruler.text else [types.TextEdit(_range(ruler, 0, len(ruler.text)), after)]


# -- Changes ----------------------------------------------------------------------------------


@server.feature(
    types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
)
def code_actions(params: types.CodeActionParams) -> list[types.CodeAction]:
    """Quick fixes for the problems around the cursor."""
    path = server.take(params.text_document.uri)
    ruler = server.ruler(path)
    every = server.desk.problems(path).get(path, [])
    rows = range(params.range.start.line, params.range.end.line + 1)

    def check(text: str) -> list[Problem]:
        return server.desk.with_text(path, text).problems(path).get(path, [])

    near = [one for one in every if one.line - 1 in rows]
    return [
        types.CodeAction(
            title=f"Write {fix.new}",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[diagnostic(fix.problem, ruler)],
            is_preferred=True,
            edit=_edit(path, [types.TextEdit(_range(ruler, fix.start, fix.end), fix.new)]),
        )
        for fix in fixes(ruler.text, near, every, check)
    ]


def _edit(path: Path, edits: list[types.TextEdit]) -> types.WorkspaceEdit:
    return types.WorkspaceEdit(changes={_uri(path): edits})


@server.feature(types.TEXT_DOCUMENT_RENAME)
def rename(params: types.RenameParams) -> types.WorkspaceEdit:
    """A step's new id, with was: for the old one."""
    path = server.take(params.text_document.uri)
    ruler = server.ruler(path)
    try:
        done = renamed(ruler.text, _offset(ruler, params.position), params.new_name)
    except CannotRename as reason:
        raise JsonRpcInvalidParams(str(reason)) from None
    return _edit(path, [types.TextEdit(_range(ruler, start, end), new) for start, end, new in done.edits])
