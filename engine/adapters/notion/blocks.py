"""The text of a page that was written in Notion itself: its blocks, as HTML (code blocks) or Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.adapters.notion.text import plain_text

PREFIXES = {
    "paragraph": "",
    "heading_1": "# ",
    "heading_2": "## ",
    "heading_3": "### ",
    "bulleted_list_item": "- ",
    "numbered_list_item": "1. ",
    "to_do": "- ",
    "quote": "> ",
    "callout": "> ",
    "toggle": "",
}
"""Block types that hold text, and how Markdown marks them."""

LISTS = ("bulleted_list_item", "numbered_list_item", "to_do")

MARKS = (("code", "`"), ("bold", "**"), ("italic", "*"), ("strikethrough", "~~"))


def body(blocks: Iterable[Mapping[str, Any]]) -> str:
    """The body of an email: where there are code blocks, they are it; else the text as Markdown."""
    found = list(blocks)
    code = [plain_text(block["code"]["rich_text"]) for block in found if block.get("type") == "code"]
    return "\n\n".join(code) if code else _markdown(found)


def unread(blocks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Types of blocks that ``body`` leaves out, and blocks with others inside them, sorted."""
    found = list(blocks)
    if any(block.get("type") == "code" for block in found):
        return []
    unknown = {str(block.get("type")) for block in found if block.get("type") not in (*PREFIXES, "divider")}
    nested = {f"what is inside a {block.get('type')}" for block in found if block.get("has_children")}
    return sorted(unknown | nested)


def _markdown(blocks: Iterable[Mapping[str, Any]]) -> str:
    lines: list[str] = []
    last = ""
    for block in blocks:
        kind, line = str(block.get("type")), _line(block)
        if not line:
            continue
        # Items of one list stand together; everything else is a paragraph of its own.
        if lines and not (kind == last and kind in LISTS):
            lines.append("")
        lines.append(line)
        last = kind
    return "\n".join(lines)


def _line(block: Mapping[str, Any]) -> str:
    kind = str(block.get("type"))
    if kind == "divider":
        return "---"
    if kind not in PREFIXES:
        return ""
    text = "".join(_span(item) for item in block[kind]["rich_text"])
    return PREFIXES[kind] + text.replace("\n", "  \n") if text.strip() else ""


def _span(item: Mapping[str, Any]) -> str:
    """One piece of a line with its bold, italic and link."""
    text = plain_text([item])
    core = text.strip()
    if not core:
        return text
    marked = core
    for name, mark in MARKS:
        if item.get("annotations", {}).get(name):
            marked = f"{mark}{marked}{mark}"
    if item.get("href"):
        marked = f"[{marked}]({item['href']})"
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return before + marked + after
