"""The JSON Schema of a payload whose values stand at paths: objects inside objects, and items of lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.model import Part, Where

Schema = Mapping[str, Any]


@dataclass(slots=True)
class Nest:
    """One value of a payload while its schema is put together: what is known of it, and what stands inside."""

    required: bool = False
    schemas: list[Schema] = field(default_factory=list)
    names: dict[str, Nest] = field(default_factory=dict)
    places: dict[int, Nest] = field(default_factory=dict)
    items: dict[Where, Nest] = field(default_factory=dict)

    def add(self, parts: Sequence[Part], schema: Schema, *, required: bool) -> None:
        """Say what the value at the end of these parts is."""
        self.required = self.required or required
        if parts:
            self._inner(parts[0]).add(parts[1:], schema, required=required)
        else:
            self.schemas.append(schema)

    def _inner(self, part: Part) -> Nest:
        if isinstance(part, str):
            return self.names.setdefault(part, Nest())
        if isinstance(part, int):
            return self.places.setdefault(part, Nest())
        return self.items.setdefault(part, Nest())

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of this value. What need not be there may be anything else, and is then left out."""
        parts = [dict(schema) for schema in self.schemas]
        parts += [self._object()] if self.names else []
        parts += [self._array()] if self.places else []
        parts += [_item(where, nest) for where, nest in self.items.items()]
        return parts[0] if len(parts) == 1 else {"allOf": parts}

    def _object(self) -> dict[str, Any]:
        required = [name for name, nest in self.names.items() if nest.required]
        kind = {"type": "object", "required": required} if required else {}
        return {**kind, "properties": {name: nest.schema() for name, nest in self.names.items()}}

    def _array(self) -> dict[str, Any]:
        longest = max((place + 1 for place, nest in self.places.items() if nest.required), default=0)
        kind = {"type": "array", "minItems": longest} if longest else {}
        inner = [self.places[at].schema() if at in self.places else True for at in range(max(self.places) + 1)]
        return {**kind, "prefixItems": inner}


def _item(where: Where, nest: Nest) -> dict[str, Any]:
    """A list in which the item that says so is like this, and is there if it is required."""
    said: dict[str, Any] = {"const": where.text}
    for key in reversed(where.keys):
        said = {"type": "object", "required": [key], "properties": {key: said}}
    kind = {"type": "array", "contains": said} if nest.required else {}
    return {**kind, "items": {"if": said, "then": nest.schema()}}
