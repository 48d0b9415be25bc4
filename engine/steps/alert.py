"""alert: tell the team, with the contact's fields in the message. The run goes on at once."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Do, Move, RaiseAlert
from engine.rendering import render_message
from engine.scene import Scene
from engine.steps.kind import Reader, Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A message with ``{{ field }}`` places, and what stands around it."""

    message: str
    title: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    colour: str | None = None

    def move(self, scene: Scene) -> Move:
        """Fill in the message and hand it over. Many read it, so what is private stays out of it."""
        shown = scene.told
        message = render_message(self.message, shown)
        effect = RaiseAlert(
            message=message,
            title=render_message(self.title, shown) if self.title else None,
            fields=tuple((label, render_message(text, shown)) for label, text in self.fields),
            colour=self.colour,
        )
        return Do(effect, message)


def read(spec: Spec, reader: Reader) -> Alert:
    """The message; title, fields and colour where given."""
    return Alert(
        message=spec["alert"],
        title=spec.get("title"),
        fields=tuple((label, str(text)) for label, text in spec.get("fields", {}).items()),
        colour=spec.get("colour"),
    )


def target(spec: Spec) -> str:
    """Where the alert goes."""
    return str(spec.get("to", "discord"))
