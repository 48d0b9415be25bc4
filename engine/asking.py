"""What a run waits for: emails and calls that it has asked for, and what their outcomes make of it."""

from __future__ import annotations

from datetime import timedelta

from engine.courtesy import held_back, reasons
from engine.look import Look
from engine.model import (
    Accepted,
    CallWeb,
    IfItFails,
    RaiseAlert,
    Replied,
    Retry,
    RunStatus,
    SaveValues,
    SendEmail,
    Step,
    written,
)
from engine.patience import (
    KEY_MEMORY,
    LOOK_AGAIN,
    LOOK_AGAIN_AT_TROUBLE,
    MOST_TRIES,
    SHORTEST_RETRY,
    WORRYING_TRIES,
    backoff,
)
from engine.scene import masked

UNSURE = "it is not known whether this email was sent"


class Asking(Look):
    """A run that asks the world for something, or has an answer. Where it goes from there is not said here."""

    # Emails

    def _ask(self, email: SendEmail) -> None:
        """Ask for an email, unless it may be out already and its key has been forgotten by now."""
        run = self.run
        open_try = run.in_doubt or run.status is RunStatus.SENDING
        first = run.asked_at if open_try and run.asked_at else self.now
        if run.in_doubt and self.now - first > KEY_MEMORY:
            self._unsure(run.reason)
            return
        self.effects.append(email)
        self.run = run.evolve(status=RunStatus.SENDING, due_at=self.now, asked_at=first)

    def _held_back(self, step: Step, email: SendEmail) -> bool:
        """Whether the person is left in peace for now. What may be out already, or is not for them, goes on.

        An email that has troubles of its own keeps them as its reason: told again every morning, they would be noise.
        """
        if email.transactional or email.to is not None or self.run.in_doubt:
            return False
        found = held_back(self._scene())
        if found is None:
            self.run = self.run.evolve(reason=None) if self.run.reason in reasons(self.program) else self.run
            return False
        until, why = found
        told = self.run.reason
        self.run = self.run.evolve(status=RunStatus.WAITING, due_at=until, asked_at=None, reason=told or why)
        if not told:
            self._tell(step.id, "wait", why, until=until)
        return True

    def _unsure(self, why: str | None) -> None:
        told = why if why and why.startswith(UNSURE) else f"{UNSURE}: {why}" if why else UNSURE
        self.end(RunStatus.HELD, told)

    def _accepted(self, answer: Accepted) -> None:
        step = self.run.step
        found, moved = self.program.find(step), self.program.moved.get(step or "")
        self._tell(
            step,
            "email",
            f"sent on try {self.run.attempt + 1}" if self.run.attempt else "sent",
            template=answer.template,
            subject=answer.subject,
            provider_id=answer.provider_id,
            attempts=self.run.attempt + 1,
        )
        if found:
            self._show_sent(found, self.now)
        self._stand(found.then if found else moved.to if moved else None)

    def _retry(self, answer: Retry) -> None:
        counted = self.run.attempt if answer.vendor_wide else self.run.attempt + 1
        run = self.run.evolve(attempt=counted, in_doubt=self.run.in_doubt or answer.uncertain)
        self.run = run
        first = run.asked_at or self.now
        if run.in_doubt and self.now - first > KEY_MEMORY:
            self._unsure(answer.reason)
        elif answer.vendor_wide:
            self._await_vendor(answer)
        elif run.attempt >= MOST_TRIES:
            self.end(RunStatus.HELD, f"given up after {run.attempt} tries: {answer.reason}")
            self.run = self.run.evolve(due_at=self.now + LOOK_AGAIN_AT_TROUBLE)
        else:
            self._try_later(answer)

    def _await_vendor(self, answer: Retry) -> None:
        """Nobody gets through: the email keeps its place among those that wait, and says why once."""
        told = self.run.reason == answer.reason
        again = self.now + max(timedelta(seconds=answer.after or 0), SHORTEST_RETRY)
        self.run = self.run.evolve(due_at=again, reason=answer.reason)
        if not told:
            self._tell(self.run.step, "retry", f"waits: {answer.reason}", error=answer.reason)

    def _try_later(self, answer: Retry) -> None:
        run = self.run
        again = self.now + backoff(run, answer.after)
        self.run = run.evolve(due_at=again, reason=answer.reason)
        if run.attempt & (run.attempt - 1) == 0:  # 1, 2, 4, 8 …: the story stays readable however long it takes
            self._tell(run.step, "retry", answer.reason, until=again, attempts=run.attempt, error=answer.reason)
        if run.attempt == WORRYING_TRIES:
            message = f"emails of {self.program.name} have to wait: {answer.reason}"
            self.effects.append(RaiseAlert(message=message, topic=f"waiting {answer.reason}", colour="orange"))

    def _refused(self, reason: str) -> None:
        self.run = self.run.evolve(attempt=self.run.attempt + 1)
        step = self.program.find(self.run.step)
        policy = step.if_it_fails if step else IfItFails.HOLD
        if step is None or policy is IfItFails.HOLD:
            self.end(RunStatus.HELD, reason)
        elif policy is IfItFails.STOP:
            self.end(RunStatus.FAILED, reason)
        else:
            self._tell(step.id, step.kind, f"failed, going on: {reason}", error=reason)
            self._stand(step.then)

    # Calls

    def _call(self, call: CallWeb) -> None:
        """Ask for a call. While it is out it is the same one; whoever was held here makes a new one."""
        self.effects.append(call)
        first = self.run.asked_at if self.run.status is RunStatus.CALLING else None
        self.run = self.run.evolve(
            status=RunStatus.CALLING, due_at=self.now + LOOK_AGAIN, asked_at=first or self.now, in_doubt=False
        )

    def _replied(self, answer: Replied) -> None:
        step = self.program.find(self.run.step)
        if step is None:
            self.run = self.run.evolve(status=RunStatus.READY)
            return
        words = self.program.vocabulary
        told = [f"{name} = {written(value)}" for name, value in masked(words, answer.values).items()]
        if answer.values:
            saved = SaveValues(answer.values)
            self.effects.append(saved)
            self._save(saved)
        self._tell(step.id, step.kind, ", ".join([answer.told, *told]))
        self._stand(step.then)

    def _await_reply(self, answer: Retry) -> None:
        """It goes on being tried; the team hears of it once for each reason."""
        told = self.run.reason == answer.reason
        self.run = self.run.evolve(due_at=self.now + LOOK_AGAIN, reason=answer.reason)
        if not told:
            self._tell(self.run.step, "retry", f"waits: {answer.reason}", error=answer.reason)
            self._raise(f"calls of {self.program.name} have to wait: {answer.reason}")
