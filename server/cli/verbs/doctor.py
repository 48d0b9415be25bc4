"""``busos doctor``: whether everything that busos needs is there, and the fix where it is not."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.errors import SettingsError
from server.cli.files import file_option
from server.cli.printing import grey, plain, print_json

if TYPE_CHECKING:
    from server.cli.checkup.finding import Finding


@click.command("doctor", short_help="Check settings, ledger, vendors; say the fix.")
@file_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(file: str | None, as_json: bool) -> None:
    """Check settings, file, ledger, worker, clock, and the vendors that are configured.

    Nothing is sent or changed; no secret is shown. The network is used only for what is configured.

    \b
    Examples:
      busos doctor
      busos doctor --json

    Exit status: 0 it works (there may be warnings); 1 something does not.
    """
    from server.cli.checkup.finding import lines
    from server.cli.checkup.here import listed

    found, settings = _findings(file), listed(file)
    failed = any(finding.state == "fail" for finding in found)
    if as_json:
        told = [{"check": f.check, "state": f.state, "said": f.said, "fix": f.fix} for f in found]
        print_json({"ok": not failed, "checks": told, "settings": settings})
    else:
        checks = [line for finding in found for line in lines(finding)]
        click.echo("\n".join([*checks, "", *map(_setting_line, settings)]))
    click.get_current_context().exit(1 if failed else 0)


def _findings(file: str | None) -> Sequence[Finding]:
    from engine.runtime.settings import Settings
    from server.cli.checkup import finding, here, ledger, queue, vendors

    try:
        settings = Settings.load(os.environ, Path(), file)
    except SettingsError as error:
        fix = "correct the environment, or .env beside the file"
        return [*(finding.fail("settings", line, fix) for line in str(error).splitlines()), here.clock_finding()]
    of_ledger = list(ledger.ledger_findings(settings))
    usable = all(found.state != "fail" for found in of_ledger if found.check == ledger.DATABASE)
    return [
        *here.settings_findings(settings),
        *here.strange_findings(settings.file),
        here.file_finding(settings),
        *here.provider_findings(settings),
        *here.secret_findings(settings),
        here.clock_finding(),
        *of_ledger,
        *queue.queue_findings(settings, usable=usable),
        *vendors.vendor_findings(settings),
    ]


def _setting_line(setting: Mapping[str, object]) -> str:
    value = setting["value"] or ("(set, not shown)" if setting["set"] else None)
    line = f"{setting['name']!s:24}  "
    return line + (plain(str(value)) if value else grey(f"not set; default: {setting['default']}"))
