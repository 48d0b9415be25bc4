"""Takes the tags out of a source and puts them back, so that Markdown and CSS never see them.

Each ``{{ … }}`` and ``{% … %}`` becomes a plain lower-case word that Markdown, HTML and URLs leave
alone. In an address a word is marked: its value will be checked as a link, or percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256

from engine.rendering.grammar import TemplateFlaw

_TAG = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ADDRESS = re.compile(r"""(?<=[\s"'])((?:href|src|action|background)\s*=\s*")([^"]*)""", re.IGNORECASE)
_TYPICAL_WIDTH = 10


@dataclass(slots=True)
class Masks:
    """The tags taken out of the sources of one email."""

    nonce: str
    tags: list[str] = field(default_factory=list)
    word: re.Pattern[str] = field(init=False)
    statement: str = field(init=False)

    def __post_init__(self) -> None:
        self.word = re.compile(rf"{self.nonce}([vs])(\d+)([elp])")
        self.statement = rf"{self.nonce}s\d+e"

    @classmethod
    def for_sources(cls, *sources: str) -> Masks:
        """Words that stand in none of the sources."""
        return cls("zx" + sha256("\0".join(sources).encode("utf-8", "surrogatepass")).hexdigest()[:12])

    def take(self, source: str, *, comments: bool = False) -> str:
        """The source with words for tags; ``comments`` writes statements between HTML tags as comments.

        A comment keeps its place inside a table, where a browser would move a word out.
        """
        pieces: list[str] = []
        end = 0
        for tag in _TAG.finditer(source):
            before = source[end : tag.start()]
            pieces += [before, self._word(tag[0], "".join(pieces) + before if comments else None)]
            end = tag.end()
        return "".join(pieces) + source[end:]

    def _word(self, tag: str, before: str | None) -> str:
        if tag.startswith("{#"):
            return ""
        self.tags.append(tag)
        if tag.startswith("{{"):
            return f"{self.nonce}v{len(self.tags) - 1}e"
        word = f"{self.nonce}s{len(self.tags) - 1}e"
        in_tag = before is not None and before.rfind("<") > before.rfind(">")
        return word if before is None or in_tag else f"<!--{word}-->"

    def mark_addresses(self, html: str) -> str:
        """Mark the words in addresses: ``l`` is a whole link, ``p`` a part of one."""
        return _ADDRESS.sub(lambda found: found[1] + self._marked(found[2]), html)

    def _marked(self, address: str) -> str:
        def mark(found: re.Match[str]) -> str:
            whole = self._starts(address[: found.start()])
            return found[0][:-1] + ("l" if whole else "p") if found[1] == "v" else found[0]

        return self.word.sub(mark, address)

    def _starts(self, before: str) -> bool:
        """Whether an address starts here: nothing precedes but the branches of an if."""
        if self.word.sub("", before).strip():
            return False
        words = self.word.findall(before)
        return not words or words[-1][0] == "s"

    def uncommented(self, html: str) -> str:
        """The HTML with its statement comments as bare words."""
        return re.sub(rf"<!--({self.statement})-->", r"\1", html)

    def put_back(self, masked: str) -> str:
        """The masked text as Jinja source."""
        for literal in self.word.split(masked)[:: self.word.groups + 1]:
            if stray := re.search(r"\{[{%#]", literal):
                around = literal[max(stray.start() - 20, 0) : stray.end() + 20].strip()
                raise TemplateFlaw("these braces would be sent as they are", 1, around)
        return self.word.sub(self._tag, masked)

    def _tag(self, found: re.Match[str]) -> str:
        tag = self.tags[int(found[2])]
        if found[3] == "e":
            return tag
        name = "whole_link" if found[3] == "l" else "link_part"
        return f"{{{{ ({tag[2:-2].strip('-+ ')})|{name} }}}}"

    def keyword(self, word: str) -> str:
        """What a statement's word stands for: if, elif, else, endif, for, endfor."""
        found = self.word.fullmatch(word)
        return self.tags[int(found[2])][2:-2].strip("-+ \t\n").partition(" ")[0] if found else ""

    def width(self, text: str) -> int:
        """How wide a piece of masked text will be, more or less: values have a typical width."""
        return len(self.word.sub(lambda found: "" if found[1] == "s" else "x" * _TYPICAL_WIDTH, text))

    def literal(self, masked: str) -> str:
        """The masked text without its words."""
        return self.word.sub("", masked)
