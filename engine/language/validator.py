"""The schema at work: whether a file has its shape, quickly; and where it has not, every error.

Two libraries share the work. One in machine code answers yes or no in some milliseconds; nearly every file is right,
so the one that explains errors, and takes a hundred times as long, is not even imported then. A test asks both about
every bad file there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Protocol, cast

import jsonschema_rs

from engine.language.schema import schema


class Error(Protocol):
    """What is used of jsonschema's ``ValidationError``, without its markers for what was never set."""

    absolute_path: Sequence[str | int]
    relative_schema_path: Sequence[str | int]
    schema_path: Sequence[str | int]
    validator: str
    validator_value: Any
    instance: Any
    schema: Any
    context: Sequence[Error]


def errors(data: Any, part: str = "") -> Iterable[Error]:
    """Every error of plain data, judged by the schema, or by one of its ``$defs``."""
    if _judge(part).is_valid(data):
        return ()
    return cast("Iterable[Error]", _explainer(part).iter_errors(data))


def _part(part: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{part}", "$defs": schema()["$defs"]} if part else schema()


@cache
def _judge(part: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_part(part))


@cache
def _explainer(part: str) -> Any:
    from jsonschema import Draft202012Validator, ValidationError, validators  # noqa: PLC0415 - a right file needs none

    def unique(_validator: Any, wanted: bool, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        """As jsonschema has it, but in one pass: each with each takes minutes in a file that is made for it."""
        if wanted and isinstance(instance, list) and len({repr(item) for item in instance}) < len(instance):
            yield ValidationError("an item stands twice")

    # jsonschema's own types say nothing here
    made: Any = validators.extend(Draft202012Validator, {"uniqueItems": unique})  # type: ignore[no-untyped-call]
    return made(_part(part))
