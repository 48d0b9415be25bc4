"""The composition root: from settings to a running system. The only place that knows every adapter."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engine.adapters.files import FileTemplates
from engine.adapters.guard import GuardedMailer
from engine.adapters.outbox import OutboxMailer
from engine.errors import SettingsError
from engine.model import Playbook, TemplateText, Vocabulary
from engine.ports import Alerts, Clock, Delivery, Mailer, Message, Mirror, Templates
from engine.runtime.acceptor import Acceptor
from engine.runtime.bell import Bell
from engine.runtime.clock import Ids, SystemClock
from engine.runtime.commit import Commit
from engine.runtime.jobs import MoveRuns, RunErrands
from engine.runtime.ledger import Ledger
from engine.runtime.letters import Letters
from engine.runtime.library import Library
from engine.runtime.mirroring import MirrorErrand, ReadBack
from engine.runtime.outbox import AlertErrand, Dispatcher, RecordedAlerts
from engine.runtime.runner import Runner
from engine.runtime.settings import Settings
from engine.runtime.system import Closable, System
from engine.runtime.workers import Pool

SECRET_NOTE = "secret key made on first use"  # noqa: S105 - the name of a note, no secret


@contextmanager
def running(settings: Settings, *, works: bool, make_key: bool = False) -> Iterator[System]:
    """A started system, stopped at the end of the block.

    ``works`` says whether it moves runs, ``make_key`` whether a missing BUSOS_SECRET_KEY is made and kept
    in the ledger (``busos dev``) or refused.
    """
    system = build(settings, works=works, make_key=make_key)
    system.start()
    try:
        yield system
    finally:
        system.stop()


def build(settings: Settings, *, works: bool, make_key: bool = False) -> System:
    """Wire a system together without starting it."""
    ledger = Ledger.open(settings.database_url)
    try:
        return _build(settings.with_secret_key(_secret_key(settings, ledger, make_key)), ledger, works)
    except BaseException:
        ledger.close()
        raise


def _build(settings: Settings, ledger: Ledger, works: bool) -> System:
    clock, ids, bell = SystemClock(), Ids(), Bell()
    notion = Notion(settings, ledger, clock) if settings.notion_configured else None
    templates = templates_of(settings, notion)
    library = Library(settings.file, templates, testing=settings.testing_mode, loaded=_keep_revision(ledger, clock))
    mailer, alerts = mailer_of(settings), alerts_of(settings)
    parts = _Parts(settings, ledger, library, templates, notion, mailer, alerts, clock, ids, bell)
    return System(
        settings,
        ledger=ledger,
        library=library,
        acceptor=Acceptor(
            ledger, lambda: library.playbook, clock=clock, ids=ids, bell=bell, mirrored=notion is not None
        ),
        pools=parts.pools() if works else (),
        clock=clock,
        bell=bell,
        closing=[part for part in (mailer, alerts, notion and notion.connection) if isinstance(part, Closable)],
    )


def _secret_key(settings: Settings, ledger: Ledger, make: bool) -> str:
    if settings.secret_key:
        return settings.secret_key
    if not make:
        hint = "write BUSOS_SECRET_KEY=… with 32 or more random characters into .env"
        raise SettingsError(f"BUSOS_SECRET_KEY is not set, and unsubscribe links need it: {hint}")
    with ledger.write() as tx:
        key = tx.note(SECRET_NOTE) or secrets.token_urlsafe(32)
        tx.put_note(SECRET_NOTE, key)
    return key


def _keep_revision(ledger: Ledger, clock: Clock) -> Callable[[Playbook, str], None]:
    def keep(playbook: Playbook, text: str) -> None:
        with ledger.write() as tx:
            tx.put_revision(playbook.revision, text, clock.now())

    return keep


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the pools are made of."""

    settings: Settings
    ledger: Ledger
    library: Library
    templates: Templates
    notion: Notion | None
    mailer: Mailer
    alerts: Alerts
    clock: Clock
    ids: Ids
    bell: Bell

    def pools(self) -> Sequence[Pool[Any]]:
        """Runs, alerts, and the mirror where there is one: each with its own threads, so none waits for another."""
        move: Pool[Any] = Pool("runs", MoveRuns(self._runner(), self.bell, self._before()), self.bell, threads=2)
        alerts: Pool[Any] = Pool("alerts", self._errands(AlertErrand(self.alerts)), self.bell, threads=1)
        return (move, alerts, *self._mirror_pool())

    def _runner(self) -> Runner:
        mailer = CurrentMailer(self.mailer, self._playbook)
        letters = Letters(
            templates=self.templates, base_url=self.settings.base_url, secret_key=self.settings.secret_key or ""
        )
        commit = Commit(self.ledger, self.ids, mailer=mailer.name, mirrored=self.notion is not None)
        return Runner(self.ledger, self._playbook, letters, mailer, clock=self.clock, commit=commit)

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
        return RunErrands(Dispatcher(self.ledger, errand, self.clock))

    def _playbook(self) -> Playbook:
        return self.library.playbook

    def _mirror(self) -> Mirror:
        if self.notion is None:
            raise SettingsError("no mirror is configured")
        return self.notion.mirror(self.library.playbook.vocabulary)


