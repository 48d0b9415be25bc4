"""A mailer for played time: every email is really rendered, accepted, and thrown away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.model import Outcome, Playbook, SendEmail, Value
    from engine.ports import Templates
    from engine.scene import Scene

_KEY = "simulated"


@dataclass(slots=True)
class Postman:
    """A mailer that renders every email, says yes, and remembers which defaults were said."""

    playbook: Playbook
    templates: Templates
    sent: list[str] = field(default_factory=list)
    defaults: dict[str, tuple[Value, list[str]]] = field(default_factory=dict)

    def __call__(self, effect: SendEmail, scene: Scene) -> Outcome:
        """Render an email; what keeps it from being written holds the run."""
        from engine.model import Accepted, Unready
        from engine.runtime.letters import Letters

        letters = Letters(templates=self.templates, base_url="http://127.0.0.1:8000", secret_key=_KEY)
        message = letters.compose(effect, scene, self.playbook)
        if isinstance(message, Unready):
            return message
        self._remember(effect.template, scene)
        return Accepted(template=message.template, subject=message.subject)

    def _remember(self, name: str, scene: Scene) -> None:
        from engine.rendering import variables

        template = self.templates.find(name)
        self.sent.append(name)
        for variable in variables(template) if template else ():
            default = scene.value(variable.name)
            if default is not None and not scene.knows(variable.name):
                self.defaults.setdefault(variable.name, (default, []))[1].append(name)
