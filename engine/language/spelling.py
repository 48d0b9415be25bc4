"""Which word a person probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

# What people who know other tools write, and the word of this language.
SYNONYMS = {
    **dict.fromkeys(("send", "mail", "e-mail", "message", "template"), "email"),
    **dict.fromkeys(("after", "delay", "pause", "sleep", "until", "timer"), "wait"),
    **dict.fromkeys(("set", "update", "write", "tag"), "save"),
    **dict.fromkeys(("notify", "notification", "discord", "slack"), "alert"),
    **dict.fromkeys(("go", "goto", "enrol", "enroll", "begin", "run"), "start"),
    **dict.fromkeys(("end", "exit", "cancel", "quit"), "stop"),
    **dict.fromkeys(("switch", "branch", "branches", "condition_split"), "choose"),
    **dict.fromkeys(("if", "only_if", "condition", "where", "unless"), "when"),
    **dict.fromkeys(("else", "default", "others", "rest"), "otherwise"),
    **dict.fromkeys(("stop_if", "end_when", "exit_when", "until_when"), "stop_when"),
    **dict.fromkeys(("comment", "description", "remark"), "note"),
    **dict.fromkeys(("emails", "workflows", "campaigns", "flows", "automations"), "sequences"),
    **dict.fromkeys(("webhooks", "events", "forms"), "triggers"),
    **dict.fromkeys(("fields", "contacts", "properties", "variables"), "contact"),
    **dict.fromkeys(("color",), "colour"),
    **dict.fromkeys(("optional", "takes"), "accepts"),
    **dict.fromkeys(("required", "needs"), "requires"),
}
TYPES = {
    **dict.fromkeys(("string", "str", "varchar", "word", "name"), "text"),
    **dict.fromkeys(("integer", "int", "count", "whole"), "whole number"),
    **dict.fromkeys(("float", "decimal", "double", "numeric", "currency", "money"), "number"),
    **dict.fromkeys(("boolean", "bool", "yes/no", "yes no", "flag", "true/false", "tick"), "checkbox"),
    **dict.fromkeys(("select", "enum", "dropdown", "option", "options"), "choice"),
    **dict.fromkeys(("day", "birthday"), "date"),
    **dict.fromkeys(("time", "timestamp", "date time", "date and time", "moment"), "datetime"),
    **dict.fromkeys(("tel", "telephone", "mobile"), "phone"),
    **dict.fromkeys(("url", "website", "uri"), "link"),
    **dict.fromkeys(("array", "tags", "multi-select", "multiselect"), "list"),
    **dict.fromkeys(("time zone", "tz"), "timezone"),
    **dict.fromkeys(("mail", "e-mail", "email address"), "email"),
}


def meant(word: str, candidates: Iterable[str], synonyms: Mapping[str, str] = SYNONYMS) -> str | None:
    """The candidate that a word of other tools stands for, else the one most like it."""
    known = list(candidates)
    synonym = synonyms.get(word.casefold())
    return synonym if synonym in known else closest(word, known)


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like ``word``, upper and lower case aside; None when none is near."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    near = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """A hint that names the closest candidate, or an empty text."""
    near = closest(word, candidates)
    return f'did you mean "{near}"?' if near else ""
