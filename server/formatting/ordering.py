"""The order within a step: its verb, then its id, then its condition, then the rest as it was written."""

from __future__ import annotations

from collections.abc import Iterator

from engine.language.document import Document, Entries
from engine.language.schema import verbs
from server.formatting.splicing import Edit, node_at, places_of, spliced


def ordered(document: Document) -> str:
    """The text with the lines of steps in order, where each word of a step has a line of its own."""
    edits: list[Edit] = []
    for place in places_of(document).get("step", ()):
        node = node_at(document, place.path)
        if isinstance(node, Entries) and not node.flow and node.pairs:
            edits += _moved(document, node)
    return spliced(document.text, edits)


def _moved(document: Document, node: Entries) -> Iterator[Edit]:
    """Whole lines change places, with the comments at their ends."""
    pairs = node.pairs or {}
    starts = {name: key.start for name, (key, _) in pairs.items()}
    lines = {name: document.lines.number(start) for name, start in starts.items()}
    last = {name: document.lines.number(max(value.end - 1, starts[name])) for name, (_, value) in pairs.items()}
    written = sorted(pairs, key=starts.__getitem__)
    first = lines[written[0]]
    if [lines[name] for name in written] != list(range(first, first + len(written))) or last != lines:
        return  # a value of several lines, a remark between them, or words from elsewhere
    ends = {name: document.lines.bounds(lines[name])[1] for name in written}
    wanted = sorted(written, key=_rank)  # sorting is stable
    for slot, name in zip(written, wanted, strict=True):
        if slot != name:
            yield starts[slot], ends[slot], document.text[starts[name] : ends[name]]


def _rank(name: str) -> int:
    return 0 if name in verbs() else {"id": 1, "when": 2}.get(name, 3)
