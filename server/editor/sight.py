"""What a file declares: the names that can be written elsewhere in it, and what is told of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.language.book import Shelf
from engine.language.document import Document, Span
from engine.language.document import Path as Trail
from engine.language.proving.claims import ANY_DAY
from engine.language.proving.interview import TooManyCasesError
from engine.language.proving.segments import prove
from engine.language.vocabulary import as_dict, as_list, vocabulary
from engine.model import Field, FieldType, TemplateText, Vocabulary
from engine.rendering import RESERVED


@dataclass(frozen=True, slots=True)
class Sight:
    """The last text of a file that could be read, and its templates."""

    document: Document
    words: Vocabulary
    shelf: Shelf

    @classmethod
    def of(cls, document: Document, shelf: Shelf) -> Sight:
        """What a document declares."""
        return cls(document, vocabulary(document), shelf)

    def names(self, role: str) -> Mapping[str, str]:
        """Every name that can stand in a role, with a few words about it; none for a role that is no name."""
        found = _NAMES.get(role)
        return found(self) if found else {}

    def told(self, role: str, name: str) -> str:
        """Markdown about a name; empty for one that is not declared."""
        if role in ("field", "value") and name in self.words.fields:
            return _field(self.words.fields[name])
        if role in ("template", "expected-template"):
            return _template(self.template(name))
        if role in ("segment", "value") and (told := self._segment(name)):
            return told
        details = self.names(role)
        return f"**{name}**: {details[name]}" if name in details else ""

    def template(self, name: str) -> TemplateText | None:
        """A template, if it can be read."""
        try:
            return self.shelf.find(name)
        except Exception:
            return None

    def place(self, role: str, name: str) -> Span | None:
        """Where a name is declared."""
        path = self._path(role, name)
        return self.document.span(path, key=True) if path else None

    def _path(self, role: str, name: str) -> Trail | None:
        section = {"field": "contact", "value": "contact", "sequence": "sequences", "trigger": "triggers"}.get(role)
        if section and name in as_dict(self.document.data.get(section)):
            return (section, name)
        if role in ("segment", "expected-segment", "value"):
            rules = enumerate(as_list(self.document.data.get("segments")))
            return next((("segments", index, name) for index, rule in rules if name in as_dict(rule)), None)
        return None

    def _segment(self, name: str) -> str:
        rule = next((rule for rule in self.words.segments if rule.name == name), None)
        if rule is None:
            return ""
        text = f"`{rule.condition.text}`" if rule.condition else "everybody whom no line above takes"
        return f"**{name}** (segment): {text}{self._share(name)}"

    def _share(self, name: str) -> str:
        """How many of all cases a segment takes, where that can be counted."""
        try:
            proof = prove(self.words, ANY_DAY)
        except TooManyCasesError:
            return ""
        cases = next((share.cases for share in proof.shares if share.rule and share.rule.name == name), 0)
        return f"\n\ntakes {cases:,} of {proof.total:,} cases" if proof.exact else ""


def _fields(sight: Sight) -> Mapping[str, str]:
    return {name: str(field.type) for name, field in sight.words.fields.items()}


def _segments(sight: Sight) -> Mapping[str, str]:
    rules = sight.words.segments
    told = {rule.name: rule.condition.text if rule.condition else "otherwise" for rule in rules}
    return {**told, "otherwise": "everybody else"}


def _sequences(sight: Sight) -> Mapping[str, str]:
    specs = as_dict(sight.document.data.get("sequences"))
    return {name: f"{_emails(as_dict(spec).get('steps'))} emails" for name, spec in specs.items()}


def _emails(steps: object) -> int:
    """How many emails are in a list of steps, in branches too."""
    if isinstance(steps, dict):
        return ("email" in steps) + sum(_emails(inner) for name, inner in steps.items() if name != "email")
    return sum(map(_emails, steps)) if isinstance(steps, list) else 0


def _triggers(sight: Sight) -> Mapping[str, str]:
    specs = as_dict(sight.document.data.get("triggers"))
    return {name: f"POST {as_dict(spec).get('path', f'/webhook/{name}')}" for name, spec in specs.items()}


def _templates(sight: Sight) -> Mapping[str, str]:
    found = {name: sight.template(name) for name in sight.shelf.names()}
    return {name: template.subject if template else "" for name, template in found.items()}


def _spoken(sight: Sight) -> Mapping[str, str]:
    return {**_fields(sight), **{name: "from busos" for name in sorted(RESERVED) if not name.startswith("_")}}


_NAMES: Mapping[str, Callable[[Sight], Mapping[str, str]]] = {
    "field": _fields,
    "segment": _segments,
    "sequence": _sequences,
    "trigger": _triggers,
    "template": _templates,
    "expected-template": _templates,
    "expected-segment": _segments,
    "message": _spoken,
}


def _field(field: Field) -> str:
    limits = [f"from {field.minimum:g}"] if field.minimum is not None else []
    limits += [f"up to {field.maximum:g}"] if field.maximum is not None else []
    lines = [f"**{field.name}** (field): {' '.join([str(field.type), *limits])}"]
    lines += [f"one of {', '.join(field.choices)}"] if field.choices else []
    lines += [f"while it is unknown: `{_plain(field.default)}`"] if field.default is not None else []
    lines += [f"in Notion: {field.notion}"] if field.notion else []
    return "\n\n".join(lines)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _template(template: TemplateText | None) -> str:
    if template is None:
        return ""
    first: Sequence[str] = [line for line in template.body.splitlines() if line.strip()][:4]
    quoted = "\n".join(f"> {line}" for line in first)
    return f"**{template.name}** (email): {template.subject}\n\n{quoted}"


def values_for(field: Field | None, words: Vocabulary) -> Mapping[str, str]:
    """What can be written as a value of a field: what it can be, and what always can."""
    if field is None:
        return {}
    match field.type:
        case FieldType.CHECKBOX:
            return {"true": "ticked", "false": "not ticked"}
        case FieldType.CHOICE:
            return dict.fromkeys(field.choices, field.name)
        case FieldType.SEGMENT:
            return {rule.name: rule.condition.text if rule.condition else "otherwise" for rule in words.segments}
        case FieldType.DATE | FieldType.DATETIME:
            return {"now": "this moment", "today": "the day it is"}
        case _:
            return {}
