"""What is on this machine: settings, the file, the secret key, the clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import BusosError, SettingsError, Severity
from engine.runtime.settings import SETTINGS, Setting, Settings, environment
from server.cli.checkup.finding import Finding, fail, ok, warn
from server.cli.files import content, existing, templates_in

OLDEST = datetime(2025, 1, 1, tzinfo=UTC)
SHORTEST_KEY = 16


def listed(file: Path) -> list[dict[str, object]]:
    """Every setting: its name, whether it is set, its value unless that is secret, its default and meaning."""
    try:
        found = environment(os.environ, file)
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
    if settings.queue_url and settings.queue_url.startswith("redis"):
        fix = "leave BUSOS_QUEUE_URL out: workers look into the ledger four times a second"
        yield warn("bell", "BUSOS_QUEUE_URL names Redis, which this version does not ring", fix)
    yield _key_finding(settings)


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
    try:
        _, problems = read_and_check(content(existing(path)), str(path), templates_in(path))
    except BusosError as error:
        return fail("file", str(error), "see busos validate")
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        return fail("file", f"{path} has {len(errors)} errors; the first: {errors[0].message}", "see busos validate")
    if problems:
        return warn("file", f"{path} can run, with {len(problems)} warnings", "see busos validate")
    return ok("file", f"{path} can run")


def clock_finding() -> Finding:
    """Whether the clock can be right."""
    now = datetime.now(UTC)
    if now < OLDEST:
        return fail("clock", f"it says {now:%Y-%m-%d %H:%M} UTC", "set the clock: timedatectl set-ntp true")
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")
