"""Triggers that anybody may call and that start emails. Only whoever knows the settings can ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.errors import Problem, Severity
from engine.language.document import Document
from engine.language.schema import roles
from engine.language.vocabulary import as_dict

_STARTING = ("start", "email")


def open_webhooks(document: Document, guarded: Callable[[str], bool]) -> Iterator[Problem]:
    """A warning for each trigger that sends emails to whatever address a stranger names.

    ``guarded`` says of a trigger whether its callers must prove themselves, or are limited. A provider always must.
    """
    starting = {place.path[1] for place in roles(document.data).get("step", ()) if _starts(place.path, place.value)}
    for name, spec in as_dict(document.data.get("triggers")).items():
        if name in starting and not as_dict(spec).get("from") and not guarded(name):
            yield document.problem(
                document.span(("triggers", name), key=True),
                "open-webhook",
                f'anybody can post to "{name}", and have emails sent to whatever address they like',
                hint=f"set BUSOS_WEBHOOK_SECRET_{name.upper()}; for a form in a browser, which cannot keep a secret, "
                "BUSOS_RATE_LIMIT and BUSOS_ADDRESS_LIMIT",
                severity=Severity.WARNING,
            )


def _starts(path: tuple[str | int, ...], step: object) -> bool:
    return path[0] == "triggers" and any(verb in as_dict(step) for verb in _STARTING)
