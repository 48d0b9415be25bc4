"""Logs go to stderr: readable on a terminal, a JSON object a line elsewhere."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

Event = MutableMapping[str, Any]
Processor = Callable[[Any, str, Event], Event]


def set_up(*further: Processor, one_of_several: bool = False) -> None:
    """Log to stderr from now on, through further processors; ``one_of_several`` processes says which it is."""
    terminal = sys.stderr.isatty()
    if one_of_several:
        further = (*further, _which)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if terminal else "iso", utc=not terminal),
            *further,
            *(_for_people() if terminal else _for_programs()),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _adopt_libraries(terminal, further if one_of_several else ())


def _which(_logger: Any, _method: str, event: Event) -> Event:
    event.setdefault("pid", os.getpid())
    return event


def _adopt_libraries(terminal: bool, further: tuple[Processor, ...]) -> None:
    """What libraries log goes the same way, from warnings up: below that, some write addresses with keys in them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                *further,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_for_people() if terminal else _for_programs()),
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _for_people() -> tuple[Any, ...]:
    colours = not os.environ.get("NO_COLOR")
    plain = structlog.dev.plain_traceback  # the rich one prints the values of variables: addresses and settings
    return (structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain),)


def _for_programs() -> tuple[Any, ...]:
    return (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False))
