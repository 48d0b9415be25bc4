"""One-line texts with fields in them: alerts and subjects written in ``sequences.yaml``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

from jinja2 import Template
from jinja2.runtime import Context

from engine.model import Value
from engine.rendering.grammar import Reading, read
from engine.rendering.places import Variable
from engine.rendering.sandbox import environment
from engine.rendering.values import FILTERS, Unknown, Unshowable, told, usable

UNKNOWN = "(unknown)"


def message_variables(text: str) -> tuple[Variable, ...]:
    """The names a message uses. Raises ``TemplateFlaw`` when it is written wrongly."""
    return read(text).variables


def render_message(text: str, values: Mapping[str, Value]) -> str:
    """A message with its values; it always goes out: what cannot be told is ``(unknown)``."""
    reading, template = _compiled(text)
    known: dict[str, object] = dict(values)
    for use in reading.variables:
        value = usable(values.get(use.name))
        known[use.name] = Unknown(use.name, {}) if value is None else value
    try:
        return template.render(known)
    except (TypeError, Unshowable):  # values that do not compare, a list with nothing in it
        return re.sub(r"\{[{%].*?[}%]\}", UNKNOWN, text)


@lru_cache(maxsize=512)
def _compiled(text: str) -> tuple[Reading, Template]:
    return read(text), _ALERTS.from_string(text)


def _shown(value: object) -> str:
    return UNKNOWN if isinstance(value, Unknown) else told(value)


def _forgiving(tell: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, but a value that it cannot tell is printed as it is."""

    @wraps(tell)  # which keeps Jinja's mark of a filter that takes the context
    def tell_or_pass(*arguments: Any) -> Any:
        try:
            return tell(*arguments)
        except Unshowable:
            return next(argument for argument in arguments if not isinstance(argument, Context))

    return tell_or_pass


_ALERTS = environment(_shown, {name: _forgiving(tell) for name, tell in FILTERS.items()})
