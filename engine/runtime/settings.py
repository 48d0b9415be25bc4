"""Every setting of busos: its name, default and meaning in one list, read from the environment and ``.env``.

``SETTINGS`` is the one source: the documentation, ``busos doctor`` and ``Settings.load`` all read it. A setting that is
set to nothing counts as not set, as in a compose file. Every wrong one is named at once, never with a secret's value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from engine.errors import SettingsError
from engine.providers import providers
from engine.runtime import readings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as people see it. ``default`` is text for people when no value can be written for it."""

    name: str
    default: str
    meaning: str
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("BUSOS_FILE", "sequences.yaml", "the file to run, or the folder of the sequences.yaml to run"),
    Setting("BUSOS_DATABASE_URL", "sqlite:///busos.db", "the ledger: sqlite:///PATH or postgresql://…", secret=True),
    Setting(
        "BUSOS_QUEUE_URL",
        "the ledger",
        "where workers are woken from: the ledger itself, or redis://… beside it (the ledger stays the truth)",
        secret=True,
    ),
    Setting("BUSOS_BASE_URL", "http://127.0.0.1:8000", "the public address, used in unsubscribe links"),
    Setting(
        "BUSOS_SECRET_KEY",
        "made on first use in dev, required otherwise",
        "signs unsubscribe links and dashboard sessions",
        secret=True,
    ),
    Setting(
        "BUSOS_ADMIN_PASSWORD",
        "none: dashboard only on loopback",
        "the password of the dashboard and /api (the user is busos)",
        secret=True,
    ),
    Setting(
        "BUSOS_WEBHOOK_SECRET",
        "none",
        "when set, webhooks must carry a Standard Webhooks signature or an Authorization: Bearer key",
        secret=True,
    ),
    Setting(
        "BUSOS_WEBHOOK_SECRET_NAME",
        "none: that of all",
        "the secret of one trigger, with its own name for NAME: signup has BUSOS_WEBHOOK_SECRET_SIGNUP",
        secret=True,
    ),
    *(
        Setting(
            one.SETTING,
            "none",
            f"the signing secret of {one.TITLE}'s webhooks; without it, triggers with from: {one.NAME} let nobody in",
            secret=True,
        )
        for one in providers().values()
    ),
    Setting(
        "BUSOS_HTTP_ALLOW",
        "none: nobody is called",
        "whom http steps may call: public (every host of the public internet), or names, addresses and networks, with "
        "commas between; addresses that are not public must be named",
    ),
    Setting(
        "HTTP_SECRET_NAME",
        "none",
        "a secret that http steps send in a header, with its own name for NAME: secret: CRM is HTTP_SECRET_CRM",
        secret=True,
    ),
    Setting("BUSOS_CORS_ORIGINS", "none", "comma-separated origins allowed to post from a browser"),
    Setting("BUSOS_RATE_LIMIT", "none", "webhooks that one client address may send in a minute; more are answered 429"),
    Setting(
        "BUSOS_ADDRESS_LIMIT",
        "none",
        "webhooks that may name one email address in an hour, whoever sends them; more are answered 429",
    ),
    Setting(
        "BUSOS_KEEP_FINISHED",
        "never deletes",
        "how long the story and the emails of a run are kept after its end, such as 400 days",
    ),
    Setting(
        "BUSOS_ASK_ABOVE",
        "100",
        "busos runs asks before it makes more emails than this due within 10 minutes, and for how to catch up",
    ),
    Setting(
        "BUSOS_HOLD_OVERDUE",
        "1 day",
        "after a downtime, or with an old backup, what is overdue for longer is paused until somebody resumes it; "
        "never: send it all the same",
    ),
    Setting("TESTING_MODE", "false", "true: each wait uses its testing duration (default 1 minute)"),
    Setting(
        "NOTION_TOKEN",
        "none",
        "with both database ids: contacts are mirrored to Notion and templates read from it",
        secret=True,
    ),
    Setting("NOTION_CONTACTS_DB_ID", "none", "the Notion database of the contacts"),
    Setting("NOTION_TEMPLATES_DB_ID", "none", "the Notion database of the email templates"),
    Setting("RESEND_API_KEY", "none", "when set, email goes out through Resend", secret=True),
    Setting("RESEND_WEBHOOK_SECRET", "none", "verifies delivery events at /webhook/resend", secret=True),
    Setting(
        "SMTP_URL",
        "none",
        "smtp://user:pass@host:587 or smtps://…; used when Resend is not",
        secret=True,
    ),
    Setting(
        "DISCORD_WEBHOOK_URL",
        "none",
        "where alerts go; unset: an alert is recorded and shown, not sent",
        secret=True,
    ),
    Setting("NOTION_API_URL", "Notion's own", "base URL of Notion: point it at a stand-in for tests"),
    Setting("NOTION_VERSION", "2025-09-03", "the Notion-Version that is spoken: 2025-09-03 or 2022-06-28"),
    Setting("RESEND_API_URL", "Resend's own", "base URL of Resend: point it at a stand-in for tests"),
)

