"""email: ask the mailer for one email, by its template's name or chosen by segment."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model import Do, Finish, Move, Next, RunStatus, SendEmail
from engine.scene import Scene
from engine.steps.kind import Reader, Spec

OTHERWISE = "otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """One template for everybody (``otherwise``), or one for each segment."""

    by_segment: tuple[tuple[str, str], ...] = ()
    otherwise: str | None = None
    subject: str | None = None
    sender: str | None = None
    reply_to: str | None = None
    to: str | None = None
    transactional: bool = False

    def move(self, scene: Scene) -> Move:
        """Ask for the email; hold when the segment that chooses it is unknown."""
        run = scene.run
        if refusal := scene.contact.refuses(run.program, transactional=self.transactional, since=run.started_at):
            return Next(f"not sent: {refusal}")
        template = dict(self.by_segment).get(run.segment or "", self.otherwise)
        if template is None:
            return Finish(RunStatus.HELD, scene.missing_for_segment())
        return Do(
            SendEmail(
                step=run.step or "",
                template=template,
                subject=self.subject,
                sender=self.sender,
                reply_to=self.reply_to,
                to=self.to,
                transactional=self.transactional,
            )
        )


def read(spec: Spec, reader: Reader) -> Email:
    """A name, or a map from segment to name."""
    named = spec["email"]
    choices = {OTHERWISE: named} if isinstance(named, str) else dict(named)
    otherwise = choices.pop(OTHERWISE, None)
    return Email(
        by_segment=tuple(choices.items()),
        otherwise=otherwise,
        subject=spec.get("subject"),
        sender=spec.get("from"),
        reply_to=spec.get("reply_to"),
        to=spec.get("to"),
        transactional=spec.get("transactional", False),
    )


def target(spec: Spec) -> str:
    """An email's id is its template's name; a map has none of its own."""
    return spec["email"] if isinstance(spec["email"], str) else ""
