"""split: put contacts into groups by chance, and save which; the same contact is always in the same group.

The chance is a hash of the address and of the field in which the group is saved. So it is the same on every machine,
and two splits know nothing of each other. Who has a group keeps it, also when the percentages are changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

from engine.model import Do, Move, Next, SaveValues
from engine.scene import Scene
from engine.steps.kind import Reader, Spec


@dataclass(frozen=True, slots=True)
class Split:
    """The field, and each group with the share at which it ends: of 1, added up from the top."""

    field: str
    groups: tuple[tuple[str, Decimal], ...]

    def move(self, scene: Scene) -> Move:
        """Save the contact's group, unless it has one already."""
        known = scene.value(self.field) if scene.knows(self.field) else None
        if known in dict(self.groups):
            return Next(f"{self.field} = {known}, as before")
        name = self._name(chance(scene.contact.email, self.field))
        return Do(SaveValues({self.field: name}), f"{self.field} = {name}")

    def _name(self, share: Decimal) -> str:
        return next(name for name, end in self.groups if share < end)


def chance(address: str, name: str) -> Decimal:
    """From 0 to below 1: the same whenever it is asked, however the address is capitalised."""
    digest = sha256(f"{name}\n{address.strip().casefold()}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8], "big")) / (1 << 64)


def read(spec: Spec, reader: Reader) -> Split:
    """A mapping from group to percentage."""
    end, groups = Decimal(0), []
    for name, share in spec["split"].items():
        end += Decimal(share.removesuffix("%")) / 100
        groups.append((name, end))
    return Split(spec["save_as"], tuple(groups))


def target(spec: Spec) -> str:
    """The field in which the group is saved."""
    return str(spec.get("save_as", ""))
