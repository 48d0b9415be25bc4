"""Which segment somebody is in and why, in a line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from server.cli.printing import bold, grey

if TYPE_CHECKING:
    from engine.model import Value, Vocabulary


def segment_line(words: Vocabulary, values: Mapping[str, Value], at: datetime, file: str) -> list[str]:
    """``segment CRITICAL, because red_systems = 2``, with the place of the rule; nothing without segments."""
    from engine.scene import segment_of
    from server.cli.reasons import because

    if not words.segments:
        return []
    found = segment_of(words, values, at)
    rule = found.rule
    text = (rule.condition.text if rule.condition else "otherwise") if rule else "otherwise: none"
    place = grey(f"        ({rule.file or file}:{rule.line}  {text})") if rule else ""
    if found.missing:
        return [f"{bold('no segment')}: {' and '.join(sorted(found.missing))} is unknown{place}"]
    if rule is None or rule.condition is None:
        return [f"segment {bold(found.segment or 'none')}, because no rule above takes this contact{place}"]
    reason = because(rule.condition, words, values, at)
    return [f"segment {bold(found.segment or 'none')}, because {reason}{place}"]
