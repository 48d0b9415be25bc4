"""Takes the tags out of a source and puts them back, so that Markdown and CSS never see them.

Each ``{{ … }}`` and ``{% … %}`` becomes a plain lower-case word that Markdown, HTML and URLs leave
alone. In an address a word is marked: its value will be checked as a link, or percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from os import urandom

from engine.rendering.places import TemplateFlaw

_TAG = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ADDRESS = re.compile(r"""(?<=[\s"'])((?:href|src|action|background)\s*=\s*")([^"]*)""", re.IGNORECASE)
_TYPICAL_WIDTH = 10
_TRIMMING = re.compile(r"^(\{[{%])[-+]|[-+]([%}]\})$")
"""Jinja's marks that eat white space: they would join paragraphs of the text part, so they are left out."""


_WITHIN = (("<!--", "-->"), ("<", ">"))

_NONCE = f"zx{urandom(6).hex()}"
"""Begins every word. Nobody can guess it, so no source holds it; and it is one for all, as are the patterns with it."""
STATEMENT = rf"\.{_NONCE}s\d+e\."
"""A pattern for the word of a statement."""
WORD = re.compile(rf"{_NONCE}v(?P<value>\d+)(?P<place>[elp])|\.{_NONCE}s(?P<statement>\d+)e\.")
_COMMENT = re.compile(rf"(?:<|&lt;)!--({STATEMENT})--(?:>|&gt;)")


@dataclass(slots=True)
class Masks:
    """The tags taken out of the sources of one email.

    A value's word is a word to Markdown too; a statement's begins and ends with a full stop, so that
    emphasis may end beside it.
    """

    tags: list[str] = field(default_factory=list)

    def take(self, source: str) -> str:
        """The source with words for tags."""
        return _TAG.sub(lambda tag: self._word(tag[0]), source)

    def take_html(self, source: str) -> str:
        """HTML with words for tags; statements between HTML tags are words in comments.

        A comment keeps its place inside a table, where an HTML parser would move a word out.
        """
        pieces: list[str] = []
        end, within = 0, [False, False]
        for tag in _TAG.finditer(source):
            before = source[end : tag.start()]
            within = [_inside(was, before, *marks) for was, marks in zip(within, _WITHIN, strict=True)]
            word = self._word(tag[0])
            bare = any(within) or not word.startswith(".")
            pieces += [before, word if bare else f"<!--{word}-->"]
            end = tag.end()
        return "".join(pieces) + source[end:]

    def _word(self, tag: str) -> str:
        if tag.startswith("{#"):
            return ""
        self.tags.append(_TRIMMING.sub(r"\1\2", tag))
        number = len(self.tags) - 1
        return f"{_NONCE}v{number}e" if tag.startswith("{{") else f".{_NONCE}s{number}e."

    def uncommented(self, html: str) -> str:
        """The HTML with its statement comments, which are text in a title, as bare words."""
        return _COMMENT.sub(r"\1", html)

    def mark_addresses(self, html: str) -> str:
        """Mark the words in addresses: ``l`` is a whole link, ``p`` a part of one."""
        return _ADDRESS.sub(lambda found: found[1] + self._marked(found[2]), html)

    def _marked(self, address: str) -> str:
        def mark(found: re.Match[str]) -> str:
            if found["statement"]:
                return found[0]
            return found[0][:-1] + ("l" if self._starts(address[: found.start()]) else "p")

        return WORD.sub(mark, address)

    def _starts(self, before: str) -> bool:
        """Whether an address starts here: nothing precedes it but an if and its other branch."""
        words = list(WORD.finditer(before))
        return not self.literal(before).strip() and (not words or bool(words[-1]["statement"]))

    def put_back(self, masked: str) -> str:
        """The masked text as Jinja source. Raises ``TemplateFlaw`` for braces that were no tag."""
        pieces, end = [], 0
        for found in WORD.finditer(masked):
            pieces += [_without_braces(masked[end : found.start()]), self._tag(found)]
            end = found.end()
        return "".join(pieces) + _without_braces(masked[end:])

    def original(self, masked: str) -> str:
        """The masked text as the author wrote it."""
        return WORD.sub(lambda found: self.tags[int(found["value"] or found["statement"])], masked)

    def _tag(self, found: re.Match[str]) -> str:
        tag = self.tags[int(found["value"] or found["statement"])]
        match found["place"]:
            case "l":
                return f"{{{{ ({_expression(tag)})|whole_link }}}}"
            case "p":
                return f"{{{{ ({_expression(tag)})|link_part }}}}"
            case _:
                return tag

    def keyword(self, word: str) -> str:
        """What a statement's word stands for: if, elif, else, endif, for, endfor."""
        found = WORD.fullmatch(word)
        return _expression(self.tags[int(found["statement"])]).split()[0] if found else ""

    def width(self, text: str) -> int:
        """How wide a piece of masked text will be, more or less: values have a typical width."""
        return len(WORD.sub(lambda found: "x" * _TYPICAL_WIDTH if found["value"] else "", text))

    def literal(self, masked: str) -> str:
        """The masked text without its words."""
        return WORD.sub("", masked)


def _inside(was: bool, text: str, opening: str, closing: str) -> bool:
    """Whether the end of a text is inside such marks, given whether its start was."""
    opened, closed = text.rfind(opening), text.rfind(closing)
    return was if opened == closed else opened > closed


def _expression(tag: str) -> str:
    return tag[2:-2].strip()


def _without_braces(literal: str) -> str:
    stray = re.search(r".{0,20}\{[{%#].{0,20}", literal)
    if stray:
        raise TemplateFlaw("these braces would be sent as they are", 1, stray[0].strip())
    return literal
