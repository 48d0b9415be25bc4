"""Judges values against what the vendors publish: the OpenAPI and JSON Schema files of ../shared/contracts."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator
from jsonschema.exceptions import ValidationError, relevance
from referencing import Registry
from referencing.jsonschema import DRAFT7, DRAFT202012

BEGINNING, END = 160, 120
"""Characters of a complaint: jsonschema repeats the whole value that it refuses, and then says why."""


def folder() -> Path | None:
    """Where the contracts are: BUSOS_CONTRACTS, or ../shared/contracts beside the checkout. None: nowhere."""
    named = os.environ.get("BUSOS_CONTRACTS")
    place = Path(named) if named else Path(__file__).parents[3] / "shared" / "contracts"
    return place if place.is_dir() else None


class Contract:
    """One published file. Where it is missing, ``judges`` is False and nothing is ever found wrong."""

    def __init__(self, file: str) -> None:
        self.file = file
        place = folder()
        path = place / file if place else None
        self.document: dict[str, Any] | None = load(path) if path and path.is_file() else None
        self._validators: dict[str, Draft7Validator | Draft202012Validator] = {}

    @property
    def judges(self) -> bool:
        """Whether the file was found."""
        return self.document is not None

    def problems(self, pointer: str, value: Any) -> list[str]:
        """What is wrong with a value, by the schema at a JSON pointer such as ``#/components/schemas/Tag``."""
        if self.document is None:
            return []
        if pointer not in self._validators:
            self._validators[pointer] = validator(self.document, pointer)
        errors = self._validators[pointer].iter_errors(value)
        return [sentence(deepest(error)) for error in errors]


@cache
def load(path: Path) -> dict[str, Any]:
    """The parsed file, read once in a process."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def validator(document: dict[str, Any], pointer: str) -> Draft7Validator | Draft202012Validator:
    """A validator for one part of a document; OpenAPI 3.1 speaks JSON Schema 2020-12."""
    old = "draft-07" in document.get("$schema", "")
    resource = (DRAFT7 if old else DRAFT202012).create_resource(document)
    registry = Registry().with_resource("contract:file", resource)
    schema = {"$ref": f"contract:file{pointer}"}
    if old:
        return Draft7Validator(schema, registry=registry)
    return Draft202012Validator(schema, registry=registry)


def deepest(error: ValidationError) -> ValidationError:
    """Of an ``anyOf`` or ``oneOf`` that nothing matched, the branch that came closest."""
    while error.context:
        error = min(error.context, key=relevance)
    return error


def sentence(error: ValidationError) -> str:
    """Where, and what is wrong there."""
    said = error.message
    if len(said) > BEGINNING + END:
        said = f"{said[:BEGINNING]} … {said[-END:]}"
    return f"{error.json_path}: {said}"
