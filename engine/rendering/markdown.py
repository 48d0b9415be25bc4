"""Markdown to the HTML of a body, with words where tags were.

A tag alone on its line stands between paragraphs. A bold link alone in its paragraph is a button. A loop
around list items is one list.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from engine.rendering.masking import STATEMENT, Masks
from engine.rendering.places import TemplateFlaw, excerpt_of

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("code")
_BUTTON = re.compile(r"<p><strong>(<a [^>]*>(?:(?!</a>|<a ).)*</a>)</strong></p>", re.DOTALL)
_ALONE = re.compile(rf"^([ \t]*)((?:{STATEMENT}[ \t]*)+)$", re.MULTILINE)
_PARAGRAPH = re.compile(rf"<p>((?:{STATEMENT}\s*)+)</p>")
_AROUND_A_LIST = re.compile(rf"({STATEMENT})\s*<ul>((?:(?!</?ul>).)*)</ul>\s*({STATEMENT})", re.DOTALL)
_MARK = re.compile(rf"<(/?)(\w+)[^>]*>|({STATEMENT})")
_VOID = frozenset({"br", "hr", "img"})


def markdown_body(source: str, masks: Masks, first_line: int = 1) -> str:
    """The HTML of a Markdown source; raw HTML in it is shown, not obeyed. Raises ``TemplateFlaw``."""
    html = str(_MARKDOWN.render(_apart(masks.take(source))))
    html = _PARAGRAPH.sub(r"\1", html)
    _refuse_crossings(html, masks, source, first_line)
    html = _one_list(html, masks).replace("<table>", '<table class="data">')
    return _BUTTON.sub(r'<p class="button">\1</p>', html)


def _apart(masked: str) -> str:
    return _ALONE.sub(r"\n\1\2\n", masked)


def _one_list(html: str, masks: Masks) -> str:
    """Move the opening and closing of a list out of the loop around it."""

    def moved(found: re.Match[str]) -> str:
        start, items, end = found[1], found[2], found[3]
        if (masks.keyword(start), masks.keyword(end)) != ("for", "endfor"):
            return found[0]
        return f"<ul>{start}{items}{end}</ul>"

    return _AROUND_A_LIST.sub(moved, html)


def _refuse_crossings(html: str, masks: Masks, source: str, first_line: int) -> None:
    """An if that begins in one paragraph and ends in another would leave half of each behind."""
    opened: list[str] = []
    for mark in _MARK.finditer(html):
        closing, name = _move(mark, masks)
        if closing and (not opened or opened.pop() != closing):
            at = source.find("{%")
            line = source.count("\n", 0, at) + 1
            raise TemplateFlaw(
                "an if or for begins in one paragraph, list item or emphasis and ends in another: "
                "put its tags on lines of their own, or both inside one paragraph",
                line + first_line - 1,
                excerpt_of(source, line, "{"),
            )
        if name:
            opened.append(name)


def _move(mark: re.Match[str], masks: Masks) -> tuple[str, str]:
    """What a mark closes and what it opens; statements are ``%``."""
    if mark[3]:
        keyword = masks.keyword(mark[3])
        return ("" if keyword in {"if", "for"} else "%"), ("" if keyword.startswith("end") else "%")
    if mark[2] in _VOID:
        return "", ""
    return (mark[2], "") if mark[1] else ("", mark[2])
