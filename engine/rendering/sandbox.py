"""The Jinja environments: sandboxed, without globals, with our filters and tests only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.rendering.values import FILTERS, TESTS, in_html, in_text, link_part, whole_link


def environment(
    shown: Callable[[object], str], filters: Mapping[str, Callable[..., Any]], *, autoescape: bool = False
) -> ImmutableSandboxedEnvironment:
    """An environment that prints through ``shown`` and knows nothing but these filters."""
    env = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=autoescape, finalize=shown, keep_trailing_newline=True
    )
    env.globals.clear()
    env.filters = dict(filters)
    env.tests = dict(TESTS)
    return env


_WITH_LINKS = {**FILTERS, "whole_link": whole_link, "link_part": link_part}
"""The link filters are put in by us, in addresses; ``grammar`` does not let authors write them."""

HTML = environment(in_html, _WITH_LINKS, autoescape=True)
TEXT = environment(in_text, _WITH_LINKS)
