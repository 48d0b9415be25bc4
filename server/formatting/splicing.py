"""Replacing stretches of a text, and finding the nodes whose stretches they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from engine.language.document import Document, Entries, Items, Node, Path, Scalar
from engine.language.schema import Place, roles

Edit = tuple[int, int, str]


def places_of(document: Document) -> dict[str, list[Place]]:
    """Every value with a role, also in blueprints, of which the language knows more only where they are used."""
    found = roles(document.data)
    for path, body in _bodies(document.data):
        for role, places in roles(body, "sequence").items():
            found.setdefault(role, []).extend(replace(one, path=(*path, *one.path)) for one in places)
    return found


def _bodies(data: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """What stands in a blueprint, of this file or among the blueprints of a file."""
    named = data.get("blueprints")
    inside = [(("blueprints", name), one) for name, one in named.items()] if isinstance(named, dict) else []
    for path, blueprint in [((), data), *inside] if "blueprint" in data else inside:
        if isinstance(blueprint, dict):
            yield path, {"steps": blueprint.get("steps")}
            yield (*path, "sequence"), blueprint.get("sequence")


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
