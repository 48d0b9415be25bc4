"""The composition root: from settings to a running system. The only place that knows every adapter."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.adapters.files import FileTemplates
from engine.adapters.git import commit_of
from engine.adapters.outbox import OutboxMailer
from engine.errors import LedgerUnavailable, SettingsError
from engine.model import Playbook, Vocabulary
from engine.pacing import Unpaced
from engine.ports import Alerts, Clock, Mailer, Mirror, Pace, Templates, Web
from engine.runtime.acceptor import Acceptor
from engine.runtime.adopting import Adopting
from engine.runtime.bell import POLL, Bell
from engine.runtime.calling import CallErrand, RecordedWeb
from engine.runtime.clock import Ids, SystemClock
from engine.runtime.commit import Commit
from engine.runtime.crew import Crew
from engine.runtime.current_mailer import CurrentMailer
from engine.runtime.jobs import MoveRuns, RunErrands, SendEmails
from engine.runtime.ledger import Ledger
from engine.runtime.letters import Letters
from engine.runtime.library import Library
from engine.runtime.mirroring import MirrorErrand, ReadBack
from engine.runtime.neighbours import neighbours
from engine.runtime.outbox import AlertErrand, Dispatcher, RecordedAlerts, telling
from engine.runtime.paces import Paces
from engine.runtime.presence import Presence
from engine.runtime.runner import Runner
from engine.runtime.settings import Settings
from engine.runtime.system import Closable, System
from engine.runtime.workers import Pool

THREADS = 2
"""Threads that move runs, and as many that send emails, in one process."""
CALLERS = 4
"""Threads that call web addresses: most of their time they wait for an answer."""
SECRET_NOTE = "secret key made on first use"  # noqa: S105 - the name of a note, no secret


@contextmanager
def running(settings: Settings, *, works: bool, make_key: bool = False, threads: int = THREADS) -> Iterator[System]:
    """A started system, stopped at the end of the block.

    ``works`` says whether it moves runs, with how many ``threads``; ``make_key`` whether a missing BUSOS_SECRET_KEY
    is made and kept in the ledger (``busos dev``) or refused.
    """
    system = build(settings, works=works, make_key=make_key, threads=threads)
    system.start()
    try:
        yield system
    finally:
        system.stop()


def build(settings: Settings, *, works: bool, make_key: bool = False, threads: int = THREADS) -> System:
    """Wire a system together without starting it."""
    ledger = Ledger.open(settings.database_url)
    try:
        _refuse_copy(ledger)
        settings = settings.with_secret_key(_secret_key(settings, ledger, make_key))
        return _build(settings, ledger, threads if works else 0)
    except BaseException:
        ledger.close()
        raise


def _build(settings: Settings, ledger: Ledger, threads: int) -> System:
    clock, ids, bell = SystemClock(), Ids(), Bell()
    shared = neighbours(settings, ledger, clock, bell)
    paces = Paces(shared.paces, clock, telling(ledger, clock, ids))
    notion = Notion(settings, ledger, clock, paces) if settings.notion_configured else None
    templates = templates_of(settings, notion)
    adopting = Adopting(ledger, clock, file=str(settings.file), commit=partial(commit_of, settings.file))
    library = Library(settings.file, templates, testing=settings.testing_mode, loaded=adopting)
    (mailer, pace), alerts = mailer_of(settings, paces), alerts_of(settings, paces)
    presence = Presence(ledger, shared.locks, clock, bell.ring)
    web = web_of(settings, mailer)
    parts = _Parts(settings, ledger, library, templates, notion, mailer, pace, alerts, web, clock, ids, bell, presence)
    return System(
        settings,
        ledger=ledger,
        library=library,
        acceptor=Acceptor(
            ledger,
            lambda: library.playbook,
            clock=clock,
            ids=ids,
            bell=bell,
            mirrored=notion is not None,
            secret_key=settings.secret_key or "",
        ),
        crew=parts.crew(threads, paces.ask_anew) if threads else None,
        neighbours=shared,
        clock=clock,
        bell=bell,
        closing=[part for part in (mailer, alerts, web, notion and notion.connection) if isinstance(part, Closable)],
    )


def _refuse_copy(ledger: Ledger) -> None:
    """Of two ledgers that are alike, one is worked on: the other is a backup, or was moved away."""
    with ledger.read() as tx:
        mark = tx.mark()
    if mark is not None:
        raise LedgerUnavailable(mark.told(ledger.place))


def _secret_key(settings: Settings, ledger: Ledger, make: bool) -> str:
    if settings.secret_key:
        return settings.secret_key
    if not make:
        hint = "write BUSOS_SECRET_KEY=… with 32 or more random characters into .env"
        raise SettingsError(f"BUSOS_SECRET_KEY is not set, and unsubscribe links need it: {hint}")
    with ledger.write() as tx:
        return tx.first_note(SECRET_NOTE, secrets.token_urlsafe(32))


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the pools are made of."""

    settings: Settings
    ledger: Ledger
    library: Library
    templates: Templates
    notion: Notion | None
    mailer: Mailer
    pace: Pace
    alerts: Alerts
    web: Web
    clock: Clock
    ids: Ids
    bell: Bell
    presence: Presence

    def crew(self, threads: int, begin: Callable[[], None]) -> Crew:
        """Runs, emails, alerts, and the mirror where there is one: each with its own threads, so none waits."""
        runner = self._runner()
        # without a vendor to wait for, two would only take the interpreter from each other, at a fifth more work
        movers = 1 if isinstance(self.mailer, OutboxMailer) else threads
        move: Pool[Any] = Pool("runs", MoveRuns(runner, self.bell, self._before()), self.bell, movers)
        # who waits for a turn looks again as soon as the vendor's window begins anew
        turn = lambda: self.pace.wait() or POLL  # noqa: E731
        post: Pool[Any] = Pool("emails", SendEmails(runner, self.bell), self.bell, threads, turn)
        alerts: Pool[Any] = Pool("alerts", self._errands(AlertErrand(self.alerts)), self.bell, threads=1)
        calls: Pool[Any] = Pool("calls", self._errands(self._calls()), self.bell, CALLERS)
        return Crew((move, post, alerts, calls, *self._mirror_pool()), self.presence, hurry=runner.stop, begin=begin)

    def _runner(self) -> Runner:
        mailer = CurrentMailer(self.mailer, self._playbook)
        letters = Letters(
            templates=self.templates, base_url=self.settings.base_url, secret_key=self.settings.secret_key or ""
        )
        commit = Commit(self.ledger, self.ids, mailer=mailer.name, mirrored=self.notion is not None)
        return Runner(
            self.ledger,
            self._playbook,
            letters,
            mailer,
            clock=self.clock,
            commit=commit,
            pace=self.pace,
            number=lambda: self.presence.number,
        )

    def _mirror_pool(self) -> Sequence[Pool[Any]]:
        if self.notion is None:
            return ()
        errand = MirrorErrand(self.ledger, self._mirror, self._playbook, self.clock)
        return (Pool("mirror", self._errands(errand), self.bell, threads=1),)

    def _before(self) -> Callable[[], None] | None:
        if self.notion is None:
            return None
        return ReadBack(self.ledger, self._mirror, self._playbook, self.clock).refresh

    def _errands(self, errand: Any) -> RunErrands:
        return RunErrands(Dispatcher(self.ledger, errand, self.clock, number=lambda: self.presence.number), self.bell)

    def _calls(self) -> CallErrand:
        return CallErrand(self.ledger, self.web, self._playbook, self.settings.http_secrets)

    def _playbook(self) -> Playbook:
        return self.library.playbook

    def _mirror(self) -> Mirror:
        if self.notion is None:
            raise SettingsError("no mirror is configured")
        return self.notion.mirror(self.library.playbook.vocabulary)