HTTP_SECRET = "HTTP_SECRET_"  # noqa: S105 - the beginning of a name
"""The secret CRM of an http step is HTTP_SECRET_CRM: a file can ask for these, and for nothing else in there."""
TRIGGER_SECRET = "BUSOS_WEBHOOK_SECRET_"  # noqa: S105 - the beginning of a name
"""The secret of the trigger signup is BUSOS_WEBHOOK_SECRET_SIGNUP."""
_NOTION = ("NOTION_TOKEN", "NOTION_CONTACTS_DB_ID", "NOTION_TEMPLATES_DB_ID")


def _secret() -> Any:
    return field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, checked. None is "not set"; secrets do not show in ``repr``."""

    file: Path = Path("sequences.yaml")
    database_url: str = field(default="sqlite:///busos.db", repr=False)
    queue_url: str | None = _secret()
    base_url: str = "http://127.0.0.1:8000"
    secret_key: str | None = _secret()
    admin_password: str | None = _secret()
    webhook_secret: str | None = _secret()
    trigger_secrets: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    provider_secrets: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    http_allow: tuple[str, ...] = ()
    http_secrets: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    cors_origins: tuple[str, ...] = ()
    rate_limit: int | None = None
    address_limit: int | None = None
    keep_finished: timedelta | None = None
    ask_above: int = 100
    hold_overdue: timedelta | None = timedelta(days=1)
    testing_mode: bool = False
    notion_token: str | None = _secret()
    notion_contacts_db_id: str | None = None
    notion_templates_db_id: str | None = None
    resend_api_key: str | None = _secret()
    resend_webhook_secret: str | None = _secret()
    smtp_url: str | None = _secret()
    discord_webhook_url: str | None = _secret()
    notion_api_url: str | None = None
    notion_version: str = "2025-09-03"
    resend_api_url: str | None = None

    @classmethod
    def load(cls, environ: Mapping[str, str], cwd: Path, file: str | Path | None = None) -> Settings:
        """Read the environment and the ``.env`` beside the file; ``file`` (from the command line) wins over BUSOS_FILE.

        Raises SettingsError with a line for each wrong setting.
        """
        chosen = chosen_file(environ, cwd, file)
        found = environment(environ, chosen)
        values: dict[str, Any] = {"file": chosen}
        wrong: list[str] = []
        secrets = {one.NAME: found.get(one.SETTING, "").strip() for one in providers().values()}
        values["provider_secrets"] = {name: secret for name, secret in secrets.items() if secret}
        values["http_secrets"] = _beginning(HTTP_SECRET, found)
        values["trigger_secrets"] = _beginning(TRIGGER_SECRET, found)
        for member in (one for one in fields(cls)[1:] if one.name not in values):
            name = setting_name(member.name)
            if text := found.get(name, "").strip():
                try:
                    values[member.name] = _READERS.get(name, str)(text)
                except ValueError as error:
                    wrong.append(f"{name} {error}")
        wrong += _wrong_secrets(values["trigger_secrets"])
        wrong += _incomplete_notion(found)
        if wrong:
            raise SettingsError("\n".join(wrong))
        return cls(**values)

    def webhook_secret_of(self, trigger: str) -> str | None:
        """What whoever calls a trigger must know; None where anybody may."""
        return self.trigger_secrets.get(trigger.upper(), self.webhook_secret)

    def secret_name_of(self, trigger: str) -> str | None:
        """The setting that holds the secret of a trigger's callers; None where there is none."""
        if trigger.upper() in self.trigger_secrets:
            return TRIGGER_SECRET + trigger.upper()
        return TRIGGER_SECRET.removesuffix("_") if self.webhook_secret else None

    def with_secret_key(self, key: str) -> Settings:
        """The same settings with the key that was made on first use."""
        return replace(self, secret_key=key)

    @property
    def notion_configured(self) -> bool:
        """Whether contacts and templates live in Notion too."""
        return self.notion_token is not None

    @property
    def resend_configured(self) -> bool:
        """Whether email goes out through Resend."""
        return self.resend_api_key is not None

    @property
    def discord_configured(self) -> bool:
        """Whether alerts go to Discord."""
        return self.discord_webhook_url is not None


