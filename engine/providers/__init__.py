"""Who else may send a trigger's payloads, a file each: how they prove who they are, and where their values stand.

The listing of this folder is the list of providers; a file is all there is to adding one. Everything here is pure:
headers, bytes, secret and clock come in, a reason for a refusal or a path goes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import cast

from engine.providers.kind import Headers, Provider

__all__ = ["Headers", "Provider", "providers"]


@cache
def providers() -> Mapping[str, Provider]:
    """Every provider by the word that stands after ``from:``."""
    names = sorted(module.name for module in iter_modules(__path__) if module.name != "kind")
    found = [cast("Provider", import_module(f"{__name__}.{name}")) for name in names]
    return MappingProxyType({one.NAME: one for one in found})