# -- Which adapter ----------------------------------------------------------------------------


def mailer_of(settings: Settings, paces: Paces) -> tuple[Mailer, Pace]:
    """Resend where its key is set, else SMTP where its URL is, else the outbox: nothing is sent. With its pace."""
    if settings.resend_api_key:
        from engine.adapters.resend import BEGIN, ResendMailer

        url = settings.resend_api_url or "https://api.resend.com"
        pace = paces.of("resend", "Resend", url + settings.resend_api_key, BEGIN)
        return ResendMailer(settings.resend_api_key, url, pace=pace), pace
    if settings.smtp_url:
        from engine.adapters.smtp import SmtpMailer

        pace = paces.of("smtp", "the mail server", settings.smtp_url)
        return SmtpMailer(settings.smtp_url, pace=pace), pace
    return OutboxMailer(), Unpaced()


def alerts_of(settings: Settings, paces: Paces) -> Alerts:
    """Discord where its URL is set; else alerts are recorded and shown."""
    if settings.discord_webhook_url is None:
        return RecordedAlerts()
    from engine.adapters.discord import BEGIN, DiscordAlerts

    pace = paces.of("discord", "Discord", settings.discord_webhook_url, BEGIN, quiet=True)
    return DiscordAlerts(settings.discord_webhook_url, pace=pace)


def web_of(settings: Settings, mailer: Mailer) -> Web:
    """Calls whom the settings allow to be called. Where nobody is allowed and no email goes out, calls are recorded."""
    if not settings.http_allow and isinstance(mailer, OutboxMailer):
        return RecordedWeb()
    from engine.adapters.http import HttpWeb

    return HttpWeb(settings.http_allow)


def templates_of(settings: Settings, notion: Notion | None = None) -> Templates:
    """``templates/`` beside the file, behind Notion where that is configured."""
    files = FileTemplates(settings.file.parent / "templates")
    return notion.templates(files) if notion else files


class Notion:
    """The Notion side of a system: one connection, so that one pace holds for all of it."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock, paces: Paces) -> None:
        from engine.adapters.notion import BEGIN, NOTION_URL, Connection

        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        token, url = settings.notion_token or "", settings.notion_api_url or NOTION_URL
        pace = paces.of("notion", "Notion", url + token, BEGIN)
        self.connection = Connection(token, url, settings.notion_version, pace=pace)
        self._mirror: tuple[Vocabulary, Mirror] | None = None

    def templates(self, fallback: Templates) -> Templates:
        """Templates from Notion; from the ledger's copy while Notion is away, else from ``fallback``."""
        from engine.adapters.notion import NotionTemplates
        from engine.runtime.kept_templates import KeptTemplates

        database = self._settings.notion_templates_db_id or ""
        store = KeptTemplates(self._ledger, self._clock, database)
        return NotionTemplates(self.connection, database, fallback, clock=self._clock, store=store)

    def mirror(self, vocabulary: Vocabulary) -> Mirror:
        """The mirror of these fields; another one after the file has been reloaded."""
        if self._mirror is None or self._mirror[0] is not vocabulary:
            from engine.adapters.notion import NotionMirror

            database = self._settings.notion_contacts_db_id or ""
            self._mirror = (vocabulary, NotionMirror(self.connection, database, vocabulary.fields))
        return self._mirror[1]
