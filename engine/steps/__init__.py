"""The verbs of the language, a file each: the listing of this folder is the list of verbs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import cast

from engine.steps.kind import Kind, Spec

WAIT = "wait"


@cache
def kinds() -> Mapping[str, Kind]:
    """Every verb by its word. ``wait`` is none of them: it is the gap before the next step."""
    names = sorted(module.name for module in iter_modules(__path__) if module.name not in {"kind", WAIT})
    return MappingProxyType({name: cast("Kind", import_module(f"{__name__}.{name}")) for name in names})


def verb_of(spec: Spec) -> str | None:
    """The verb a step is written with, or None when it has none."""
    return next((word for word in spec if word == WAIT or word in kinds()), None)


def default_id(spec: Spec) -> str | None:
    """The id of a step whose author gave none; None where one must be given (an email chosen by segment)."""
    verb = verb_of(spec)
    if verb is None or verb == WAIT:
        return None
    target = kinds()[verb].target(spec)
    if verb == "email":
        return target or None
    return f"{verb} {target}".strip()