def setting_name(member: str) -> str:
    """The environment's name of a member of Settings: ``file`` is ``BUSOS_FILE``, ``smtp_url`` is ``SMTP_URL``."""
    name = member.upper()
    return f"BUSOS_{name}" if any(setting.name == f"BUSOS_{name}" for setting in SETTINGS) else name


# -- The environment ----------------------------------------------------------------------------


MAIN = "sequences.yaml"


def chosen_file(environ: Mapping[str, str], cwd: Path, file: str | Path | None = None) -> Path:
    """The file of the command line, of the environment, of the ``.env`` in this folder, or the usual one.

    Of a folder, the file in it that is called as usual.
    """
    default = cwd / MAIN
    chosen = cwd / (file or environ.get("BUSOS_FILE") or _beside(default).get("BUSOS_FILE") or default)
    return chosen / MAIN if chosen.is_dir() else chosen


def strange_names(environ: Mapping[str, str], file: Path) -> dict[str, str | None]:
    """Names that look like settings and are none, each with the setting that is probably meant.

    Other programs may share the environment and the ``.env``, so a name counts only when it is close to one of ours.
    """
    known = [setting.name for setting in SETTINGS]
    there = [*_beside(file), *(name for name in environ if name.startswith("BUSOS_"))]
    names = [name for name in there if not name.startswith((HTTP_SECRET, TRIGGER_SECRET))]
    nearest = {name: next(iter(get_close_matches(name.upper(), known, 1, 0.8)), None) for name in names}
    return {name: near for name, near in nearest.items() if name not in known and (near or name.startswith("BUSOS_"))}


def environment(environ: Mapping[str, str], file: Path) -> dict[str, str]:
    """The environment with the ``.env`` beside the file (or in the folder) under it: the real environment wins."""
    return {**_beside(file), **environ}


def _beside(file: Path) -> dict[str, str]:
    """What the ``.env`` beside a file says; nothing where there is none."""
    path = (file if file.is_dir() else file.parent) / ".env"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}. Make it a readable text file in UTF-8") from None
    return _read_env(text, path)


_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(["'])(.*)\1\s*(?:#.*)?""")


def _read_env(text: str, path: Path) -> dict[str, str]:
    values = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:  # the line itself is not repeated: it may hold a secret
            raise SettingsError(f"{path}:{number}: this line is not a setting; write NAME=value")
        values[match[1]] = _unquoted(match[2])
    return values


def _unquoted(text: str) -> str:
    if quoted := _QUOTED.fullmatch(text):
        return quoted[2]
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()


_HTTP = readings.url("http", "https", example="https://www.example.com")
_READERS: Mapping[str, Callable[[str], Any]] = {
    "BUSOS_DATABASE_URL": readings.database,
    "BUSOS_QUEUE_URL": readings.queue,
    "BUSOS_BASE_URL": _HTTP,
    "BUSOS_WEBHOOK_SECRET": readings.signing_secret,
    "BUSOS_HTTP_ALLOW": readings.callees,
    "BUSOS_CORS_ORIGINS": readings.origins,
    "BUSOS_RATE_LIMIT": readings.requests("a minute"),
    "BUSOS_ADDRESS_LIMIT": readings.requests("an hour"),
    "BUSOS_KEEP_FINISHED": readings.kept,
    "BUSOS_ASK_ABOVE": readings.emails,
    "BUSOS_HOLD_OVERDUE": readings.overdue,
    "TESTING_MODE": readings.flag,
    "RESEND_WEBHOOK_SECRET": readings.signing_secret,
    "SMTP_URL": readings.url("smtp", "smtps", example="smtp://user:password@mail.example.com:587"),
    "DISCORD_WEBHOOK_URL": _HTTP,
    "NOTION_API_URL": _HTTP,
    "NOTION_VERSION": readings.notion_version,
    "RESEND_API_URL": _HTTP,
}


def _beginning(words: str, found: Mapping[str, str]) -> dict[str, str]:
    """What is set under names that begin so, by the rest of the name."""
    there = {name.removeprefix(words): text.strip() for name, text in found.items() if name.startswith(words)}
    return {name: text for name, text in there.items() if text}


def _wrong_secrets(secrets: Mapping[str, str]) -> Iterator[str]:
    for name, secret in secrets.items():
        try:
            readings.signing_secret(secret)
        except ValueError as error:
            yield f"{TRIGGER_SECRET}{name} {error}"


def _incomplete_notion(found: Mapping[str, str]) -> list[str]:
    missing = [name for name in _NOTION if not found.get(name, "").strip()]
    if not missing or len(missing) == len(_NOTION):
        return []
    present = [name for name in _NOTION if name not in missing]
    return [f"{' and '.join(missing)} must be set too, because {' and '.join(present)} is: Notion needs all three"]