# -- Which adapter ----------------------------------------------------------------------------


def mailer_of(settings: Settings) -> Mailer:
    """Resend where its key is set, else SMTP where its URL is, else the outbox: nothing is sent."""
    if settings.resend_api_key:
        from engine.adapters.resend import ResendMailer

        return ResendMailer(settings.resend_api_key, settings.resend_api_url or "https://api.resend.com")
    if settings.smtp_url:
        from engine.adapters.smtp import SmtpMailer

        return SmtpMailer(settings.smtp_url)
    return OutboxMailer()


def alerts_of(settings: Settings) -> Alerts:
    """Discord where its URL is set; else alerts are recorded and shown."""
    if settings.discord_webhook_url is None:
        return RecordedAlerts()
    from engine.adapters.discord import DiscordAlerts

    return DiscordAlerts(settings.discord_webhook_url)


def templates_of(settings: Settings, notion: Notion | None = None) -> Templates:
    """``templates/`` beside the file, behind Notion where that is configured."""
    files = FileTemplates(settings.file.parent / "templates")
    return notion.templates(files) if notion else files


class CurrentMailer:
    """The mailer; in testing mode behind the allow-list of the file as it is now (none: nobody gets an email)."""

    def __init__(self, inner: Mailer, playbook: Callable[[], Playbook]) -> None:
        self.name = inner.name
        self.batch = inner.batch
        self._inner = inner
        self._playbook = playbook

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """Send, or keep what testing mode holds back."""
        playbook = self._playbook()
        guarded = playbook.testing and not isinstance(self._inner, OutboxMailer)
        mailer = GuardedMailer(self._inner, playbook.send_only_to) if guarded else self._inner
        return mailer.send(messages)


class Notion:
    """The Notion side of a system: one connection, so that one pace holds for all of it."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock) -> None:
        from engine.adapters.notion import NOTION_URL, Connection

        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self.connection = Connection(
            settings.notion_token or "", settings.notion_api_url or NOTION_URL, settings.notion_version
        )
        self._mirror: tuple[Vocabulary, Mirror] | None = None

    def templates(self, fallback: Templates) -> Templates:
        """Templates from Notion; from the ledger's copy while Notion is away, else from ``fallback``."""
        from engine.adapters.notion import NotionTemplates

        database = self._settings.notion_templates_db_id or ""
        store = KeptTemplates(self._ledger, self._clock)
        return NotionTemplates(self.connection, database, fallback, clock=self._clock, store=store)

    def mirror(self, vocabulary: Vocabulary) -> Mirror:
        """The mirror of these fields; another one after the file has been reloaded."""
        if self._mirror is None or self._mirror[0] is not vocabulary:
            from engine.adapters.notion import NotionMirror

            database = self._settings.notion_contacts_db_id or ""
            self._mirror = (vocabulary, NotionMirror(self.connection, database, vocabulary.fields))
        return self._mirror[1]


class KeptTemplates:
    """The last templates that Notion gave, in the ledger."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def load(self) -> Sequence[TemplateText]:
        """What was saved last."""
        with self._ledger.read() as tx:
            return [one.template for one in tx.templates().values()]

    def save(self, templates: Sequence[TemplateText]) -> None:
        """Keep these and no others."""
        with self._ledger.write() as tx:
            gone = set(tx.templates()) - {template.name for template in templates}
            tx.drop_templates(gone)
            tx.put_templates(templates, self._clock.now())
