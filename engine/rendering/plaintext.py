"""HTML to the plain-text part of an email: paragraphs, lists, links as ``text (address)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from html.parser import HTMLParser

_WIDTH = 76
_BREAK = "\0"
_SILENT = frozenset({"head", "script", "style", "template", "title"})
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "figure", "footer", "form"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table"}
    | {"tbody", "tfoot", "thead", "tr", "ul"}
)
_TIGHT = frozenset({"dd", "dt", "li", "tbody", "tfoot", "thead", "tr"})
_VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"})
_Attributes = list[tuple[str, str | None]]


def to_text(html: str, width: Callable[[str], int] = len) -> str:
    """The text of a document or fragment, in lines of about 76 characters as ``width`` counts them.

    What is hidden (``display:none``, ``hidden``, ``aria-hidden``) is left out; a word is never broken.
    """
    parser = _Text(width)
    parser.feed(html)
    parser.close()
    parser.flush()
    return re.sub(r"\n{3,}", "\n\n", "".join(parser.written)).strip() + "\n"


class _Text(HTMLParser):
    def __init__(self, width: Callable[[str], int]) -> None:
        super().__init__(convert_charrefs=True)
        self.width = width
        self.written: list[str] = []
        self.newlines = 2
        self.inline: list[str] = []
        self.silent: list[str] = []
        self.lists: list[int | None] = []
        self.links: list[tuple[str, int]] = []
        self.bullet = ""

    # -- what the parser finds

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        if self.silent or tag in _SILENT or _hidden(attrs):
            if tag not in _VOID:
                self.silent.append(tag)
            return
        if tag in _BLOCKS:
            self._open_block(tag)
        self._open_inline(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag: str) -> None:
        if self.silent:
            self._leave_silence(tag)
        elif tag == "a" and self.links:
            self._close_link(*self.links.pop())
        elif tag in _BLOCKS:
            self._close_block(tag)

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.inline.append(data.replace(_BREAK, ""))

    # -- what it means

    def _leave_silence(self, tag: str) -> None:
        if tag in self.silent:
            while self.silent.pop() != tag:
                pass

    def _open_block(self, tag: str) -> None:
        self.flush()
        if tag in {"ul", "ol"}:
            self.lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self.bullet = self._bullet()
        elif tag == "hr":
            self._end_line(2)
            self._write("-" * 20)
            self._end_line(2)
        if tag not in _TIGHT:
            self._end_line(1 if len(self.lists) > 1 or self.bullet else 2)

    def _end_line(self, newlines: int) -> None:
        """End the line, or the paragraph (2), unless that is done already; tags do not count as text."""
        self.written.append("\n" * (newlines - self.newlines))
        self.newlines = max(newlines, self.newlines)

    def _write(self, text: str) -> None:
        self.written.append(text)
        self.newlines = 0

    def _bullet(self) -> str:
        depth = "  " * max(len(self.lists) - 1, 0)
        number = self.lists[-1] if self.lists else None
        if number is None:
            return f"{depth}- "
        self.lists[-1] = number + 1
        return f"{depth}{number}. "

    def _open_inline(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "a":
                self.links.append((attributes.get("href", ""), len(self.inline)))
            case "img":
                self.inline.append(attributes.get("alt", ""))
            case "br":
                self.inline.append(_BREAK)
            case "td" | "th" if "".join(self.inline).strip():
                self.inline.append(" | ")
            case _:
                pass

    def _close_link(self, address: str, start: int) -> None:
        said = _one_line("".join(self.inline[start:]))
        address = address.removeprefix("mailto:").removeprefix("tel:")
        if not said:
            self.inline.append(address)
        elif address and address != said and not address.startswith("#"):
            self.inline.append(f" ({address})")

    def _close_block(self, tag: str) -> None:
        self.flush()
        if tag in {"ul", "ol"} and self.lists:
            self.lists.pop()
        self._end_line(1 if tag in _TIGHT or self.lists else 2)

    def flush(self) -> None:
        """Write the words gathered so far as wrapped lines."""
        lines = [_one_line(line) for line in "".join(self.inline).split(_BREAK)]
        self.inline.clear()
        self.links = [(address, 0) for address, _ in self.links]
        text = "\n".join(lines).strip("\n")
        if text and not self.width(text.replace(" ", "")):
            self.written.append(text.replace(" ", ""))
        elif text:
            bullet, self.bullet = self.bullet, ""
            hanging = " " * len(bullet) if bullet else "  " * len(self.lists)
            wrapped = [self._wrap(line, hanging) for line in text.split("\n")]
            self._write((bullet or hanging) + f"\n{hanging}".join(wrapped))

    def _wrap(self, line: str, hanging: str) -> str:
        lines, room = [[]], _WIDTH - len(hanging)  # type: list[list[str]], int
        left = room
        for word in line.split(" "):
            wide = self.width(word) + 1
            if wide > left and lines[-1]:
                lines.append([])
                left = room
            lines[-1].append(word)
            left -= wide
        return f"\n{hanging}".join(" ".join(words) for words in lines)


def _hidden(attributes: Iterable[tuple[str, str | None]]) -> bool:
    given = {name: value or "" for name, value in attributes}
    style = given.get("style", "").replace(" ", "").lower()
    return "hidden" in given or given.get("aria-hidden") == "true" or "display:none" in style


def _one_line(text: str) -> str:
    return " ".join(text.split())
