"""What is on this machine: settings, the file, the secret key, the clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import BusosError, SettingsError, Severity
from engine.runtime.settings import (
    SETTINGS,
    TRIGGER_SECRET,
    Setting,
    Settings,
    chosen_file,
    environment,
    strange_names,
)
from server.cli.checkup.finding import Finding, fail, ok, warn
from server.cli.files import content, existing, templates_in

OLDEST = datetime(2025, 1, 1, tzinfo=UTC)
SHORTEST_KEY = 16


def listed(file: str | None) -> list[dict[str, object]]:
    """Every setting: its name, whether it is set, its value unless that is secret, its default and meaning."""
    try:
        found = environment(os.environ, chosen_file(os.environ, Path(), file))
    except SettingsError:  # told as a finding
        found = dict(os.environ)
    return [_listed(setting, found.get(setting.name, "").strip()) for setting in SETTINGS]


def _listed(setting: Setting, value: str) -> dict[str, object]:
    shown = value if value and not setting.secret else None
    return {
        "name": setting.name,
        "set": bool(value),
        "value": shown,
        "default": setting.default,
        "meaning": setting.meaning,
    }


def settings_findings(settings: Settings) -> Iterator[Finding]:
    """What follows from the settings."""
    yield ok("settings", "all can be read")
    if settings.testing_mode:
        yield warn("testing mode", "waits have their testing lengths", "unset TESTING_MODE where customers are served")
    yield _key_finding(settings)


def strange_findings(file: Path) -> Iterator[Finding]:
    """Names in .env, or with BUSOS_ in the environment, that set nothing."""
    for name, near in strange_names(os.environ, file).items():
        fix = f"write {near}" if near else "take it away, or look for the right name in the list below"
        yield warn("settings", f"{name} is not a setting of busos and does nothing", fix)


def _key_finding(settings: Settings) -> Finding:
    fix = "write BUSOS_SECRET_KEY=… with 32 or more random characters into .env"
    if settings.secret_key is None:
        return warn("secret key", "not set: busos dev makes its own, serve and worker refuse to start", fix)
    if len(settings.secret_key) < SHORTEST_KEY:
        return fail("secret key", f"has only {len(settings.secret_key)} characters and can be guessed", fix)
    return ok("secret key", "set")


def file_finding(settings: Settings) -> Finding:
    """Whether the file can run."""
    from engine.language.checking import read_and_check

    path = settings.file
    if not path.is_file():
        return fail("file", f"there is no file {path}", "run busos in the folder that holds it, or set BUSOS_FILE")
    try:
        _, problems = read_and_check(content(existing(path)), str(path), templates_in(path))
    except BusosError as error:
        return fail("file", str(error), "see busos validate")
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        first = f"{errors[0].file}:{errors[0].line}: {errors[0].message}"
        return fail("file", f"{_count(len(errors), 'error')}; the first: {first}", "see all of it: busos validate")
    if problems:
        said = f"{path} can run, with {_count(len(problems), 'warning')}"
        return warn("file", said, "see all of it: busos validate")
    return ok("file", f"{path} can run")


def provider_findings(settings: Settings) -> Iterator[Finding]:
    """Triggers that wait for a provider whose secret is not set."""
    from engine.providers import providers

    for trigger, name in _called_by(settings.file):
        provider = providers().get(name)
        if provider is not None and name not in settings.provider_secrets:
            said = f"{provider.SETTING} is not set, so the trigger {trigger} lets nobody in"
            yield warn("providers", said, f"copy the signing secret of the webhook from {provider.TITLE}")


def secret_findings(settings: Settings) -> Iterator[Finding]:
    """Secrets of triggers that the file does not have: whoever misspells one leaves a door open."""
    there = {name.upper(): provider for name, provider in _called_by(settings.file)}
    for name in settings.trigger_secrets:
        if name not in there:
            said = f"{TRIGGER_SECRET}{name} is set, and the file has no trigger of that name"
            yield warn("webhooks", said, f"call it as one of these, or take it away: {', '.join(there) or 'none'}")
        elif there[name] != "None":
            said = f"{TRIGGER_SECRET}{name} does nothing: {there[name]} signs what it sends with a secret of its own"
            yield warn("webhooks", said, "take it away")


def _called_by(path: Path) -> list[tuple[str, str]]:
    """Every trigger with its provider, as far as the file can be read."""
    from server.cli.texts import document_of

    try:
        triggers = document_of(path).data.get("triggers")
    except (BusosError, OSError):
        return []
    specs = triggers.items() if isinstance(triggers, dict) else ()
    return [(name, str(spec.get("from"))) for name, spec in specs if isinstance(spec, dict)]


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def clock_finding() -> Finding:
    """Whether the clock can be right."""
    now = datetime.now(UTC)
    if now < OLDEST:
        return fail("clock", f"it says {now:%Y-%m-%d %H:%M} UTC", "set the clock: timedatectl set-ntp true")
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")
