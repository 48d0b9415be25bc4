"""Replacing stretches of a text, and finding the nodes whose stretches they are."""

from __future__ import annotations

from collections.abc import Iterable

from engine.language.document import Document, Entries, Items, Node, Path, Scalar

Edit = tuple[int, int, str]


def spliced(text: str, edits: Iterable[Edit]) -> str:
    """The text with each stretch replaced; one that overlaps an earlier one is left out."""
    parts, at = [], 0
    for start, end, new in sorted(set(edits)):
        if start >= at:
            parts += [text[at:start], new]
            at = end
    return "".join([*parts, text[at:]])


def node_at(document: Document, path: Path, *, key: bool = False) -> Node | None:
    """The node of a value, or of its key."""
    node: Node = document.root
    name: Scalar | None = None
    for step in path:
        if isinstance(node, Entries) and node.pairs and str(step) in node.pairs:
            name, node = node.pairs[str(step)]
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.children):
            node = node.children[step]
        else:
            return None
    return name if key else node
