"""What libyaml says about text it cannot read, said again in plain words and at the place of the mistake.

libyaml reports where it gave up, which is often a line after the mistake, and in its own terms. Each
``_explain`` function looks at the text around that place for the usual causes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from engine.language.document import Lines, Range
from engine.language.schema import verbs

_BRACES = re.compile(r"""(?:^|[:\-,\[{]\s+)(\{\{.*?\}\}[^\n#]*)""")
_GLUED = re.compile(r"""^\s*(?:- +)*([A-Za-z_][A-Za-z0-9_ ]*:)([^\s:/]\S*)""")
_PASTED = re.compile("[ -]*?([\u00a0\u2000-\u200b\u202f\u3000]+)[ \u00a0]*[^ ]")
_OPENED = re.compile(r"""^[^#"']*(?:: |- |\[|\{|, )\s*\"""")
_ITEM = re.compile(r"\s*((?:[*•·–—‐−]\s*|\d+[.)]\s+|-)([A-Za-z_]+:(?:\s.*)?))$")
_BARE_MAP = re.compile(r"\w+: \w+(?:, *\w+: \w+)+")
_WITH_PLACE = re.compile(r"""[\w.-]+(?:\[[^\[\]"'\n]*\][\w.-]*)+""")  # answers[0].text
_REMARK = re.compile(r"\s*((?://|<!--|/\*)\s*(.*?)\s*(?:-->|\*/)?)$")
MAX_DEPTH = 50
_LONG = 2_000  # characters of a line that are looked at
_VERB = re.compile(r"\s*- +([a-z]+) +([^\s:#][^:#]*)$")
_COMPARED = re.compile(r">=? *[^\s>=]")
_FAR = 60  # lines that an open quote may swallow before the next quote
_PAIR = re.compile(r"""^\s*(?:- +)*(?P<key>[^\s:#'"{\[][^:#'"{\[]*):\s+(?P<rest>\S.*)$""")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the text cannot be read: a range of it, the rule, a sentence, and what to write."""

    at: Range
    rule: str
    message: str
    hint: str = ""


def explain(error: yaml.MarkedYAMLError, lines: Lines, last_quoted: Range | None) -> Trouble:
    """The trouble behind an error of the parser. ``last_quoted`` is the last quoted text it had read."""
    mark = error.problem_mark
    at = min(mark.index if mark else 0, len(lines.text))
    start = error.context_mark.index if error.context_mark else at
    problem = error.problem or ""
    if "nesting depth" in problem:  # of newer parsers, which count for themselves
        return Trouble((at, at), "too-deep", f"values are nested deeper than {MAX_DEPTH} here", "take levels away")
    return (
        _tab(lines, at)
        or _pasted_space(lines, at)
        or _odd_quote(lines, at)
        or _odd_hyphen(lines, at)
        or _odd_remark(lines, at)
        or _by_wording(problem, error.context or "", lines, start, at)
        or _structure(problem, lines, start, at, last_quoted)
    )


def _by_wording(problem: str, context: str, lines: Lines, start: int, at: int) -> Trouble | None:
    if "quoted scalar" in context and "end of " in problem:
        return _open_quote(lines, (start, start + 1))
    if "quoted scalar" in context and ("escape" in problem or "hexdecimal" in problem):
        return _escape(lines, at)
    if "start any token" in problem or "directive" in context or "alphabetic" in problem:
        return _reserved(lines, start)
    if "block scalar" in context and "comment or line break" in problem:
        return _compared(lines, start) or _reserved(lines, start)
    if "tag" in context or "tag handle" in problem:
        return _tag(lines, start)
    if "mapping values" in problem:
        return _colon(lines, at)
    if "expected ':'" in problem:
        return _no_colon(lines, start)
    if "document start" in problem:
        return documents_trouble((at, lines.bounds(lines.number(at))[1]))
    if "incompatible" in problem:
        return _unreadable(lines, at)
    return None


def _structure(problem: str, lines: Lines, start: int, at: int, last_quoted: Range | None) -> Trouble:
    if found := _braces(lines, at):
        return found
    if last_quoted and "\n" in lines.text[slice(*last_quoted)]:
        return _open_quote(lines, (last_quoted[0], last_quoted[0] + 1))
    if last_quoted and lines.number(last_quoted[1]) == lines.number(at) and not lines.text[last_quoted[1] : at].strip():
        return _after_quote(lines, at, last_quoted[0])
    if "',' or" in problem:
        return _unclosed(lines, start, at)
    if lines.text[at : at + 1] in ("}", "]"):
        bracket = lines.text[at]
        return Trouble((at, at + 1), "bracket", f'this "{bracket}" closes nothing', f'take the "{bracket}" away')
    return _indentation(lines, at)


def _line(lines: Lines, number: int) -> str:
    """What is looked at of a line: nobody writes longer ones, and looking for a cause would take too long."""
    first, last = lines.bounds(number)
    return lines.text[first : min(last, first + _LONG)]


# -- One function a cause ---------------------------------------------------------------------


def _tab(lines: Lines, at: int) -> Trouble | None:
    """Only a tab where the parser gave up, or at the start of that line, can be the cause."""
    first, _ = lines.bounds(lines.number(at))
    line = _line(lines, lines.number(at))
    lead = len(line) - len(line.lstrip())
    tab = lines.text.find("\t", first, first + lead)
    tab = at if lines.text[at : at + 1] == "\t" else tab
    return tab_trouble(tab) if tab >= 0 else None


def tab_trouble(offset: int) -> Trouble:
    """A tab outside a text."""
    return Trouble((offset, offset + 1), "tab", "there is a tab here; YAML allows only spaces", "replace it by spaces")


def _pasted_space(lines: Lines, at: int) -> Trouble | None:
    """A space that looks like one and is none, before the text of the line or of the one above."""
    number = lines.number(at)
    for line in (number, number - 1):
        found = _PASTED.match(_line(lines, line)) if line > 0 else None
        if found:
            first = lines.bounds(line)[0]
            return pasted_trouble((first + found.start(1), first + found.end(1)))
    return None


def pasted_trouble(at: Range) -> Trouble:
    """A no-break space where YAML wants a space."""
    message = "this looks like a space and is another character, as web pages and word processors have it"
    return Trouble(at, "indentation", message, "delete it and type a space instead")


def _odd_quote(lines: Lines, at: int) -> Trouble | None:
    """A quote that is opened on a line above and closed nowhere on it: the next one ends the text by accident."""
    last = lines.number(at)
    for number in range(max(1, last - _FAR), last):
        found = _OPENED.search(_line(lines, number))
        if found and not _line(lines, number)[found.end() :].count('"'):
            first = lines.bounds(number)[0]
            return _open_quote(lines, (first + found.end() - 1, first + found.end()))
    return None


def _odd_hyphen(lines: Lines, at: int) -> Trouble | None:
    """A list item that begins with another sign, or without the space."""
    first, last = lines.bounds(lines.number(at))
    found = _ITEM.match(_line(lines, lines.number(at)))
    if found is None:
        return None
    message = "an item of a list begins with a hyphen and a space"
    return Trouble((first + found.start(1), last), "indentation", message, f"write  - {found[2].strip()}")


def _odd_remark(lines: Lines, at: int) -> Trouble | None:
    """A remark as other languages write it, here or on the line above."""
    for number in (lines.number(at), lines.number(at) - 1):
        found = _REMARK.match(_line(lines, number)) if number > 0 else None
        if found:
            first, last = lines.bounds(number)
            return Trouble(
                (first + found.start(1), last), "missing-colon", "a remark begins with #", f"write  # {found[2]}"
            )
    return None


def _open_quote(lines: Lines, at: Range) -> Trouble:
    quote = lines.text[at[0]]
    line = _line(lines, lines.number(at[0]))
    hint = f"write the second {quote} where the text ends: {line.strip()}{quote}"
    return Trouble(at, "missing-quote", f"this {quote} opens a text that is never closed", hint)


def _after_quote(lines: Lines, at: int, start: int) -> Trouble:
    hint = "put one pair of quotes around the whole text; quotes inside it are written as single quotes"
    _, last = lines.bounds(lines.number(at))
    whole = lines.text[start:last]
    if whole.startswith("'") and whole.endswith("'") and not set(whole) & set('"\\,{}[]'):
        hint = f'write "{whole[1:-1]}"'
    return Trouble((at, last), "missing-quote", "the quotes end before the text does", hint)


def _escape(lines: Lines, at: int) -> Trouble:
    at = lines.text.rfind("\\", 0, at + 1)
    found = lines.text[at : at + 2]
    hint = "use single quotes '…' around the text, where a backslash is only a backslash"
    return Trouble((at, at + 2), "escape", f'"{found}" means nothing inside double quotes', hint)


def _reserved(lines: Lines, at: int) -> Trouble:
    found = lines.text[at : at + 1]
    word = re.split(r"[,\]}\n]", lines.text[at : at + _LONG], maxsplit=1)[0].strip()
    return Trouble(
        (at, at + len(word)),
        "reserved-character",
        f'a text that starts with "{found}" needs quotes',
        f'write "{word}"',
    )


def _compared(lines: Lines, at: int) -> Trouble | None:
    """A comparison without the field that it compares: YAML takes the sign for the start of a text of several lines."""
    last = lines.bounds(lines.number(at))[1]
    found = _COMPARED.match(lines.text, at, last)
    if found is None:
        return None
    message = "this comparison does not begin with what it compares"
    hint = f"write the name of a field before it, such as  red_systems {lines.text[at : min(last, at + _LONG)]}"
    return Trouble((at, last), "reserved-character", message, hint)


def _tag(lines: Lines, at: int) -> Trouble:
    word = lines.text[at : at + _LONG].split(maxsplit=1)[0]
    return Trouble((at, at + len(word)), "explicit-tag", *tag_words(word))


def tag_words(tag: str) -> tuple[str, str]:
    """Message and hint for a word that starts with an exclamation mark."""
    hint = "take it away" if tag.startswith("!!") else f'take it away, or put quotes around the text: "{tag} …"'
    return f'"{tag}" is a YAML tag, and such a file has none', hint


def _colon(lines: Lines, at: int) -> Trouble:
    """A second colon on a line, or a first colon where a text was still going on from the line above."""
    number = lines.number(at)
    pair = _PAIR.match(_line(lines, number))
    first, last = lines.bounds(number)
    if pair and at >= first + pair.start("rest"):
        hint = f'put quotes around the text: {pair["key"]}: "{_requoted(pair["rest"])}"'
        if _BARE_MAP.fullmatch(pair["rest"].strip()):
            hint = f"put braces around the pairs: {pair['key']}: {{{pair['rest'].strip()}}}"
        message = "a text with a colon and a space in it needs quotes"
        return Trouble((first + pair.start("rest"), last), "colon-in-text", message, hint)
    glued = _glued(lines, number - 1) if number > 1 else None
    return glued or _indentation(lines, first)


def _requoted(text: str) -> str:
    return text.strip().replace("\\", "\\\\").replace('"', "'")


def _no_colon(lines: Lines, start: int) -> Trouble:
    number = lines.number(start)
    _, last = lines.bounds(number)
    word = lines.text[start:last]
    return _glued(lines, number) or Trouble(
        (start, last),
        "missing-colon",
        f'"{word}" is neither "key: value" nor a list item',
        f'write "{word.split()[0]}: …", or "- {word}" if it is an item of a list',
    )


def _glued(lines: Lines, number: int) -> Trouble | None:
    first, _ = lines.bounds(number)
    found = _GLUED.match(_line(lines, number))
    if not found:
        return None
    return glued_trouble(found[1] + found[2], first + found.start(1))


def glued_trouble(word: str, at: int) -> Trouble:
    """``key:value`` without the space that makes it a pair."""
    key, _, value = word.partition(":")
    value = value.lstrip("\u00a0\u202f\u3000")
    return Trouble(
        (at, at + len(word)),
        "missing-space",
        f'a space is missing after the colon in "{word}"',
        f"write {key}: {value}",
    )


def _braces(lines: Lines, at: int) -> Trouble | None:
    first, _ = lines.bounds(lines.number(at))
    found = _BRACES.search(_line(lines, lines.number(at)))
    if not found or not first + found.start(1) <= at:
        opening = lines.text.rfind("{{", first, at + 2)
        return braces_trouble((opening, opening + 2), "") if opening >= 0 else None
    return braces_trouble((first + found.start(1), first + found.end(1)), found[1])


def braces_trouble(at: Range, text: str) -> Trouble:
    """A text with ``{{ field }}`` that YAML would take for a mapping."""
    hint = f'put quotes around it: "{_requoted(text)}"' if text else "put quotes around the whole text"
    return Trouble(at, "unquoted-braces", "a text with {{ … }} needs quotes here", hint)


def documents_trouble(at: Range) -> Trouble:
    """A second document in the same file."""
    hint = "take the line away, or make two files of it"
    return Trouble(at, "many-documents", "a second document starts here, and a file holds one", hint)


def _unclosed(lines: Lines, start: int, at: int) -> Trouble:
    opening = lines.text[start]
    closing = {"{": "}", "[": "]"}[opening]
    if at == len(lines.text) or lines.number(at) != lines.number(start):
        message = f'this "{opening}" is never closed'
        return Trouble((start, start + 1), "bracket", message, f'write "{closing}" where it ends')
    line = lines.bounds(lines.number(at))
    path = next((one for one in _WITH_PLACE.finditer(lines.text, *line) if one.start() < at < one.end()), None)
    if path:
        return Trouble(path.span(), "bracket", "a text with [ needs quotes here", f'put quotes around it: "{path[0]}"')
    hint = f'write "," between two items, or "{closing}" where the list ends'
    return Trouble((at, at + 1), "bracket", f'a "," or "{closing}" is missing before this', hint)


def _indentation(lines: Lines, at: int) -> Trouble:
    number = lines.number(at)
    first, last = lines.bounds(number)
    lead = len(_line(lines, number)) - len(_line(lines, number).lstrip())
    if first + lead < at:
        return _unreadable(lines, at)
    if number > 1 and (found := _verb_without_colon(lines, number - 1)):
        return found
    return Trouble(
        (first + lead, last),
        "indentation",
        f"this line starts after {lead} {'space' if lead == 1 else 'spaces'} and fits nothing above it",
        "start it exactly under the line that it belongs beside, with the same number of spaces",
    )


def _verb_without_colon(lines: Lines, number: int) -> Trouble | None:
    """``- wait 24 hours``: a text, so that nothing can stand below it."""
    first, last = lines.bounds(number)
    found = _VERB.match(_line(lines, number))
    if found is None or found[1] not in verbs():
        return None
    message = f'a colon is missing after "{found[1]}"'
    return Trouble((first + found.start(1), last), "missing-colon", message, f"write  {found[1]}: {found[2]}")


def _unreadable(lines: Lines, at: int) -> Trouble:
    hint = "look at the quotes, brackets, colons and the spaces at the start of this line and the one above"
    return Trouble((at, lines.bounds(lines.number(at))[1]), "yaml", "from here on the file cannot be read", hint)
