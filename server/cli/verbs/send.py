"""``busos send``: what a webhook would have done, from the shell."""

# ruff: noqa: D301 - click reads \b as "do not wrap this"

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

import click

from server.cli.advice import command_line
from server.cli.assignments import did_you_mean, document, pairs
from server.cli.files import file_option, settings_for
from server.cli.printing import bold, print_json

if TYPE_CHECKING:
    from engine.model import Playbook
    from engine.runtime.arrivals import Arrival, Receipt

PATIENCE = 30
"""Seconds for the ledger to take it."""


@click.command("send", short_help="Fire a trigger, as a webhook would.")
@click.argument("trigger")
@click.argument("values", nargs=-1, metavar="[FIELD=VALUE]...")
@file_option
@click.option("--key", metavar="KEY", help="An idempotency key: the same key and values again start nothing twice.")
@click.option("--json", "as_json", is_flag=True, help="Answer as the webhook does.")
def command(trigger: str, values: tuple[str, ...], file: str | None, key: str | None, as_json: bool) -> None:
    """Put an event into the ledger, as a POST to the trigger's webhook does; a worker does the rest.

    \b
    Examples:
      busos send signup email=ada@example.com name="Ada" first_name=Ada
      busos send assessment email=ada@example.com red_systems=2 orange_systems=1 --key import-17

    Exit status: 0 it is on disk; 1 it was refused, with every wrong field; 2 bad usage, or it could not run.
    """
    from engine.runtime.arrivals import KeyReused
    from engine.runtime.wiring import running
    from server.cli import logs

    logs.set_up()
    given = pairs(values)
    with running(settings_for(file), works=False, make_key=True) as system:
        arrival = _arrival(system.playbook(), trigger, given, key)
        try:
            receipt = system.submit(arrival).result(PATIENCE)
        except KeyReused:
            _refuse([f'the key "{key}" came before with other values: use a new key for a new event'])
        moved, _ = system.ready().get("worker", (True, ""))
    if as_json:
        print_json(_answer(receipt))
    else:
        click.echo(_told(receipt))
        if not moved:
            click.echo(
                f"nothing moves until a worker runs: start {command_line('dev')}, or {command_line('worker')}", err=True
            )


def _arrival(playbook: Playbook, name: str, texts: Mapping[str, str], key: str | None) -> Arrival:
    import msgspec

    from engine.payloads import Payload, read_payload
    from engine.runtime.arrivals import Arrival

    trigger = playbook.triggers.get(name)
    if trigger is None:
        raise click.UsageError(f'no trigger is called "{name}"{did_you_mean(name, playbook.triggers)}')
    body = document(playbook.vocabulary, texts)
    _warn(texts, [take.field for take in trigger.takes], name)
    read = read_payload(trigger, playbook.vocabulary, body, datetime.now(UTC), plain=True)
    if not isinstance(read, Payload):
        _refuse([error.message for error in read])
    raw = msgspec.json.encode(body, order="sorted")
    return Arrival(trigger=name, payload=read, raw=raw, key=key, body_hash=hashlib.sha256(raw).hexdigest())


def _warn(texts: Mapping[str, str], taken: list[str], trigger: str) -> None:
    """A webhook ignores what it does not know; a person at a shell has probably mistyped it."""
    for name in texts:
        if name not in (*taken, "email"):
            click.echo(f"ignored: {trigger} takes no {name}{did_you_mean(name, taken)}", err=True)


def _refuse(reasons: list[str]) -> NoReturn:
    label = click.style("Refused:", fg="red", bold=True)
    click.echo("\n".join(f"{label} {reason}" for reason in reasons), err=True)
    raise click.exceptions.Exit(1)


def _answer(receipt: Receipt) -> dict[str, object]:
    return {
        "status": "accepted",
        "event_id": receipt.event_id,
        "email": receipt.email,
        "segment": receipt.segment,
        "timestamp": receipt.accepted_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _told(receipt: Receipt) -> str:
    segment = f", segment {bold(receipt.segment)}" if receipt.segment else ""
    again = " (it was there already: nothing starts twice)" if receipt.replayed else ""
    story = command_line("runs", "show", receipt.email)
    return f"accepted {receipt.event_id} for {receipt.email}{segment}{again}\nits story: {story}"
